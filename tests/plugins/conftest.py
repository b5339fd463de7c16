"""Plugins for tests: modules with hooks, files, and packages that are really installed."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.hookspecs import hookimpl
from miniagents.plugins.found import Found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = """
from miniagents.hookspecs import hookimpl
from miniagents.testing import scripted_agent

@hookimpl
def register_agents(register):
    register({name!r}, scripted_agent())
"""
"""A plugin that offers an agent of this name."""


def plugin(**hooks: Callable[..., None]) -> ModuleType:
    """Return a plugin with these hooks."""
    module = ModuleType("plugin")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


def found(name: str, get: Callable[[], Any], **more: Any) -> Found:
    """Return a plugin that was found; it has a key of its own, so that it can be remembered."""
    return Found(**{"name": name, "origin": "here", "get": get, "key": name, **more})


class Site:
    """A folder of packages that Python finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(self, package: str, *, version: str = "1.0", direct_url: str = "", **plugins: str) -> Path:
        """Install a package whose plugins, by their names, have this code; return the folder of its metadata."""
        for name, code in plugins.items():
            (self.folder / f"{name}.py").write_text(code, encoding="utf-8")
            sys.modules.pop(name, None)
        info = self.folder / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("[miniagents]\n" + "".join(f"{name} = {name}\n" for name in plugins))
        if direct_url:
            (info / "direct_url.json").write_text(direct_url)
        return info


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Give a folder of packages that is all there is installed of plugins."""
    site = Site(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [str(site.folder), *(each for each in sys.path if "site-packages" not in each)])
    before = set(sys.modules)
    yield site  # type: ignore[misc]  # a fixture that cleans up
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]

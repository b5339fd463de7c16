"""The hooks: each is documented, with its arguments, and each has one of ours behind it."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from miniagents import builtins, hookspecs
from miniagents.cli import app
from miniagents.cli.plugins.gathering import commands_of
from miniagents.cli.words import catalogue
from miniagents.hookspecs import ModelProvider
from miniagents.plugins.checks import check_plugin
from miniagents.plugins.found import module_of_file
from miniagents.testing import scripted_agent

GUIDE = Path(__file__).parent.parent / "plugins" / "README.md"
ECHO = GUIDE.parent / "miniagents-echo" / "miniagents_echo" / "__init__.py"
MCP = GUIDE.parent / "miniagents-mcp" / "miniagents_mcp" / "__init__.py"
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "miniagents_spec")}


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_documented(name: str) -> None:
    """A hook has a sentence of its own, and the guide for authors of plugins shows it with its arguments."""
    assert inspect.getdoc(HOOKS[name])
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert name in hookspecs.__all__
    assert f"### `{name}({arguments})`" in GUIDE.read_text(encoding="utf-8")


EXAMPLES = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: re.findall(r"def (register_\w+)", code)[-1])
def test_each_example_of_the_guide_is_a_plugin(code: str, tmp_path: Path) -> None:
    """Whoever copies one has a plugin whose hook is called, and which keeps the contract."""
    path = tmp_path / "example.py"
    path.write_text(code, encoding="utf-8")
    try:
        checks = check_plugin(module_of_file(path), environment={}, gather=commands_of)
    finally:
        sys.modules.pop("miniagents_plugin_example", None)
    assert [check for check in checks if check.problem] == []
    assert checks[0].note == ", ".join(re.findall(r"@hookimpl\ndef (\w+)", code))


def test_we_use_every_hook_ourselves() -> None:
    """Our own agents, words, commands and looks come through the same hooks as everybody else's."""
    used = {name for ours in (builtins, catalogue) for name, each in vars(ours).items() if _is_hook(each)}
    assert used | {"register_commands", "register_renderers", "register_tools"} == set(HOOKS)
    assert inspect.signature(app.register_commands).parameters.keys() == {"app"}
    assert "@hookimpl\ndef register_renderers(" in ECHO.read_text(encoding="utf-8")
    assert "@hookimpl\ndef register_tools(" in MCP.read_text(encoding="utf-8")


def _is_hook(thing: object) -> bool:
    return hasattr(thing, "miniagents_impl")


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_a_test(name: str) -> None:
    """What plugins register through a hook is tried out."""
    tests = (Path(__file__).parent / "plugins" / "test_offer.py").read_text(encoding="utf-8")
    assert f"def {name}(" in tests


@pytest.mark.parametrize(
    "kind", [hookspecs.ModelProvider, hookspecs.Key, hookspecs.Word, hookspecs.Option, hookspecs.ToolSource]
)
def test_each_field_is_documented(kind: type) -> None:
    """The source says of each field what it is for."""
    source = inspect.getsource(kind).split("\n    ")
    undocumented = {"default_model", "name", "help", "least", "most"}  # their names say it
    for field in dataclasses.fields(kind):
        (place,) = (place for place, line in enumerate(source) if line.startswith(f"{field.name}: "))
        assert source[place + 1].startswith('"""') or field.name in undocumented, field.name


def test_what_a_provider_may_leave_out() -> None:
    """Without patterns, models and a way to be fetched it is a provider of whatever one names."""
    needed: dict[str, Any] = {"name": "n", "agent": scripted_agent(), "source": "", "way_out": "", "default_model": "m"}
    provider = ModelProvider(**needed, ready=lambda _: None, rank=1)
    assert (provider.patterns, list(provider.models()), provider.pull) == ((), [], None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        provider.name = "other"  # type: ignore[misc]

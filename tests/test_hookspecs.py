"""The hooks: each is documented, with its arguments, and each has one of ours behind it."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest

from miniagents import builtins, hookspecs
from miniagents.hookspecs import ModelProvider
from miniagents.testing import scripted_agent

GUIDE = Path(__file__).parent.parent / "plugins" / "README.md"
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "miniagents_spec")}


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_documented(name: str) -> None:
    """A hook has a sentence of its own, and the guide for authors of plugins shows it with its arguments."""
    assert inspect.getdoc(HOOKS[name])
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert name in hookspecs.__all__
    assert f"{name}({arguments}" in GUIDE.read_text(encoding="utf-8")


def test_we_use_every_hook_ourselves() -> None:
    """Our own agents come through the same hooks as everybody else's."""
    assert {name for name in vars(builtins) if hasattr(getattr(builtins, name), "miniagents_impl")} == set(HOOKS)


def test_each_field_of_a_provider_is_documented() -> None:
    """The source says of each field what it is for."""
    source = inspect.getsource(ModelProvider).split("\n    ")
    undocumented = {"default_model"}  # its name says it
    for field in dataclasses.fields(ModelProvider):
        (place,) = (place for place, line in enumerate(source) if line.startswith(f"{field.name}: "))
        assert source[place + 1].startswith('"""') or field.name in undocumented, field.name


def test_what_a_provider_may_leave_out() -> None:
    """Without patterns, models and a way to be fetched it is a provider of whatever one names."""
    needed: dict[str, Any] = {"name": "n", "agent": scripted_agent(), "source": "", "way_out": "", "default_model": "m"}
    provider = ModelProvider(**needed, ready=lambda _: None, rank=1)
    assert (provider.patterns, list(provider.models()), provider.pull) == ((), [], None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        provider.name = "other"  # type: ignore[misc]

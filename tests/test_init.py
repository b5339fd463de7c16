"""The package as a user meets it: its names, and what importing it costs."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import miniagents

HEAVY = ("anthropic", "openai", "pluggy", "prompt_toolkit", "pydantic", "pydantic_core", "rich", "typer", "asyncio")
CORE = [
    "miniagents",
    "miniagents.by_part",
    "miniagents.content",
    "miniagents.errors",
    "miniagents.frozen",
    "miniagents.messages",
    "miniagents.miniagents",
    "miniagents.persistence",
    "miniagents.pieces",
    "miniagents.recipe",
    "miniagents.signature",
    "miniagents.testing",
    "miniagents.tool_results",
    "miniagents.toolmaking",
    "miniagents.tools",
    "miniagents.utils",
    "miniagents.promising.failure",
    "miniagents.promising.marks",
    "miniagents.promising.passing",
    "miniagents.promising.promise",
    "miniagents.promising.scope",
    "miniagents.promising.sentinels",
    "miniagents.promising.sequence",
    "miniagents.promising.source",
    "miniagents.promising.stream",
    "miniagents.promising.work",
]
SPECIFIED = {
    "miniagents.messages": ["Message", "MessagePromise", "MessageSequencePromise"],
    "miniagents.miniagents": ["InteractionContext", "MiniAgents", "miniagent", "Message", "MessagePromise"],
    "miniagents.promising.sentinels": ["AWAIT", "CLEAR"],
    "miniagents.utils": ["achain_loop", "adialog_loop"],
    "miniagents": [
        "AWAIT",
        "Audio",
        "CLEAR",
        "ErrorMessage",
        "File",
        "Image",
        "InteractionContext",
        "Limits",
        "Message",
        "MessagePromise",
        "MessageSequencePromise",
        "MessageTuple",
        "MiniAgent",
        "MiniAgents",
        "MiniagentsError",
        "Part",
        "Rate",
        "Schema",
        "Text",
        "Thinking",
        "Thought",
        "Tool",
        "ToolCall",
        "ToolResult",
        "achain_loop",
        "adialog_loop",
        "miniagent",
        "partial_data",
        "tool",
    ],
}


def loaded_by(program: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after `program`, beyond those it starts with."""
    show = "import sys; before = set(sys.modules)\n{}\nprint(*sorted(set(sys.modules) - before))"
    run = subprocess.run(
        [sys.executable, "-c", show.format(program)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(miniagents.__file__).parent.parent,
    )
    return set(run.stdout.split())


@pytest.mark.real_time
def test_importing_the_package_brings_in_nothing_heavy() -> None:
    """`import miniagents` loads no third-party module, not even ours that need one, nor asyncio."""
    loaded = loaded_by("import miniagents")
    assert not {name for name in loaded if name.split(".")[0] in HEAVY}
    assert {name for name in loaded if name.startswith("miniagents")} == {"miniagents"}


@pytest.mark.real_time
def test_the_core_brings_in_pydantic_alone() -> None:
    """The names of the package need pydantic, and no SDK, no terminal library, no plugin."""
    loaded = loaded_by("from miniagents import *")
    assert "pydantic" in loaded
    assert not {name for name in loaded if name.split(".")[0] in set(HEAVY) - {"asyncio", "pydantic", "pydantic_core"}}


@pytest.mark.real_time
def test_promising_needs_the_standard_library_alone() -> None:
    """What is in `promising` loads no third-party module and no message."""
    names = ", ".join(name for name in CORE if ".promising." in name)
    loaded = loaded_by(f"import {names}")
    ours = {name for name in loaded if name.startswith("miniagents")}
    assert ours <= {
        "miniagents",
        "miniagents.by_part",
        "miniagents.content",
        "miniagents.errors",
        "miniagents.promising",
        *(name for name in CORE if ".promising." in name),
    }
    top = {name.split(".")[0] for name in loaded - ours}
    assert {name for name in top if name not in sys.stdlib_module_names} == set()


@pytest.mark.parametrize(("module", "names"), SPECIFIED.items(), ids=SPECIFIED)
def test_the_specified_names_are_where_they_are_specified(module: str, names: list[str]) -> None:
    """Every import path of the specification works."""
    for name in names:
        assert getattr(importlib.import_module(module), name) is not None
    assert set(names) <= set(importlib.import_module(module).__all__)


def test_the_package_lists_exactly_what_it_offers() -> None:
    """`__all__` is sorted, complete and resolvable, each time as the same object; `dir` and typing know of it too."""
    assert miniagents.__all__ == sorted(SPECIFIED["miniagents"])
    for name in miniagents.__all__:
        assert getattr(miniagents, name) is getattr(miniagents, name)
    assert set(miniagents.__all__) <= set(dir(miniagents))
    tree = ast.parse(Path(miniagents.__file__).read_text(encoding="utf-8"))
    typed = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(miniagents.__all__) <= typed


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that is not there fails as it would in any module."""
    with pytest.raises(AttributeError, match="module 'miniagents' has no attribute 'nothing'"):
        miniagents.nothing  # noqa: B018 - looking it up is the test
    assert not hasattr(miniagents, "__wrapped__")


def core_modules() -> list[ModuleType]:
    """Return the core's modules."""
    return [importlib.import_module(name) for name in CORE]


@pytest.mark.parametrize("module", core_modules(), ids=lambda module: module.__name__)
def test_each_module_lists_its_public_names(module: ModuleType) -> None:
    """A module's `__all__` is sorted as ruff sorts it, each name is there, and nothing public of its own is missing."""
    names = module.__all__
    assert len(names) == len(set(names))
    for name in names:
        assert hasattr(module, name)
    own = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }
    assert own <= set(names)


def test_no_module_of_the_core_is_forgotten_here() -> None:
    """This list of the core's modules has all of `promising`."""
    promising = importlib.import_module("miniagents.promising")
    found = {f"miniagents.promising.{module.name}" for module in pkgutil.iter_modules(promising.__path__)}
    assert found == {name for name in CORE if ".promising." in name}

"""The house is in order: lint, types, layers, sizes, and a test file for every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import miniagents

HOUSE = Path(__file__).parent.parent
PACKAGES = (HOUSE / "miniagents", *(path.parent for path in HOUSE.glob("plugins/*/*/__init__.py")))
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
TESTED_THROUGH_OTHERS = {"__init__", "__main__", "messages"}
"""Modules that hold nothing but imports."""


def run(*arguments: str) -> None:
    """Run Python in the house, and show what it said if it fails."""
    ran = subprocess.run([sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=HOUSE)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_ruff_finds_nothing_to_mend() -> None:
    """Every rule of ruff holds, but for the exceptions that pyproject.toml gives a reason for."""
    run("-m", "ruff", "check", "--no-cache", ".")


def test_every_file_is_formatted() -> None:
    """There is one way to lay out code, and nobody argues about it."""
    run("-m", "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.timeout(300)
def test_the_types_hold() -> None:
    """Mypy accepts package and plugins in its strict mode."""
    run("-m", "mypy")


def test_the_layers_hold() -> None:
    """Nobody imports upwards, and every module has a room."""
    run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_module_is_too_long_to_be_one_room(path: Path) -> None:
    """A file has at most 300 lines, a function at most 40."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            documentation = (ast.get_docstring(node, clean=False) or "").count("\n")
            assert lines - documentation <= 40, f"{path.name}: {node.name} has {lines} lines"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.stem not in TESTED_THROUGH_OTHERS and path.is_relative_to(HOUSE / "miniagents")],
    ids=lambda path: str(path.relative_to(HOUSE)),
)
def test_every_module_has_its_test_file(path: Path) -> None:
    """The tests mirror the package file for file."""
    folder = HOUSE / "tests" / path.relative_to(HOUSE / "miniagents").parent
    assert list(folder.glob(f"test_{path.stem}*.py"))


@pytest.mark.parametrize("path", sorted((HOUSE / "tests").rglob("test_*.py")), ids=lambda path: path.name)
def test_every_test_states_its_guarantee(path: Path) -> None:
    """Each test has one sentence that says what it guarantees."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_the_public_names_are_the_ones_that_are_listed() -> None:
    """`__all__` is sorted, and every name in it is there."""
    assert list(miniagents.__all__) == sorted(miniagents.__all__)
    for name in miniagents.__all__:
        assert getattr(miniagents, name) is not None


@pytest.mark.parametrize("module", ["miniagents", "miniagents.utils", "miniagents.builtins", "miniagents.cli.app"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    """Importing the library or the command line brings in no SDK, no terminal library and no plugin."""
    heavy = {"openai", "anthropic", "prompt_toolkit", "rich", "httpx", "httpx2", "dotenv", "xllamacpp"}
    heavy |= {"jsonschema", "opentelemetry"}
    if module != "miniagents.cli.app":
        heavy |= {"typer"}
    if module == "miniagents":
        heavy |= {"pydantic", "asyncio", "pluggy"}
    code = f"import {module}, sys; print(*sorted({heavy!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ""


def test_nothing_tells_how_or_where_it_was_made() -> None:
    """No tracked file names a folder of a developer's machine."""
    tracked = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True, cwd=HOUSE).stdout
    home = "/" + "root" + "/"
    for name in filter(None, tracked.split("\0")):
        assert home not in (HOUSE / name).read_bytes().decode("utf-8", "replace"), name

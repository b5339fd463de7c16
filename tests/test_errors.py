"""The family of errors."""

import copy
import inspect
import pickle

import pytest

from miniagents import errors
from miniagents.errors import (
    CallTimeoutError,
    MiniagentsError,
    ModelError,
    UnsupportedPieceError,
)

FAMILY = [getattr(errors, name) for name in errors.__all__]


def drawn() -> dict[str, str]:
    """Return each class in the docstring's tree, with the one it hangs from."""
    above: list[str] = []
    parents: dict[str, str] = {}
    assert errors.__doc__ is not None
    for line in errors.__doc__.splitlines():
        head = line.lstrip("│├└─ ")
        name = head.split(" ", 1)[0]
        if not name.endswith("Error") or not (line.startswith(("│", "├", "└")) or line == "MiniagentsError"):
            continue
        depth = (len(line) - len(head)) // 4
        above[depth:] = [name]
        parents[name] = above[depth - 1] if depth else ""
    return parents


def test_the_tree_in_the_docstring_is_the_family() -> None:
    """The tree that the docstring draws is the tree of the classes, none missing and none made up."""
    assert drawn() == {
        kind.__name__: kind.__mro__[1].__name__ if kind is not MiniagentsError else "" for kind in FAMILY
    }


def test_the_names_are_sorted_and_complete() -> None:
    """`__all__` is sorted and lists every class there is."""
    assert errors.__all__ == sorted(errors.__all__)
    assert {name for name, kind in vars(errors).items() if inspect.isclass(kind)} == set(errors.__all__)


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_each_is_documented_and_one_of_the_family(kind: type[MiniagentsError]) -> None:
    """Every error is a `MiniagentsError`, says what it means, and keeps its text through copies and pickles."""
    assert issubclass(kind, MiniagentsError)
    assert kind.__doc__
    error = kind("what went wrong")
    for copied in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(copied) is kind
        assert str(copied) == "what went wrong"


def test_some_are_what_python_calls_them_too() -> None:
    """A refused piece is a `TypeError`, a timeout a `TimeoutError`."""
    assert issubclass(UnsupportedPieceError, TypeError)
    assert issubclass(CallTimeoutError, TimeoutError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ModelError("no such model"), "no such model"),
        (ModelError("no such model", host="api.example.com"), "api.example.com: no such model"),
        (ModelError("no such model", cure="choose another"), "no such model; choose another"),
        (
            ModelError("no such model", host="api.example.com", cure="choose another"),
            "api.example.com: no such model; choose another",
        ),
    ],
)
def test_a_model_error_is_one_line(error: ModelError, line: str) -> None:
    """A model's error says who, what, and what to do, as far as each is known, and keeps it through a pickle."""
    assert str(error) == line
    other = pickle.loads(pickle.dumps(error))
    assert (other.cause, other.host, other.cure, str(other)) == (error.cause, error.host, error.cure, line)

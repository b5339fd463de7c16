"""Faults."""

import pytest

from miniagents.chains.faults import Fault, Place, nearest, shown


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (Fault(Place(3, 5), "it is so", "mend it", "a.yaml"), "a.yaml:3:5: it is so; mend it"),
        (Fault(None, "it is so", "mend it", "a.yaml"), "a.yaml: it is so; mend it"),
        (Fault(Place(3, 5), "it is so", "mend it", "a.yaml", "--set a=1"), "--set a=1: it is so; mend it"),
        (Fault(Place(3, 5), "it is so", "mend it"), "3:5: it is so; mend it"),
    ],
)
def test_a_fault_is_one_line(fault: Fault, line: str) -> None:
    """It begins with who said it, or else with the file and the place, and ends with the cure."""
    assert str(fault) == line


def test_a_fault_cannot_steer_a_terminal() -> None:
    """Whatever is in it comes out as one line without a control character."""
    line = str(Fault(Place(1, 1), "a\x1b[2Jb\nc", "d\re", "f\x07.yaml"))
    assert line.isprintable()
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "known", "cure"),
    [
        ("wrter", ["critic", "writer"], "did you mean writer?"),
        ("x", ["critic", "writer"], "there are critic, writer"),
        ("x", ["critic"], "there is critic"),
        ("x", [], "add it"),
        ("x", [f"agent{n}" for n in range(20)], "there are " + ", ".join(f"agent{n}" for n in range(12)) + ", …"),
    ],
)
def test_a_name_that_is_none_gets_a_cure(name: str, known: list[str], cure: str) -> None:
    """The cure is the nearest name; or the ones there are, but not hundreds; or what else to do."""
    assert nearest(name, known, "add it") == cure


def test_what_is_shown_is_short_and_safe() -> None:
    """Of a long text there is the beginning, on one line, and nothing that steers a terminal."""
    assert shown("a\n\tb") == "a b"
    assert shown("x" * 1000) == "x" * 59 + "…"
    assert "\x1b" not in shown("\x1b[2J")
    assert shown(3) == "3"


def test_places_are_in_the_order_of_the_file() -> None:
    """A place is before another one by its line, then by its column."""
    assert sorted([Place(2, 1), Place(1, 9), Place(1, 2)]) == [Place(1, 2), Place(1, 9), Place(2, 1)]

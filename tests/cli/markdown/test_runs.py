"""Runs on rows: wrapped, and written with the sequences that they need."""

from miniagents.cli.markdown.rows import Row
from miniagents.cli.markdown.runs import Run, merged, painted, sliced, text_of, wrapped
from miniagents.cli.markdown.styles import DIM, STRONG


def test_runs_wrap_as_their_text_does() -> None:
    """A row may begin or end inside of a run, which keeps its look; a newline begins a row."""
    rows = wrapped([Run("one two ", STRONG), Run("three\nfour")], 9)
    assert rows == [[Run("one two", STRONG)], [Run("three")], [Run("four")]]
    assert wrapped([], 9) == [[]]


def test_a_slice_is_what_stands_there() -> None:
    """Places in order are cut out in one walk; an empty one is an empty row."""
    runs = [Run("abc"), Run("def", DIM)]
    assert sliced(runs, [(0, 0), (1, 4), (4, 6)]) == [[], [Run("bc"), Run("d", DIM)], [Run("ef", DIM)]]


def test_neighbours_that_look_the_same_are_one() -> None:
    """Runs are merged by look and link; the text stays."""
    runs = [Run("a"), Run("b"), Run("c", DIM), Run("d", DIM, "http://x"), Run("e", DIM, "http://x")]
    assert merged(runs) == [Run("ab"), Run("c", DIM), Run("de", DIM, "http://x")]
    assert text_of(merged(runs)) == "abcde"


def test_a_row_is_written_with_its_own_sequences() -> None:
    """Each run is switched on and off again; spaces at the end are not written."""
    runs = [Run("a", STRONG), Run(" b", link="http://x"), Run("  ", DIM)]
    assert painted(runs, colours=True) == Row("\x1b[1ma\x1b[0m\x1b]8;;http://x\x1b\\ b\x1b]8;;\x1b\\", 3)
    assert painted(runs, colours=False) == Row("a b", 3)

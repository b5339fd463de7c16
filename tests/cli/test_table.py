"""Rows, as people see them and as programs read them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.table import write_table

if TYPE_CHECKING:
    from tests.cli.conftest import Program

ROWS = '[("a", "1\\t2", "\\x1b[2Jx"), ("bb", "", "3")]'
CODE = f"from miniagents.cli.table import write_table; write_table(('name', 'value', 'from'), {ROWS})"


def test_a_program_reads_fields(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Off a terminal each row is a line of fields with a tab between them, and no field has one in it."""
    write_table(("name", "value", "from"), [("a", "1\t2", "\x1b[2Jx"), ("bb", "", "3")])
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.decode() == "a\t1 2\t␛[2Jx\nbb\t\t3\n"


@pytest.mark.usefixtures("measured")
def test_a_person_sees_columns(program: Program) -> None:
    """On a terminal there is a head, the columns are aligned, and nothing in a field steers the terminal."""
    terminal = program.terminal(shell=f'{sys.executable} -c "$CODE"', environment={"CODE": CODE})
    assert terminal.end() == 0
    assert terminal.lines == ["name  value  from", "a     1 2    ␛[2Jx", "bb           3"]


@pytest.mark.usefixtures("measured")
def test_a_narrow_terminal(program: Program) -> None:
    """Where columns have no room, the first field of each row is whole on a line of its own, and the rest below it."""
    rows = '[("2026-11-26T05-52-07.123Z-abcd", "a title that is long enough to be folded", "3"), ("日本", "", "")]'
    code = f"from miniagents.cli.table import write_table; write_table(('id', 'title', 'turns'), {rows})"
    terminal = program.terminal(shell=f'{sys.executable} -c "$CODE"', environment={"CODE": code}, columns=40)
    assert terminal.end() == 0
    assert terminal.lines == [
        "2026-11-26T05-52-07.123Z-abcd",
        "  a title that is long enough to be",
        "  folded · turns 3",
        "日本",
    ]

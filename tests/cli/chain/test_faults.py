"""What went wrong with a chain, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.chains.calls import Where, note
from miniagents.chains.faults import Place
from miniagents.cli.chain.faults import told
from miniagents.cli.output import ReaderGoneError
from miniagents.errors import ChainFileError, LimitReachedError, ModelError, SettingsError

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell


def test_a_line_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """Every fault of a file has its line."""
    assert told(ChainFileError("c.yaml:1:1: one\nc.yaml:2:1: two")) == 2
    assert capsys.readouterr().err == "miniagents: c.yaml:1:1: one\nminiagents: c.yaml:2:1: two\n"


def test_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """A limit has its exit code wherever it was reached, and its trail is told once."""
    error = LimitReachedError("it is reached")
    error.add_note("through: a → b")
    assert told(error) == 3
    assert capsys.readouterr().err == "miniagents: it is reached (through: a → b)\n"


@pytest.mark.parametrize(
    ("through", "line"),
    [
        ("tale", "c.yaml:3: writer: it broke (through: tale)"),
        ("writer → tale", "c.yaml:3: it broke (through: writer → tale)"),
    ],
)
def test_who_has_failed(through: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The agent of the step is named once, in front or in the trail."""
    error = ModelError("it broke")
    note(error, Where(object(), "writer", "c.yaml", Place(3, 5)))
    error.add_note(f"through: {through}")
    assert told(error) == 1
    assert capsys.readouterr().err == f"miniagents: {line}\n"


@pytest.mark.parametrize("error", [SettingsError("no such thing"), ValueError("x"), OSError(28, "full")])
def test_what_others_tell(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """What happened in no step of a file is nobody's business here."""
    assert told(error) is None
    assert capsys.readouterr().err == ""


def test_nobody_reads_any_more() -> None:
    """That is no failure, also where it was the step of a person that wrote."""
    error = ReaderGoneError()
    note(error, Where(object(), "user", "c.yaml", Place(3, 5)))
    assert told(error) is None


def test_a_step_that_was_wrong(shell: Shell) -> None:
    """A setting that only a call finds wrong is wrong usage, and told with the step."""
    shell.write("c.yaml", "version: 1\nagents: {a: {python: 'bad:bad'}}\n")
    shell.write(
        "bad.py",
        "from miniagents import miniagent\nfrom miniagents.errors import SettingsError\n"
        "@miniagent\nasync def bad(ctx):\n    raise SettingsError('no such thing')\n",
    )
    shown = shell("c.yaml", "--allow-code", "hi")
    assert shown.code == 2
    assert shown.lines[-1].startswith("miniagents: c.yaml:2: no such thing (through: a")

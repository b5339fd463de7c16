"""Standard error: lines that a person reads."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.tell import FetchBar, hush, in_words, note, tell, told_to
from miniagents.errors import CallTimeoutError, KeyRefusedError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_is_one_line_that_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is told comes as one line in our name, with pictures of control characters."""
    tell("a\nb \x1b[31m \x9b2J\r")
    assert capsys.readouterr() == ("", "miniagents: a b ␛[31m ⟨U+009B⟩2J\n")


def test_a_person_who_wants_quiet(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From `hush` on only errors are told: no notes, no fetch, no warnings of the library."""
    note("before")
    hush()
    note("after")
    logging.getLogger("miniagents").warning("a wait")
    FetchBar("model")(0, 1)
    tell("an error")
    assert capsys.readouterr() == ("", "miniagents: before\nminiagents: an error\n")
    monkeypatch.setattr(sys, "stderr", terminal := io.StringIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    with FetchBar("model") as bar:
        bar(0, 1)
    assert terminal.getvalue() == ""


def test_another_listener(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else listens, every line is theirs, a fetch too, and standard error is left alone until then."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    heard: list[str] = []
    with told_to(heard.append), FetchBar("model") as bar:
        tell("one")
        bar(0, 1)
    assert heard == ["one", "fetching model (0 MB), once…"]
    assert capsys.readouterr() == ("", "")
    tell("two")
    assert capsys.readouterr() == ("", "miniagents: two\n")


def test_nobody_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard error, or with one that cannot be written to, nothing is told and nothing fails."""

    class Failing(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    for stream in (None, Failing()):
        monkeypatch.setattr(sys, "stderr", stream)
        tell("x")
        FetchBar("m")(0, 1)


def test_errors_in_words(tmp_path: Path) -> None:
    """Errors of ours say what they are; those of the system begin with the file; others say what they are and where."""
    assert in_words(SettingsError("wrong")) == "wrong"
    assert in_words(KeyRefusedError("refused", host="h", cure="mend it")) == "h: refused; mend it"
    cure = "it took longer than 1 s; give it longer (--timeout)"
    assert in_words(CallTimeoutError("it took longer than 1 s")) == cure
    with pytest.raises(OSError) as caught:  # noqa: PT011 - whatever it is called
        (tmp_path / "gone").open()
    assert in_words(caught.value) == f"{tmp_path / 'gone'}: No such file or directory"
    assert in_words(OSError("standard output: full")) == "standard output: full"
    assert in_words(ValueError("new")) == "unexpected ValueError: new ()"
    with pytest.raises(ZeroDivisionError) as unforeseen:
        1 / 0  # noqa: B018 - it is what goes wrong
    error = unforeseen.value
    error.add_note("through: a → b")
    line = unforeseen.tb.tb_lineno
    place = f"(test_tell.py, line {line}; through: a → b)"
    assert in_words(error) == f"unexpected ZeroDivisionError: division by zero {place}"


def test_a_fetch_is_said_once_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal, a fetch is one line with its size; one that does not happen is none."""
    with FetchBar("model"):
        pass
    assert capsys.readouterr().err == ""
    with FetchBar("model") as bar:
        bar(0, 93_400_000)
        bar(5, 93_400_000)
    assert capsys.readouterr() == ("", "miniagents: fetching model (93 MB), once…\n")


def test_a_fetch_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar moves, and is gone in the end."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with FetchBar("model") as bar:
        bar(0, 2_000_000)
        bar(2_000_000, 2_000_000)
    assert "fetching model" in screen.getvalue()
    assert "2.0/2.0 MB" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")

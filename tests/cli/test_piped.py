"""What standard input brings, in the process itself; `test_app_streams.py` has the rest, through real pipes."""

from __future__ import annotations

import io
import os
import pty
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli import piped
from miniagents.cli.piped import prompt_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Told:
    """What a person was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        """Take a line."""
        self.lines.append(line)


def prompt(words: Sequence[str], given: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[str | None, list[str]]:
    """Return the prompt that words and a piped input make, and what was told."""
    end, start = os.pipe()
    os.write(start, given)
    os.close(start)
    told = Told()
    with os.fdopen(end) as source, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", source)
        return prompt_from(words, told), told.lines


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["a", "b"], b"", "a b"),
        ([], b"in\n\n", "in"),
        ([], b"\r\n", None),
        ([], b"", None),
        ([""], b"", None),
        (["-"], b"", None),
        (["a", "-", "b"], b"in", "a b\n\nin"),
        (["a"], b"  indented\n\tand so on\n", "a\n\n  indented\n\tand so on"),
        ([], "\ufeffé\0".encode(), "\ufeffé\0"),
    ],
)
def test_words_and_input_make_the_prompt(
    words: list[str], given: bytes, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words, a blank line, the input without the line ends at its end; None where there is nothing."""
    assert prompt(words, given, monkeypatch) == (said, [])


def test_what_is_not_utf_8_is_replaced_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no UTF-8 become U+FFFD, and a person is told where the first is."""
    said, (line,) = prompt([], b"ab\xffcd", monkeypatch)
    assert said == "ab\ufffdcd"
    assert "not UTF-8 (byte 2)" in line


def test_a_silent_input_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside words, an input that says nothing for as long as one has patience is not read."""
    monkeypatch.setattr(piped, "_PATIENCE_S", 0.01)
    end, start = os.pipe()
    told = Told()
    with os.fdopen(end) as source:
        monkeypatch.setattr(sys, "stdin", source)
        assert prompt_from(["a"], told) == "a"
    os.close(start)
    assert told.lines == ["standard input is open but silent, so it is left alone; `-` reads it to its end"]


def test_a_file_is_read_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file makes nobody wait."""
    (tmp_path / "file").write_text("in")
    with (tmp_path / "file").open() as source:
        monkeypatch.setattr(sys, "stdin", source)
        assert prompt_from(["a"], Told()) == "a\n\nin"


def test_a_terminal_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed at a terminal is for the chat, so that it is not read here."""
    here, there = pty.openpty()
    with os.fdopen(there) as source, os.fdopen(here):
        monkeypatch.setattr(sys, "stdin", source)
        assert prompt_from([], Told()) is None
        assert prompt_from(["a"], Told()) == "a"


def test_an_input_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a standard input, or with a closed one, there are the words."""
    closed = io.StringIO()
    closed.close()
    for source in (None, closed):
        monkeypatch.setattr(sys, "stdin", source)
        assert prompt_from(["a"], Told()) == "a"
        assert prompt_from([], Told()) is None


def test_a_silent_input_where_no_prompt_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left alone after a while, as one beside words is; what speaks is read."""
    monkeypatch.setattr(piped, "_PATIENCE_S", 0.01)
    end, start = os.pipe()
    told = Told()
    with os.fdopen(end) as source, monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", source)
        assert prompt_from([], told, needs=False) is None
        assert told.lines == ["standard input is open but silent, so it is left alone; `-` reads it to its end"]
        os.write(start, b"in")
        os.close(start)
        assert prompt_from([], told, needs=False) == "in"

"""Plain command lines: read without Typer as Typer reads them, or left to it."""

from __future__ import annotations

import subprocess
import sys
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from miniagents.cli.chat_command import chat_command
from miniagents.cli.option import Option, for_typer
from miniagents.cli.plain_line import plainly_given

DECLARED = [
    declared
    for hint in chat_command.__annotations__.values()
    for declared in getattr(hint, "__metadata__", ())
    if isinstance(declared, Option)
]
SPELLINGS = [each for declared in DECLARED for word in declared.param_decls for each in word.split("/")]
WORD = st.one_of(
    st.sampled_from([*SPELLINGS, "-", "--", "-h", "--help", "-cx", "-mgpt", "--mod", "7", "", "-5", "a b", "é\udcff"]),
    st.tuples(st.sampled_from(SPELLINGS), st.sampled_from(["", "x", "a=b", "-", "--"])).map("=".join),
    st.text(max_size=3),
)


def by_typer(words: list[str]) -> dict[str, Any] | None:
    """Return what Typer calls the command with, but for what was not given; None if it does not call it."""
    called: list[dict[str, Any]] = []

    @wraps(chat_command)
    def noted(**given: Any) -> None:
        called.append({name: value for name, value in given.items() if value not in (None, [])})

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(for_typer(noted))
    try:
        get_command(app).main(words, standalone_mode=False)
    except Exception:  # noqa: BLE001 - Typer's copy of Click is private, and so are its errors
        return None
    return called[0] if called else None


@given(st.lists(WORD, max_size=5))
def test_what_is_plain_means_what_typer_makes_of_it(words: list[str]) -> None:
    """Whatever the words, they are left to Typer or give what it gives."""
    plainly = plainly_given(chat_command, words)
    if plainly is not None:
        assert {name: False for name, hint in chat_command.__annotations__.items() if _is_flag(hint)} | plainly == (
            by_typer(words)
        )


def _is_flag(hint: Any) -> bool:
    return getattr(hint, "__origin__", None) is bool


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_option_but_for_numbers_is_plain(spelling: str) -> None:
    """Each spelling of each option is read without Typer, but for those whose values are to be checked."""
    plainly = plainly_given(chat_command, [spelling, "7", "word"])
    assert (plainly is None) == (spelling in {"--timeout", "--retries"})


def test_the_usual_line() -> None:
    """Words, texts, lists, switches and folders come as they are, the last one of a text counts."""
    line = ["-m", "one", "--model=two", "-o", "a=1", "-o", "b=2", "--no-save", "--chats-dir", "here", "-c", "say", "-"]
    assert plainly_given(chat_command, line) == {
        "model": "two",
        "options": ["a=1", "b=2"],
        "save": False,
        "chats_dir": Path("here"),
        "newest": True,
        "words": ["say", "-"],
    }


@pytest.mark.parametrize(
    ("line", "imported"), [(["-c", "hi"], ""), (["--help"], "typer"), (["--retries", "2"], "typer")]
)
def test_typer_is_imported_only_where_it_is_needed(line: list[str], imported: str) -> None:
    """A plain line of a chat is read, and its command ready to be run, without Typer and pydantic."""
    code = (
        f"import sys; sys.argv = ['miniagents', 'chat', *{line!r}]; from miniagents.cli import __main__ as program;"
        "program._program(); print(*{'typer', 'pydantic', 'click'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == imported


@pytest.mark.parametrize(
    "line", [["--help"], ["-h"], ["--nosuch"], ["--model"], ["-cx"], ["--", "word"], ["--json=yes"], ["\udcff"]]
)
def test_what_is_not_plain_is_left_to_typer(line: list[str]) -> None:
    """Help, mistakes, letters in one word and halves of characters are no business of ours."""
    assert plainly_given(chat_command, line) is None

"""Options that are declared without Typer."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer
from typer.main import get_command

from miniagents.cli.option import Argument, Option, for_typer

Name = Annotated[str | None, Option("--name", "-n", metavar="WHO", help="Whom to greet.")]
Words = Annotated[list[str] | None, Argument(metavar="WORD", help="What to say.")]


def greet(words: Words = None, *, name: Name = None, loud: bool = False) -> None:
    """Greet somebody."""
    said.append((words, name, loud))


greet.__annotations__ = {"words": Words, "name": Name, "loud": bool, "return": None}
said: list[object] = []


def command(*words: str) -> str:
    """Run the command through Typer; return the names and the help that it has for its parameters."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(for_typer(greet))
    made: Any = get_command(app)
    if words:
        made.main([*words], standalone_mode=False)
    told = [(each.name, each.opts, each.metavar, each.help) for each in made.params if each.name != "loud"]
    assert told == [
        ("words", ["words"], "WORD", "What to say."),
        ("name", ["--name", "-n"], "WHO", "Whom to greet."),
    ]
    return str(made.help)


def test_typer_sees_what_was_declared() -> None:
    """Spellings, metavars and help reach Typer, hints that are nobody's stay as they are, and so does the docstring."""
    assert command() == "Greet somebody."
    assert get_args(Name)[1].param_decls == ("--name", "-n")


def test_the_command_is_called_with_what_was_given() -> None:
    """Through Typer the same function is called, with its own defaults."""
    command("a", "b", "-n", "Ann", "--loud")
    command("c")
    assert said[-2:] == [(["a", "b"], "Ann", True), (["c"], None, False)]

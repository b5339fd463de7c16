"""`miniagents models`, in a pipe and on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.ext.llm import anthropic, openai

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

pytestmark = pytest.mark.usefixtures("measured")

OPENAI = f"openai:{openai.DEFAULT_MODEL}"
ANTHROPIC = f"anthropic:{anthropic.DEFAULT_MODEL}"
LONG = "a-model-with-a-name-that-is-longer-than-most"
PLUGIN = f"""
from miniagents.ext.history_agents import in_memory_history_agent
from miniagents.hookspecs import Abilities, ModelProvider, Option, hookimpl

@hookimpl
def register_models(register):
    register(ModelProvider(
        name="other", agent=in_memory_history_agent, source="a plugin [bold]\\x1b[31m", way_out="pay\\tfor it",
        default_model="{LONG}", ready=lambda _: None, rank=90, models=lambda: ["{LONG}", "second"],
        aliases={{"2nd": "second", "two\x1b": "second", "third": "3"}},
        options={{"b": Option(kind=int, help="\x1b[31mred"), "a": Option(kind=str)}},
        abilities=lambda model: Abilities(streaming=False, tools=True, context_tokens=4096) if model == "3" else None,
    ))
"""


def rows(program: Program, **environment: str) -> list[list[str]]:
    """Return the fields that a pipe gets."""
    ran = program.run("models", environment=environment)
    assert (ran.code, ran.err) == (0, "")
    return [line.split("\t") for line in ran.out.decode().splitlines()]


def test_a_pipe_gets_lines_of_fields(program: Program) -> None:
    """Each line is a model or a pattern, whether it is ready or what to do about it, and who serves it."""
    program.install("other", other=PLUGIN)
    listed = rows(program, OPENAI_API_KEY="k")
    assert {len(row) for row in listed} == {5}
    states = {row[0]: row[1] for row in listed}
    assert states[OPENAI] == "default, ready: OPENAI_API_KEY"
    assert states["gpt-*"] == "ready: OPENAI_API_KEY"
    assert states[ANTHROPIC] == states["claude-*"] == "set ANTHROPIC_API_KEY"
    assert states[f"other:{LONG}"] == states["other:second"] == "pay for it"
    assert listed[-2] == ["other:second", "pay for it", "a plugin [bold]␛[31m", "2nd, two␛", ""]
    assert listed[-1][:1] + listed[-1][3:] == ["other:3", "third", "tools, no streaming, 4096 tokens"]
    assert next(row for row in listed if row[0] == ANTHROPIC)[3:] == ["haiku", "images, tools, schema"]
    assert len(states) == len(listed)


def test_the_model_that_is_taken_is_marked(program: Program) -> None:
    """The one that a chat would use is marked, also where no provider lists it; without any, none is."""
    assert [row[0] for row in rows(program, ANTHROPIC_API_KEY="k") if "default" in row[1]] == [ANTHROPIC]
    marked = [row for row in rows(program, MINIAGENTS_MODEL="openai:mine") if "default" in row[1]]
    assert [row[:2] for row in marked] == [
        ["openai:mine", "default, set OPENAI_API_KEY (and OPENAI_BASE_URL for another server)"]
    ]
    assert not [row for row in rows(program) if "default" in row[1]]


def test_a_name_that_means_nothing_is_said(program: Program) -> None:
    """Where the settings name a model that nobody knows, the list is there and standard error says so."""
    ran = program.run("models", environment={"MINIAGENTS_MODEL": "nonsense"})
    assert ran.code == 0
    assert ran.err.startswith("miniagents: MINIAGENTS_MODEL: no model is called 'nonsense'; ")
    assert OPENAI in ran.out.decode()


def test_a_terminal_gets_a_table(program: Program) -> None:
    """On a terminal it is a table whose names can be copied, and nothing is said twice; a narrow one has no columns."""
    program.install("other", other=PLUGIN)
    for columns in (150, 72):
        terminal = program.terminal("models", columns=columns)
        assert terminal.end() == 0
        assert "…" not in terminal.text
        assert "[31m" not in terminal.raw.decode().replace("␛[31m", "")
        assert f"other:{LONG}" in "".join(terminal.lines)
        if columns == 150:
            assert terminal.lines[0].split() == ["model", "state", "source", "aliases", "can"]
            assert terminal.text.count("a plugin [bold]␛[31m") == terminal.text.count("pay for it") == 1


def test_a_query(program: Program) -> None:
    """Rows that have all words are listed, wherever these are in a row; without one it fails and says so."""
    program.install("other", other=PLUGIN)
    for query, found in (
        (["SECOND"], ["other:second"]),
        (["2nd", "plugin"], ["other:second"]),
        (["4096"], ["other:3"]),
    ):
        for words in (query, ["list", *query]):
            ran = program.run("models", *words)
            assert [line.split("\t")[0] for line in ran.out.decode().splitlines()] == found
    ran = program.run("models", "second", "nowhere")
    assert (ran.code, ran.out) == (1, b"")
    assert ran.err == "miniagents: no model is listed for 'second nowhere'; `miniagents models` lists all\n"


def test_the_options_of_a_model(program: Program) -> None:
    """Each is listed with what it may be, what it is now, and what it does."""
    program.install("other", other=PLUGIN)
    ran = program.run("models", "options", "2nd", environment={"MINIAGENTS_CONFIG": str(_config(program))})
    assert (ran.out.decode(), ran.err) == ("a\ttext\tx\t\nb\ta whole number\t\t␛[31mred\n", "")
    ran = program.run("models", "options", environment={"OPENAI_API_KEY": "k"})
    assert "temperature\ta number from 0 to 2\t\t" in ran.out.decode()


def _config(program: Program) -> Path:
    path = program.home / "config.toml"
    path.write_text('[models.second]\na = "x"\nc = "y"\n')
    return path


@pytest.mark.usefixtures("echo")
def test_a_model_whose_options_nobody_knows(program: Program) -> None:
    """Standard error says so, and standard output has nothing."""
    ran = program.run("models", "options", "echo")
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err == "miniagents: nothing is known of the options of echo:e; -o NAME=VALUE passes them on\n"

"""`miniagents models`, in a pipe and on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.ext.llm import anthropic, openai

if TYPE_CHECKING:
    from tests.cli.conftest import Program

pytestmark = pytest.mark.usefixtures("measured")

OPENAI = f"openai:{openai.DEFAULT_MODEL}"
ANTHROPIC = f"anthropic:{anthropic.DEFAULT_MODEL}"
LONG = "a-model-with-a-name-that-is-longer-than-most"
PLUGIN = f"""
from miniagents.ext.history_agents import in_memory_history_agent
from miniagents.hookspecs import ModelProvider, hookimpl

@hookimpl
def register_models(register):
    register(ModelProvider(
        name="other", agent=in_memory_history_agent, source="a plugin [bold]\\x1b[31m", way_out="pay\\tfor it",
        default_model="{LONG}", ready=lambda _: None, rank=90, models=lambda: ["{LONG}", "second"],
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
    assert {len(row) for row in listed} == {3}
    states = {row[0]: row[1] for row in listed}
    assert states[OPENAI] == "default, ready: OPENAI_API_KEY"
    assert states["gpt-*"] == "ready: OPENAI_API_KEY"
    assert states[ANTHROPIC] == states["claude-*"] == "set ANTHROPIC_API_KEY"
    assert states[f"other:{LONG}"] == states["other:second"] == "pay for it"
    assert listed[-1] == ["other:second", "pay for it", "a plugin [bold]␛[31m"]
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
    """On a terminal it is a table whose names can be copied; a narrow one folds them and leaves nothing out."""
    program.install("other", other=PLUGIN)
    for columns in (100, 40):
        terminal = program.terminal("models", columns=columns)
        assert terminal.end() == 0
        assert terminal.lines[0].split() == ["model", "state", "source"]
        assert "…" not in terminal.text
        assert "[31m" not in terminal.raw.decode().replace("␛[31m", "")
        if columns == 100:
            assert f"other:{LONG} " in terminal.text
            assert "a plugin [bold]␛[31m" in terminal.text

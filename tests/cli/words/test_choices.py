"""Words that choose who answers, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents import miniagent
from miniagents.cli.words.catalogue import completed
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path

    from miniagents.miniagents import InteractionContext

KEYS = {"OPENAI_API_KEY": "sk-made-up-1", "ANTHROPIC_API_KEY": "sk-made-up-2"}


@miniagent
async def shouting(ctx: InteractionContext) -> None:
    """Say it louder."""
    *_, last = await ctx.message_promises
    ctx.reply(last.text.upper())


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    """Give a chat with an echo that another agent may replace."""
    return Seat(tmp_path, environment=KEYS, agents={"shouting": shouting})


async def test_agent(seat: Seat) -> None:
    """Another agent answers, with the conversation as it is; without a name it is said who does."""
    lines = await seat.say("one", "/agent shouting", "two", "/agent")
    assert "shouting answers" in lines
    assert lines[-1] == "shouting answers; there is echo, shouting"
    assert seat.said == ["one", "one", "two", "TWO"]


async def test_an_agent_that_is_not_there(seat: Seat) -> None:
    """The nearest is named, and the one before goes on."""
    assert (await seat.say("/agent shoutin", "one"))[1] == "no agent is called 'shoutin'; did you mean shouting?"
    assert seat.said == ["one", "one"]


async def test_model(seat: Seat) -> None:
    """Another model answers, also instead of an agent, and keeps what was said; - of `/agent` is the model again."""
    lines = await seat.say("one", "/model openai:gpt-4o", "/model", "/agent echo", "/agent -", "/model nowhere:x")
    assert lines.count("openai:gpt-4o answers") == 3
    assert lines[-1].startswith("this chat: no model is called 'nowhere:x'")
    assert seat.session.cast.name == "openai:gpt-4o"
    assert seat.said == ["one", "one"]


async def test_system(seat: Seat) -> None:
    """What the model is told beforehand can be set, shown and taken away."""
    lines = await seat.say("/system", "/system Be brief.", "/system", "/system -")
    assert lines[1::3] == [
        "the model is told nothing beforehand",
        "the model is told beforehand: Be brief.",
        "the model is told beforehand: Be brief.",
        "the model is told nothing beforehand",
    ]


async def test_role(seat: Seat, tmp_path: Path) -> None:
    """A role brings its text, its model and its options; without a name the roles are listed."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "pirate.md").write_text(
        '+++\nmodel = "openai:gpt-4o"\noptions = { temperature = 1 }\n+++\nBe a pirate.\n'
    )
    lines = await seat.say("/role", "/role pirate", "/system", "/set", "/role pirat")
    assert lines[1] == f"roles in {tmp_path / 'roles'}: pirate"
    assert "openai:gpt-4o answers as pirate" in lines
    assert "the model is told beforehand: Be a pirate." in lines
    assert "parameters of the model: temperature=1" in lines
    assert "did you mean pirate?" in lines[-1]


async def test_set(seat: Seat) -> None:
    """Parameters of the model are set in two ways of writing, listed, and taken back one by one."""
    lines = await seat.say("/set", "/set temperature 0.2", "/set top_p=0.5", "/set temperature -", "/set top_p -")
    assert lines[1::3] == [
        "all parameters of the model are its defaults",
        "parameters of the model: temperature=0.2",
        "parameters of the model: temperature=0.2, top_p=0.5",
        "parameters of the model: top_p=0.5",
        "all parameters of the model are its defaults",
    ]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        (
            "/set temperature",
            "/set temperature: write a value behind it, such as /set temperature 0.2, or - to take it back",
        ),
        ("/set model gpt-4o", "-o model=gpt-4o: use --model for it"),
    ],
)
async def test_what_cannot_be_set(seat: Seat, word: str, line: str) -> None:
    """A line says what to do instead, and nothing has changed."""
    assert (await seat.say(word))[-1] == line
    assert seat.session.options == {}


async def test_what_may_stand_behind(seat: Seat, tmp_path: Path) -> None:
    """Models, agents and roles are suggested, each with what there is to know of it."""
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "pirate.md").write_text("Be a pirate.")
    assert list(completed(seat.session, "agent", "sh")) == [("shouting", "Say it louder.")]
    assert ("openai:gpt-5.4-mini", "ready: OPENAI_API_KEY") in list(completed(seat.session, "model", "OPENAI"))
    assert list(completed(seat.session, "role", "")) == [("pirate", "")]
    assert list(completed(seat.session, "system", "")) == list(completed(seat.session, "nothing", "")) == []

"""Words that tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents import Message, miniagent
from miniagents.errors import PluginError
from miniagents.plugins import Plugins
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path

    from miniagents.miniagents import InteractionContext


@miniagent
async def priced(ctx: InteractionContext) -> None:
    """Answer, at a price that is known of the first answer only."""
    usage = {"in": 1000, "out": 20, "cached": 900, "thinking": 0}
    known = {} if len(await ctx.message_promises) > 1 else {"cost_usd": 0.0123}
    ctx.reply(Message(text="a", role="assistant", metadata={"usage": usage, **known}))


async def test_tokens_and_cost(tmp_path: Path) -> None:
    """The sums of the conversation are told, and what is not known of them."""
    seat = Seat(tmp_path, agents={"priced": priced}, agent="priced")
    lines = await seat.say("/tokens", "/cost", "one", "two", "/tokens", "/cost")
    assert lines[1] == "this conversation: 0 tokens in, 0 out, 0 answers"
    assert lines[4] == "this conversation: $0.0000"
    told = lines[lines.index("> two") :]
    assert "this conversation: 2,000 tokens in, 40 out, 2 answers" in told
    assert "the last answer: 1,000 in, 20 out, 900 from the cache" in told
    assert lines[-1] == (
        "this conversation: $0.0123; nobody knows the price of another answer (MINIAGENTS_PRICES names a list)"
    )


async def test_an_answer_without_counts(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert (await Seat(tmp_path).say("one", "/tokens"))[-1] == "the last answer: its server counted none"


async def test_plugins(tmp_path: Path) -> None:
    """What plugins offer is listed, and why one offers nothing."""
    seat = Seat(tmp_path)
    offered = seat.session.plugins
    seat.session.plugins = Plugins(offered.providers, {}, offered.histories, (PluginError("plugin bad skipped: no"),))
    lines = await seat.say("/plugins")
    assert lines[1:] == [
        "models: openai, anthropic",
        "agents: none",
        "tools: none",
        "histories: memory, markdown",
        "plugin bad skipped: no",
    ]


async def test_exit(tmp_path: Path) -> None:
    """The chat ends, though more was typed ahead."""
    seat = Seat(tmp_path)
    await seat.say("one", "/exit", "two")
    assert seat.said == ["one", "one"]

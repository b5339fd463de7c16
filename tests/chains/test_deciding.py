"""Steps that are decided about late, and those who were started behind them."""

import asyncio
from pathlib import Path

import pytest

from miniagents import MiniAgent, MiniAgents
from miniagents.chains.calls import place_of
from miniagents.chains.deciding import fresh
from miniagents.messages import MessageSequencePromise
from miniagents.testing import scripted_agent, streaming_agent
from tests.chains.played import chain_of, streaming, tagging


async def test_who_waits_for_a_decision_that_fails_gets_its_error(tmp_path: Path) -> None:
    """A step that is sent what an agent of a branch says fails as the branch does, and the error is told once."""
    flow = "  - slow\n  - map: {over: json, do: [a]}\n  - clear\n  - {agent: b, input: [a, history]}"
    agents = {"slow": streaming(["no array"], delay_s=1), "a": tagging("a"), "b": tagging("b")}
    async with MiniAgents():
        with pytest.raises(Exception, match="no JSON array") as caught:
            await chain_of(tmp_path, flow, agents).run("go").reply
        assert place_of(caught.value).endswith(":9")


async def test_what_is_new_is_given_as_it_comes() -> None:
    """Replies that are those of before are left out; where there are no others, the one before holds."""
    agent = MiniAgent(fresh, alias="fresh")
    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        before = scripted_agent("old").inquire()
        await before
        again = MessageSequencePromise([before])
        new = streaming_agent(["new"], delay_s=1).inquire()
        late = streaming_agent(["late"], delay_s=3).inquire()
        reply = agent.inquire(before=before, after=[again, new, late])
        told = [(str(await promise), clock()) async for promise in reply]
        assert told == [("new", 1), ("late", 3)]
        assert str(await agent.inquire(before=before, after=[again, again])) == "old"

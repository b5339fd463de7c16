"""Loops: how often they go round, what ends them, what comes out."""

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.chains import conditions
from miniagents.chains.calls import place_of
from miniagents.errors import PiecesGoneError, SettingsError
from tests.chains.played import Heard, chain_of, echoing, scripted, streaming, tagging


async def said(folder: Path, flow: str, text: str = "go", **agents: MiniAgent) -> str:
    """Return what comes out of a flow."""
    async with MiniAgents():
        return str(await chain_of(folder, flow, agents).run(text).reply)


async def test_a_loop_goes_round_as_often_as_it_says(tmp_path: Path) -> None:
    """`max` rounds, the first step is sent what the last said."""
    assert await said(tmp_path, "  - loop: {do: [a, b], max: 3}", a=tagging("a"), b=tagging("b")) == "go a b a b a b"


async def test_a_loop_ends_when_its_last_agent_says_so(tmp_path: Path) -> None:
    """Without a name `until` judges the last step, and its reply comes out."""
    flow = "  - loop: {do: [a], until: {matches: DONE}, max: 9}\n  - b"
    assert await said(tmp_path, flow, a=scripted("no", "not yet", "DONE", "more"), b=tagging("b")) == "DONE b"


async def test_a_loop_ends_in_the_middle_of_a_round(tmp_path: Path) -> None:
    """As soon as the agent is satisfied those behind it are not called, and the last step's last reply comes out."""
    writer, critic = Heard(), Heard()
    agents = {
        "critic": critic.agent("bad", "better", "APPROVED", "never"),
        "writer": writer.agent("draft 2", "draft 3", "never"),
    }
    flow = "  - loop: {do: [critic, writer], until: {agent: critic, matches: APPROVED}, max: 9}"
    assert await said(tmp_path, flow, "draft 1", **agents) == "draft 3"
    assert critic.texts == ["draft 1", "draft 2", "draft 3"]
    assert writer.texts == ["bad", "better"]


async def test_a_loop_that_ends_in_its_first_round_gives_what_it_was_sent(tmp_path: Path) -> None:
    """Where the last step never ran, what the loop was sent goes on."""
    flow = "  - loop: {do: [critic, writer], until: {agent: critic, matches: OK}}"
    assert await said(tmp_path, flow, "draft", critic=scripted("OK"), writer=scripted("never")) == "draft"


async def test_a_loop_ends_by_a_schema(tmp_path: Path) -> None:
    """`until.schema` holds when the reply is JSON that fits."""
    flow = "  - loop: {do: [a], until: {schema: {type: object, required: [ok]}}}"
    assert await said(tmp_path, flow, a=scripted("no", "{}", '{"ok": 1}', "never")) == '{"ok": 1}'


async def test_the_agent_that_ends_a_loop_may_be_inside_another_step(tmp_path: Path) -> None:
    """What is judged may be a branch's reply; the steps behind that step are not called."""
    flow = "  - loop: {do: [{parallel: [a, critic]}, b], until: {agent: critic, matches: OK}, max: 5}"
    agents = {"a": tagging("a"), "critic": scripted("no", "OK"), "b": tagging("b")}
    assert await said(tmp_path, flow, **agents) == "go a no b"


async def test_what_was_said_before_a_loop_does_not_end_it(tmp_path: Path) -> None:
    """Only a reply of this round is judged, not an older one of the same agent."""
    branch = "{if: {matches: 't t', then: [critic]}}"
    flow = f"  - critic\n  - loop: {{do: [{branch}, a], until: {{agent: critic, matches: OK}}, max: 5}}"
    assert await said(tmp_path, flow, critic=scripted("OK", "OK"), a=tagging("t")) == "OK t t"


async def test_a_loop_ends_when_it_has_nothing_more_to_say(tmp_path: Path) -> None:
    """A round whose last agent says nothing is the last one, as in `achain_loop`."""
    assert await said(tmp_path, "  - loop: {do: [a], max: 9}", a=scripted("one", "two")) == ""


async def test_a_cleared_loop_begins_each_round_with_nothing(tmp_path: Path) -> None:
    """`clear` at the end clears what the first step is sent."""
    heard = Heard()
    await said(tmp_path, "  - loop: {do: [a, clear], max: 3}", a=heard.agent("1", "2", "3"))
    assert heard.texts == ["go", "", ""]


async def test_the_last_round_streams(tmp_path: Path) -> None:
    """When it is known that no round follows, what is behind the loop gets its tokens as they come."""
    agents = {"a": streaming(["x", "y"], delay_s=1), "b": tagging("b")}
    chain = chain_of(tmp_path, "  - loop: {do: [a], max: 2}", agents)
    async with MiniAgents():
        run = chain.run("go")
        clock = asyncio.get_running_loop().time
        async for promise in run.reply:
            assert [clock() async for _ in promise] == [3, 4]


async def test_loops_inside_loops(tmp_path: Path) -> None:
    """A loop is a step like any other."""
    flow = "  - loop: {do: [{loop: {do: [a], max: 2}}, b], max: 2}"
    assert await said(tmp_path, flow, a=tagging("a"), b=tagging("b")) == "go a a b a a b"


async def test_an_input_may_be_what_was_said_in_the_round_before(tmp_path: Path) -> None:
    """An agent's last reply is the one of the round before, where it has not spoken in this one."""
    heard = Heard()
    flow = "  - loop: {do: [{agent: first, input: last}, last], max: 3}"
    await said(tmp_path, flow, first=heard.agent("1", "2", "3"), last=tagging("l"))
    assert heard.texts == ["", "1 l", "2 l"]


def counting() -> MiniAgent:
    """Return an agent that counts on from what it is sent."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(str(int(str(await ctx.message_promises)) + 1))

    return agent


async def test_nothing_is_kept_of_a_round(tmp_path: Path) -> None:
    """But what the next one is sent: neither of calls, though somebody looks on, nor of inputs and branches."""
    flow = (
        "  - loop: {do: [a, {agent: a, input: b}, {if: {matches: '7$', then: [c]}}, b],"
        " until: {agent: b, matches: '[0-9]{4}'}}"
    )
    chain = chain_of(tmp_path, f"  - b\n{flow}", {"a": counting(), "b": counting(), "c": counting()})
    counts: list[int] = []
    async with MiniAgents():
        run = chain.run("0")
        async for call in run.calls:
            if call.number in (300, 900):
                gc.collect()
                counts.append(len(gc.get_objects()))
        assert str(await run.reply) == "1001"
        with pytest.raises(PiecesGoneError, match="gone"):
            [call async for call in run.calls]
    assert counts[1] < counts[0] + 500


@pytest.mark.timeout(600)
async def test_ten_thousand_rounds_take_no_more_memory_and_work_each_than_a_thousand(tmp_path: Path) -> None:
    """What there is in memory stays the same, and so does how often the event loop has something to do in a round."""
    chain = chain_of(tmp_path, "  - loop: {do: [a], max: 10000}", {"a": counting()})
    loop, turns, schedule = asyncio.get_running_loop(), 0, asyncio.get_running_loop().call_soon

    def counted(*arguments: Any, **more: Any) -> Any:
        nonlocal turns
        turns += 1
        return schedule(*arguments, **more)

    loop.call_soon = counted  # type: ignore[method-assign]
    objects: list[int] = []
    passed: list[int] = []
    async with MiniAgents():
        run = chain.run("0")
        async for call in run.calls:
            if call.number in (1000, 2000, 9000, 10_000):
                gc.collect()
                objects.append(len(gc.get_objects()))
                passed.append(turns)
        assert str(await run.reply) == "10000"
    del loop.call_soon
    assert objects[3] < objects[0] + 500
    assert passed[3] - passed[2] <= 1.05 * (passed[1] - passed[0])


async def test_calls_are_there_for_a_reader_that_begins_late_but_not_too_late(tmp_path: Path) -> None:
    """Whoever begins before the 64th call gets all of them."""
    chain = chain_of(tmp_path, "  - loop: {do: [a], max: 60}", {"a": counting()})
    async with MiniAgents():
        run = chain.run("0")
        await run.reply
        assert [call.number async for call in run.calls] == [*range(1, 61)]


async def test_a_pattern_that_takes_for_ever_ends_the_run_at_its_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop and a branch tell of it as of any error, with the line of the file."""
    monkeypatch.setattr(conditions, "_PATIENCE_S", 0.01)
    for flow in ("loop: {do: [a], until: {matches: (a|aa)+$}}", "if: {matches: (a|aa)+$, then: [a]}"):
        async with MiniAgents():
            run = chain_of(tmp_path, f"  - {flow}", {"a": echoing}).run("a" * 100 + "!")
            with pytest.raises(SettingsError, match="takes longer than") as caught:
                await run.reply
        assert place_of(caught.value) == f"{tmp_path / 'tale.yaml'}:6"

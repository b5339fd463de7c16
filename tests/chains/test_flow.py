"""The steps of a flow: what each is sent, and when."""

import asyncio
from pathlib import Path

import pytest

from miniagents import MiniAgents
from miniagents.chains.chain_file import read
from miniagents.chains.loading import Chain
from miniagents.errors import SchemaMismatchError
from tests.chains.played import Heard, chain_of, echoing, scripted, shouting, streaming, tagging


async def said(folder: Path, flow: str, text: str = "go", **agents: object) -> str:
    """Return what comes out of a flow."""
    async with MiniAgents():
        return str(await chain_of(folder, flow, agents).run(text).reply)  # type: ignore[arg-type]


async def test_each_step_is_sent_the_reply_of_the_one_before(tmp_path: Path) -> None:
    """A sequence hands on what was said, the first step is sent what the chain is sent."""
    assert await said(tmp_path, "  [a, b, a]", a=tagging("a"), b=tagging("b")) == "go a b a"


async def test_without_a_flow_the_agents_speak_in_the_order_of_the_file(tmp_path: Path) -> None:
    """No flow is the agents one after the other."""
    chain = chain_of(tmp_path, "  [b]", {"b": tagging("b"), "a": tagging("a")})
    path = tmp_path / "tale.yaml"
    path.write_text(path.read_text(encoding="utf-8").partition("flow:")[0], encoding="utf-8")
    async with MiniAgents():
        assert str(await Chain(read(path), plugins=chain.plugins, environment={}).run("go").reply) == "go b a"


async def test_tokens_stream_through_a_sequence_of_agents(tmp_path: Path) -> None:
    """The third agent's first token comes with the first one's: nobody waits for a whole message."""
    agents = {"model": streaming(["x"] * 10, delay_s=1.0), "one": shouting, "two": echoing}
    chain = chain_of(tmp_path, "  [model, one, two]", agents)
    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        run = chain.run("go")
        async for promise in run.reply:
            async for token in promise:
                assert (token, clock()) == ("X", 1.0)
                break
        assert str(await run.reply) == "X" * 10
        assert clock() == 10.0


async def test_what_follows_a_fast_branch_waits_for_no_slow_one(tmp_path: Path) -> None:
    """Inside a branch and by `input:`, a step starts when its own input comes: at 0.1 s, whatever takes 1.2."""
    started: dict[str, float] = {}
    agents = {"fast": streaming(["f"], delay_s=0.1), "slow": streaming(["s"], delay_s=1.2), "next": tagging("n")}
    flow = """
  - parallel:
    - [fast, next]
    - slow
  - {agent: next, input: fast}
"""
    chain = chain_of(tmp_path, flow, agents)
    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        run = chain.run("go")
        async for call in run.calls:
            if call.agent == "next":
                assert str(await call.reply) == "f n"
                started[str(call.place)] = clock()
        assert started == {"10:14": 0.1, "12:5": 0.1}
        assert str(await run.reply) == "f n"
        assert clock() == 1.2


async def test_parallel_branches_are_sent_the_same_and_reply_in_order(tmp_path: Path) -> None:
    """Replies follow each other as in the file, whoever is faster."""
    agents = {"slow": streaming(["slow"], delay_s=1), "fast": streaming(["fast"], delay_s=0.1), "tag": tagging("!")}
    assert await said(tmp_path, "  - parallel: [slow, fast, tag]\n  - tag", **agents) == "slow fast go ! !"


async def test_a_step_may_be_sent_what_an_earlier_branch_says(tmp_path: Path) -> None:
    """In `parallel`, what stands above has begun."""
    agents = {"one": streaming(["one"], delay_s=0.1), "tag": tagging("!")}
    flow = "  - parallel: [one, {agent: tag, input: one}]"
    assert await said(tmp_path, flow, **agents) == "one\n\none !"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("text", "go !"),
        ("a", "go a !"),
        ("history", "go go a go a b !"),
        ("[text, b]", "go go a b !"),
        ("inputs.what", "given !"),
        ("[inputs.what, text]", "given go !"),
    ],
)
async def test_a_step_is_sent_what_its_input_says(tmp_path: Path, source: str, expected: str) -> None:
    """`input:` replaces the reply of the step before: by the text, an agent's last reply, an input, all of it."""
    agents = {"a": tagging("a"), "b": tagging("b"), "c": tagging("!")}
    chain = chain_of(
        tmp_path,
        f"  - a\n  - b\n  - {{agent: c, input: {source}}}",
        agents,
        more="inputs: {what: {default: nothing}}\n",
        inputs={"what": "given"},
    )
    async with MiniAgents():
        assert str(await chain.run("go").reply) == expected


async def test_await_waits_for_all_that_is_before_it(tmp_path: Path) -> None:
    """Without it the next agent starts at once, with it when everything is there."""
    agents = {"slow": streaming(["s"], delay_s=1), "tag": tagging("!")}
    for flow, expected_s in (("  [slow, tag]", 0.0), ("  [slow, await, tag]", 1.0)):
        chain = chain_of(tmp_path, flow, agents)
        async with MiniAgents():
            begun_s = asyncio.get_running_loop().time()
            run = chain.run("go")
            started_s = [call.started_s - begun_s async for call in run.calls if call.agent == "tag"]
            assert started_s == [expected_s]


async def test_clear_lets_the_next_begin_with_nothing(tmp_path: Path) -> None:
    """What is behind `clear` is sent no messages, and does not wait for those before."""
    heard = Heard()
    agents = {"slow": streaming(["s"], delay_s=1), "after": heard.agent("done")}
    assert await said(tmp_path, "  [slow, clear, after]", **agents) == "done"
    assert heard.texts == [""]


@pytest.mark.parametrize(("text", "expected"), [("an error", "an error yes"), ("all well", "all well no")])
async def test_a_branch_is_taken_by_what_matches(tmp_path: Path, text: str, expected: str) -> None:
    """`if` judges the text of all messages by a regular expression."""
    flow = "  - if: {matches: 'err.r', then: [yes], else: ['no']}"
    assert await said(tmp_path, flow, text, yes=tagging("yes"), no=tagging("no")) == expected


async def test_a_branch_is_taken_by_a_schema_and_none_lets_the_messages_pass(tmp_path: Path) -> None:
    """`schema` holds for JSON that fits; without `else` messages go on as they are."""
    flow = "  - if: {schema: {type: object, required: [ok]}, then: [yes]}"
    assert await said(tmp_path, flow, '{"ok": 1}', yes=tagging("yes")) == '{"ok": 1} yes'
    assert await said(tmp_path, flow, "{}", yes=tagging("yes")) == "{}"


async def test_a_map_takes_the_steps_for_each_part_and_keeps_the_order(tmp_path: Path) -> None:
    """Lines, elements of a JSON array and messages each go through the steps by themselves."""
    flow = "  - map: {over: %s, do: [t, t]}\n  - u"
    agents = {"t": tagging("t"), "u": tagging("u")}
    assert await said(tmp_path, flow % "lines", "a\n\n b \nc", **agents) == "a t t b t t c t t u"
    assert await said(tmp_path, flow % "json", '```json\n["a", {"b": 1}]\n```', **agents) == 'a t t {"b": 1} t t u'
    assert await said(tmp_path, flow % "messages", ["a", "b"], **agents) == "a t t b t t u"  # type: ignore[arg-type]
    assert await said(tmp_path, flow % "json", '{"items": ["a"]}', **agents) == "a t t u"


async def test_a_map_begins_with_each_line_as_it_comes(tmp_path: Path) -> None:
    """A line goes on its way while those after it are still being said."""
    chain = chain_of(
        tmp_path,
        "  - source\n  - map: {over: lines, do: [t]}",
        {"source": streaming(["a", "\nb", "\n", "c"], delay_s=1), "t": tagging("t")},
    )
    async with MiniAgents():
        run = chain.run("go")
        assert [call.started_s async for call in run.calls if call.agent == "t"] == [2, 3, 4]


async def test_what_a_map_replied_is_an_input_as_a_whole(tmp_path: Path) -> None:
    """The last reply of an agent in `map` is what it said to all parts, in order."""
    flow = "  - map: {over: lines, do: [a]}\n  - clear\n  - {agent: b, input: a}"
    assert await said(tmp_path, flow, "1\n2", a=tagging("a"), b=tagging("b")) == "1 a 2 a b"


async def test_no_json_array_is_an_error_that_says_so(tmp_path: Path) -> None:
    """`map over json` needs one."""
    with pytest.raises(SchemaMismatchError, match="no JSON"):
        await said(tmp_path, "  - map: {over: json, do: [a]}", "no", a=tagging("a"))


async def test_the_output_may_be_an_earlier_agents(tmp_path: Path) -> None:
    """`output.from` names whose last reply comes out; all steps are taken all the same."""
    heard = Heard()
    chain = chain_of(tmp_path, "  [a, b]", {"a": tagging("a"), "b": heard.agent("no")}, more="output: {from: a}\n")
    async with MiniAgents():
        assert str(await chain.run("go").reply) == "go a"
    assert heard.texts == ["go a"]


async def test_an_input_from_a_branch_is_a_promise(tmp_path: Path) -> None:
    """What a step is sent may be said by an agent of which it is not known yet whether it is called."""
    flow = "  - a\n  - if: {matches: y, then: [a, b], else: [b]}\n  - {agent: c, input: a}"
    agents = {"a": tagging("a"), "b": tagging("b"), "c": tagging("c")}
    assert await said(tmp_path, flow, "y", **agents) == "y a a c"
    assert await said(tmp_path, flow, "n", **agents) == "n a c"


async def test_scripted_agents_say_their_parts(tmp_path: Path) -> None:
    """Agents of plugins keep their own state from step to step, and nobody else's."""
    assert await said(tmp_path, "  [a, a]", a=scripted("one", "two")) == "two"

"""Several calls of tools at once, and who allows them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from miniagents.content import Text, ToolCall, ToolResult
from miniagents.errors import UsageError
from miniagents.messages import Message
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.testing import scripted_agent
from miniagents.tools import Approve, Tool, approved, run_tools, tool, toolbox


@tool
async def sleep(seconds: float, name: str = "") -> str:
    """Sleep."""
    await asyncio.sleep(seconds)
    return f"slept {name or seconds:}"


@tool(needs_approval=True)
async def erase(name: str) -> str:
    """Erase a file."""
    await asyncio.sleep(1)
    return f"erased {name}"


TOOLS = toolbox([sleep, erase])


def call(name: str, /, id: str = "1", **arguments: Any) -> ToolCall:  # noqa: A002 - as it is called
    """Return a call as a model writes it."""
    return ToolCall(id, name=name, arguments=json.dumps(arguments))


def told(message: Message) -> list[tuple[str, str, bool]]:
    """Return what a message with results says."""
    assert message.role == "tool"
    assert message.text == ""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    assert len(results) == len(message.parts)
    return [(result.call_id, result.text, result.is_error) for result in results]


def test_a_toolbox_has_everything_by_its_name() -> None:
    """Tools, functions and agents lie in it in their order, and nobody can change it."""

    def look(a: int) -> int:
        """Look."""
        return a

    box = toolbox([sleep, look, scripted_agent("x")])
    assert list(box) == ["sleep", "look", "scripted_agent"]
    assert box["sleep"] is sleep
    assert all(isinstance(each, Tool) for each in box.values())
    with pytest.raises(TypeError):
        box["other"] = sleep  # type: ignore[index]
    assert toolbox([]) == {}


def test_two_tools_of_one_name_are_refused() -> None:
    """A model could not say which one it means; the same tool twice is one."""
    with pytest.raises(UsageError, match="two tools are called 'sleep'; give one another name"):
        toolbox([sleep, scripted_agent("x", alias="sleep")])
    assert list(toolbox([sleep, sleep])) == ["sleep"]


async def test_calls_run_at_once_and_answer_in_their_order() -> None:
    """Together they take as long as the longest one, and the results stand as the calls did, in one message."""
    calls = [call("sleep", "a", seconds=3), call("sleep", "b", seconds=1), call("sleep", "c", seconds=2)]
    async with MiniAgents():
        message = await run_tools(TOOLS, calls)
    assert told(message) == [("a", "slept 3.0", False), ("b", "slept 1.0", False), ("c", "slept 2.0", False)]
    assert asyncio.get_running_loop().time() == 3


async def test_no_calls_give_no_results() -> None:
    """A message without parts is made of nothing."""
    async with MiniAgents():
        assert told(await run_tools(TOOLS, [])) == []


async def test_one_call_that_goes_wrong_leaves_the_others_alone() -> None:
    """Wrong arguments, and a name that nobody has, are results beside the right ones."""
    calls = [call("sleep", "a", seconds="x"), call("sleap", "b"), call("sleep", "c", seconds=1), call("\n", "d")]
    async with MiniAgents():
        wrong, unknown, right, odd = told(await run_tools(TOOLS, calls))
        assert wrong[1].startswith("the arguments of sleep do not fit: `seconds`: ")
        assert unknown == ("b", "there is no tool 'sleap'; did you mean 'sleep'? There are: sleep, erase", True)
        assert right == ("c", "slept 1.0", False)
        assert odd == ("d", "there is no tool '\\n'; there are: sleep, erase", True)
        assert told(await run_tools({}, [call("x")])) == [("1", "there is no tool 'x', nor any other", True)]


async def test_a_limit_holds_for_each_call_whose_tool_says_nothing_else() -> None:
    """A tool's own limit is the one that counts for it, be it longer or shorter."""

    @tool(timeout_s=5)
    async def patient() -> str:
        """Take 4 seconds."""
        await asyncio.sleep(4)
        return "done"

    calls = [call("sleep", "a", seconds=9), call("patient", "b"), call("sleep", "c", seconds=1)]
    async with MiniAgents():
        results = told(await run_tools(toolbox([sleep, patient]), calls, timeout_s=2))
    assert results == [
        ("a", "CallTimeoutError: sleep took longer than 2 s", True),
        ("b", "done", False),
        ("c", "slept 1.0", False),
    ]


async def test_cancelling_whoever_waits_stops_all_calls() -> None:
    """Nothing goes on for nobody."""
    ended: list[int] = []

    @tool
    async def long(number: int) -> None:
        """Take long."""
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(number)

    async with MiniAgents():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await run_tools(toolbox([long]), [call("long", number=number) for number in range(3)])
        await asyncio.sleep(0)
        assert sorted(ended) == [0, 1, 2]
        assert asyncio.get_running_loop().time() == 1


class Asked:
    """Says yes or no after a while, and knows what it was asked, when, and whether twice at once."""

    def __init__(self, *answers: bool | str) -> None:
        self.answers = list(answers)
        self.calls: list[ToolCall] = []
        self.is_asking = False

    async def __call__(self, call: ToolCall) -> bool | str:
        """Ask a person who is slow."""
        assert not self.is_asking
        self.is_asking = True
        self.calls.append(call)
        await asyncio.sleep(10)
        self.is_asking = False
        return self.answers.pop(0)


async def test_a_person_is_asked_one_thing_at_a_time() -> None:
    """Calls that need no approval run meanwhile, approved ones start at once, refused ones never do."""
    asked = Asked(True, "not this one", False)
    calls = [
        call("erase", "a", name="x"),
        call("sleep", "b", seconds=5),
        call("erase", "c", name="y"),
        call("erase", "d", name="z"),
    ]
    async with MiniAgents():
        results = told(await run_tools(TOOLS, calls, approve=asked))
    assert results == [
        ("a", "erased x", False),
        ("b", "slept 5.0", False),
        ("c", "refused by the person: not this one", True),
        ("d", "refused by the person: no reason given", True),
    ]
    assert [each.id for each in asked.calls] == ["a", "c", "d"]
    assert asyncio.get_running_loop().time() == 30


async def test_nobody_is_asked_about_a_call_that_cannot_be_made() -> None:
    """Wrong arguments go back to the model first."""
    asked = Asked()
    async with MiniAgents():
        ((_, text, is_error),) = told(await run_tools(TOOLS, [call("erase", nam="x")], approve=asked))
    assert text.startswith("the arguments of erase do not fit: `name` is missing")
    assert is_error
    assert asked.calls == []


async def test_without_anybody_to_ask_nothing_is_approved() -> None:
    """A tool that needs approval does not run by accident."""
    async with MiniAgents():
        ((_, text, is_error),) = told(await run_tools(TOOLS, [call("erase", name="x")]))
    assert (text, is_error) == ("refused: it needs a person's approval, and there is nobody to ask", True)


async def test_a_failure_to_ask_is_an_error_and_stops_the_calls() -> None:
    """It is the program that is broken then, and no model is told."""
    ended = asyncio.Event()

    @tool
    async def long() -> None:
        """Take long."""
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.set()

    async def broken(_: ToolCall) -> bool:
        await asyncio.sleep(1)
        raise EOFError("no terminal")

    async with MiniAgents():
        with pytest.raises(EOFError, match="no terminal"):
            await run_tools(toolbox([long, erase]), [call("long"), call("erase", name="x")], approve=broken)
        await ended.wait()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, None),
        (False, "no reason given"),
        ("", "no reason given"),
        ("too late", "too late"),
        ("y", "y"),
        (None, "no reason given"),
        (1, "no reason given"),
    ],
)
async def test_only_true_approves(answer: Any, expected: str | None) -> None:
    """A function that says anything else, also something that counts as true, has not agreed."""

    async def approve(_: ToolCall) -> Any:
        return answer

    assert await approved(approve, erase, call("erase", name="x")) == expected


@pytest.mark.real_time
@pytest.mark.parametrize("make", [lambda answer: answer, lambda answer: asyncio.sleep(0, answer)])
async def test_a_sync_function_is_asked_in_a_thread(make: Callable[[Any], Any]) -> None:
    """It may wait for a person; it may also return something to await."""
    assert await approved(lambda _: make(True), erase, call("erase", name="x")) is None
    assert await approved(lambda _: make("no"), erase, call("erase", name="x")) == "no"


async def test_who_needs_no_approval_is_not_asked_for() -> None:
    """The answer is yes without a question."""
    assert await approved(Asked(), sleep, call("sleep", seconds=1)) is None
    assert await approved(None, sleep, call("sleep", seconds=1)) is None
    assert await approved(None, erase, call("erase", name="x")) == "there is nobody to ask"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("y", None),
        (" Yes.\n", None),
        ("YES!", None),
        ("n", "n"),
        ("yes, but later", "yes, but later"),
        ("", "no reason given"),
        (None, "no reason given"),
    ],
)
async def test_an_agent_may_be_asked(answer: Any, expected: str | None) -> None:
    """It is sent the question as a text, with the call, and only a plain yes approves."""
    sent: list[Message] = []

    @miniagent
    async def person(ctx: InteractionContext) -> None:
        sent.extend(await ctx.message_promises)
        ctx.reply(answer)

    wanted = ToolCall("1", name="erase", arguments='{"name":\n"x\x1b[2K"}')
    async with MiniAgents():
        assert await approved(person, erase, wanted) == expected
    (question,) = sent
    assert question.text == 'May erase be called with {"name": "x␛[2K"}? (y/n)'
    assert question.parts == (Text(question.text), wanted)


async def test_an_agent_that_fails_has_not_agreed() -> None:
    """Its error is raised, also where errors are messages."""

    @miniagent
    async def person(ctx: InteractionContext) -> None:
        raise EOFError("gone")

    agents: list[Approve] = [person, person.fork(errors_as_messages=True)]
    async with MiniAgents(errors_as_messages=True):
        for agent in agents:
            assert isinstance(agent, MiniAgent)
            with pytest.raises(EOFError):
                await approved(agent, erase, call("erase", name="x"))

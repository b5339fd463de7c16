"""Functions and agents as tools: what models are told of them, and what comes of a call."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import threading
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.content import Image, Text, ToolCall, ToolResult
from miniagents.errors import CallCancelledError, NoScopeError, UsageError
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise
from miniagents.miniagents import MiniAgent, MiniAgents, miniagent
from miniagents.promising.failure import trail_of
from miniagents.testing import scripted_agent, streaming_agent
from miniagents.toolmaking import Tool, tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from miniagents.miniagents import InteractionContext

IMAGE = Image(b"x", media_type="image/png")


class Thing:
    """Pydantic knows nothing of it."""


@tool
async def weather(city: str, days: int = 1) -> dict[str, Any]:  # noqa: D417 - not all of them have a description
    """Tell the weather
    of a city.

    It knows no other planet.

    Args:
        city: Its name.
    """  # noqa: D205 - what people write
    if city == "Atlantis":
        raise LookupError("there is no such city")
    return {"city": city, "days": days}


def call(name: str, /, **arguments: Any) -> ToolCall:
    """Return a call as a model writes it."""
    return ToolCall("call_1", name=name, arguments=json.dumps(arguments))


async def result_of(made: Tool, /, timeout_s: float | None = None, **arguments: Any) -> ToolResult:
    """Call a tool as a model does, and return its result."""
    (message,) = await made.inquire(call(made.name, **arguments), timeout_s=timeout_s)
    assert message.role == "tool"
    assert message.text == ""
    (result,) = message.parts
    assert isinstance(result, ToolResult)
    assert (result.call_id, result.name) == ("call_1", made.name)
    return result


def test_a_function_becomes_a_tool() -> None:
    """It has the function's name, the first paragraph of its docstring, and a schema of its arguments."""
    assert weather.name == "weather"
    assert weather.description == "Tell the weather of a city."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Its name."},
            "days": {"type": "integer", "default": 1},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert (weather.needs_approval, weather.timeout_s) == (False, None)


async def test_a_tool_still_is_the_function() -> None:
    """Whoever calls it gets what the function gives, errors included; it says what the function says."""
    assert await weather("Oulu", days=2) == {"city": "Oulu", "days": 2}
    with pytest.raises(LookupError):
        await weather("Atlantis")
    assert weather.__doc__ == weather.function.__doc__
    assert "self" not in str(inspect.signature(weather))


def test_a_tool_cannot_be_changed() -> None:
    """Neither what it is called nor what models are told."""
    with pytest.raises(AttributeError):
        weather.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        weather.parameters["type"] = "array"  # type: ignore[index]


def test_a_tool_may_be_told_otherwise() -> None:
    """Name, description, approval and time limit can be given, for a function without a usable name too."""

    @tool(name="look", description="", needs_approval=True, timeout_s=3)
    def _f(a: int) -> int:
        """Do it."""
        return a

    assert (_f.name, _f.description, _f.needs_approval, _f.timeout_s) == ("look", "", True, 3)
    made = tool(name="partial")(functools.partial(_f.function, 1))
    assert made.parameters["properties"] == {}
    assert made.description == "Do it."


def test_a_tool_of_a_tool_is_itself() -> None:
    """`Tool.of` takes what `@tool` made, and makes it of a function."""
    assert Tool.of(weather) is weather
    assert Tool.of(weather.function).parameters == weather.parameters


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tool(lambda x: x), "'<lambda>'|says no type"),
        (lambda: tool(name="a b")(weather.function), "'a b' cannot be a tool's name"),
        (lambda: tool(name="x" * 65)(weather.function), "cannot be a tool's name"),
        (lambda: Tool.of(42), "42 cannot be a tool; give a function"),
        (lambda: Tool.of({"name": "x"}), "cannot be a tool; give a function"),
        (lambda: Tool.of(dict), "<class 'dict'> cannot be a tool"),
        (lambda: Tool.of(lambda: 1), "'<lambda>' cannot be a tool's name"),
    ],
)
def test_what_can_be_no_tool_is_refused_at_once(make: Callable[[], Tool], words: str) -> None:
    """The error comes where the tool is made."""
    with pytest.raises(UsageError, match=words):
        make()


def test_a_parameter_without_a_type_is_refused_at_once() -> None:
    """Nobody could tell a model what to give."""
    with pytest.raises(UsageError, match="f: the parameter `b` says no type; annotate it"):

        @tool
        def f(a: int, b) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - that is the point
            """Fail."""


def test_a_type_without_a_schema_is_refused_when_it_is_looked_at() -> None:
    """So is one that nobody can find; the person gets the error, not the model."""

    @tool
    def f(a: Thing) -> None:
        """Fail."""

    @tool
    def g(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821 - that is the point
        """Fail."""

    for made, words in ((f, "f: no JSON Schema for `a`"), (g, "g: the type of `a` is not known")):
        for look in (lambda made=made: made.parameters, lambda made=made: made.inquire(call("x"))):
            with pytest.raises(UsageError, match=words):
                look()


def test_types_of_the_function_around_it_are_found() -> None:
    """With annotations that are read late, a tool inside a function may name that function's own types."""

    class Colour(Enum):
        RED = "red"

    @tool
    def paint(colour: Colour, later: Later | None = None) -> str:
        """Paint it."""
        return colour.value

    class Later(Enum):
        NEVER = "never"

    assert Tool.of(paint).name == "paint"
    with pytest.raises(UsageError, match="the type of `later` is not known"):
        paint.parameters  # noqa: B018 - it is looked at

    @tool(name="again")
    def again(colour: Colour, later: Later | None = None) -> str:
        """Paint it."""
        return colour.value

    assert set(again.parameters["$defs"]) == {"Colour", "Later"}


async def test_a_call_gives_a_result() -> None:
    """What the function returns is the content, whatever it is; arguments are made to fit."""
    async with MiniAgents():
        result = await result_of(weather, city="Oulu", days="3")
        assert result.text == '{"city": "Oulu", "days": 3}'
        assert not result.is_error


async def test_what_goes_wrong_is_a_result() -> None:
    """Wrong arguments, broken JSON and errors are told in one line, and nothing is raised or logged."""
    async with MiniAgents():
        wrong = await result_of(weather, city=1)
        assert wrong.text == "the arguments of weather do not fit: `city`: Input should be a valid string (it was 1)"
        failed = await result_of(weather, city="Atlantis")
        assert failed.text == "LookupError: there is no such city"
        broken = ToolCall("1", name="weather", arguments='{"city": ')
        (message,) = await weather.inquire(broken)
        (told,) = message.parts
        assert isinstance(told, ToolResult)
        assert told.text.startswith("the arguments of weather do not fit: they are no JSON (EOF")
        assert wrong.is_error
        assert failed.is_error
        assert told.is_error


async def test_errors_are_results_where_errors_are_messages_too(caplog: pytest.LogCaptureFixture) -> None:
    """What a tool and the agents that it calls raise stays an error, and comes to the model as one."""

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        """Fail."""
        raise ValueError("no")

    @tool
    async def ask() -> MessageSequencePromise:
        """Ask."""
        return failing.inquire("x")

    async with MiniAgents(errors_as_messages=True):
        for made in (ask, Tool.of(failing), Tool.of(failing.fork(errors_as_messages=True))):
            result = await result_of(made, **({} if made is ask else {"message": "x"}))
            assert (result.text, result.is_error) == ("ValueError: no", True)
        message = (await weather.inquire(call("weather", city="Atlantis")))[0]
        assert not isinstance(message, ErrorMessage)
    assert caplog.records == []


async def test_a_call_that_takes_too_long_is_a_result() -> None:
    """It, and what it called, is cancelled in time; the tool's own limit holds where the call has none."""
    ended: list[str] = []

    async def sleep(name: str) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append(name)

    @miniagent
    async def slow_agent(ctx: InteractionContext) -> None:
        """Take long."""
        await sleep("agent")

    @tool(timeout_s=5)
    async def slow() -> None:
        """Take long."""
        started = slow_agent.inquire()
        await sleep("tool")
        await started

    clock = asyncio.get_running_loop().time
    async with MiniAgents():
        result = await result_of(slow, timeout_s=2)
        assert (result.text, result.is_error) == ("CallTimeoutError: slow took longer than 2 s", True)
        assert clock() == 2
        await asyncio.sleep(0)
        assert sorted(ended) == ["agent", "tool"]
        assert (await result_of(slow)).text == "CallTimeoutError: slow took longer than 5 s"
        assert clock() == 7


async def test_a_call_that_is_cancelled_is_no_result() -> None:
    """Whoever cancels it stops the function, and its readers get the cancellation, not a result."""
    stopped = asyncio.Event()

    @tool
    async def slow() -> None:
        """Take long."""
        try:
            await asyncio.sleep(1_000)
        finally:
            stopped.set()

    async with MiniAgents():
        reply = slow.inquire(call("slow"))
        await asyncio.sleep(1)
        reply.cancel()
        await stopped.wait()
        with pytest.raises(CallCancelledError, match="slow was cancelled") as caught:
            await reply
        assert trail_of(caught.value) == ("slow",)
        del reply
        stopped.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await slow.inquire(call("slow"))
        await stopped.wait()


async def test_a_call_has_its_own_name_in_a_trail() -> None:
    """An error inside tells which tool it came through, once."""
    caught: list[BaseException] = []

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        """Fail."""
        raise ValueError("no")

    @tool
    async def ask() -> Any:
        """Ask."""
        try:
            return await failing.inquire()
        except ValueError as error:
            caught.append(error)
            raise

    async with MiniAgents():
        await result_of(ask)
    assert trail_of(caught[0]) == ("failing", "ask")


async def test_a_tool_needs_a_scope() -> None:
    """A call is an agent's call, and its task must have an owner."""
    with pytest.raises(NoScopeError):
        weather.inquire(call("weather", city="Oulu"))


async def test_the_context_is_the_call_s_own() -> None:
    """A first parameter for the context is given it, is in no schema, and what is replied to it is in the result."""

    @tool
    async def with_context(ctx: InteractionContext, /, a: int) -> str:
        """Look."""
        seen.append((ctx.agent.alias, (await ctx.message_promises)[0].parts))
        ctx.reply("first")
        ctx.reply([IMAGE, "then"])
        return str(a)

    @tool
    async def by_name(context: InteractionContext) -> None:
        """Look."""
        context.reply("only this")

    seen: list[Any] = []
    assert list(with_context.parameters["properties"]) == ["a"]
    async with MiniAgents():
        result = await result_of(with_context, a=3)
        assert result.content == (Text("first"), IMAGE, Text("then\n\n3"))
        assert seen == [("with_context", (call("with_context", a=3),))]
        assert (await result_of(by_name)).text == "only this"


async def test_a_stream_is_collected() -> None:
    """An async generator, a promise of a message and nothing at all are results like any other."""

    @tool
    async def stream(n: int) -> AsyncIterator[str]:
        """Count."""
        for number in range(n):
            await asyncio.sleep(1)
            yield str(number)

    @tool
    async def promise() -> Message:
        """Count."""
        return Message.promise(stream(2))  # type: ignore[return-value]

    @tool
    async def nothing() -> None:
        """Do nothing."""

    async with MiniAgents():
        assert (await result_of(stream, n=3)).text == "012"
        assert (await result_of(promise)).text == "01"
        assert (await result_of(nothing)).content == ()


@pytest.mark.real_time
async def test_a_sync_function_does_not_hold_up_the_others() -> None:
    """It runs in a thread; a limit that it does not keep is a result in time all the same."""
    free = threading.Event()

    @tool
    def block(seconds: float) -> str:
        """Wait."""
        free.wait(seconds)
        return "done"

    async with MiniAgents():
        late = block.inquire(call("block", seconds=30), timeout_s=0.05)
        (message,) = await late  # without its limit it would be done, in the end
        assert message.parts[0].is_error  # type: ignore[attr-defined]
        free.set()
        assert (await result_of(block, seconds=30)).text == "done"


@pytest.mark.real_time
async def test_a_thread_belongs_to_no_scope() -> None:
    """A sync function that calls an agent is told what is wrong."""

    @tool
    def ask() -> Any:
        """Ask."""
        return scripted_agent("x").inquire()

    async with MiniAgents():
        result = await result_of(ask)
    assert result.is_error
    assert result.text.startswith("NoScopeError: ")


async def test_an_agent_becomes_a_tool() -> None:
    """It has the agent's name and description, takes a message and the parameters that it was not forked with."""

    @miniagent
    async def librarian(  # noqa: D417 - not all of them have a description
        ctx: InteractionContext, *, shelf: str, books: int = 2, client: Any = None
    ) -> None:
        """Find books.

        Only old ones.

        Args:
            shelf: Where to look.
            message: What to look for.
        """
        ctx.reply(f"{await ctx.message_promises} on {shelf}: {books}")
        ctx.reply(Message(parts=("and", IMAGE)))

    made = Tool.of(librarian)
    assert (made.name, made.description) == ("librarian", "Find books.")
    assert made.parameters == {
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": "What to look for."},
            "shelf": {"type": "string", "description": "Where to look."},
            "books": {"type": "integer", "default": 2},
        },
        "required": ["message", "shelf"],
        "additionalProperties": False,
    }
    forked = Tool.of(librarian.fork(shelf="top", alias="the librarian", description="Ask.\n\nNicely."))
    assert (forked.name, forked.description) == ("the_librarian", "Ask.\n\nNicely.")
    assert list(forked.parameters["properties"]) == ["message", "books"]
    assert tool(name="x", needs_approval=True)(librarian).needs_approval  # type: ignore[arg-type]
    async with MiniAgents():
        result = await result_of(made, message="Kalevala", shelf="low")
        assert result.content == (Text("Kalevala on low: 2\n\nand"), IMAGE)
        assert (await result_of(forked, message="it", books=1)).text.startswith("it on top: 1")
        assert (await made("it", shelf="x")).is_handmade is False


async def test_what_an_agent_is_configured_with_is_not_for_models() -> None:
    """Of an agent that takes any parameters, as models' agents do, a model may give only what it cannot do without."""

    @miniagent
    async def model(ctx: InteractionContext, *, needed: str, base_url: str | None = None, **options: Any) -> None:
        """Answer."""
        ctx.reply(needed)

    assert list(Tool.of(model).parameters["properties"]) == ["message", "needed"]
    assert list(Tool.of(scripted_agent("x")).parameters["properties"]) == ["message"]
    async with MiniAgents():
        assert (await result_of(Tool.of(streaming_agent(["a", "b"])), message="x")).text == "ab"


@pytest.mark.parametrize("name", ["client", "message", "timeout_s"])
def test_an_agent_that_no_model_could_call_is_refused(name: str) -> None:
    """What it needs and JSON cannot tell, it has to be forked with."""
    scope: dict[str, Any] = {"Any": Any}
    exec(f"async def f(ctx, *, {name}: {'Any' if name == 'client' else 'str'}): ...", scope)
    agent = miniagent(scope["f"])
    assert isinstance(agent, MiniAgent)
    with pytest.raises(UsageError, match=f"f: no model can give `{name}`; `fork` the agent with it first"):
        Tool.of(agent).parameters  # noqa: B018 - it is looked at
    assert Tool.of(agent.fork(**{name: 1}) if name == "client" else agent).name == "f"


async def test_arguments_that_somebody_else_describes() -> None:
    """A schema is passed on as it is, and the function gets by name what the model wrote, whatever the names are."""
    schema = {"type": "object", "properties": {"self": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}}}

    @tool(name="far", description="It is far.", schema=schema)
    async def call(**arguments: Any) -> Any:
        return arguments

    assert (call.name, call.description, call.parameters) == ("far", "It is far.", schema)
    async with MiniAgents():
        given = {"self": 1, "tool": [None], "a b": {"c": "\u00e4"}}
        result = await result_of(call, **given)
        assert json.loads(result.text) == given
        for arguments, line in (
            ("[1]", "the arguments of far must be a JSON object, not [1]"),
            ("{", "the arguments of far do not fit: no JSON (Expecting property name enclosed in double quotes"),
        ):
            (message,) = await call.inquire(ToolCall("1", name="far", arguments=arguments))
            (part,) = message.parts
            assert part.is_error
            assert part.text.startswith(line)
        (message,) = await call.inquire(ToolCall("1", name="far", arguments="null"))
        assert message.parts[0].text == "{}"
    with pytest.raises(UsageError, match="f: the schema of its arguments must be JSON"):
        tool(name="f", schema={"a": object()})(call.function)


async def test_a_result_that_the_function_makes() -> None:
    """It says itself whether it failed, and what beside text there is; whose result it is, it need not know."""

    @tool
    async def look(fails: bool) -> ToolResult:
        """Look."""
        return ToolResult("", name="", content=[Text("seen"), IMAGE], is_error=fails)

    async with MiniAgents():
        for fails in (True, False):
            result = await result_of(look, fails=fails)
            assert result == ToolResult("call_1", name="look", content=(Text("seen"), IMAGE), is_error=fails)

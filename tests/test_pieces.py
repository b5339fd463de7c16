"""What can be handed over, and what is refused where it is handed over."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from miniagents.errors import UnsupportedPieceError, UsageError
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise, MessageTuple
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.failure import trail_of
from miniagents.promising.promise import Promise


class Custom(Message):
    """A message of another class."""

    field: str = ""


class Model(BaseModel):
    """A pydantic model that is no message."""

    text: str = ""


class Numbers:
    """An iterable of one's own."""

    def __iter__(self) -> Iterator[str]:
        """Give two texts."""
        return iter(("1", "2"))


class Later:
    """An async iterable of one's own."""

    async def __aiter__(self) -> AsyncIterator[str]:
        """Give two texts."""
        for text in "12":
            await asyncio.sleep(1)
            yield text


async def one_by_one(*pieces: Any) -> AsyncIterator[Any]:
    """Give a piece a second."""
    for piece in pieces:
        await asyncio.sleep(1)
        yield piece


async def tokens() -> AsyncIterator[str]:
    """Give two tokens."""
    yield "1"
    await asyncio.sleep(1)
    yield "2"


def promise_of(value: Any) -> Promise[Any]:
    """Return the promise of a value that takes a second."""

    async def resolver() -> Any:
        await asyncio.sleep(1)
        return value

    return Promise(resolver)


@miniagent
async def echoing(ctx: InteractionContext) -> None:
    """Reply what came in."""
    ctx.reply(ctx.message_promises)


@miniagent
async def replying(ctx: InteractionContext, make: Callable[[], Any]) -> None:
    """Reply what is made here."""
    ctx.reply(make())


ACCEPTED: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "nothing": (lambda: None, []),
    "text": (lambda: "a", ["a"]),
    "empty text": (lambda: "", [""]),
    "dict": (lambda: {"text": "a", "role": "user"}, ["a"]),
    "empty dict": (dict, [""]),
    "message": (lambda: Message(text="a"), ["a"]),
    "custom message": (lambda: Custom(text="a", field="b"), ["a"]),
    "message promise": (lambda: Message.promise(tokens()), ["12"]),
    "promise of a text": (lambda: promise_of("a"), ["a"]),
    "promise of a message": (lambda: promise_of(Message(text="a")), ["a"]),
    "promise of a list": (lambda: promise_of(["a", ["b"]]), ["a", "b"]),
    "promise of a promise": (lambda: promise_of(promise_of("a")), ["a"]),
    "promise of nothing": (lambda: promise_of(None), []),
    "resolved promise": (lambda: Promise.resolved("a"), ["a"]),
    "sequence": (lambda: echoing.inquire(["a", "b"]), ["a", "b"]),
    "prefilled sequence": (lambda: MessageSequencePromise(["a", "b"]), ["a", "b"]),
    "messages that are there": (lambda: MessageTuple([Message(text="a"), Message(text="b")]), ["a", "b"]),
    "empty list": (list, []),
    "list": (lambda: ["a", ["b", ["c"]], "d"], ["a", "b", "c", "d"]),
    "tuple": (lambda: ("a", ("b",)), ["a", "b"]),
    "deque": (lambda: deque(["a", "b"]), ["a", "b"]),
    "dict's values": ({"x": "a", "y": "b"}.values, ["a", "b"]),
    "generator": (lambda: (text for text in ("a", "b")), ["a", "b"]),
    "map": (lambda: map(str.upper, "ab"), ["A", "B"]),
    "iterable": (Numbers, ["1", "2"]),
    "async generator": (lambda: one_by_one("a", "b"), ["a", "b"]),
    "async generator of lists": (lambda: one_by_one(["a", {"text": "b"}], one_by_one("c")), ["a", "b", "c"]),
    "async iterable": (Later, ["1", "2"]),
    "reader": (lambda: aiter(echoing.inquire(["a", "b"])), ["a", "b"]),
    "all sorts": (
        lambda: ["a", {"text": "b"}, Message.promise(tokens()), [promise_of("c")], one_by_one("d"), Numbers(), "e"],
        ["a", "b", "12", "c", "d", "1", "2", "e"],
    ),
}
accepted = pytest.mark.parametrize(("make", "texts"), ACCEPTED.values(), ids=ACCEPTED)


@accepted
async def test_accepted_as_a_reply(make: Callable[[], Any], texts: list[str]) -> None:
    """Whatever can be a message, or several, can be replied, and arrives in order."""
    async with MiniAgents():
        reply = replying.inquire(make=make)
        assert [message.text for message in await reply] == texts


@accepted
async def test_accepted_as_a_question(make: Callable[[], Any], texts: list[str]) -> None:
    """Whatever can be replied can be sent, and can be what a sequence is filled with."""
    async with MiniAgents():
        assert [message.text for message in await echoing.inquire(make())] == texts
        assert [message.text for message in await MessageSequencePromise(make())] == texts


async def test_messages_arrive_as_they_are() -> None:
    """A message of any class goes through agents untouched; a dict becomes one with its fields."""
    async with MiniAgents():
        custom = Custom(text="a", field="b", metadata={"c": 1})
        fields = {"text": "a", "role": "user", "metadata": {"c": 1}}
        arrived = await echoing.inquire([custom, fields])
        assert arrived[0] is custom
        assert arrived[1].model_dump(exclude={"parts", "data"}) == fields


def future_of(value: str) -> asyncio.Future[str]:
    """Return a future that is done."""
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "number": (lambda: 5, "int is no message"),
    "truth": (lambda: True, "bool is no message"),
    "bytes": (lambda: b"a", "bytes is no message"),
    "bytearray": (lambda: bytearray(b"a"), "bytearray is no message"),
    "model": (Model, "Model is no message"),
    "error": (lambda: ValueError("a"), "ValueError is no message"),
    "agent": (lambda: echoing, "MiniAgent is no message"),
    "function": (lambda: future_of, "function is no message"),
    "object": (object, "object is no message"),
    "class": (lambda: Message, "ModelMetaclass is no message"),
    "nothing in a list": (lambda: [None], "NoneType is no message"),
    "number in a list": (lambda: ["a", ["b", 5]], "int is no message"),
    "bytes in a generator": (lambda: (item for item in ["a", b"b"]), "bytes is no message"),
    "range": (lambda: range(3), "int is no message"),
    "unknown key": (lambda: {"txt": "a"}, "a dict with txt is no message; its keys may be text, role, metadata"),
    "unknown keys": (lambda: {"text": "a", "x": 1, "y": 2}, "a dict with x, y is no message"),
    "key that is no text": (lambda: {5: "a"}, "a dict with 5 is no message"),
    "text that is none": (lambda: {"text": 5}, "a dict with .*text.* is no message"),
    "metadata that are none": (lambda: {"metadata": 5}, "a dict with .*metadata.* is no message"),
    "unknown key beside a promise": (
        lambda: {"text": f"{Message.promise(tokens())}", "txt": "a"},
        "a dict with txt is no message",
    ),
    "wrong role beside a promise": (
        lambda: {"text": f"{Message.promise(tokens())}", "role": 5},
        "a dict with .*role.* is no message",
    ),
    "done future": (lambda: future_of("a"), "Future is no message"),
    "pending future": (lambda: asyncio.get_running_loop().create_future(), "Future is no message"),
}
refused = pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)


@refused
@pytest.mark.timeout(50)
async def test_refused_as_a_question(make: Callable[[], Any], why: str) -> None:
    """What cannot be a message is refused where it is sent, on one line, with its type and the agent's name."""
    async with MiniAgents():
        with pytest.raises(UnsupportedPieceError, match=f"^echoing: {why}") as raised:
            echoing.inquire(make())
        assert isinstance(raised.value, TypeError)
        assert isinstance(raised.value, UsageError)
        assert "\n" not in str(raised.value)


@refused
@pytest.mark.timeout(50)
async def test_refused_as_a_reply(make: Callable[[], Any], why: str) -> None:
    """What cannot be a message is refused inside the agent that replies it, with its type and the agent's name."""

    @miniagent
    async def careful(ctx: InteractionContext) -> None:
        ctx.reply("before")
        try:
            ctx.reply(make())
        except UnsupportedPieceError as error:
            ctx.reply(f"refused: {error}")

    async with MiniAgents():
        before, after = await careful.inquire()
        assert before.text == "before"
        assert after.text.startswith("refused: careful: ")
        with pytest.raises(UnsupportedPieceError, match=f"^replying: {why}") as raised:
            await replying.inquire(make=make)
        assert trail_of(raised.value) == ("replying",)


@refused
@pytest.mark.timeout(50)
async def test_refused_in_a_prefilled_sequence(make: Callable[[], Any], why: str) -> None:
    """A sequence that is made by hand refuses the same things in the same words."""
    async with MiniAgents():
        with pytest.raises(UnsupportedPieceError, match=f"^prefill_pieces: {why}"):
            MessageSequencePromise(make())


@pytest.mark.parametrize("bad", [5, b"a", None, [None], {"txt": "a"}], ids=repr)
async def test_refused_when_it_comes(bad: Any) -> None:
    """What only turns out later not to be a message is an error at the reader, after what came before it."""
    async with MiniAgents():
        for make in (lambda: one_by_one("a", bad), lambda: [promise_of("a"), promise_of([bad])]):
            reader = aiter(replying.inquire(make=make))
            assert str(await (await anext(reader))) == "a"
            with pytest.raises(UnsupportedPieceError, match=r"^replying: .* is no message"):
                await anext(reader)


async def test_an_error_in_what_was_sent() -> None:
    """An async iterable that fails is an error at whoever reads it, after what it gave before."""

    async def cut() -> AsyncIterator[str]:
        yield "a"
        raise ZeroDivisionError("cut")

    heard: dict[str, None] = {}

    @miniagent
    async def reading(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            heard[str(await promise)] = None

    @miniagent
    async def sending(ctx: InteractionContext) -> None:
        await reading.inquire(cut())

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError, match="cut") as raised:
            await sending.inquire()
        assert list(heard) == ["a"]
        assert trail_of(raised.value) == ("sending", "reading", "sending")


async def test_an_error_in_an_iterable_is_the_callers() -> None:
    """A generator is read where it is handed over, so its error is raised right there, and no call is made."""

    def cut() -> Iterator[str]:
        yield "a"
        raise ZeroDivisionError("cut")

    async with MiniAgents() as scope:
        with pytest.raises(ZeroDivisionError, match="cut"):
            echoing.inquire(cut())
        assert not scope.works
        with pytest.raises(ZeroDivisionError, match="cut"):
            await replying.inquire(make=cut)


async def test_an_error_in_a_promise_that_was_sent() -> None:
    """A promise whose resolver fails is an error at whoever reads it."""

    async def resolver() -> str:
        raise ZeroDivisionError("none left")

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError, match="none left"):
            await echoing.inquire(["a", Promise(resolver)])


async def test_a_generator_is_closed_after_a_refusal() -> None:
    """An async generator whose piece was refused is closed: its `finally` runs."""
    closed = False

    async def bad() -> AsyncIterator[Any]:
        nonlocal closed
        try:
            yield 5
            yield "never asked for"
        finally:
            closed = True

    async with MiniAgents():
        with pytest.raises(UnsupportedPieceError):
            await replying.inquire(make=bad)
        assert closed


async def test_a_refused_call_starts_nothing() -> None:
    """A call that is refused for one of its pieces does not run, nor does what else it was sent."""

    async def endless() -> AsyncIterator[str]:
        while True:
            await asyncio.sleep(1)
            yield "x"

    @miniagent
    async def never(ctx: InteractionContext) -> None:
        raise AssertionError

    async with MiniAgents() as scope:
        with pytest.raises(UnsupportedPieceError):
            never.inquire([endless(), 5])
        assert not scope.works


async def test_error_messages_are_messages() -> None:
    """An `ErrorMessage` can be sent on like any other message."""
    async with MiniAgents():
        [message] = await echoing.inquire(ErrorMessage.of(ZeroDivisionError("none left")))
        assert message == ErrorMessage(text="ZeroDivisionError: none left", error="ZeroDivisionError")


async def test_a_tuple_that_is_no_reply_is_looked_into() -> None:
    """A `MessageTuple` that somebody filled with other things is taken like any tuple."""
    async with MiniAgents():
        assert str(MessageSequencePromise(MessageTuple(["a", Message(text="b")]))) == "a\n\nb"  # type: ignore[list-item]
        with pytest.raises(UnsupportedPieceError, match="int is no message"):
            MessageSequencePromise(MessageTuple([3]))  # type: ignore[list-item]

"""Each message of a scope is persisted, once, after what is inside it, before the scope ends."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from miniagents.errors import NoScopeError
from miniagents.ext.history_agents import in_memory_history_agent
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent


class Quoting(Message):
    """A message with messages inside it."""

    first: Message
    others: tuple[Message, ...] = ()
    by_name: dict[str, Message] = {}  # noqa: RUF012 - pydantic copies it


class Kept:
    """Where messages end up, each after a while."""

    def __init__(self, delay_s: float = 0.0, *fails: str) -> None:
        self.messages: list[Message] = []
        self.delay_s, self.fails = delay_s, fails

    async def __call__(self, message: Message) -> None:
        """Take one."""
        await asyncio.sleep(self.delay_s)
        if message.text in self.fails:
            raise OSError(f"no room for {message}")
        self.messages.append(message)

    @property
    def texts(self) -> list[str]:
        """What was said in them."""
        return [message.text for message in self.messages]


async def tokens(*texts: str, error: Exception | None = None) -> AsyncIterator[str]:
    """Give a text a second."""
    for text in texts:
        await asyncio.sleep(1)
        yield text
    if error is not None:
        raise error


@miniagent
async def saying(ctx: InteractionContext, what: object) -> None:
    """Reply it."""
    ctx.reply(what)  # type: ignore[arg-type]  # whatever the test gives


@miniagent
async def forwarding(ctx: InteractionContext, depth: int) -> None:
    """Reply what was sent, through other agents."""
    ctx.reply(forwarding.inquire(ctx.message_promises, depth=depth - 1) if depth else ctx.message_promises)


@pytest.mark.parametrize(
    ("what", "texts"),
    [
        ("text", ["text"]),
        ({"text": "dict"}, ["dict"]),
        (Message(text="message"), ["message"]),
        (["a", ["b", Message(text="c")]], ["a", "b", "c"]),
        (MessageSequencePromise(["a", MessageSequencePromise(["b"]), "c"]), ["a", "b", "c"]),
        (Message.promise(["to", "kens"]), ["tokens"]),
    ],
)
async def test_what_is_there_already(what: object, texts: list[str]) -> None:
    """In whatever shape messages are sent or replied, each is persisted, in order, though nobody reads it."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(what=what)
    assert kept.texts == texts
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(what, what=None)  # type: ignore[arg-type]  # whatever the test gives
    assert kept.texts == texts


@pytest.mark.parametrize("keep", [True, False])
async def test_what_streams_is_persisted_when_it_is_whole(keep: bool) -> None:
    """A message that arrives token by token is persisted once, when its last token has come."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        promise = Message.promise(tokens("a", "b"), keep=keep)
        reply = forwarding.inquire(promise, depth=3)
        await asyncio.sleep(1.5)
        assert kept.texts == []
        assert str(await reply) == "ab"
        await asyncio.sleep(0.1)
        assert kept.texts == ["ab"]
        assert kept.messages[0] is (await reply)[0]
    assert kept.texts == ["ab"]


async def test_messages_from_an_async_iterable() -> None:
    """Each message of an async iterable is persisted as it comes."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(tokens("asked"), what=tokens("a", "b"))
        await asyncio.sleep(1.5)
        assert sorted(kept.texts) == ["a", "asked"]
    assert sorted(kept.texts) == ["a", "asked", "b"]


async def test_once_however_many_agents_it_passes() -> None:
    """A message that goes through ten agents, and is then sent again, is persisted once."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        replied = await forwarding.inquire("hello", depth=10)
        await forwarding.inquire(replied, depth=10)
    assert kept.texts == ["hello"]


async def test_equal_messages_are_as_many_as_they_are() -> None:
    """Two messages that say the same are both persisted; their hash is the same."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(what=["yes", "yes"])
    assert kept.texts == ["yes", "yes"]
    assert len({message.content_hash for message in kept.messages}) == 1


async def test_what_is_inside_comes_first() -> None:
    """Messages inside a message, at any depth, are persisted before it, each once though it is there twice."""
    leaf = Message(text="leaf")
    inner = Quoting(text="inner", first=leaf, by_name={"a": Message(text="named")})
    outer = Quoting(text="outer", first=inner, others=(leaf, Message(text="last")))
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(what=[outer, inner])
    assert kept.texts == ["leaf", "named", "inner", "last", "outer"]


async def test_a_long_thread() -> None:
    """Ten thousand messages inside each other are persisted from the innermost out."""
    message = Message(text="0")
    for number in range(1, 10_000):
        message = Quoting.model_construct(text=str(number), first=message)
    kept = Kept()
    async with MiniAgents(on_persist_message=kept):
        saying.inquire(what=message)
    assert kept.texts == [str(number) for number in range(10_000)]


async def test_errors_that_are_messages_are_messages() -> None:
    """An error that is replied as a message is persisted as one, and so is what had come of a broken stream."""
    kept = Kept()
    async with MiniAgents(on_persist_message=kept, errors_as_messages=True):
        saying.inquire(what=Message.promise(tokens("a", error=ZeroDivisionError("b"))))
        saying.inquire()
    assert {type(message) for message in kept.messages} == {ErrorMessage}
    assert sorted(text.split(":")[0] for text in kept.texts) == ["TypeError", "a\n\nZeroDivisionError"]


@pytest.mark.parametrize("error", [None, ZeroDivisionError("boom")])
async def test_the_scope_waits_for_it(error: Exception | None) -> None:
    """Before the scope has ended, well or by an error, all messages are persisted, one after the other."""
    kept = Kept(delay_s=5)
    loop = asyncio.get_running_loop()

    async def run() -> None:
        async with MiniAgents(on_persist_message=kept):
            await saying.inquire(what=["a", "b", "c"])
            if error is not None:
                raise error

    [outcome] = await asyncio.gather(run(), return_exceptions=True)
    assert outcome is error
    assert kept.texts == ["a", "b", "c"]
    assert loop.time() == 15


async def test_a_failure_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """What goes wrong with one message is logged once, with its hash, and the others are persisted all the same."""
    kept = Kept(0, "b", "c")
    with caplog.at_level(logging.ERROR):
        async with MiniAgents(on_persist_message=kept):
            await saying.inquire(what=["a", "b", "c", "d"])
    assert kept.texts == ["a", "d"]
    hashes = [Message(text=text).content_hash[:12] for text in "bc"]
    assert [record.getMessage() for record in caplog.records] == [
        f"an error that nobody read: OSError: no room for {text} (on_persist_message of {content_hash})"
        for text, content_hash in zip("bc", hashes, strict=True)
    ]


async def test_a_cancellation_of_its_own_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """An `on_persist_message` that raises a CancelledError that nobody asked for spoils neither messages nor scope."""
    seen: list[str] = []

    async def persist(message: Message) -> None:
        seen.append(message.text)
        raise asyncio.CancelledError

    async with MiniAgents(on_persist_message=persist):
        await saying.inquire(what=["a", "b"])
    assert seen == ["a", "b"]
    assert len(caplog.records) == 2


async def test_who_cannot_wait_is_told_what_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    """Where the end of the scope is cancelled while messages are being persisted, the log names those that were not."""
    kept = Kept(delay_s=10)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(15), MiniAgents(on_persist_message=kept):
            await saying.inquire(what=["a", "b", "c"])
    assert kept.texts == ["a"]
    hashes = ", ".join(Message(text=text).content_hash[:12] for text in "bc")
    assert [record.getMessage() for record in caplog.records] == [f"2 messages were not persisted: {hashes}"]


async def test_it_may_be_no_coroutine() -> None:
    """An `on_persist_message` that has nothing to wait for can be a plain function."""
    kept: list[Message] = []
    async with MiniAgents(on_persist_message=kept.append):
        await saying.inquire(what="a")
    assert [message.text for message in kept] == ["a"]


async def test_it_is_in_no_scope() -> None:
    """What persists is no part of what is persisted: it calls no agents there, which would never end."""
    errors: list[Exception] = []

    async def persist(_message: Message) -> None:
        try:
            saying.inquire(what="again")
        except NoScopeError as error:
            errors.append(error)

    async with MiniAgents(on_persist_message=persist):
        await saying.inquire(what="a")
    assert len(errors) == 1


async def test_a_nested_scope_has_both() -> None:
    """Messages of a scope inside another one are persisted by both, those of the outer one by that alone."""
    outer, inner = Kept(), Kept()
    async with MiniAgents(on_persist_message=outer):
        await saying.inquire(what="a")
        async with MiniAgents(on_persist_message=inner):
            await saying.inquire(what="b")
        async with MiniAgents():
            await saying.inquire(what="c")
    assert outer.texts == ["a", "b", "c"]
    assert inner.texts == ["b"]


async def test_nothing_is_remembered_of_what_is_gone() -> None:
    """Ten thousand messages leave nothing behind in the scope once they are persisted."""
    kept: list[str] = []
    async with MiniAgents(on_persist_message=lambda message: kept.append(message.text)) as scope:
        for number in range(10_000):
            await saying.inquire(what=str(number))
        await asyncio.sleep(0)
        persistence = scope.on_made.__self__  # type: ignore[union-attr]
        assert len(persistence._seen) <= 1
        assert len(persistence._walked) <= 2
    assert kept == [str(number) for number in range(10_000)]


async def test_a_long_dialog_is_not_walked_again_and_again() -> None:
    """A history that grows by what is new is looked through once, not once a turn."""
    count = 0

    def persist(_message: Message) -> None:
        nonlocal count
        count += 1

    history: MessageSequencePromise | None = None
    async with MiniAgents(on_persist_message=persist):
        for number in range(500):
            history = in_memory_history_agent.inquire(str(number), previous=history)
            await history
    assert count == 500

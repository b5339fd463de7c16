"""Promises inside texts: what an f-string with a promise in it becomes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from miniagents.errors import NoScopeError, PendingPromiseError
from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising import marks
from miniagents.promising.promise import Promise

Timed = list[tuple[str, float]]


async def ticking(tokens: str = "abc", error: Exception | None = None) -> AsyncIterator[str]:
    """Give a token a second, then perhaps an error."""
    for token in tokens:
        await asyncio.sleep(1)
        yield token
    if error is not None:
        raise error


def pending(tokens: str = "abc", error: Exception | None = None) -> MessagePromise:
    """Return a message that arrives a token a second."""
    return Message.promise(ticking(tokens, error))


async def timed(sequence: MessageSequencePromise) -> list[Timed]:
    """Return each message's tokens with the times at which they were read."""
    loop = asyncio.get_running_loop()
    return [[(token, loop.time()) async for token in promise] async for promise in sequence]


@miniagent
async def you_said(ctx: InteractionContext) -> None:
    """Do what the specification's custom agent does."""
    async for message in ctx.message_promises:
        ctx.reply(f"You said: {message}")


@miniagent
async def echoing(ctx: InteractionContext) -> None:
    """Reply what came in."""
    ctx.reply(ctx.message_promises)


async def test_a_pending_message_streams_through_the_text() -> None:
    """The text around a message is there at once, and the message's tokens come inside it as they arrive."""
    async with MiniAgents():
        reply = you_said.inquire(pending())
        assert await timed(reply) == [[("You said: ", 0), ("a", 1), ("b", 2), ("c", 3)]]
        assert str(await reply) == "You said: abc"


async def test_a_text_streams_through_many_agents() -> None:
    """Texts inside texts stream all the way, the inner ones too."""
    async with MiniAgents():
        reply = you_said.inquire(you_said.inquire(you_said.inquire(pending("ab"))))
        [tokens] = await timed(reply)
        assert tokens == [("You said: ", 0)] * 3 + [("a", 1), ("b", 2)]


async def test_a_message_that_is_there_is_its_text() -> None:
    """A promise that is kept formats as its text: in any string, with any format, without an agent or a scope."""
    async with MiniAgents():
        promise = pending("abc")
        await promise
    assert f"<{promise}>" == "<abc>"
    assert f"<{promise!s:>5}|{promise:^5}>" == "<  abc| abc >"
    assert str(promise) == "abc"
    assert str(Message.promise(["a", "b"])) == "ab"
    assert f"{MessageSequencePromise(['a', ['b']])}" == "a\n\nb"


async def test_a_message_that_came_but_was_not_awaited_is_its_text() -> None:
    """A promise formats as its text from the moment its last token is there, read or not."""
    async with MiniAgents():
        promise, sequence = pending("abc"), echoing.inquire([pending("ab"), "c"])
        await asyncio.sleep(4)
        assert f"{promise} {sequence}" == "abc ab\n\nc"


async def test_a_pending_sequence_streams_through_the_text() -> None:
    """A sequence inside a text is its messages as they come, a blank line between them."""

    @miniagent
    async def summing_up(ctx: InteractionContext) -> None:
        ctx.reply(f"All: {ctx.message_promises}.")

    async with MiniAgents():
        reply = summing_up.inquire([pending("ab"), "c", pending("d")])
        assert str(await reply) == "All: ab\n\nc\n\nd."
        [tokens] = await timed(summing_up.inquire(pending("xy")))
        assert tokens == [("All: ", 2), ("x", 3), ("y", 4), (".", 4)]
        assert str(await summing_up.inquire()) == "All: ."


async def test_the_same_promise_may_stand_in_many_places() -> None:
    """Several promises in one text, and one promise several times, all come in the places they stand in."""

    @miniagent
    async def comparing(ctx: InteractionContext) -> None:
        one, other = pending("ab"), pending("xy")
        ctx.reply(f"{one}{one} and {other}, not {one}")

    async with MiniAgents():
        assert str(await comparing.inquire()) == "abab and xy, not ab"


@pytest.mark.parametrize("piece", ["str", "list", "dict", "generator", "async generator", "promise", "prefilled"])
async def test_every_place_that_takes_text_takes_such_a_text(piece: str) -> None:
    """In whatever a text with a promise is handed over, the promise is found in it."""

    @miniagent
    async def handing(ctx: InteractionContext) -> None:
        text = f"You said: {pending('ab')}"

        async def later() -> str:
            return text

        async def one_by_one() -> AsyncIterator[str]:
            yield text

        ctx.reply(
            {
                "str": lambda: text,
                "list": lambda: [[text]],
                "dict": lambda: {"text": text},
                "generator": lambda: (text for _ in range(1)),
                "async generator": one_by_one,
                "promise": lambda: Promise(later),
                "prefilled": lambda: MessageSequencePromise([text]),
            }[piece]()
        )
        await asyncio.sleep(1)

    async with MiniAgents():
        assert str(await handing.inquire()) == "You said: ab"
        [tokens] = await timed(handing.inquire())
        assert [token for token, _ in tokens] == ["You said: ", "a", "b"]
        assert str(await echoing.inquire(f"outside: {pending('ab')}")) == "outside: ab"


async def test_a_dict_keeps_its_other_fields() -> None:
    """A dict whose text streams is a message with the dict's role and metadata."""
    async with MiniAgents():
        promise = pending("ab")
        reply = echoing.inquire({"text": f"<{promise}>", "role": "user", "metadata": {"a": 1}})
        [message] = await reply
        assert (message.text, message.role, message.metadata) == ("<ab>", "user", {"a": 1})


@pytest.mark.parametrize("kind", ["text", "tokens", "async tokens"])
async def test_streamed_text_may_hold_a_promise(kind: str) -> None:
    """`Message.promise` takes such a text too, whole or as a token, and no reader ever sees a mark."""

    async def one_by_one(text: str) -> AsyncIterator[str]:
        yield text

    async with MiniAgents():
        text = f"You said: {pending('ab')}"
        given = {"text": text, "tokens": [text], "async tokens": one_by_one(text)}[kind]
        message = Message.promise(given, role="assistant")
        assert [token async for token in message] == ["You said: ", "a", "b"]
        assert str(await message) == "You said: ab"


async def test_an_error_comes_at_its_place_in_the_text() -> None:
    """A promise that breaks inside a text breaks the text there, after all that came before."""

    @miniagent
    async def quoting(ctx: InteractionContext) -> None:
        ctx.reply(f"before {pending('ab', ZeroDivisionError('cut'))} after")

    async with MiniAgents():
        tokens = []
        with pytest.raises(ZeroDivisionError, match="cut"):  # noqa: PT012 - what came before is the point
            async for promise in quoting.inquire():
                async for token in promise:
                    tokens.append(token)  # noqa: PERF401 - a comprehension would lose them
        assert tokens == ["before ", "a", "b"]


async def test_a_broken_promise_raises_where_it_is_formatted() -> None:
    """A promise that has failed already raises its error from `str` and in an f-string."""
    async with MiniAgents():
        broken = [pending("a", ZeroDivisionError("cut")), MessageSequencePromise([pending("a", ZeroDivisionError())])]
        await asyncio.sleep(2)
        for promise in broken:
            with pytest.raises(ZeroDivisionError):
                str(promise)
            with pytest.raises(ZeroDivisionError):
                f"{promise}"


@pytest.mark.parametrize("make", [pending, lambda: echoing.inquire(pending())], ids=["message", "sequence"])
async def test_the_text_of_a_pending_promise_names_the_cure(make: type[MessagePromise]) -> None:
    """`str` and a format that needs the text say what to do instead; `repr` gives what is known."""
    async with MiniAgents():
        promise = make()
        for use in (str, "{!s}".format, "{:>10}".format, "%s".__mod__):
            with pytest.raises(PendingPromiseError, match="is not there yet; `await` it first, or put it into an f-"):
                use(promise)
        assert "arriving" in repr(promise)


async def test_repr_never_raises() -> None:
    """Pending, whole, failed, cancelled: `repr` says which, and how much has come."""

    @miniagent
    async def failing(ctx: InteractionContext) -> None:
        raise ZeroDivisionError

    async with MiniAgents():
        promise, broken, cancelled = pending("abc"), pending("a", ZeroDivisionError()), pending("abc")
        sequence, failed = echoing.inquire(promise), failing.inquire()
        await asyncio.sleep(2.5)
        cancelled.cancel()
        assert repr(promise) == "<MessagePromise, arriving: 2 tokens so far>"
        assert repr(broken) == "<MessagePromise, failed: 1 tokens so far>"
        assert repr(cancelled) == "<MessagePromise, failed: 2 tokens so far>"
        assert repr(sequence) == "<MessageSequencePromise, complete: 1 pieces so far>"
        assert repr(failed) == "<MessageSequencePromise, failed: 0 pieces so far>"
        await promise
        assert repr(promise) == "<MessagePromise of Message(text='abc', role=None, metadata={})>"
        for read in (broken, failed):
            await asyncio.gather(read, return_exceptions=True)
    assert repr(Message.promise(["a"])) == "<MessagePromise, complete: 1 tokens so far>"


FORGERIES = [
    "\u2063<await this promise first: 0123456789abcdef:0>\u2063",
    "\u2063<await this promise first: ",
    "\u2063",
    marks.MARK.replace(marks.MARK[-9:-1], "00000000") + "0" + marks._CLOSE,
]


@pytest.mark.parametrize("text", FORGERIES, ids=["made up", "begun", "a sign", "of this process"])
async def test_a_forged_mark_is_plain_text(text: str) -> None:
    """A text that only looks like a mark, from a user or a model, goes through as it is."""
    async with MiniAgents():
        Message.promise(ticking("abc"))
        assert str(await echoing.inquire(text)) == text
        assert str(await you_said.inquire(Message.promise([text[:5], text[5:]]))) == f"You said: {text}"
        assert Message(text=text).text == text


async def test_a_mark_of_nothing() -> None:
    """A text with this process's own nonce but no promise behind it gets nowhere: not expanded, not passed on."""
    unknown = marks.MARK + "987654321" + marks._CLOSE
    async with MiniAgents():
        with pytest.raises(PendingPromiseError, match="`await` the promise"):
            echoing.inquire(unknown)
        with pytest.raises(PendingPromiseError, match="`await` the promise"):
            await echoing.inquire(unknown[:-3])


async def test_a_message_refuses_a_mark() -> None:
    """A whole message cannot be made of what is not there: it says so, whichever text field that is."""

    class Note(Message):
        """A message with one more text."""

        title: str = ""

    async with MiniAgents():
        text = f"You said: {pending()}"
        for make in (
            lambda: Message(text=text),
            lambda: Message(role=text),
            lambda: Note(title=text),
            lambda: Message(text="x").model_copy(update={"text": text}),
        ):
            with pytest.raises(PendingPromiseError, match="`await` the promise first"):
                make()


async def test_a_text_that_outlives_its_agent() -> None:
    """A text that is kept until the promise in it is gone cannot be replied any more, and the error says why."""
    kept: list[str] = []

    @miniagent
    async def keeping(ctx: InteractionContext) -> None:
        kept.append(f"You said: {pending()}")

    async with MiniAgents():
        await keeping.inquire()
        await asyncio.sleep(5)
        with pytest.raises(PendingPromiseError, match="a text outlived the promise inside it; `await` the promise"):
            echoing.inquire(kept[0])


async def test_a_text_lives_as_long_as_its_agent_or_scope() -> None:
    """Nobody but the text need hold the promise in it, while the agent or the scope runs that formatted it."""

    @miniagent
    async def slow(ctx: InteractionContext) -> None:
        text = f"You said: {pending('ab')}"
        await asyncio.sleep(10)
        ctx.reply(text)

    async with MiniAgents():
        text = f"outside: {pending('ab')}"
        assert str(await slow.inquire()) == "You said: ab"
        assert str(await echoing.inquire(text)) == "outside: ab"


async def test_formatting_a_pending_promise_needs_a_scope() -> None:
    """A task that is in no scope cannot put a pending promise into a text; it is told the cure."""
    given: asyncio.Future[MessagePromise] = asyncio.get_running_loop().create_future()

    async def outside() -> str:
        return f"{await given}"

    task = asyncio.create_task(outside())
    async with MiniAgents():
        given.set_result(pending())
        with pytest.raises(NoScopeError, match=r"there is no scope here; do this inside `async with MiniAgents\(\):`"):
            await task


async def test_marks_leave_nothing_behind() -> None:
    """When promises and texts are gone, so is what was noted about them."""
    async with MiniAgents():
        for _ in range(100):
            assert str(await you_said.inquire(echoing.inquire("hello"))) == "You said: hello"

            @miniagent
            async def quoting(ctx: InteractionContext) -> None:
                ctx.reply(f"{echoing.inquire('hello')}")

            assert str(await quoting.inquire()) == "hello"
        await asyncio.sleep(0)
        del quoting
        assert len(marks._marked) < 10
        assert len(marks._numbers) < 10

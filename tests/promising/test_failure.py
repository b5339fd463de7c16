"""Errors: kept, raised where they are read, with a trail and without our frames, and never swallowed."""

import asyncio
import copy
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent
from miniagents.promising.failure import trail_of
from miniagents.promising.promise import Promise

Read = Callable[[MessageSequencePromise], Awaitable[object]]


async def awaited(sequence: MessageSequencePromise) -> object:
    """Await the whole."""
    return await sequence


async def iterated(sequence: MessageSequencePromise) -> object:
    """Read token by token."""
    return [[token async for token in promise] async for promise in sequence]


both_ways = pytest.mark.parametrize("read", [awaited, iterated])


def fail(text: str = "none left") -> None:
    """Fail, one frame below the agent."""
    raise ZeroDivisionError(text)


@miniagent
async def failing(ctx: InteractionContext, delay_s: float = 0.0, text: str = "none left") -> None:
    """Fail after a while."""
    await asyncio.sleep(delay_s)
    fail(text)


@miniagent
async def breaking(ctx: InteractionContext) -> None:
    """Reply a stream that breaks."""

    async def tokens() -> AsyncIterator[str]:
        yield "a"
        fail()

    ctx.reply(Message.promise(tokens()))


@miniagent
async def waiting(ctx: InteractionContext, to: MiniAgent, read: Read = awaited) -> None:
    """Read another agent's reply."""
    await read(to.inquire())


@both_ways
@pytest.mark.parametrize("origin", [failing, breaking], ids=repr)
async def test_the_trail_names_the_agents_it_came_through(origin: MiniAgent, read: Read) -> None:
    """An error knows its agent and, in order, those that failed by it; those that only handed it on are not in it."""

    @miniagent
    async def forwarding(ctx: InteractionContext) -> None:
        ctx.reply(waiting.fork(alias="inner").inquire(to=origin, read=read))

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError) as raised:
            await waiting.fork(alias="outer").inquire(to=forwarding, read=read)
        assert trail_of(raised.value) == (origin.alias, "inner", "outer")
        assert raised.value.__notes__ == [f"through: {origin.alias} → inner → outer"]


def test_an_error_from_elsewhere_has_no_trail() -> None:
    """An error that never came through a stream has an empty trail."""
    assert trail_of(ZeroDivisionError()) == ()


@both_ways
@pytest.mark.parametrize("origin", [failing, breaking], ids=repr)
async def test_the_traceback_shows_where_it_happened(origin: MiniAgent, read: Read) -> None:
    """Below the reader's own frames a traceback has those of the user's code, down to the line, and none of ours."""
    async with MiniAgents():
        with pytest.raises(ZeroDivisionError) as raised:
            await read(waiting.inquire(to=origin, read=read))
        frames = traceback.extract_tb(raised.value.__traceback__)
        [*_, last_of_ours] = [place for place, frame in enumerate(frames) if "/miniagents/promising/" in frame.filename]
        happened = [frame.name for frame in frames[last_of_ours + 1 :]]
        assert happened == [origin.alias if origin is failing else "tokens", "fail"]
        assert frames[-1].line == "raise ZeroDivisionError(text)"


@both_ways
@pytest.mark.parametrize("origin", [failing, breaking], ids=repr)
async def test_the_traceback_is_as_long_through_fifty_agents(origin: MiniAgent, read: Read) -> None:
    """However many agents an error comes through, the traceback stays as long as it was through one."""
    async with MiniAgents():
        lengths = []
        for depth in (1, 50):
            agent = origin
            for number in range(depth):
                agent = waiting.fork(alias=f"waiting {number}", to=agent, read=read)
            with pytest.raises(ZeroDivisionError) as raised:
                await agent.inquire()
            assert len(trail_of(raised.value)) == depth + 1
            lengths.append(len(traceback.extract_tb(raised.value.__traceback__)))
        assert lengths[0] == lengths[1] < 10


@both_ways
async def test_reading_again_changes_nothing(read: Read) -> None:
    """The hundredth reader gets the same traceback, notes and trail as the first."""
    async with MiniAgents():
        sequence = failing.inquire()
        seen = set()
        for _ in range(100):
            with pytest.raises(ZeroDivisionError) as raised:
                await read(sequence)
            error = raised.value
            seen.add((len(traceback.format_exception(error)), tuple(error.__notes__), trail_of(error)))
        assert len(seen) == 1


async def test_notes_of_ones_own_are_kept() -> None:
    """A note that the user put on an error stays there, beside the one that has the trail."""

    @miniagent
    async def noting(ctx: InteractionContext) -> None:
        error = ZeroDivisionError()
        error.add_note("by the user")
        raise error

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError) as raised:
            await waiting.inquire(to=noting)
        assert raised.value.__notes__ == ["by the user", "through: noting → waiting"]


async def test_a_cause_is_kept() -> None:
    """An error that an agent raises from another one has that one, with its own trail, as its cause."""

    @miniagent
    async def translating(ctx: InteractionContext) -> None:
        try:
            await failing.inquire()
        except ZeroDivisionError as error:
            raise ValueError("no shares") from error

    async with MiniAgents():
        with pytest.raises(ValueError, match="no shares") as raised:
            await translating.inquire()
        assert trail_of(raised.value) == ("translating",)
        assert isinstance(raised.value.__cause__, ZeroDivisionError)
        assert trail_of(raised.value.__cause__) == ("failing",)


async def test_of_two_errors_at_once_each_reader_gets_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """Two agents that fail in the same moment fail for their own readers; the one that nobody reads is reported."""
    async with MiniAgents():
        sequences = [failing.inquire(delay_s=1, text=text) for text in ("one", "two", "three")]
        outcomes = await asyncio.gather(*sequences[:2], return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["one", "two"]
        assert caplog.messages == []
    assert caplog.messages == ["an error that nobody read: ZeroDivisionError: three (failing)"]


async def test_two_readers_of_one_error_have_a_trail_each() -> None:
    """Two agents that fail by one and the same error, one later than the other, do not get into each other's trail."""

    @miniagent
    async def hesitating(ctx: InteractionContext, broken: MessageSequencePromise, delay_s: float) -> None:
        try:
            await broken
        finally:
            await asyncio.sleep(delay_s)

    async with MiniAgents():
        broken = failing.inquire(delay_s=1)
        sequences = [
            hesitating.fork(alias=alias).inquire(broken=broken, delay_s=delay_s)
            for alias, delay_s in (("slow", 2), ("quick", 1))
        ]
        trails = {}
        for alias, sequence in zip(("slow", "quick"), sequences, strict=True):
            with pytest.raises(ZeroDivisionError) as raised:
                await sequence
            trails[alias] = trail_of(raised.value)
        assert trails == {"slow": ("failing", "slow"), "quick": ("failing", "quick")}


async def test_one_error_object_that_is_raised_twice() -> None:
    """An error object that two unrelated agents raise, a constant say, has the trail of the one that is read."""
    constant = ZeroDivisionError("always the same")

    @miniagent
    async def raising(ctx: InteractionContext) -> None:
        raise constant

    async with MiniAgents():
        for alias in ("one", "two"):
            with pytest.raises(ZeroDivisionError) as raised:
                await raising.fork(alias=alias).inquire()
            assert trail_of(raised.value) == (alias,)


async def test_what_nobody_read_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """At the end of the scope each error that nobody read is one line in the log, with the whole of its trail."""
    async with MiniAgents():
        failing.inquire(text="one")
        waiting.inquire(to=failing.fork(text="two"))
        held = breaking.inquire()
        await asyncio.sleep(1)
        assert caplog.messages == []
    assert caplog.messages == [
        "an error that nobody read: ZeroDivisionError: one (failing)",
        "an error that nobody read: ZeroDivisionError: none left (breaking)",
        "an error that nobody read: ZeroDivisionError: two (failing → waiting)",
    ]
    assert {(record.name, record.levelname) for record in caplog.records} == {("miniagents", "ERROR")}
    assert not held.is_done or len(held._source.pieces) == 1


async def test_what_was_read_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """An error that at least one reader got is no news at the end, however it was read, handled or not."""
    async with MiniAgents():
        for read in (awaited, iterated):
            for origin in (failing, breaking, waiting.fork(to=failing)):
                sequence = origin.inquire()
                outcomes = await asyncio.gather(read(sequence), read(sequence), return_exceptions=True)
                assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 2

        @miniagent
        async def handling(ctx: InteractionContext) -> None:
            try:
                await waiting.inquire(to=failing)
            except ZeroDivisionError:
                ctx.reply("handled")

        handling.inquire()
    assert caplog.messages == []


async def test_the_report_cannot_steer_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    """An error's text is shown on one line, without control characters."""
    async with MiniAgents():
        failing.inquire(text="red \x1b[31m\r\nnext\u202eline")
    [line] = caplog.messages
    assert line == "an error that nobody read: ZeroDivisionError: red  [31m  next line (failing)"


async def test_an_error_without_a_text_is_reported_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """An error that says nothing is its name and its trail in the log."""
    async with MiniAgents():
        failing.inquire(text="")
    assert caplog.messages == ["an error that nobody read: ZeroDivisionError (failing)"]


async def test_an_error_that_has_no_text_to_give(caplog: pytest.LogCaptureFixture) -> None:
    """An error whose `str` fails is reported all the same, and so are those after it."""

    class MuteError(Exception):
        """Cannot say what it is."""

        def __str__(self) -> str:
            raise RuntimeError

    @miniagent
    async def mute(ctx: InteractionContext) -> None:
        raise MuteError

    async with MiniAgents():
        mute.inquire()
        failing.inquire(delay_s=1)
    assert len(caplog.messages) == 2
    assert "MuteError" in caplog.messages[0]
    assert "none left" in caplog.messages[1]


@dataclass(frozen=True)
class FrozenError(Exception):
    """An error that nothing can be written on."""

    code: int


async def test_an_error_that_nothing_can_be_written_on() -> None:
    """A frozen error reaches its reader as what it is, each time."""

    @miniagent
    async def freezing(ctx: InteractionContext) -> None:
        raise FrozenError(5)

    async with MiniAgents():
        sequence = freezing.inquire()
        for _ in range(2):
            try:
                await sequence
            except FrozenError as error:
                assert error.code == 5  # noqa: PT017 - pytest.raises cannot pass on a frozen error
            else:
                raise AssertionError


async def test_an_error_that_was_read_can_be_copied() -> None:
    """An error that came through agents can still be pickled and copied, for another process say."""
    async with MiniAgents():
        with pytest.raises(ZeroDivisionError) as raised:
            await waiting.inquire(to=failing)
        for copied in (pickle.loads(pickle.dumps(raised.value)), copy.deepcopy(raised.value)):
            assert repr(copied) == "ZeroDivisionError('none left')"


@both_ways
@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
async def test_an_error_that_looks_like_an_end_is_no_end(read: Read, kind: type[Exception]) -> None:
    """An agent that trips over the end of something fails: its reader must not take that for the end of the reply."""

    @miniagent
    async def tripping(ctx: InteractionContext) -> None:
        ctx.reply("before")
        raise kind

    async with MiniAgents():
        with pytest.raises(RuntimeError, match=kind.__name__):
            await read(tripping.inquire())


@both_ways
@pytest.mark.parametrize("kind", [StopIteration, StopAsyncIteration])
async def test_the_same_in_a_resolver(read: Read, kind: type[Exception]) -> None:
    """A promise whose resolver trips over the end of something fails with an error that says so."""

    async def resolver() -> str:
        raise kind

    async with MiniAgents():
        with pytest.raises(RuntimeError, match=kind.__name__):
            await read(Promise(resolver))  # type: ignore[arg-type]


async def test_groups_of_errors_pass(caplog: pytest.LogCaptureFixture) -> None:
    """An agent's task group fails for the reader as the group that it is."""

    @miniagent
    async def grouping(ctx: InteractionContext) -> None:
        async with asyncio.TaskGroup() as group:
            for text in ("one", "two"):
                group.create_task(awaited(failing.inquire(text=text)))

    async with MiniAgents():
        with pytest.raises(ExceptionGroup) as raised:
            await grouping.inquire()
        assert {str(error) for error in raised.value.exceptions} == {"one", "two"}
    assert caplog.messages == []


async def test_of_many_errors_at_once_the_one_that_counts_has_its_trail() -> None:
    """An agent that fails by the first of many errors that came in one moment passes that one on, trail and all."""

    @miniagent
    async def gathering(ctx: InteractionContext) -> None:
        await asyncio.gather(*[failing.inquire(delay_s=1, text=str(number)) for number in range(50)])

    async with MiniAgents():
        with pytest.raises(ZeroDivisionError) as raised:
            await gathering.inquire()
        assert str(raised.value) == "0"
        assert trail_of(raised.value) == ("failing", "gathering")


def test_an_exit_ends_the_program() -> None:
    """`sys.exit()` in an agent is no agent's error: it ends the program, and leaves no noise."""

    @miniagent
    async def leaving(ctx: InteractionContext) -> None:
        raise SystemExit(3)

    async def main() -> None:
        async with MiniAgents():
            await leaving.inquire()

    with pytest.raises(SystemExit) as raised:
        asyncio.run(main())
    assert raised.value.code == 3

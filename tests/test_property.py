"""Random trees of agents, read in random ways, and what a simple sequential model says every reader must see.

The model knows neither tasks nor time: it walks the tree and lists what is said, in order, and where an error stands.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.messages import Message, MessagePromise, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.promising.failure import trail_of
from miniagents.testing import virtual_time_loop


class BoomError(Exception):
    """The error of an agent in the tree."""


@dataclass(frozen=True)
class Said:
    """A message as it is heard: its text, and the error that broke it, with its trail."""

    text: str
    error: str = ""
    trail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raised:
    """An error between messages, with its trail."""

    error: str
    trail: tuple[str, ...]


Heard = Said | Raised


@dataclass(frozen=True)
class Say:
    """Reply a text."""

    text: str


@dataclass(frozen=True)
class Stream:
    """Reply a message token by token, which may break."""

    tokens: tuple[str, ...]
    breaks: bool


@dataclass(frozen=True)
class Generate:
    """Reply messages from an async generator, which may fail."""

    texts: tuple[str, ...]
    fails: bool


@dataclass(frozen=True)
class PassOn:
    """Reply what came in."""


@dataclass(frozen=True)
class Pause:
    """Do something else for a while."""

    seconds: float


@dataclass(frozen=True)
class Fail:
    """Raise an error."""


@dataclass(frozen=True)
class Call:
    """Call another agent, and do with its reply what `use` says."""

    use: str  # "forward", "relay" message by message, "catch" as relay but handling errors, "quote" in a text
    agent: "Agent"
    sends_on: bool
    errors_as_messages: bool


@dataclass(frozen=True)
class CallAndCancel:
    """Forward the reply of an agent that says something and then nothing any more, and cancel it."""

    texts: tuple[str, ...]


Action = Say | Stream | Generate | PassOn | Pause | Fail | Call | CallAndCancel


@dataclass(frozen=True)
class Agent:
    """What one agent does, in order."""

    name: str
    actions: tuple[Action, ...]


# The model.


def model(agent: Agent, came_in: list[Heard], *, as_messages: bool) -> list[Heard]:
    """Return what a reader of the whole tree hears."""
    heard: list[Heard] = []
    error = Raised(f"BoomError: {agent.name}", (agent.name,))
    for action in agent.actions:
        failed: Raised | None = None
        match action:
            case Say(text):
                heard.append(Said(text))
            case Stream(tokens, breaks):
                heard.append(broken("".join(tokens), error, as_messages) if breaks else Said("".join(tokens)))
            case Generate(texts, fails):
                heard += [Said(text) for text in texts]
                heard += [as_heard(error, as_messages)] if fails else []
            case PassOn():
                heard += came_in
            case Fail():
                failed = error
            case CallAndCancel(texts):
                heard += [Said(text) for text in texts]
                heard.append(Raised("CallCancelledError: idle was cancelled", ("idle",)))
            case Call(use, callee, sends_on, inner):
                reply = model(callee, came_in if sends_on else [], as_messages=as_messages or inner)
                failed = model_of_use(use, reply, heard, agent.name, as_messages=as_messages)
        if failed is not None:
            return [*heard, as_heard(failed, as_messages)]
    return heard


def model_of_use(use: str, reply: list[Heard], heard: list[Heard], name: str, *, as_messages: bool) -> Raised | None:
    """Add to `heard` what the caller makes of a reply; return the error that it fails by."""
    if use == "forward":
        heard += reply
        return None
    texts = []
    for one in reply:
        error = Raised(one.error, through(one.trail, name)) if one.error else None
        if use == "quote":
            texts.append(one.text if isinstance(one, Said) else "")
            if error is not None:
                # The blank line before a message is there before the message is; before an error there is none.
                text = "\n\n".join(texts if isinstance(one, Said) else texts[:-1])
                heard.append(broken(f"quote: {text}", error, as_messages))
                return None
        elif error is None:
            heard.append(Said(one.text))  # type: ignore[union-attr]
        elif use == "catch":
            heard.append(Said(f"caught {error.error}"))
        else:
            return error
    if use == "quote":
        heard.append(Said("quote: " + "\n\n".join(texts) + "."))
    return None


def broken(text: str, error: Raised, as_messages: bool) -> Said:
    """Return a message that broke after `text`."""
    if as_messages:
        return Said(f"{text}\n\n{error.error}" if text else error.error)
    return Said(text, error.error, error.trail)


def as_heard(error: Raised, as_messages: bool) -> Heard:
    """Return the error as the caller asked for it."""
    return Said(error.error) if as_messages else error


def through(trail: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the trail of an error that `name` failed by too."""
    return trail if trail[-1:] == (name,) else (*trail, name)


# The same with agents.


@miniagent(alias="idle")
async def idle(ctx: InteractionContext, texts: tuple[str, ...]) -> None:
    """Say something, then nothing any more."""
    ctx.reply(texts)
    await asyncio.sleep(10_000)


@miniagent
async def acting(ctx: InteractionContext, agent: Agent) -> None:
    """Do what the tree says."""
    for action in agent.actions:
        match action:
            case Say(text):
                ctx.reply(text)
            case Stream(tokens, breaks):
                ctx.reply(Message.promise(paced(tokens, agent.name if breaks else "")))
            case Generate(texts, fails):
                ctx.reply(paced(texts, agent.name if fails else ""))
            case PassOn():
                ctx.reply(ctx.message_promises)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Fail():
                raise BoomError(agent.name)
            case CallAndCancel(texts):
                call = idle.inquire(texts=texts)
                ctx.reply(call)
                await asyncio.sleep(1)
                call.cancel()
            case Call():
                await use(ctx, action)


async def use(ctx: InteractionContext, action: Call) -> None:
    """Call another agent, and do with its reply what is to be done."""
    callee = acting.fork(alias=action.agent.name, agent=action.agent)
    sent = ctx.message_promises if action.sends_on else None
    reply = callee.inquire(sent, errors_as_messages=True if action.errors_as_messages else None)
    match action.use:
        case "forward":
            ctx.reply(reply)
        case "quote":
            ctx.reply(f"quote: {reply}.")
        case _:
            async with aclosing(listen(reply)) as messages:
                async for one in messages:
                    if not isinstance(one, Exception):
                        ctx.reply(one.text)
                    elif action.use == "catch":
                        ctx.reply(f"caught {type(one).__name__}: {one}")
                    else:
                        raise one


async def paced(pieces: tuple[str, ...], fails_as: str) -> AsyncIterator[str]:
    """Give one piece after the other, and then perhaps an error."""
    for place, piece in enumerate(pieces):
        await asyncio.sleep(place % 2)
        yield piece
    if fails_as:
        raise BoomError(fails_as)


async def listen(sequence: MessageSequencePromise) -> AsyncGenerator[Message | Exception]:
    """Give each message, or the error in its place."""
    reader = aiter(sequence)
    while True:
        try:
            yield await (await anext(reader))
        except StopAsyncIteration:
            return
        except Exception as error:  # noqa: BLE001 - given to whoever asked
            yield error


# The readers.


async def hear_all(sequence: MessageSequencePromise) -> list[Heard]:
    """Read token by token, past every error, to the very end."""
    heard: list[Heard] = []
    reader = aiter(sequence)
    while True:
        try:
            promise = await anext(reader)
        except StopAsyncIteration:
            return heard
        except Exception as error:  # noqa: BLE001 - part of what is heard
            heard.append(Raised(f"{type(error).__name__}: {error}", trail_of(error)))
        else:
            heard.append(await hear_one(promise))


async def hear_one(promise: MessagePromise) -> Said:
    """Read one message token by token, and by awaiting it, which must come to the same."""
    text = ""
    try:
        async for token in promise:
            assert token
            text += token
        assert (await promise).text == text
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 - part of what is heard
        return Said(text, f"{type(error).__name__}: {error}", trail_of(error))
    return Said(text)


async def hear_whole(sequence: MessageSequencePromise) -> list[Heard]:
    """Await everything."""
    try:
        return [Said(message.text) for message in await sequence]
    except Exception as error:  # noqa: BLE001 - all that is heard
        return [Raised(f"{type(error).__name__}: {error}", trail_of(error))]


def whole(heard: list[Heard]) -> list[Heard]:
    """Return what the model says of awaiting everything."""
    for kind in (Raised, Said):
        for one in heard:
            if isinstance(one, kind) and one.error:
                return [Raised(one.error, one.trail)]
    return heard


async def read(sequence: MessageSequencePromise, expected: list[Heard], start_s: float, cancel_s: float) -> None:
    """Come after `start_s`, read in every way, perhaps be cancelled in the middle, and read again."""
    await asyncio.sleep(start_s)
    if cancel_s:
        try:
            async with asyncio.timeout(cancel_s):
                await hear_all(sequence)
        except TimeoutError:
            pass
    assert await hear_all(sequence) == expected
    assert await hear_whole(sequence) == whole(expected)
    assert await hear_all(sequence) == expected


# The trees.

texts = st.text("ab\n", max_size=3)
tokens = st.lists(st.text("ab", min_size=1, max_size=2), max_size=3).map(tuple)
leaves = st.one_of(
    st.builds(Say, texts),
    st.builds(Stream, tokens, st.booleans()),
    st.builds(Generate, tokens, st.booleans()),
    st.builds(PassOn),
    st.builds(Pause, st.sampled_from([0, 0.5, 3])),
    st.builds(Fail),
    st.builds(CallAndCancel, tokens),
)


def agents_of(actions: st.SearchStrategy[Action]) -> st.SearchStrategy[Agent]:
    """Return agents that do such things."""
    return st.builds(Agent, st.just("agent"), st.lists(actions, max_size=4).map(tuple))


def calls_of(actions: st.SearchStrategy[Action]) -> st.SearchStrategy[Action]:
    """Return calls of agents that do such things."""
    uses = st.sampled_from(["forward", "relay", "catch", "quote"])
    return st.builds(Call, uses, agents_of(leaves | actions), st.booleans(), st.sampled_from([False, False, True]))


trees = agents_of(leaves | st.recursive(calls_of(leaves), calls_of, max_leaves=6))
readers = st.lists(
    st.tuples(st.sampled_from([0, 0.25, 1.5, 50]), st.sampled_from([0, 0, 0.25, 1.25])), min_size=1, max_size=4
)


def named(agent: Agent, names: Iterator[int]) -> Agent:
    """Return the tree with a name of its own for each agent."""
    name = f"agent {next(names)}"
    actions = [
        replace(action, agent=named(action.agent, names)) if isinstance(action, Call) else action
        for action in agent.actions
    ]
    return Agent(name, tuple(actions))


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Leave out the reports of errors that a tree's readers did not get as far as."""
    caplog.set_level(logging.CRITICAL, "miniagents")


@pytest.mark.timeout(300)  # to find the smallest tree for a failure takes its time
@settings(deadline=None, database=None, max_examples=300)
@given(trees, trees, readers, st.sampled_from([False, False, True]))
def test_every_reader_sees_what_the_model_says(
    root: Agent, sender: Agent, how: list[tuple[float, float]], as_messages: bool
) -> None:
    """Whatever agents reply, forward, quote, catch, fail by or cancel: every reader sees what the model sees."""
    names = iter(range(1_000))
    root, sender = named(root, names), named(sender, names)
    came_in = model(sender, [], as_messages=False)
    expected = model(root, came_in, as_messages=as_messages)

    async def main() -> None:
        async with MiniAgents():
            sent = acting.fork(alias=sender.name).inquire(agent=sender)
            options: dict[str, Any] = {"errors_as_messages": True} if as_messages else {}
            sequence = acting.fork(alias=root.name).inquire(sent, agent=root, **options)
            await asyncio.gather(*[read(sequence, expected, *reader) for reader in how])
        assert await hear_all(sequence) == expected
        assert await hear_all(sent) == came_in
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        runner.run(main())

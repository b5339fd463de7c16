"""The calls of a run, each followed by a task of its own from its beginning to its end.

In: calls. Out: what is done with each of them; their messages, whoever they come from. Never: how they are shown.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...chains.calls import USER
from ...messages import Message
from ...miniagents import InteractionContext, miniagent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine

    from ...chains.calls import Call
    from ...content import Part
    from ...messages import MessagePromise

__all__ = ["as_they_begin", "each", "gather_messages", "messages_of", "see_failures", "together"]


async def each(calls: "AsyncIterable[Call]", follow: "Callable[[Call], Awaitable[None]]") -> None:
    """Follow all calls at once, each from when it begins; return when all of them are over.

    Raises:
        Exception: What following one of them has failed by; the others are followed no further.
    """

    async def all_of_them(group: asyncio.TaskGroup) -> None:
        async for call in calls:
            group.create_task(_followed(call, follow))

    await _in_group(all_of_them)


async def together(*works: "Coroutine[Any, Any, object]") -> None:
    """Do all of this at once; where one fails, the others are stopped.

    Raises:
        Exception: What the first of them has failed by.
    """

    async def start(group: asyncio.TaskGroup) -> None:
        for work in works:
            group.create_task(work)

    await _in_group(start)


async def _followed(call: "Call", follow: "Callable[[Call], Awaitable[None]]") -> None:
    await follow(call)


async def _in_group(start: "Callable[[asyncio.TaskGroup], Awaitable[None]]") -> None:
    """Wait for all that is started in a group; of errors, the first is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            await start(group)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def messages_of(calls: "AsyncIterable[Call]") -> "AsyncGenerator[tuple[Call, MessagePromise | None], None]":
    """Give the messages of all calls as they come; no error of a call is raised.

    The first message of a call is given when the call begins, so that one sees who works; it may stay empty. Where a
    person is asked, that is given too, as a call with None, when all that they are sent is there.
    """
    there: asyncio.Queue[tuple[Call, MessagePromise | None] | None] = asyncio.Queue()

    async def take(call: "Call") -> None:
        if call.agent == USER:
            with suppress(Exception):  # they are told of it when they are asked
                await call.asked
        there.put_nowait((call, None if call.agent == USER else _first_of(call)))
        with suppress(Exception):
            is_first = True
            async for promise in call.reply:
                if not is_first or call.agent == USER:
                    there.put_nowait((call, promise))
                is_first = False

    following = asyncio.create_task(each(calls, take))
    following.add_done_callback(lambda _: there.put_nowait(None))
    try:
        while (found := await there.get()) is not None:
            yield found
        following.result()
    finally:
        following.cancel()
        await asyncio.wait([following])


async def see_failures(calls: "AsyncIterable[Call]") -> None:
    """Raise what an agent has failed by, once all calls are over: whoever looks on hears of it, and nobody else may.

    An agent that a model called as a tool is the business of that model.

    Raises:
        Exception: The first of them.
    """
    errors: list[Exception] = []

    async def see(call: "Call") -> None:
        try:
            await call.reply.finished()
            await call.reply
        except Exception as error:  # noqa: BLE001 - raised below
            if call.place is not None:
                errors.append(error)

    await each(calls, see)
    if errors:
        raise errors[0]


async def gather_messages(calls: "AsyncIterable[Call]", into: "list[Message]") -> None:
    """Add the messages of all calls to a list, each when it is whole."""

    async def take(call: "Call") -> None:
        with suppress(Exception):
            async for promise in call.reply:
                into.append(await promise)

    await each(calls, take)


def _first_of(call: "Call") -> "MessagePromise":
    """Return the first message of a call, before anybody knows whether there will be one."""
    afterwards: dict[str, Any] = {}

    async def pieces() -> "AsyncGenerator[str | Part, None]":
        async for promise in call.reply:
            async for piece in promise.parts():
                yield piece
            afterwards["metadata"] = (await promise).metadata
            return

    return Message.promise(pieces(), role="assistant", afterwards=afterwards)


@miniagent
async def as_they_begin(ctx: InteractionContext, *, calls: "AsyncIterable[Call]") -> None:
    """Reply with the messages of all calls, in the order in which they begin; no error of a call is raised."""

    async def take(call: "Call") -> None:
        with suppress(Exception):
            async for promise in call.reply.unwanted():
                await promise.begun()
                ctx.reply(promise)

    await each(calls, take)

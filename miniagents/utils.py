"""Agents composed: a dialog, and a chain that goes round."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable

from .errors import UsageError
from .messages import MessageSequencePromise, MessageTuple
from .miniagents import MiniAgent
from .promising.sentinels import AWAIT, CLEAR, Sentinel

__all__ = ["achain_loop", "adialog_loop"]


async def adialog_loop(
    user_agent: MiniAgent, assistant_agent: MiniAgent, history_agent: MiniAgent | None = None
) -> None:
    """Let a user and an assistant take turns until the user agent replies nothing.

    The user agent is sent what the assistant replied last (nothing at first), while it still arrives, and replies what
    the user says next. The assistant agent is sent the whole conversation.

    Args:
        user_agent: Shows what it is sent and asks for more.
        assistant_agent: Answers.
        history_agent: Keeps the conversation. It is called with what was said last, and with `previous=`: its own reply
            to the call before (None at first). It replies with the conversation up to and with what was said last, as
            far as it came if it broke. By default the conversation is kept in memory while the dialog lasts.
    """
    if history_agent is None:
        from .ext.history_agents import in_memory_history_agent  # noqa: PLC0415 - a chain needs no history

        history_agent = in_memory_history_agent
    history: MessageSequencePromise | None = None
    said: MessageSequencePromise | None = None
    answer: MessageSequencePromise | None = None
    try:
        while True:
            said = user_agent.inquire(answer)
            async for _ in said:  # one message is enough to go on with; the rest may still be arriving
                break
            else:
                break
            history = history_agent.inquire(said, previous=history)
            answer = assistant_agent.inquire(history)
            history = history_agent.inquire(answer, previous=history)
    except asyncio.CancelledError:
        for part in (said, answer, history):
            if part is not None:
                part.cancel()
        raise
    except Exception:
        if history is not None:
            await history.finished()  # what was said up to the error is kept
        raise
    if history is not None:
        await history


async def achain_loop(
    agents: Iterable[MiniAgent | Sentinel],
    rounds: int | None = None,
    until: Callable[[MessageTuple], bool | Awaitable[bool]] | None = None,
) -> MessageTuple:
    """Send messages round a chain of agents: each is sent the reply of the one before it, the first that of the last.

    It ends when a round's last agent replies nothing, after `rounds` rounds, or when `until` says so; without these,
    only by cancellation. All agents between two `AWAIT`s work at the same time, each on what has arrived so far.

    Args:
        agents: With at least one `AWAIT` among them; `CLEAR` starts what is after it with no messages.
        rounds: How many rounds at the most.
        until: Called with the last agent's messages after each round; may be async.

    Returns:
        The last agent's messages in the last round.

    Raises:
        UsageError: There is no agent or no `AWAIT` in the chain, or `rounds` is below 1.
    """
    chain = _checked(agents)
    if rounds is not None and rounds < 1:
        raise UsageError(f"a chain cannot go {rounds} rounds; give 1 or more")
    messages: MessageSequencePromise | MessageTuple | None = None
    last: MessageSequencePromise | MessageTuple = MessageTuple()
    done = 0
    while True:
        for link in chain:
            if link is AWAIT:
                messages = await _whole(messages) if messages is not None else None
            elif link is CLEAR:
                messages = None
            elif isinstance(link, MiniAgent):
                messages = last = link.inquire(messages)
        said = await _whole(last)
        messages = said if messages is not None else None  # a CLEAR at the end clears the start of the next round
        done += 1
        if not said or done == rounds or (until is not None and await _answer(until(said))):
            return said


def _checked(agents: Iterable[MiniAgent | Sentinel]) -> list[MiniAgent | Sentinel]:
    chain = list(agents)
    for link in chain:
        if not isinstance(link, MiniAgent | Sentinel):
            raise UsageError(f"{link!r} is no agent; a chain is made of agents, AWAIT and CLEAR")
    if not any(isinstance(link, MiniAgent) for link in chain):
        raise UsageError("a chain needs an agent")
    if AWAIT not in chain:
        raise UsageError(
            "a chain that loops needs an AWAIT, or it would start ever more agents; put one after an agent"
        )
    return chain


async def _whole(messages: MessageSequencePromise | MessageTuple) -> MessageTuple:
    return messages if isinstance(messages, MessageTuple) else await messages


async def _answer(answer: bool | Awaitable[bool]) -> bool:  # noqa: FBT001 - it is what `until` gave
    return await answer if inspect.isawaitable(answer) else answer

"""Steps that are decided about when something was seen: what they say to whoever was started behind them already.

In: what decides. Out: agents that reply when it has. Never: what is decided.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..messages import MessageSequencePromise
from ..miniagents import InteractionContext
from .calls import Where, note
from .so_far import Outcome, SoFar

if TYPE_CHECKING:
    from ..promising.source import Source
    from .stage import Stage

__all__ = ["Telling", "decide", "fresh", "said_by", "said_since"]


class Telling:
    """What steps that are decided about later have to say."""

    __slots__ = ("_ctx", "_outcome")

    def __init__(self, ctx: InteractionContext, outcome: Outcome) -> None:
        self._ctx = ctx
        self._outcome = outcome

    def reply(self, messages: MessageSequencePromise) -> None:
        """Send this to the next step."""
        self._ctx.reply(messages)

    def end(self, so_far: SoFar) -> None:
        """Say where it leads, when all was sent to the next step."""
        self._outcome.is_(so_far)

    def lead_to(self, so_far: SoFar) -> None:
        """Say where it leads, and send that to the next step."""
        self.reply(so_far.messages)
        self.end(so_far)


async def decide(  # noqa: PLR0913 - in one place
    ctx: InteractionContext,
    *,
    go: Callable[[Telling], Awaitable[None]],
    stage: "Stage",
    outcome: Outcome,
    where: Where,
    own: "list[Source[Any]]",
) -> None:
    """Let `go` decide; reply what it sends on."""
    error: Exception | None = None
    try:
        await go(Telling(ctx, outcome))
    except Exception as caught:
        error = caught
        note(error, where)
        raise
    finally:
        outcome.close(error)
        stage.ended(own)


async def said_by(ctx: InteractionContext, *, outcome: Outcome, name: str) -> None:
    """Reply what an agent said last, when that is decided."""
    ctx.reply((await outcome.wait()).said.get(name))


async def said_since(ctx: InteractionContext, *, outcome: Outcome, start: int) -> None:
    """Reply what was added to a history behind its `start`, when that is decided."""
    ctx.reply((await outcome.wait()).history[start:])


async def fresh(
    ctx: InteractionContext, *, before: MessageSequencePromise, after: Sequence[MessageSequencePromise]
) -> None:
    """Reply what was said in `after` that is not in `before`; that, if there is nothing."""
    old = {id(promise) async for promise in before}
    is_any = False
    for reply in after:
        async for promise in reply:
            if id(promise) not in old:
                is_any = True
                ctx.reply(promise)
    if not is_any:
        ctx.reply(before)

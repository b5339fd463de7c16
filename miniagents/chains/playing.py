"""One run of a chain, from what it is sent to what it replies: a flow or a dialog; what becomes of errors and limits.

In: a chain, a stage. Out: the run's reply. Never: a file, a terminal.
"""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ..errors import LimitReachedError
from ..frozen import EMPTY
from ..messages import Message, MessagePromise, MessageSequencePromise
from ..miniagents import InteractionContext, MiniAgent
from ..promising.promise import Promise
from ..utils import adialog_loop
from .calls import USER
from .so_far import Round, SoFar
from .speakers import Person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from .loading import Chain
    from .stage import Stage

__all__ = ["play"]


async def play(ctx: InteractionContext, chain: "Chain", stage: "Stage") -> None:
    """Reply what comes out of a run; wait until all of its calls have ended.

    Where a limit is reached before anything came out, what comes out is what was said last. What an agent failed by is
    raised here if nobody else has heard of it.

    Raises:
        LimitReachedError: A limit is reached.
        Exception: What an agent failed by.
    """
    stage.text = ctx.message_promises
    flow = MiniAgent(_flow, alias=chain.name).inquire(ctx.message_promises, chain=chain, stage=stage)
    output = _Output(ctx, flow)
    unheard: list[BaseException] = []
    try:
        await output.pass_on()
        unheard = stage.unheard()
    except LimitReachedError:
        if not output.has_begun:
            ctx.reply(stage.last_whole(chain.plan.ends))
        raise
    finally:
        flow.cancel()
        stage.unheard()
        await stage.close()
    if unheard:
        raise unheard[0]


class _Output:
    """What comes out of a flow, on its way to whoever reads it."""

    def __init__(self, ctx: InteractionContext, flow: MessageSequencePromise) -> None:
        self._ctx = ctx
        self._flow = flow
        self._said: list[Promise[None]] = []
        """What watches each message."""
        self._has_failed = False

    @property
    def has_begun(self) -> bool:
        """Whether there is any."""
        return bool(self._said)

    async def pass_on(self) -> None:
        """Reply with it; where one of its messages breaks, nothing goes on.

        Raises:
            Exception: What ended the flow, if none of its messages tells.
        """
        reader = aiter(self._flow)
        try:
            async for promise in reader:
                await _begun(promise)
                self._ctx.reply(promise)
                self._said.append(Promise(partial(self._watch, promise), name=self._ctx.agent.alias))
            for watching in self._said:
                await watching
        except Exception:
            self._flow.cancel()
            for watching in self._said:
                await watching
            await _read_out(reader)
            if not self._has_failed:
                raise

    async def _watch(self, promise: MessagePromise) -> None:
        try:
            await promise
        except Exception:  # noqa: BLE001 - it is in the message, for whoever reads that
            self._has_failed = True
            self._flow.cancel()


async def _read_out(reader: "AsyncIterator[MessagePromise]") -> None:
    """Read what is left of a flow that has ended: nobody is to be told of the same error twice."""
    while True:
        try:
            if await anext(reader, None) is None:
                return
        except Exception:  # noqa: BLE001, S112 - as it says
            continue


async def _begun(promise: MessagePromise) -> None:
    """Wait for the first piece of a message; raise a limit that has kept it from beginning."""
    try:
        await anext(promise.parts(), None)
    except LimitReachedError:
        raise
    except Exception:  # noqa: BLE001 - as above
        return


async def _flow(ctx: InteractionContext, *, chain: "Chain", stage: "Stage") -> None:
    """Do the steps, in time."""
    with stage.bounds.in_time():
        if chain.plan.is_dialog:
            await _dialog(ctx, chain, stage)
            return
        history = (ctx.message_promises,) if stage.setting.wanted.history else ()
        end = chain.plan.steps.start(stage, SoFar(ctx.message_promises, Round(), history=history))
        name = chain.file.output.from_
        ctx.reply(end.messages if name is None else end.said.get(name))
        await stage.finished()


async def _dialog(ctx: InteractionContext, chain: "Chain", stage: "Stage") -> None:
    """Let the person and the steps take turns; reply what was answered last.

    Raises:
        LimitReachedError: There can be no further answer.
    """
    dialog = _Dialog(chain, stage, ctx.message_promises if await ctx.message_promises else None)
    history = stage.setting.history or chain.history()
    user, assistant = MiniAgent(dialog.user, alias=USER), MiniAgent(dialog.assistant, alias=chain.name)
    await adialog_loop(user, assistant, history)
    ctx.reply(await dialog.answer())
    if dialog.limit is not None:
        raise dialog.limit


class _Dialog:
    """The two sides of a dialog."""

    def __init__(self, chain: "Chain", stage: "Stage", text: MessageSequencePromise | None) -> None:
        """Begin it; `text` is what the person has said already."""
        self._chain = chain
        self._stage = stage
        self._text = text
        self._said: Mapping[str, MessageSequencePromise] = EMPTY
        self._place = chain.described.tree.place(("flow", 0))
        self._answers: tuple[MessageSequencePromise, ...] = ()
        """The last two."""
        self.limit: LimitReachedError | None = None
        """What has ended the dialog, if it was not the person."""

    async def answer(self) -> "Iterable[Message]":
        """Return the last answer that is whole."""
        for answer in reversed(self._answers):
            with suppress(Exception):  # the person was told of it
                return await answer
        return ()

    async def user(self, ctx: InteractionContext) -> None:
        """Let the person say something, if there may be an answer."""
        if self._stage.bounds.are_set:
            try:
                async for promise in ctx.message_promises:
                    await _begun(promise)
                    break
            except LimitReachedError as error:
                self.limit = error
                return
            except Exception:  # noqa: BLE001, S110 - whoever shows the answer shows it
                pass
        heard, self._text = self._text, None
        if heard is None:
            heard = self._stage.call(Person(USER), ctx.message_promises, self._place)
        self._said = {**self._said, USER: heard}
        ctx.reply(heard)

    async def assistant(self, ctx: InteractionContext) -> None:
        """Answer with the steps."""
        heard = ctx.message_promises
        history = (heard,) if self._stage.setting.wanted.history else ()
        end = self._chain.plan.steps.start(self._stage, SoFar(heard, Round(), self._said, history))
        self._said = end.flat().said
        self._answers = (*self._answers[-1:], end.messages)
        ctx.reply(end.messages)

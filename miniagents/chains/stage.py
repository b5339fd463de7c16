"""Where one run of a chain is played: its calls, each with its place in the file, and what it waits for.

    step ─call→ ┬─→ reply, each message with the agent's name
                └─→ `made`, for whoever looks on

In: agents to call, and what they are sent. Out: replies that stream. Never: which step comes next, a terminal.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..frozen import EMPTY
from ..messages import MessagePromise, MessageSequencePromise, MessageType
from ..miniagents import InteractionContext, MiniAgent
from ..promising.passing import SPAN, PassingSource
from ..promising.scope import current
from ..promising.work import raised_here
from .bounds import Bounds
from .calls import USER, Call, Where, note, where_of
from .deciding import Telling, decide, fresh, said_by, said_since
from .naming import named
from .so_far import Outcome, SoFar

if TYPE_CHECKING:
    from ..hookspecs import ToolSource
    from ..plugins.choosing import Choice
    from ..plugins.open_tools import OpenTools
    from ..promising.source import Source
    from ..tools import Approve, Tool
    from .faults import Place
    from .speakers import Speaker

__all__ = ["Setting", "Stage", "Wanted"]


class Wanted(NamedTuple):
    """What steps want to know of what was said before the step before them."""

    names: frozenset[str] = frozenset()
    """Of agents."""
    history: bool = False
    """Whether it is all of it."""


class Setting(NamedTuple):
    """What a run is told, and does not change."""

    name: str
    """The chain's."""
    file: str
    """The name of its file, for people."""
    wanted: Wanted
    inputs: Mapping[str, MessageType] = EMPTY
    """What `inputs.NAME` stands for."""
    environment: Mapping[str, str] | None = None
    user: MiniAgent | None = None
    """Who speaks in a step `user`."""
    history: MiniAgent | None = None
    """Who keeps a dialog."""
    approve: "Approve | None" = None
    sources: "Mapping[str, ToolSource]" = EMPTY
    """Of tools, by name."""
    prepare: "Callable[[Choice], Awaitable[object]] | None" = None
    """Awaited before a model is asked."""

    def __repr__(self) -> str:  # an environment has secrets
        return f"<Setting of {self.name}>"


class Stage:
    """Where one run is played: who has been called, what it waits for, what it may use."""

    def __init__(self, setting: Setting, bounds: Bounds, made: "PassingSource[Call] | None" = None) -> None:
        """Begin it, in the scope that is open here; calls are told of in `made`, if anybody may look on."""
        self.setting = setting
        self.bounds = bounds
        self._made = made
        self._count = 0
        self._key = object()
        self._live: set[Source[Any]] = set()
        """What is filled by calls, and by steps that are being decided about, which have not ended yet."""
        self._whole: dict[str, Sequence[MessagePromise]] = {}
        """What was said last by each agent and is all there, whoever spoke last at the end; where a limit is set."""
        self._tools: OpenTools | None = None
        self.text = MessageSequencePromise()
        """What the chain was sent."""

    # ------------------------------------------------------------ steps

    def call(self, speaker: "Speaker", asked: MessageSequencePromise, place: "Place | None") -> MessageSequencePromise:
        """Call an agent; it starts at once, and so does this return."""
        self._count += 1
        own: list[Source[Any]] = []
        where = Where(self._key, speaker.name, self.setting.file, place)
        reply = MiniAgent(_speak, alias=speaker.name).inquire(asked, stage=self, speaker=speaker, where=where, own=own)
        self._begin(reply, own)
        started_s = asyncio.get_running_loop().time()
        if self._made is not None:
            self._made.push(Call(self._count, speaker.name, place, asked, reply, started_s))
            if self._count == SPAN:
                self._made.forget()
        return reply

    def spoken(self, speaker: "Speaker", so_far: SoFar, asked: MessageSequencePromise, place: "Place | None") -> SoFar:
        """Call an agent as a step of the flow."""
        reply, wanted = self.call(speaker, asked, place), self.setting.wanted
        said = {**so_far.said, speaker.name: reply} if speaker.name in wanted.names else so_far.said
        history = (*so_far.history, reply) if wanted.history else ()
        return SoFar(reply, so_far.round, said, history)

    def later(
        self,
        so_far: SoFar,
        names: frozenset[str],
        go: "Callable[[Telling], Awaitable[None]]",
        place: "Place | None" = None,
    ) -> SoFar:
        """Start steps that can only be decided about later, by `go`; `names` are the agents among them."""
        outcome = Outcome()
        said = dict(so_far.said)
        where = Where(self._key, "", self.setting.file, place)
        own: list[Source[Any]] = []
        reply = self._part(decide).inquire(go=go, stage=self, outcome=outcome, where=where, own=own)
        self._begin(reply, own)
        for name in names & self.setting.wanted.names:
            said[name] = self._part(said_by).inquire(outcome=outcome, name=name)
        history = so_far.history
        if self.setting.wanted.history:
            start = len(history)
            history = (*history, self._part(said_since).inquire(outcome=outcome, start=start))
        return SoFar(reply, so_far.round, said, history)

    def fresh(self, before: MessageSequencePromise, after: Sequence[MessageSequencePromise]) -> MessageSequencePromise:
        """Return what an agent said last: what is new in replies that may be older ones, where it has not spoken."""
        return self._part(fresh).inquire(before=before, after=after)

    def _part(self, function: Callable[..., Awaitable[None]]) -> MiniAgent:
        return MiniAgent(function, alias=self.setting.name)

    def given(self, sources: Sequence[str], so_far: SoFar) -> MessageSequencePromise:
        """Return what an `input:` stands for."""
        return MessageSequencePromise([self._given(source, so_far) for source in sources])

    def _given(self, source: str, so_far: SoFar) -> Any:
        if source in so_far.said:
            return so_far.said[source]
        if source == "text":
            return self.text
        if source == "history":
            return so_far.history
        return self.setting.inputs.get(source.removeprefix("inputs."), ())

    # ------------------------------------------------------------ ends

    def _begin(self, reply: MessageSequencePromise, own: "list[Source[Any]]") -> None:
        """Take note that something is under way; `own` is for `ended`."""
        own.append(reply._source)  # noqa: SLF001 - the stream itself would be held by that, wanted or not
        self._live.update(own)

    def ended(self, own: "list[Source[Any]]") -> None:
        """Take note that it is over."""
        self._live.difference_update(own)

    async def finished(self) -> None:
        """Wait until all of it has ended, well or not."""
        while self._live:
            source = next(iter(self._live))
            while not source.closed:
                await source.end()
            self._live.discard(source)

    def unheard(self) -> list[BaseException]:
        """Return what steps failed by that nobody has heard of, and take it for heard."""
        unread = tuple(current().scope.unread)
        wheres = [(failure, where_of(failure.error)) for failure in unread]
        return [raised_here(failure) for failure, where in wheres if where is not None and where.run is self._key]

    def whole(self, name: str, said: Sequence[MessagePromise]) -> None:
        """Take note of what an agent has said, all of which is there, if a limit may end the run."""
        if self.bounds.are_set and said and name != USER:
            self._whole.pop(name, None)
            self._whole[name] = tuple(said)

    def last_whole(self, names: frozenset[str]) -> Sequence[MessagePromise]:
        """Return what was said last, by one of these if they have said anything."""
        last = [name for name in self._whole if name in names] or [*self._whole]
        return self._whole[last[-1]] if last else ()

    async def open_tools(self, wanted: Sequence[str]) -> "Sequence[Tool]":
        """Return the tools of plugins' sources; see `OpenTools`."""
        if self._tools is None:
            from ..plugins.open_tools import OpenTools  # noqa: PLC0415 - few runs have any

            self._tools = OpenTools(self.setting.sources, self.setting.environment or {})
        return await self._tools.tools(wanted)

    async def close(self) -> None:
        """Say that no more calls will be made, and leave what was opened for them."""
        if self._made is not None:
            self._made.close()
        if self._tools is not None:
            await self._tools.close()


async def _speak(
    ctx: InteractionContext, *, stage: Stage, speaker: "Speaker", where: Where, own: "list[Source[Any]]"
) -> None:
    """Pass on what an agent replies, with its name on each message and its step on each error."""
    said: list[MessagePromise] = []

    def say(promise: MessagePromise) -> MessagePromise:
        said.append(named(promise, speaker.name, partial(note, where=where)))
        ctx.reply(said[-1])
        return said[-1]

    try:
        await speaker.speak(stage, ctx.message_promises, say)
        for promise in said:
            await promise.finished()
        stage.whole(speaker.name, said)
    except Exception as error:
        note(error, where)
        raise
    finally:
        stage.ended(own)

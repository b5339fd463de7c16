"""The steps of a chain: each is given what was said before it, and says at once what will have been said behind it.

    SoFar ─start→ SoFar

A step that has to see something first (a loop, a branch, `await`) is a call that decides later; whoever comes behind it
is given promises and starts all the same. There is no barrier but `await`.

In: speakers. Out: steps, which hold no run's state. Never: a file, how an agent is made.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from ..messages import MessageSequencePromise
from .conditions import Judge
from .parts import parts_of
from .so_far import SoFar, merged, of_parts

if TYPE_CHECKING:
    from .deciding import Telling
    from .faults import Place
    from .speakers import Speaker
    from .stage import Stage

__all__ = ["Ask", "Await", "Branch", "Clear", "ForEach", "Parallel", "Speak", "Step", "Steps"]


class Step(Protocol):
    """One step."""

    @property
    def names(self) -> frozenset[str]:
        """The agents that it may call."""

    @property
    def ends(self) -> frozenset[str]:
        """Those of them whose reply may be what it sends on."""

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Start it; return what will have been said behind it."""


class Speak:
    """An agent's turn."""

    def __init__(self, speaker: "Speaker", place: "Place | None" = None, sources: Sequence[str] | None = None) -> None:
        """Make it; `sources` is what it is sent instead of the reply of the step before it."""
        self.names = self.ends = frozenset({speaker.name})
        self._speaker = speaker
        self._place = place
        self.sources = sources

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Call the agent."""
        return stage.spoken(self._speaker, so_far, self.asked(stage, so_far), self._place)

    def asked(self, stage: "Stage", so_far: SoFar) -> MessageSequencePromise:
        """Return what it is sent."""
        return so_far.messages if self.sources is None else stage.given(self.sources, so_far)


class Ask(Speak):
    """The person's turn; where they say nothing, nothing behind it is started, and what they were shown goes out."""


class Await:
    """What is behind it is started when all that is before it is there."""

    names: ClassVar = frozenset[str]()
    ends: ClassVar = frozenset[str]()

    def start(self, _stage: "Stage", so_far: SoFar) -> SoFar:
        """Do nothing."""
        return so_far


class Clear:
    """What is behind it begins with nothing."""

    names: ClassVar = frozenset[str]()
    ends: ClassVar = frozenset[str]()

    def start(self, _stage: "Stage", so_far: SoFar) -> SoFar:
        """Send nothing."""
        return so_far.sending(MessageSequencePromise())


class Steps:
    """Steps that follow each other; those between two that wait (`await`, `user`) are started at the same time."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.names = frozenset[str]().union(*(step.names for step in steps))
        self.ends = next((step.ends for step in reversed(steps) if not isinstance(step, Await)), frozenset[str]())
        number = next((number for number, step in enumerate(steps) if isinstance(step, Ask | Await)), None)
        self._last: Step | None = None if number is None else steps[number]
        self._steps = steps if number is None else steps[:number]
        self._rest = Steps(steps[number + 1 :]) if number is not None else None

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Start them, as far as nothing has to be waited for; then that."""
        for step in self._steps:
            so_far = step.start(stage, so_far)
        if self._last is None or self._rest is None:
            return so_far
        if isinstance(self._last, Ask):
            asked = self._last.asked(stage, so_far)
            so_far = self._last.start(stage, so_far)
            return stage.later(so_far, self._rest.names, partial(self._heard, stage, so_far, asked))
        return stage.later(so_far, self._rest.names, partial(self._awaited, stage, so_far))

    async def _heard(self, stage: "Stage", so_far: SoFar, shown: MessageSequencePromise, telling: "Telling") -> None:
        async for _ in so_far.messages:
            telling.lead_to(self._behind(stage, so_far))
            return
        so_far.round.is_over = True
        telling.lead_to(so_far.sending(shown))

    async def _awaited(self, stage: "Stage", so_far: SoFar, telling: "Telling") -> None:
        whole = MessageSequencePromise(await so_far.messages)
        telling.lead_to(self._behind(stage, so_far.sending(whole)))

    def _behind(self, stage: "Stage", so_far: SoFar) -> SoFar:
        return so_far if self._rest is None else self._rest.start(stage, so_far)


class Parallel:
    """Branches that are all given the same, at the same time; their replies follow each other."""

    def __init__(self, branches: Sequence[Step]) -> None:
        self.names = frozenset[str]().union(*(branch.names for branch in branches))
        self.ends = frozenset[str]().union(*(branch.ends for branch in branches))
        self._branches = branches

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Start all of them; one may be sent what those above it in the file say."""
        ends: list[SoFar] = []
        for branch in self._branches:
            ends.append(branch.start(stage, so_far._replace(said=ends[-1].said) if ends else so_far))
        return merged(so_far, ends, MessageSequencePromise([end.messages for end in ends]))


class Branch:
    """Steps that are taken where the text of all messages is such, and others where it is not."""

    def __init__(self, judge: Judge, then: Step, otherwise: Step, place: "Place | None" = None) -> None:
        self.names = then.names | otherwise.names
        self.ends = then.ends | otherwise.ends
        self._judge = judge
        self._place = place
        self._then, self._otherwise = then, otherwise

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Decide when the messages are whole."""
        return stage.later(so_far, self.names, partial(self._decide, stage, so_far), self._place)

    async def _decide(self, stage: "Stage", so_far: SoFar, telling: "Telling") -> None:
        holds = self._judge.holds(str(await so_far.messages))
        telling.lead_to((self._then if holds else self._otherwise).start(stage, so_far))


class ForEach:
    """Steps that are taken for each part of the messages by itself, at the same time; the replies are in order."""

    def __init__(
        self,
        over: Literal["lines", "json", "messages"],
        do: Step,
        place: "Place | None" = None,
        sources: Sequence[str] | None = None,
    ) -> None:
        """Make it; `sources` is what is cut into parts instead of the reply of the step before it."""
        self.names, self.ends = do.names, do.ends
        self._over: Literal["lines", "json", "messages"] = over
        self._do = do
        self._place = place
        self._sources = sources

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Start the steps for each part when it is there."""
        messages = so_far.messages if self._sources is None else stage.given(self._sources, so_far)
        return stage.later(so_far, self.names, partial(self._take, stage, so_far.sending(messages)), self._place)

    async def _take(self, stage: "Stage", so_far: SoFar, telling: "Telling") -> None:
        ends: list[SoFar] = []
        async for part in parts_of(so_far.messages, self._over):
            ends.append(self._do.start(stage, so_far.sending(part)))
            telling.reply(ends[-1].messages)
        telling.end(of_parts(so_far, ends, stage.fresh))

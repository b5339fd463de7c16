"""A loop of the flow, by `achain_loop`: the steps of a round are one agent to it.

In: steps, when they have gone round often enough. Out: a step. Never: a file, how an agent is made.
"""

from functools import partial
from typing import TYPE_CHECKING

from ..messages import MessageSequencePromise, MessageTuple
from ..miniagents import InteractionContext, MiniAgent
from ..promising.sentinels import AWAIT, CLEAR
from ..utils import achain_loop
from .conditions import Judge
from .flow import Clear, Step, Steps
from .so_far import Round, SoFar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .deciding import Telling
    from .faults import Place
    from .stage import Stage

__all__ = ["Loop", "Until"]


class Until:
    """When a loop has gone on for long enough."""

    def __init__(self, judge: Judge, name: str | None = None) -> None:
        """Make it; `name` is of the agent whose reply is judged, as soon as it is there: by default the last step's."""
        self.judge = judge
        self.name = name


class Loop:
    """Steps that go round: the first is sent what the last replied, all of it."""

    def __init__(
        self,
        do: "Sequence[Step]",
        until: Until | None = None,
        rounds: int | None = None,
        place: "Place | None" = None,
    ) -> None:
        """Make it; `rounds` is how many there are at the most."""
        self.names = frozenset[str]().union(*(step.names for step in do))
        self.until = until
        self.rounds = rounds
        self._place = place
        self.is_cleared = isinstance(do[-1], Clear)
        while do and isinstance(do[-1], Clear):
            do = do[:-1]
        self.ends = do[-1].ends if do else frozenset[str]()
        behind = len(do)
        if until is not None and until.name is not None:
            behind = next(number for number, step in enumerate(do, 1) if until.name in step.names)
        self.first = Steps(do[:behind])
        """Up to the agent that is judged."""
        self.rest = Steps(do[behind:]) if do[behind:] else None

    def start(self, stage: "Stage", so_far: SoFar) -> SoFar:
        """Go round until it is enough, and send on what the last step replied last."""
        return stage.later(so_far, self.names, partial(self._go_round, stage, so_far), self._place)

    async def _go_round(self, stage: "Stage", so_far: SoFar, telling: "Telling") -> None:
        rounds = _Rounds(self, stage, so_far, telling)
        agent = MiniAgent(rounds.once, alias=stage.setting.name)
        await achain_loop([agent, AWAIT, *[CLEAR] * self.is_cleared], rounds=self.rounds, until=rounds.are_enough)
        rounds.end()


class _Rounds:
    """One time through a loop."""

    def __init__(self, loop: Loop, stage: "Stage", so_far: SoFar, telling: "Telling") -> None:
        self._loop, self._stage, self._telling = loop, stage, telling
        self._so_far = so_far
        self._before: MessageSequencePromise | None = None
        """What the agent that is judged had said before this round."""
        self._number = 0
        self._is_met = False
        self._has_told = False

    async def once(self, ctx: InteractionContext) -> None:
        """Go through the steps, up to the agent that is judged if that is enough."""
        loop, before = self._loop, self._so_far
        self._number += 1
        sent = before.messages if self._number == 1 else ctx.message_promises
        if loop.until is not None and loop.until.name is not None:
            self._before = before.said.get(loop.until.name)
        so_far = SoFar(sent, Round(), before.said, before.history)
        so_far = loop.first.start(self._stage, so_far)
        if loop.rest is not None:
            self._is_met = await self._is_enough(so_far)
            if self._is_met:
                so_far = so_far.sending(before.messages)
            elif not so_far.round.is_over:
                so_far = loop.rest.start(self._stage, so_far)
        self._so_far = so_far
        if self._is_met or self._number == loop.rounds:
            self._tell()  # whatever it is, it is what comes out
        ctx.reply(so_far.messages)

    async def are_enough(self, said: MessageTuple) -> bool:
        """Say whether the loop ends with this round, in which this was said last."""
        if self._is_met or self._so_far.round.is_over:
            return True
        until = self._loop.until
        if until is not None and self._loop.rest is None:
            is_enough = await self._is_enough(self._so_far) if until.name is not None else until.judge.holds(str(said))
            if is_enough:
                return True
        self._so_far = self._so_far.sending(MessageSequencePromise(said)).flat()
        return False

    async def _is_enough(self, so_far: SoFar) -> bool:
        """Say whether the agent that is judged has spoken in this round, and so that it is enough."""
        until = self._loop.until
        if until is None or until.name is None or until.name not in so_far.said:
            return False
        said = await so_far.said[until.name]
        before = () if self._before is None else await self._before
        if len(said) == len(before) and all(a is b for a, b in zip(said, before, strict=True)):
            return False
        return until.judge.holds(str(said))

    def end(self) -> None:
        """Send on what there is, unless that was done already."""
        if not self._has_told:
            self._tell()

    def _tell(self) -> None:
        self._has_told = True
        self._telling.lead_to(self._so_far)

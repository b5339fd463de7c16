"""The flow of a file becomes steps that can be started.

In: what a file says, speakers. Out: a `Plan`. Never: a stage.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .calls import USER
from .chain_file import Described
from .conditions import Judge
from .faults import Keys, Place
from .flow import Ask, Await, Branch, Clear, ForEach, Parallel, Speak, Step, Steps
from .loop import Loop, Until
from .schema import AgentStep, IfStep, LoopStep, MapStep, ParallelStep
from .schema import Step as Told
from .speakers import Person, Speaker
from .stage import Wanted

__all__ = ["Plan"]


class Plan(NamedTuple):
    """What a run does."""

    steps: Steps
    wanted: Wanted
    ends: frozenset[str]
    """The agents whose reply may be what comes out."""
    is_dialog: bool
    """Whether the person and the rest of the steps take turns: it begins with `user`, and there is no loop."""

    @classmethod
    def of(cls, described: Described, speakers: Mapping[str, Speaker]) -> "Plan":
        """Return the plan of a file; without a flow, its agents speak in their order.

        Raises:
            SettingsError: A pattern or a schema in it is none.
        """
        file = described.file
        told: Sequence[Told] = [*file.agents] if file.flow is None else file.flow
        every = list(_every(told))
        is_dialog = told[0] == USER and not any(isinstance(step, LoopStep) for step in every)
        builder = _Builder(described, speakers)
        steps = builder.steps(told[1:] if is_dialog else told, ("flow",), 1 if is_dialog else 0)
        ends = steps.ends if file.output.from_ is None else frozenset({file.output.from_})
        return cls(steps, _wanted(described, every), ends, is_dialog)


class _Builder:
    def __init__(self, described: Described, speakers: Mapping[str, Speaker]) -> None:
        self._described = described
        self._speakers = speakers

    def steps(self, told: Sequence[Told], keys: Keys, start: int = 0) -> Steps:
        return Steps([self._step(step, (*keys, number)) for number, step in enumerate(told, start)])

    def _step(self, told: Told, keys: Keys) -> Step:  # noqa: PLR0911 - one return a kind of step
        if isinstance(told, str):
            return self._named(told, keys)
        if isinstance(told, list):
            return self.steps(told, keys)
        place = self._described.tree.place(keys)
        if isinstance(told, AgentStep):
            return Speak(self._speakers[told.agent], place, _sources(told.input))
        if isinstance(told, ParallelStep):
            branches = enumerate(told.parallel)
            return Parallel([self._step(branch, (*keys, "parallel", number)) for number, branch in branches])
        if isinstance(told, LoopStep):
            return self._loop(told, (*keys, "loop"), place)
        if isinstance(told, IfStep):
            then = self.steps(told.if_.then, (*keys, "if", "then"))
            return Branch(Judge(told.if_), then, self.steps(told.if_.else_, (*keys, "if", "else")), place)
        do = self.steps(told.map.do, (*keys, "map", "do"))
        return ForEach(told.map.over, do, place, _sources(told.map.input))

    def _named(self, name: str, keys: Keys) -> Step:
        if name == "await":
            return Await()
        if name == "clear":
            return Clear()
        is_there = self._described.file.flow is not None
        place = self._described.tree.place(keys if is_there else ("agents", name))
        return Ask(Person(USER), place) if name == USER else Speak(self._speakers[name], place)

    def _loop(self, told: LoopStep, keys: Keys, place: Place) -> Loop:
        loop = told.loop
        do = [self._step(step, (*keys, "do", number)) for number, step in enumerate(loop.do)]
        until = None if loop.until is None else Until(Judge(loop.until), loop.until.agent)
        return Loop(do, until, loop.max, place)


def _sources(told: str | list[str] | None) -> list[str] | None:
    return [told] if isinstance(told, str) else told


def _wanted(described: Described, every: Sequence[Told]) -> Wanted:
    """Return what is to be remembered of a run while it goes on."""
    names: set[str] = set()
    for step in every:
        if isinstance(step, AgentStep):
            names.update(_sources(step.input) or ())
        elif isinstance(step, MapStep):
            names.update(_sources(step.map.input) or ())
        elif isinstance(step, LoopStep) and step.loop.until is not None and step.loop.until.agent is not None:
            names.add(step.loop.until.agent)
    if described.file.output.from_ is not None:
        names.add(described.file.output.from_)
    return Wanted(frozenset(names & {USER, *described.file.agents}), "history" in names)


def _every(told: Sequence[Told]) -> Iterator[Told]:
    """Give all steps, at any depth."""
    for step in told:
        yield step
        if isinstance(step, list):
            yield from _every(step)
        elif isinstance(step, ParallelStep):
            yield from _every(step.parallel)
        elif isinstance(step, LoopStep):
            yield from _every(step.loop.do)
        elif isinstance(step, IfStep):
            yield from _every([*step.if_.then, *step.if_.else_])
        elif isinstance(step, MapStep):
            yield from _every(step.map.do)

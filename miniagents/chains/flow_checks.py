"""What is wrong with a flow that fits the schema: names, what steps are sent, loops without an end.

In: a `ChainFile`, its tree. Out: faults, each with the way to it. Never: how a flow runs.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Final

from .faults import Fault, Keys, nearest, shown
from .schema import USER, AgentStep, ChainFile, Condition, IfStep, Loop, LoopStep, MapStep, ParallelStep, Step
from .source import Tree

__all__ = ["RESERVED", "agents_in", "flow_faults"]

RESERVED: Final = (USER, "await", "clear", "text", "history", "inputs")
"""What a step or an input can be that is no agent."""
_WORDS: Final = (USER, "await", "clear")
_SOURCES: Final = ("text", "history")
_Found = Iterator[tuple[Keys, Fault]]


def flow_faults(file: ChainFile, tree: Tree, agents: Collection[str], inputs: Collection[str]) -> _Found:
    """Give all that is wrong with the flow and with what comes out of it."""
    steps: Sequence[Step] = [*agents] if file.flow is None else file.flow
    yield from _Flow(tree, agents, inputs).steps(steps, ("flow",))
    sender = file.output.from_
    if sender is not None and sender not in agents_in(steps):
        keys: Keys = ("output", "from")
        yield keys, tree.fault(keys, f"no agent {shown(sender)} is in the flow", nearest(sender, agents_in(steps)))


def agents_in(steps: Sequence[Step]) -> list[str]:
    """Return the names of the agents in some steps, and of all that is in these, in order."""
    found: list[str] = []
    for step in steps:
        if isinstance(step, str):
            found += [step] * (step not in _WORDS)
        elif isinstance(step, AgentStep):
            found.append(step.agent)
        else:
            found += agents_in(_inside(step))
    return list(dict.fromkeys(found))


def _inside(step: Step) -> Sequence[Step]:
    if isinstance(step, ParallelStep):
        return step.parallel
    if isinstance(step, LoopStep):
        return step.loop.do
    if isinstance(step, IfStep):
        return [*step.if_.then, *step.if_.else_]
    if isinstance(step, MapStep):
        return step.map.do
    return step if isinstance(step, list) else ()


def _asks_user(steps: Sequence[Step]) -> bool:
    return any(step == USER or (not isinstance(step, str) and _asks_user(_inside(step))) for step in steps)


class _Flow:
    """The walk through a flow, with those who have spoken before each step."""

    def __init__(self, tree: Tree, agents: Collection[str], inputs: Collection[str]) -> None:
        self._tree = tree
        self._agents = agents
        self._inputs = inputs
        self._before: set[str] = set()

    def steps(
        self, steps: Sequence[Step], keys: Keys, around: frozenset[str] = frozenset(), *, alone: bool = True
    ) -> _Found:
        """Check steps one after the other.

        Args:
            steps: Some.
            keys: Where they are.
            around: The agents of loops around them, who may have spoken in the round before.
            alone: Whether nothing else goes on at the same time.
        """
        for number, step in enumerate(steps):
            yield from self._step(step, (*keys, number), around, alone=alone)

    def _step(self, step: Step, keys: Keys, around: frozenset[str], *, alone: bool) -> _Found:
        if isinstance(step, str):
            yield from self._named(step, keys, alone=alone)
        elif isinstance(step, list):
            yield from self.steps(step, keys, around, alone=alone)
        elif isinstance(step, AgentStep):
            yield from self._sent(step.input, (*keys, "input"), around)
            yield from self._agent(step.agent, (*keys, "agent"))
        elif isinstance(step, ParallelStep):
            yield from self.steps(step.parallel, (*keys, "parallel"), around, alone=False)
        elif isinstance(step, LoopStep):
            yield from self._loop(step.loop, (*keys, "loop"), around, alone=alone)
        elif isinstance(step, IfStep):
            yield from self._condition(step.if_, (*keys, "if"))
            yield from self.steps(step.if_.then, (*keys, "if", "then"), around, alone=alone)
            yield from self.steps(step.if_.else_, (*keys, "if", "else"), around, alone=alone)
        else:
            yield from self._sent(step.map.input, (*keys, "map", "input"), around)
            yield from self.steps(step.map.do, (*keys, "map", "do"), around, alone=False)

    def _named(self, name: str, keys: Keys, *, alone: bool) -> _Found:
        if name == USER and not alone:
            what = "`user` cannot stand in `parallel` or `map`: nobody does several things at the same time"
            yield keys, self._tree.fault(keys, what, "put it before or behind")
        elif name == USER:
            self._before.add(USER)
        elif name not in _WORDS:
            yield from self._agent(name, keys)

    def _agent(self, name: str, keys: Keys) -> _Found:
        self._before.add(name)
        if name in _WORDS and name not in self._agents:
            yield keys, self._tree.fault(keys, f"`{name}` takes no input", f"write `- {name}`")
        elif name not in self._agents:
            cure = nearest(name, [*self._agents, *(_WORDS if keys[-1] != "agent" else ())])
            yield keys, self._tree.fault(keys, f"there is no agent {shown(name)}", cure)

    def _sent(self, told: str | list[str] | None, keys: Keys, around: frozenset[str]) -> _Found:
        if isinstance(told, str):
            yield from self._source(told, keys, around)
        for number, name in enumerate(told if isinstance(told, list) else ()):
            yield from self._source(name, (*keys, number), around)

    def _source(self, name: str, keys: Keys, around: frozenset[str]) -> _Found:
        room, dot, given = name.partition(".")
        if room == "inputs" and dot:
            if given not in self._inputs:
                cure = nearest(given, self._inputs, f"declare {shown(given)} under `inputs`")
                yield keys, self._tree.fault(keys, f"there is no input {shown(given)}", cure)
        elif name not in self._agents and name not in _SOURCES and name != USER:
            known = [*self._agents, *_SOURCES, USER, *(f"inputs.{each}" for each in self._inputs)]
            cure = f"did you mean inputs.{name}?" if name in self._inputs else nearest(name, known)
            yield (
                keys,
                self._tree.fault(keys, f"{shown(name)} is nothing that a step can be sent", cure),
            )
        elif name not in _SOURCES and name not in self._before | around:
            what = f"{shown(name)} has said nothing before this step"
            yield keys, self._tree.fault(keys, what, f"put it after a step of {shown(name)}")

    def _loop(self, loop: Loop, keys: Keys, around: frozenset[str], *, alone: bool) -> _Found:
        inside = agents_in(loop.do)
        if loop.until is not None:
            yield from self._condition(loop.until, (*keys, "until"))
            judge = loop.until.agent
            if judge is not None and judge not in inside:
                where: Keys = (*keys, "until", "agent")
                cure = nearest(judge, inside, "put an agent into it")
                yield where, self._tree.fault(where, f"no agent {shown(judge)} is in this loop", cure)
            elif not inside:
                yield keys, self._at_key(keys, "no agent is in this loop whose reply could end it", "put one into `do`")
        elif loop.max is None and not _asks_user(loop.do):
            yield keys, self._at_key(keys, "this loop never ends", "add `max: 3`, or `until`, or a step `user`")
        round_before = {*inside, USER} if _asks_user(loop.do) else inside
        yield from self.steps(loop.do, (*keys, "do"), around | frozenset(round_before), alone=alone)

    def _condition(self, condition: Condition, keys: Keys) -> _Found:
        said = [key for key in ("matches", "schema") if key in self._said(keys)]
        if len(said) != 1:
            what = "it says `matches` and `schema`" if said else "nothing is asked of the text here"
            yield keys, self._at_key(keys, what, "leave one of them out" if said else "add `matches: …` or `schema: …`")
        if condition.matches is not None:
            try:
                re.compile(condition.matches)
            except (re.error, OverflowError, RecursionError) as error:
                where: Keys = (*keys, "matches")
                what = f"it is no regular expression ({shown(error)})"
                yield where, self._tree.fault(where, what, "put a \\ before characters that stand for themselves")
        if condition.json_schema is not None:
            yield from self._schema(condition, (*keys, "schema"))

    def _schema(self, condition: Condition, keys: Keys) -> _Found:
        from ..errors import UsageError  # noqa: PLC0415 - with what follows
        from ..ext.llm.schema import Schema  # noqa: PLC0415 - few flows have one, and it brings in jsonschema

        try:
            Schema.of(condition.json_schema)
        except (UsageError, ValueError) as error:
            what, _, cure = str(error).partition("; ")
            yield keys, self._tree.fault(keys, shown(what), shown(cure) or "write a JSON Schema")

    def _said(self, keys: Keys) -> Collection[str]:
        value = self._tree.value
        with suppress(KeyError, IndexError, TypeError):
            for key in keys:
                value = value[key]
        return value if isinstance(value, dict) else ()

    def _at_key(self, keys: Keys, what: str, cure: str) -> Fault:
        return self._tree.fault(keys, what, cure, place=self._tree.key_place(keys))

"""Whose words are shown (`--show`): everybody's, only theirs who speak last, or those of agents that are named.

In: what `--show` says, a `ChainFile`. Out: a question to ask of an agent's name. Never: how they are shown.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ...chains.picture import steps_of
from ...chains.schema import AgentStep, IfStep, LoopStep, MapStep, ParallelStep, Step
from ...errors import SettingsError
from ..config.setting import nearest

if TYPE_CHECKING:
    from ...chains.schema import ChainFile

__all__ = ["has_user", "shown_by", "speak_last"]

_NOBODY = frozenset({"await", "clear", "user"})
"""Steps that are no agents of the file."""


def shown_by(show: str, file: "ChainFile") -> Callable[[str], bool]:
    """Return what says of an agent whether its words are shown.

    Args:
        show: `all`, `last`, or names with commas between them.
        file: Where the agents are.

    Raises:
        SettingsError: There is no agent of such a name.
    """
    if show == "all":
        return lambda _: True
    names = speak_last(file) if show == "last" else frozenset(name.strip() for name in show.split(","))
    for name in names - file.agents.keys():
        raise SettingsError(f"--show {name}: no agent is called that; {nearest(name, ['all', 'last', *file.agents])}")
    return names.__contains__


def speak_last(file: "ChainFile") -> frozenset[str]:
    """Return the agents whose reply may be what comes out."""
    return frozenset({file.output.from_}) if file.output.from_ else _last_of(steps_of(file))


def has_user(file: "ChainFile") -> bool:
    """Say whether a person speaks in it."""
    return any(name == "user" for name in _all_of(steps_of(file)))


def _all_of(steps: Sequence[Step]) -> Iterator[str]:
    """Give the name of every step that is one, wherever it stands."""
    for step in steps:
        match step:
            case str():
                yield step
            case AgentStep():
                yield step.agent
            case _:
                for inner in _inside(step):
                    yield from _all_of(inner)


def _inside(step: Step) -> tuple[Sequence[Step], ...]:
    """Return the rows of steps that a step is made of."""
    match step:
        case ParallelStep():
            return (step.parallel,)
        case LoopStep():
            return (step.loop.do,)
        case IfStep():
            return step.if_.then, step.if_.else_
        case MapStep():
            return (step.map.do,)
        case list():
            return (step,)
    return ()


def _last_of(steps: Sequence[Step]) -> frozenset[str]:
    for step in reversed(steps):
        if names := _names(step):
            return names
    return frozenset()


def _names(step: Step) -> frozenset[str]:
    match step:
        case str():
            return frozenset({step}) - _NOBODY
        case AgentStep():
            return frozenset({step.agent}) - _NOBODY
        case ParallelStep():
            return frozenset[str]().union(*map(_names, step.parallel))
        case _:
            return frozenset[str]().union(*map(_last_of, _inside(step)))

"""A chain as a picture: a tree of its steps for a terminal, or a graph of how messages flow for Mermaid and Graphviz.

In: a `ChainFile`. Out: text that ends with a line end. Never: a file, a model, an agent that runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..safe_text import one_line
from .schema import AgentStep, ChainFile, Condition, IfStep, LoopStep, MapStep, ParallelStep, Step

__all__ = ["dot", "mermaid", "steps_of", "tree"]

_LONGEST: Final = 40
"""Characters of a pattern that a picture has room for."""
_SHAPES: Final = {
    "end": ("([", "])", "shape=oval"),
    "agent": ("[", "]", "shape=box"),
    "value": ("[/", "/]", "shape=parallelogram"),
    "choice": ("{{", "}}", "shape=hexagon"),
    "turn": ("((", "))", "shape=circle"),
}
"""What a node looks like: what is before and behind its label in Mermaid, and its attribute in DOT."""
_WORDS: Final = {"await": "await: all of it", "clear": "clear: nothing"}


def steps_of(file: ChainFile) -> Sequence[Step]:
    """Return the flow; without one, the agents in the order of the file."""
    return list(file.agents) if file.flow is None else file.flow


def tree(file: ChainFile) -> str:
    """Return the steps as a tree, one a line; names are as long as they are, so a line may be wider than a terminal."""
    return "".join(f"{line}\n" for line in [one_line(file.name) or "chain", *_branches(steps_of(file), file)])


def mermaid(file: ChainFile) -> str:
    """Return a flowchart of Mermaid's."""
    graph = _Graph.of(file)
    lines = ["flowchart TD"]
    for node in graph.nodes:
        before, behind, _ = _SHAPES[node.kind]
        lines.append(f'    {node.key}{before}"{_for_mermaid(node.label)}"{behind}')
    for edge in graph.edges:
        arrow = "-.->" if edge.goes_back else "-->"
        label = f'|"{_for_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"    {edge.source} {arrow}{label} {edge.target}")
    return "\n".join(lines) + "\n"


def dot(file: ChainFile) -> str:
    """Return a digraph in Graphviz's language."""
    graph = _Graph.of(file)
    lines = [f"digraph {_for_dot(one_line(file.name) or 'chain')} {{"]
    lines += [f"    {node.key} [label={_for_dot(node.label)}, {_SHAPES[node.kind][2]}];" for node in graph.nodes]
    for edge in graph.edges:
        said = [f"label={_for_dot(edge.label)}"] if edge.label else []
        said += ["style=dashed"] if edge.goes_back else []
        looks = f" [{', '.join(said)}]" if said else ""
        lines.append(f"    {edge.source} -> {edge.target}{looks};")
    return "\n".join([*lines, "}"]) + "\n"


def _for_mermaid(text: str) -> str:
    """Return a text for a label in quotes: Mermaid takes what is left for HTML, and `#` for the start of an entity."""
    return "".join(f"#{ord(each)};" if each in '"#&;<>`\\' else each for each in text)


def _for_dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _branches(steps: Sequence[Step], file: ChainFile) -> Iterator[str]:
    """Give the lines of steps that follow each other."""
    for number, step in enumerate(steps, 1):
        is_last = number == len(steps)
        head, below = _in_words(step, file)
        yield f"{'└──' if is_last else '├──'} {head}"
        for line in below:
            yield f"{'    ' if is_last else '│   '}{line}"


def _in_words(step: Step, file: ChainFile) -> tuple[str, Iterator[str]]:  # noqa: PLR0911 - one a kind of step
    """Return the line of a step, and those of what is in it."""
    match step:
        case str():
            return _named(step, file), iter(())
        case AgentStep():
            return f"{_named(step.agent, file)} ← {', '.join(_sources(step.input)) or 'what is before'}", iter(())
        case ParallelStep():
            return "parallel", _branches(step.parallel, file)
        case LoopStep():
            return f"loop{_ends(step)}", _branches(step.loop.do, file)
        case IfStep():
            return f"if it {_asked(step.if_)}", _sides(step, file)
        case MapStep():
            sources = ", ".join(_sources(step.map.input))
            return f"map over {step.map.over}{' of ' if sources else ''}{sources}", _branches(step.map.do, file)
        case _:
            return "one after the other", _branches(step, file)


def _sides(step: IfStep, file: ChainFile) -> Iterator[str]:
    sides = [(name, side) for name, side in (("then", step.if_.then), ("else", step.if_.else_)) if side]
    for number, (name, side) in enumerate(sides, 1):
        is_last = number == len(sides)
        yield f"{'└──' if is_last else '├──'} {name}"
        for line in _branches(side, file):
            yield f"{'    ' if is_last else '│   '}{line}"


def _named(name: str, file: ChainFile) -> str:
    """Return an agent's name, and who it is where that is not a model."""
    agent = file.agents.get(name)
    who = agent and (agent.plugin or agent.python)
    return f"{name} ({one_line(who)})" if who else _WORDS.get(name, name)


def _sources(told: str | Sequence[str] | None) -> list[str]:
    return [*map(one_line, [told] if isinstance(told, str) else told or ())]


def _asked(condition: Condition) -> str:
    """Return what is asked of a message."""
    if condition.matches is None:
        return "fits the schema" if condition.json_schema is not None else "is there"
    pattern = one_line(condition.matches)
    return f"matches {pattern if len(pattern) <= _LONGEST else pattern[: _LONGEST - 1] + '…'}"


def _ends(step: LoopStep) -> str:
    """Return when a loop ends."""
    until, most = step.loop.until, step.loop.max
    said = "" if until is None else f" until {until.agent or 'its reply'} {_asked(until)}"
    rounds = "" if most is None else f"at most {most} round{'s' if most != 1 else ''}"
    return said + (f", {rounds}" if said and rounds else f" {rounds}" if rounds else "")


class _Node(NamedTuple):
    key: str
    label: str
    kind: str


class _Edge(NamedTuple):
    source: str
    target: str
    label: str = ""
    goes_back: bool = False


class _Way(NamedTuple):
    """Where messages come from, and what is to be said of that."""

    source: str
    label: str = ""


@dataclass(slots=True)
class _Graph:
    """How messages flow."""

    file: ChainFile
    nodes: list[_Node] = field(default_factory=list)
    edges: list[_Edge] = field(default_factory=list)
    last_of: dict[str, str] = field(default_factory=dict)
    """By an agent's name, the node of its last call so far."""

    @classmethod
    def of(cls, file: ChainFile) -> "_Graph":
        """Return the graph of a file."""
        graph = cls(file)
        graph.last_of["text"] = start = graph.node("text", "end")
        ways = graph.walk(steps_of(file), [_Way(start)])
        chosen = graph.last_of.get(file.output.from_ or "")
        graph.node("reply", "end", [_Way(chosen)] if chosen else ways)
        return graph

    def node(self, label: str, kind: str, ways: Sequence[_Way] = ()) -> str:
        """Add a node that these ways lead to; return its key."""
        key = f"n{len(self.nodes)}"
        self.nodes.append(_Node(key, label, kind))
        self.edges += [_Edge(way.source, key, way.label) for way in dict.fromkeys(ways)]
        return key

    def walk(self, steps: Sequence[Step], ways: Sequence[_Way]) -> Sequence[_Way]:
        """Add steps that follow each other; return the ways out of the last."""
        for step in steps:
            ways = self._step(step, ways)
        return ways

    def _step(self, step: Step, ways: Sequence[_Way]) -> Sequence[_Way]:  # noqa: PLR0911 - one a kind of step
        match step:
            case "await":
                return [_Way(self.node("await", "turn", ways))]
            case "clear":
                return []
            case str():
                return self._call(step, ways)
            case AgentStep():
                return self._call(step.agent, self._sent(step.input, ways))
            case ParallelStep():
                return [way for branch in step.parallel for way in self._step(branch, ways)]
            case LoopStep():
                turn = self.node(f"loop{_ends(step)}", "choice", ways)
                out = self.walk(step.loop.do, [_Way(turn)])
                self.edges += [_Edge(way.source, turn, way.label, goes_back=True) for way in dict.fromkeys(out)]
                return out
            case IfStep():
                choice = self.node(f"{_asked(step.if_)}?", "choice", ways)
                sides = (step.if_.then, "then"), (step.if_.else_, "else")
                return [way for side, label in sides for way in self.walk(side, [_Way(choice, label)])]
            case MapStep():
                each = self.node(f"each of the {step.map.over}", "turn", self._sent(step.map.input, ways))
                return self.walk(step.map.do, [_Way(each)])
            case _:
                return self.walk(step, ways)

    def _call(self, agent: str, ways: Sequence[_Way]) -> list[_Way]:
        self.last_of[agent] = self.node(_named(agent, self.file), "agent", ways)
        return [_Way(self.last_of[agent])]

    def _sent(self, told: str | Sequence[str] | None, ways: Sequence[_Way]) -> Sequence[_Way]:
        """Return the ways from what an `input:` names, or else those from the step before."""
        return [self._from(name) for name in _sources(told)] or ways

    def _from(self, name: str) -> _Way:
        """Return the way from what an `input:` names; what nobody has said yet has a node of its own."""
        if name not in self.last_of:
            self.last_of[name] = self.node(name, "value")
        return _Way(self.last_of[name], "input")

"""What no schema can say of a file: names that are not there, things that do not go together, files that are missing.

In: a `ChainFile`, its tree, the file's folder. Out: faults, each with the way to it. Never: what plugins know.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import ChainFileError, UsageError
from ..safe_text import one_line
from .expansion import opened, unknown_names
from .faults import Fault, Keys, nearest, shown
from .flow_checks import RESERVED, flow_faults
from .inputs import has_fitting_default
from .schema import AgentSpec, ChainFile
from .source import Tree, text_of

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema

__all__ = ["checks", "instructions_of", "schema_of"]

_MODEL_ONLY: Final = (
    "model", "temperature", "max_tokens", "retries", "options", "instructions", "system", "instructions_file", "tools",
    "allow", "max_rounds", "output",
)  # fmt: skip
"""Keys of an agent that say how a model is asked."""
_WAYS: Final = {"plugin": "a plugin", "python": "Python"}
"""To say who an agent is, if it is no model."""
_INSTRUCTIONS: Final = ("instructions", "system", "instructions_file")
_BESIDE: Final = ("model", "instructions", "system", "tools", "timeout", "retries", "max_rounds")
"""Keys of an agent that are no options of an API."""
_OF_PROGRAMS: Final = (
    "alias", "approve", "client", "description", "environment", "errors_as_messages", "keep", "limits", "log", "rate",
    "self", "stream", "timeout_s",
)  # fmt: skip
"""Parameters of a model's agent that only a program can give, or the command line; `schema` has a key of its own."""
_Found = Iterator[tuple[Keys, Fault]]


def checks(file: ChainFile, tree: Tree, folder: Path, environment: Mapping[str, str] | None) -> _Found:
    """Give all that is wrong with a file that fits the schema.

    Args:
        file: What is checked; what was wrong with it before is not in it.
        tree: What the file really says: the names there are.
        folder: Where relative paths count from.
        environment: For paths with variables in them; None, if it is not known.
    """
    yield from _input_checks(file, tree)
    for name, agent in file.agents.items():
        keys: Keys = ("agents", name)
        if name in RESERVED:
            what = f"no agent can be called {name}, which means something in the flow"
            yield keys, tree.fault(keys, what, "give it another name", place=tree.key_place(keys))
        yield from _agent_checks(agent, keys, tree, folder)
        yield from _instruction_checks(agent, keys, tree, folder, environment)
    yield from _model_checks(file, tree)
    yield from _tool_circles(file, tree)
    yield from flow_faults(file, tree, _names(tree, "agents").keys(), _names(tree, "inputs").keys())


def instructions_of(
    agent: AgentSpec, keys: Keys, folder: Path, environment: Mapping[str, str]
) -> tuple[str | None, Keys, str]:
    """Return what a model is told, as it is written; where in the file that is; and of which other file it is.

    Raises:
        ChainFileError: That other file cannot be read.
    """
    if agent.instructions_file is not None:
        name = one_line(str(folder / agent.instructions_file))  # as it is written, without what the environment says
        path = folder / Path(opened(agent.instructions_file, environment)).expanduser()
        return text_of(path, file=name), (*keys, "instructions_file"), name
    key = "system" if agent.instructions is None else "instructions"
    return agent.instructions if agent.instructions is not None else agent.system, (*keys, key), ""


def schema_of(told: Mapping[str, Any] | str, folder: Path) -> "Schema":
    """Return the schema that a JSON Schema, the path of one, or fields in short stand for.

    Raises:
        UsageError: It is none.
        ChainFileError: Its file cannot be read.
    """
    from ..ext.llm.schema import Schema  # noqa: PLC0415 - most files have none, and it brings in jsonschema

    if isinstance(told, str):
        path = folder / told
        if told.endswith(".json") or ("\n" not in told and "{" not in told and path.is_file()):
            return Schema.of(text_of(path))
    return Schema.of(told)


def _names(tree: Tree, key: str) -> dict[str, Any]:
    """Return what the file has under a key, also what makes no sense."""
    value = tree.value.get(key) if isinstance(tree.value, dict) else None
    return value if isinstance(value, dict) else {}


def _input_checks(file: ChainFile, tree: Tree) -> _Found:
    for name, declared in file.inputs.items():
        keys: Keys = ("inputs", name)
        if name in file.vars:
            what = f"{shown(name)} is an input and a constant"
            yield keys, tree.fault(keys, what, "give one of them another name", place=tree.key_place(keys))
        if declared.default is None:
            continue
        keys = (*keys, "default")
        if declared.required:
            yield keys, tree.fault(keys, "what is required needs no default", "leave one of them out")
        if not has_fitting_default(declared):
            what = f"the default is none of type {declared.type}"
            quotes = "" if isinstance(declared.default, str) else ", or put it in quotes"
            yield keys, tree.fault(keys, what, f"change it, or the type{quotes}")


def _agent_checks(agent: AgentSpec, keys: Keys, tree: Tree, folder: Path) -> _Found:
    said = agent.model_fields_set
    ways = [key for key in _WAYS if getattr(agent, key) is not None]
    if len(ways) > 1:
        yield keys, _at_key(tree, (*keys, "python"), "an agent is of a plugin or of Python", "leave one of them out")
    if ways:
        for key in _MODEL_ONLY:
            if key in said:
                what = f"`{key}` is for models, and this is an agent of {_WAYS[ways[0]]}"
                yield (*keys, key), _at_key(tree, (*keys, key), what, "put its parameters under `with`")
    elif agent.with_:
        yield keys, _at_key(tree, (*keys, "with"), "`with` is for agents of plugins and of Python", "use `options`")
    told = [key for key in _INSTRUCTIONS if getattr(agent, key) is not None]
    for key in told[1:]:
        what = f"`{key}` says what `{told[0]}` says too"
        yield (*keys, key), _at_key(tree, (*keys, key), what, "leave one of them out")
    yield from _option_checks(agent.options, (*keys, "options"), tree)
    for number, tool in enumerate(agent.tools):
        if isinstance(tool, dict) and len(tool) != 1:
            what = "a tool is a name, or a mapping of one name to what it needs"
            yield (*keys, "tools", number), tree.fault((*keys, "tools", number), what, "write {mcp: {command: …}}")
    if agent.output is not None:
        yield from _schema_checks(agent.output.json_schema, (*keys, "output", "schema"), tree, folder)


def _instruction_checks(
    agent: AgentSpec, keys: Keys, tree: Tree, folder: Path, environment: Mapping[str, str] | None
) -> _Found:
    if environment is None and "${" in (agent.instructions_file or ""):
        return
    try:
        text, where, other = instructions_of(agent, keys, folder, environment or {})
    except ChainFileError as error:
        yield _of_file(error, (*keys, "instructions_file"), tree)
        return
    except (OSError, RuntimeError, ValueError):  # no such home, a name with a NUL in it
        where = (*keys, "instructions_file")
        yield where, tree.fault(where, "it is no path", "mend it")
        return
    if text is None:
        return
    names = {**_names(tree, "inputs"), **_names(tree, "vars")}
    there = Tree(other, None, text, None) if other else tree
    for _, fault in unknown_names(() if other else where, text, names, _names(tree, "agents"), there):
        yield where, fault


def _option_checks(options: Mapping[str, Any], keys: Keys, tree: Tree) -> _Found:
    cures = dict.fromkeys(_OF_PROGRAMS, "leave it out") | dict.fromkeys(_BESIDE, "put it beside `options`, not in it")
    for name in options:
        if cure := {**cures, "schema": "write `output: {schema: …}` beside `options`"}.get(name):
            yield (*keys, name), _at_key(tree, (*keys, name), f"`{name}` is no option of a model's API", cure)


def _schema_checks(told: Mapping[str, Any] | str, keys: Keys, tree: Tree, folder: Path) -> _Found:
    try:
        schema_of(told, folder)
    except ChainFileError as error:
        yield _of_file(error, keys, tree)
    except (UsageError, OSError, ValueError) as error:
        what, _, cure = str(error).partition("; ")
        yield keys, tree.fault(keys, shown(what), shown(cure) or "write a JSON Schema, or `name, age int`")


def _model_checks(file: ChainFile, tree: Tree) -> _Found:
    """Give a fault for each model that is nearly one under `models`: it has no provider and differs in letters only."""
    yield from _option_checks(file.defaults.options, ("defaults", "options"), tree)
    for name, model in file.models.items():
        yield from _option_checks(model.options, ("models", name, "options"), tree)
    known = _names(tree, "models")
    for where, terms in [
        (("defaults",), file.defaults),
        *((("agents", name), each) for name, each in file.agents.items()),
    ]:
        models = [terms.model] if isinstance(terms.model, str) else terms.model or []
        for number, name in enumerate(models):
            keys: Keys = (*where, "model") if isinstance(terms.model, str) else (*where, "model", number)
            alike = [each for each in known if re.sub(r"\D", "", each) == re.sub(r"\D", "", name)]
            cure = nearest(name, alike)
            if name not in known and ":" not in name and cure.startswith("did"):
                what = f"there is no {shown(name)} under `models`"
                yield keys, tree.fault(keys, what, f"{cure} Else write provider:{shown(name)}")


def _tool_circles(file: ChainFile, tree: Tree) -> _Found:
    """Give a fault for each agent that has itself as a tool, by way of others or not."""
    tools = {
        name: [tool for tool in agent.tools if isinstance(tool, str) and tool in file.agents]
        for name, agent in file.agents.items()
    }
    done: set[str] = set()
    for first in tools:
        way: list[str] = []
        rest = [(first, 0)]
        while rest:
            name, depth = rest.pop()
            if name in way[:depth]:
                keys: Keys = ("agents", way[depth - 1], "tools", file.agents[way[depth - 1]].tools.index(name))
                circle = " → ".join([*way[way.index(name) : depth], name])
                yield keys, tree.fault(keys, f"agents are tools of each other in a circle: {circle}", "leave one out")
            elif name not in done:
                way[depth:] = [name]
                rest += [(tool, depth + 1) for tool in tools[name]]
        done.add(first)


def _at_key(tree: Tree, keys: Keys, what: str, cure: str) -> Fault:
    return tree.fault(keys, what, cure, place=tree.key_place(keys))


def _of_file(error: ChainFileError, keys: Keys, tree: Tree) -> tuple[Keys, Fault]:
    """Return the fault of another file, where this one names it."""
    fault = error.faults[0]
    assert isinstance(fault, Fault)  # noqa: S101 - for mypy: it is what reading a file raises
    place = f":{fault.place}" if fault.place else ""
    return keys, tree.fault(keys, f"{fault.file}{place}: {fault.what}", fault.cure)

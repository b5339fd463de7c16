"""What a command line says otherwise than the file."""

from pathlib import Path
from typing import Any

import pytest

from miniagents.chains.chain_file import read
from miniagents.chains.overrides import change_variables, fitting, set_values
from miniagents.chains.source import tree_of
from miniagents.errors import ChainFileError
from tests.chains.written import SMALL, faults, written

FILE = (
    SMALL
    + "vars: {tone: dry, words: 100, heat: 0.5, loud: false}\nflow:\n  - writer\n  - loop: {do: [critic], max: 3}\n"
)


@pytest.mark.parametrize(
    ("told", "keys", "value"),
    [
        ("agents.writer.model=gpt-5", ("agents", "writer", "model"), "gpt-5"),
        ("agents.writer.model=[a, b]", ("agents", "writer", "model"), ["a", "b"]),
        ("agents.writer.temperature=0.5", ("agents", "writer", "temperature"), 0.5),
        ("agents.writer.options.a.b=1", ("agents", "writer", "options", "a", "b"), 1),
        ("agents.writer.system=Be nice: # always\nso", ("agents", "writer", "system"), "Be nice: # always\nso"),
        ("agents.writer.instructions='3'", ("agents", "writer", "instructions"), "3"),
        ("agents.writer.instructions=[x", ("agents", "writer", "instructions"), "[x"),
        ("agents.writer.instructions={x: !y z}", ("agents", "writer", "instructions"), "{x: !y z}"),
        ("agents.writer.instructions=a=b", ("agents", "writer", "instructions"), "a=b"),
        ("limits={calls: 3}", ("limits",), {"calls": 3}),
        ("limits.calls=3", ("limits", "calls"), 3),
        ("flow.0=critic", ("flow", 0), "critic"),
        ("flow.1.loop.max=1", ("flow", 1, "loop", "max"), 1),
        ("vars.tone=wet", ("vars", "tone"), "wet"),
    ],
)  # fmt: skip
def test_a_path_sets_a_value(told: str, keys: tuple[Any, ...], value: Any) -> None:
    """The value is a scalar or a list or a mapping in brackets; what is not there yet on the way is made."""
    tree = tree_of(FILE, "a.yaml")
    assert list(set_values(tree, [told])) == []
    found = tree.value
    for key in keys:
        found = found[key]
    assert found == value
    assert tree.origins[keys] == f"--set {told.partition('=')[0]}"


@pytest.mark.parametrize("nothing", ["", "null", "~"])
def test_nothing_leaves_a_key_out(tmp_path: Path, nothing: str) -> None:
    """As if the file did not have it, there or not; what must be there is then missing, and it is said by whom."""
    path = written(tmp_path, FILE + "limits: {calls: 3}\n")
    file = read(path, sets=[f"limits.calls={nothing}", f"limits.usd={nothing}", f"flow={nothing}"]).file
    assert (file.limits.calls, file.limits.usd, file.flow) == (None, None, None)
    with pytest.raises(ChainFileError, match=r"--set agents: `agents` is missing"):
        read(path, sets=[f"agents={nothing}"])


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ("agents.wrter.model=x", "--set agents.wrter.model: there is no wrter under `agents`; did you mean writer?"),
        ("models.x.model=y", "--set models.x.model: there is no x under `models`; add it to the file"),
        ("vars.tne=y", "--set vars.tne: there is no tne under `vars`; did you mean tone?"),
        ("agents.writer.modle=x", "--set agents.writer.modle: an agent has no key `modle`; did you mean model?"),
        ("limit.calls=3", "--set limit.calls: a file of agents has no key `limit`; did you mean limits?"),
        ("limits.calls=0", "--set limits.calls: `calls` must be 1 or more; write a larger number"),
        ("limits={calls: 0}", "--set limits: `calls` must be 1 or more; write a larger number"),
        ("version=2", "--set version: version 2 is newer than this program, which knows 1; update miniagents"),
        ("flow.2=x", "--set flow.2: flow has no item 2; use a number from 0 to 1"),
        ("flow.first=x", "--set flow.first: flow has no item first; use a number from 0 to 1"),
        ("flow.0.x=y", "--set flow.0.x: flow.0 has nothing in it; set flow.0 itself"),
        ("flow.0=wrter", "--set flow.0: there is no agent wrter; did you mean writer?"),
        ("agents.critic.system={{ tne }}", "--set agents.critic.system: `{{ tne }}` is no input and no constant; did"),
        ("defaults.model=${env:NONE}", "--set defaults.model: the environment has no variable NONE; set it"),
        ("x", "--set x: it has no path or no value; write agents.NAME.model=VALUE"),
        ("=x", "--set : it has no path or no value; write agents.NAME.model=VALUE"),
        ("agents..model=x", "--set agents..model: it has no path or no value; write agents.NAME.model=VALUE"),
        ("a\x1b[2Jb\n.c", "--set a␛[2Jb .c: it has no path or no value; write agents.NAME.model=VALUE"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_names_who_said_it(tmp_path: Path, told: str, line: str) -> None:
    """A path that is none, and a value that makes no sense in the file, are faults of the command line."""
    (found,) = faults(tmp_path, FILE, sets=[told], environment={})
    assert found.startswith(line)


def test_faults_of_file_and_command_line_come_together(tmp_path: Path) -> None:
    """Those of the file are first."""
    found = faults(tmp_path, FILE + "nam: x\n", sets=["flow.9=x", "limits.calls=0"], variables={"tne": "x"})
    assert [line.split(":")[0] for line in found] == ["9", "--set flow.9", "--var tne", "--set limits.calls"]


def test_the_last_of_several_counts(tmp_path: Path) -> None:
    """They are set in their order."""
    path = written(tmp_path, FILE)
    described = read(path, sets=["limits.calls=3", "limits.calls=4", "limits={usd: 1}", "limits.tokens=5"])
    assert (described.file.limits.calls, described.file.limits.usd, described.file.limits.tokens) == (None, 1, 5)
    assert described.where(("limits", "tokens")) == "--set limits.tokens"
    assert described.where(("limits", "usd")) == "--set limits"
    assert described.where(("flow", 1)) == f"{path}:8:5"


@pytest.mark.parametrize(
    ("name", "told", "value"),
    [
        ("tone", "7", "7"),
        ("words", "7", 7),
        ("words", 7, 7),
        ("heat", "1", 1),
        ("heat", "1.5", 1.5),
        ("loud", "true", True),
        ("loud", True, True),
    ],
)
def test_a_constant_keeps_its_kind(tmp_path: Path, name: str, told: Any, value: Any) -> None:
    """Text for text, a number for a number: as the file has it."""
    described = read(written(tmp_path, FILE), variables={name: told})
    assert described.file.vars[name] == value
    assert type(described.file.vars[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "told", "line"),
    [
        ("tne", "x", "there is no constant tne; did you mean tone?"),
        ("words", "many", "it must be a whole number, as in the file, not many; write words=VALUE with such a value"),
        ("words", "1.5", "it must be a whole number, as in the file, not 1.5"),
        ("words", True, "it must be a whole number, as in the file, not True"),
        ("loud", "yes", "it must be true or false, as in the file, not yes"),
        ("heat", "x", "it must be a number, as in the file, not x"),
        ("tone", 3, "it must be text, as in the file, not 3"),
    ],
)
def test_a_constant_of_another_kind_or_none_is_a_fault(tmp_path: Path, name: str, told: Any, line: str) -> None:
    """The line names the constant, and what it must be."""
    (found,) = faults(tmp_path, FILE, variables={name: told})
    assert found.startswith(f"--var {name}: {line}")


def test_a_file_without_sense_can_be_set_nothing() -> None:
    """Of a list, of nothing, of constants that are none: a fault, and no exception."""
    for text in ("- a", "", "3"):
        tree = tree_of(text, "a.yaml")
        (fault,) = set_values(tree, ["a.b=3"])
        assert fault.what == "the file has no keys"
        (fault,) = change_variables(tree, {"a": 3})
        assert fault.what == "there is no constant a"
    tree = tree_of("vars: {a: [1]}", "a.yaml")
    assert list(change_variables(tree, {"a": "x"})) == []
    (fault,) = set_values(tree_of("vars: 3", "a.yaml"), ["vars.a=3"])
    assert fault.what == "vars has nothing in it"


def test_a_value_fits_or_is_none() -> None:
    """Text is never taken for a number where text is wanted, nor true for one."""
    assert [fitting("3", str), fitting("3", int), fitting("3", float), fitting("true", bool)] == ["3", 3, 3, True]
    assert [fitting(3, str), fitting("true", int), fitting("3", bool), fitting(None, int)] == [None] * 4

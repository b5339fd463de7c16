"""A file of agents, read as a whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniagents.chains.chain_file import read
from miniagents.chains.faults import Fault, Place
from miniagents.chains.schema import AgentStep, LoopStep
from miniagents.errors import ChainFileError
from miniagents.safe_text import one_line
from tests.chains.test_source import lines_of
from tests.chains.written import SMALL, TOP, faults, written

WHOLE = """\
# yaml-language-server: $schema=agents.schema.json
version: 1
name: critique
inputs:
  topic: {required: true}
vars: &constants {tone: dry, words: 100}
defaults: {model: fast}
models:
  fast: {provider: openai, model: gpt-4o-mini, api_key: "${env:MY_KEY}"}
agents:
  writer:
    instructions: |
      Write about {{ topic }} in a {{ tone }} tone, {{words}} words.
      JSON like {"a": {{"b": 1}}} stays.
  critic:
    system: Say what is wrong; say OK if nothing is.
    tools: [writer]
  reader: {instructions_file: reader.md}
  plain: {}
flow:
  - loop:
      do: [writer, {agent: critic, input: [text, writer, inputs.topic, history]}]
      until: {agent: critic, matches: '^OK'}
      max: 3
output: {from: writer}
"""


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """What it says is there as types, with the places, the inputs and the instructions that the models are told."""
    written(tmp_path, "Read about {{ topic }}.\n", "reader.md")
    path = written(tmp_path, WHOLE)
    described = read(path, inputs={"topic": "cats {{ tone }}"}, environment={"MY_KEY": "k"})
    assert described.file.name == "critique"
    assert described.folder == tmp_path
    assert described.file.flow is not None
    (loop,) = described.file.flow
    assert isinstance(loop, LoopStep)
    assert isinstance(loop.loop.do[1], AgentStep)
    assert described.where(("flow", 0, "loop", "do", 1)) == f"{path}:22:20"
    assert described.instructions == {
        "writer": 'Write about cats {{ tone }} in a dry tone, 100 words.\nJSON like {"a": {{"b": 1}}} stays.\n',
        "critic": "Say what is wrong; say OK if nothing is.",
        "reader": "Read about cats {{ tone }}.\n",
        "plain": None,
    }
    assert described.opened(described.file.models["fast"].api_key) == "k"
    assert faults(tmp_path, WHOLE, needs_inputs=False) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ": the file is empty; `miniagents chain new NAME` writes one to begin with"),
        ("# nothing\n", ": the file is empty; `miniagents chain new NAME` writes one to begin with"),
        ("- a\n", ":1:1: a file of agents begins with keys, not with a list; write `version: 1`, and below it"),
        ("hello\n", ":1:1: a file of agents begins with keys, not with text; write `version: 1`, and below it"),
        ("a: [\n", ":1:5: the end cannot stand here; close what is open; if it is text"),
        ("version: 2\nx: y\n", ":1:10: version 2 is newer than this program, which knows 1; update miniagents"),
        ("version: 1.0\n", ":1:10: `version` must be 1, a whole number without quotes; write `version: 1`"),
        ("version: '1'\n", ":1:10: `version` must be 1, a whole number without quotes; write `version: 1`"),
        ("version: true\n", ":1:10: `version` must be 1, a whole number without quotes; write `version: 1`"),
        ("version:\n", ":1:9: `version` must be 1, a whole number without quotes; write `version: 1`"),
        ("version: 0\n", ":1:10: `version` must be 1, a whole number without quotes; write `version: 1`"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_agents_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    """Empty, a list, a text, no YAML, another version: nothing else is said about it."""
    path = written(tmp_path, text)
    with pytest.raises(ChainFileError) as caught:
        read(path)
    assert len(caught.value.faults) == 1
    assert str(caught.value).startswith(f"{path}{line}")


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Of YAML, of the schema, of names: one run shows all there is to mend."""
    text = """\
version: 1
nam: x
name: !foo x
agents:
  writer:
    modle: x
    instructions: "{{ topc }}"
    model: "${HOME}"
  writer: {}
  critic: 3
inputs: {topic: {type: strng}}
flow: [wrter, {agent: critic, input: inputs.topc}, {loop: {do: [writer], max: 0}}, {loop: {do: [writer]}}]
"""
    assert [line.split("; ")[0] for line in faults(tmp_path, text)] == [
        "2:1: a file of agents has no key `nam`",
        "3:7: the tag !foo means nothing here",
        "6:5: an agent has no key `modle`",
        "7:20: `{{ topc }}` is no input and no constant",
        "8:13: `${HOME}` is nothing that a setting may have",
        "9:3: `writer` was there before, in line 5",
        "10:11: `critic` must be a mapping, not a number",
        "11:24: `type` must be string, integer, number, boolean, file or files, not strng",
        "12:8: there is no agent wrter",
        "12:38: there is no input topc",
        "12:79: `max` must be 1 or more",
        "12:85: this loop never ends",
    ]


def test_what_is_wrong_makes_nothing_else_wrong(tmp_path: Path) -> None:
    """An agent that makes no sense is still there for the flow, and a loop with a wrong `max` has one."""
    text = TOP + "agents: {a: 3, b: {modle: x}}\nflow: [a, b, 3, {loop: {do: [a], max: x}}, {agent: b, input: a}]\n"
    assert [line.split(": ")[0] for line in faults(tmp_path, text)] == ["2:13", "2:20", "3:14", "3:39"]
    assert [line.split(": ")[0] for line in faults(tmp_path, TOP + "agents: {a: 3}\nflow: [b]\n")] == ["2:13"]
    found = faults(tmp_path, "agents: {a: {system: x, instructions: y}}\nflow: [b]\n")
    assert [line.split(": ")[0] for line in found] == ["1:1", "1:14", "2:8"]


def test_instructions_that_would_grow_without_an_end_are_refused(tmp_path: Path) -> None:
    """A short text can ask for a long one very often."""
    text = f"{TOP}vars: {{x: {'x' * 100_000}}}\nagents: {{a: {{system: '{'{{x}}' * 200}'}}}}\n"
    (found,) = faults(tmp_path, text)
    assert found == "3:22: with all names replaced it has more than 10,000,000 characters; put less in"


def test_a_check_looks_at_the_environment_only_if_it_is_told_one(tmp_path: Path) -> None:
    """A file can be right on a machine without keys."""
    text = f"{SMALL}defaults: {{model: '${{env:NONE}}'}}\n"
    assert faults(tmp_path, text) == []
    (found,) = faults(tmp_path, text, environment={})
    assert found.startswith("5:20: ")
    assert faults(tmp_path, text, environment={}, sets=["defaults.model=x"]) == []


def test_aliases_are_what_they_stand_for(tmp_path: Path) -> None:
    """What is the same twice can be written once; what is set in one place is not set in the other."""
    path = written(tmp_path, TOP + "agents: {a: &x {model: m, options: {seed: 1}}, b: *x}\n")
    described = read(path, sets=["agents.b.options.seed=2"])
    assert described.file.agents["a"].options == {"seed": 1}
    assert described.file.agents["b"].options == {"seed": 2}


def test_places_are_right_behind_any_script(tmp_path: Path) -> None:
    """Columns are characters, whatever is before them, and lines are those of any system."""
    text = TOP + 'agents: {a: {description: "漢字 🙂 é", modle: x}}\r\nnam: x\r\n'
    found = faults(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == ["2:37", "3:1"]


WORDS = st.sampled_from(
    ["version", "agents", "flow", "a", "b", "loop", "do", "until", "max", "if", "then", "map", "over", "agent", "input",
     "parallel", "model", "models", "inputs", "vars", "type", "default", "file", "{{ a }}", "${env:X}", "user", "await",
     "history", "output", "schema", "matches", "tools", "options", "instructions", "limits", "python", "plugin", "with"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(-1, 1) | WORDS | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inside, max_size=4),
    max_leaves=25,
)
FILES = st.fixed_dictionaries(
    {"version": st.just(1), "agents": st.dictionaries(st.sampled_from("ab"), VALUES, min_size=1) | VALUES},
    optional=dict.fromkeys(("flow", "inputs", "vars", "models", "defaults", "history", "limits", "output"), VALUES),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(FILES | VALUES)
def test_any_value_is_read_or_refused_with_places_in_the_file(tmp_path: Path, value: Any) -> None:
    """Whatever YAML says, nothing is raised but `ChainFileError`, and every place is one that the file has."""
    text = json.dumps(value, indent=1, ensure_ascii=True)
    path = written(tmp_path, text)
    lines = lines_of(text)
    found: tuple[object, ...] = ()
    try:
        read(path, environment={}, sets=["limits.calls=3"], variables={"a": "1"}, inputs={"a": "x"})
    except ChainFileError as error:
        found = error.faults or ("none",)
    for fault in found:
        assert isinstance(fault, Fault)
        assert str(fault) == one_line(str(fault))
        place = fault.place or Place(1, 1)
        assert place.line <= len(lines)
        assert place.column <= len(lines[place.line - 1]) + 1


def test_a_path_of_the_file_counts_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With variables and the person's folder put in; what can be no path says where it stands."""
    monkeypatch.setenv("HOME", "/home/ada")
    described = read(written(tmp_path, SMALL + "output: {file: x}\n"), environment={"DAY": "monday"})
    keys = ("output", "file")
    assert described.located("../${env:DAY}.md", keys) == tmp_path / "../monday.md"
    assert described.located("~/a.md", keys) == Path("/home/ada/a.md")
    for name in ("~nobody-is-called-so/a.md", "a\0b"):
        with pytest.raises(ChainFileError, match=r"a.yaml:5:16: it is no path; mend it"):
            described.located(name, keys)

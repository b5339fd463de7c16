"""What does not fit the schema, in words for people."""

from pathlib import Path

import pytest

from tests.chains.written import AGENTS, SMALL, TOP, faults

FLOW = SMALL + "flow:\n  - "


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (AGENTS, ["1:1: `version` is missing; add `version: 1`"]),
        (TOP, ["1:1: `agents` is missing; add `agents: …`"]),
        (TOP + "agents: {}\n", ["2:9: `agents` is empty; write an agent in it"]),
        (SMALL + "nam: x\n", ["5:1: a file of agents has no key `nam`; did you mean name?"]),
        (SMALL + "agent: x\n", ["5:1: a file of agents has no key `agent`; did you mean agents?"]),
        (
            SMALL + "xyz: x\n",
            ["5:1: a file of agents has no key `xyz`; there are version, name, description, inputs, "],
        ),
        (
            "version: 1\nagents:\n  writer: {system: Write it, better.}\n",
            ["3:30: an agent has no key `better.`; if it is the end of a text with a comma, put the text in quotes"],
        ),
        (SMALL + "limits: {call: 3}\n", ["5:10: `limits` has no key `call`; did you mean calls?"]),
        (SMALL + "defaults: {mode: 3}\n", ["5:12: `defaults` has no key `mode`; did you mean model?"]),
        (SMALL + "output: {frm: x}\n", ["5:10: `output` has no key `frm`; did you mean from?"]),
        (SMALL + "history: {fil: x}\n", ["5:11: `history` has no key `fil`; did you mean file?"]),
        (SMALL + "history: {xy: x}\n", ["5:1: `file` is missing; add `file: talks.md`", "5:11: `history` has no key"]),
        (SMALL + "inputs:\n  a: {tpe: file}\n", ["6:7: an input has no key `tpe`; did you mean type?"]),
        (SMALL + "models: {m: {modl: x}}\n", ["5:14: a model has no key `modl`; did you mean model?"]),
        (TOP + "agents: {w: {modle: x}}\n", ["2:14: an agent has no key `modle`; did you mean model?"]),
        (TOP + "agents: {w: {with_: {}}}\n", ["2:14: an agent has no key `with_`; did you mean with?"]),
        (TOP + "agents: {loop: {untl: x}}\n", ["2:17: an agent has no key `untl`; there are model, temperature, "]),
        (
            TOP + "agents: {w: {output: {schma: a}}}\n",
            ["2:23: `output` of an agent has no key `schma`; did you mean schema?"],
        ),
        (FLOW + "{agent: writer, inptu: x}\n", ["6:21: a step with `agent` has no key `inptu`; did you mean input?"]),
        (FLOW + "loop: {do: [writer], mx: 3, max: 3}\n", ["6:26: `loop` has no key `mx`; did you mean max?"]),
        (FLOW + "if: {matches: x, then: [], els: []}\n", ["6:32: `if` has no key `els`; did you mean else?"]),
        (FLOW + "map: {ovr: lines, do: [writer]}\n", ["6:11: `map` has no key `ovr`; did you mean over?"]),
        (
            FLOW + "loop: {max: 1, do: [{loop: {do: [writer], until: {agnt: x, matches: y}}}]}\n",
            ["6:55: `until` has no key `agnt`; did you mean agent?"],
        ),
        (
            FLOW + "{agent: writer, loop: {do: [critic], max: 1}}\n",
            ["6:21: `loop` cannot stand beside another kind of step; make it a step of its own"],
        ),
        (FLOW + "{agnt: writer}\n", ["6:6: there is no step with `agnt`; did you mean agent?"]),
        (FLOW + "await:\n", ["6:5: there is no step with `await`; write `- await`, without a colon"]),
        (FLOW + "writer:\n", ["6:5: there is no step with `writer`; write `- writer`, without a colon"]),
        (FLOW + "{input: text}\n", ["6:6: there is no step with `input`; add `agent: NAME`"]),
        (FLOW + "{}\n", ["6:5: a step of the flow must be a name or a mapping, not a mapping; write an agent's name"]),
        (FLOW + "3\n", ["6:5: a step of the flow must be a name or a mapping, not a number; write an agent's name"]),
        (FLOW + "\n", ["6:4: a step of the flow must be a name or a mapping, not empty; write an agent's name"]),
        (SMALL + "flow: []\n", ["5:7: `flow` is empty; write something in it, or leave `flow` out"]),
        (FLOW + "parallel: []\n", ["6:15: `parallel` is empty; write a step in it"]),
    ],
)
def test_a_key_that_is_none_or_missing_is_named_with_the_one_that_was_meant(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    """At every level the line says whose key it is and which there are, at the place of the key."""
    found = faults(tmp_path, text)
    assert len(found) == len(lines), found
    for line, beginning in zip(found, lines, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("instructions: 3", 'must be text, not a number; put it in quotes: "3"'),
        ("instructions: true", 'must be text, not true; put it in quotes: "true"'),
        ("instructions: [a]", "must be text, not a list; write text"),
        ("instructions: {a: b}", "must be text, not a mapping; put it in quotes, if braces or a colon belong to it"),
        ("model: 3", 'must be text or a list, not a number; put it in quotes: "3"'),
        ("model: []", "is empty; write something in it, or leave `model` out"),
        ("temperature: hot", "must be a number, not text; write a number"),
        ("temperature: '0.5'", "must be a number, not text; leave the quotes out: 0.5"),
        ("temperature: true", "must be a number, not true; write a number"),
        ("temperature: -1", "must be 0 or more; write a larger number"),
        ("timeout: 0", "must be more than 0; write a larger number"),
        ("retries: 1.5", "must be a whole number, not 1.5; write a whole number"),
        ("max_tokens: 0", "must be 1 or more; write a larger number"),
        ("tools: a", "must be a list, not text; write it as a list: [a]"),
        ("options: a", "must be a mapping, not text; write keys with values below it, indented"),
        ("options:", "4:5: `options` is empty; write something in it, or leave `options` out"),
        ("tools:", "4:5: `tools` is empty; write something in it, or leave `tools` out"),
        ("output: name", "`output` must be a mapping, not text; write `output: {schema: name}`"),
        ("python: x", "`python` cannot be `x`; write `module:name`"),
    ],
)
def test_a_value_of_another_kind_is_said_in_words_of_yaml(tmp_path: Path, text: str, line: str) -> None:
    """No class, no type of Python: what it must be, what it is, and what to write instead."""
    (found,) = faults(tmp_path, f"{TOP}agents:\n  w:\n    {text}\n")
    assert found.startswith("4:")
    assert found.endswith(line) or line in found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("inputs: {a: {required: yes}}", "5:24: `required` must be true or false, not text; write true; YAML 1.2 has"),
        ("inputs: {a: {required: off}}", "5:24: `required` must be true or false, not text; write false; YAML 1.2 has"),
        ("inputs: {a: {type: strng}}", "`type` must be string, integer, number, boolean, file or files, not strng; di"),
        ("output: {format: 3}", "`format` must be text, json or jsonl, not 3; write one of these"),
        ("vars: {a: [1]}", "5:11: `a` must be text, true or false or a number, not a list; write one of these"),
        ("limits: {usd: }", "5:10: `usd` is empty; write something in it, or leave `usd` out"),
        ("flow:", "5:1: `flow` is empty; write something in it, or leave `flow` out"),
        ("flow: [{loop: {do: [], max: 1}}]", "5:20: `do` is empty; write a step in it"),
        ("flow: [{if: x}]", "write `if: {matches: x, then: […]}`"),
        ("vars: {a: }", "5:8: `a` must be text, true or false or a number, not empty; write it behind the colon"),
        ("vars: {a.b: x}", "5:8: `a.b` cannot be a name; use up to 80 letters from a to z, digits, _ and -"),
        ("flow: writer", "5:7: `flow` must be a list, not text; write it as a list: [writer]"),
        ("flow: [{agent: 'a b'}]", "5:16: `a b` cannot be a name"),
        ("flow: [{agent: writer, input: [text, 3]}]", "5:38: item 2 of `input` must be text, not a number"),
        ("flow: [{agent: writer, input: 3}]", "5:31: `input` must be text or a list, not a number"),
        ("limits: 3", "5:9: `limits` must be a mapping, not a number"),
        ("name: [a]", "5:7: `name` must be text, not a list"),
        ("output: a.md", "5:9: `output` must be a mapping, not text; write `output: {file: a.md}`"),
        ("flow: {writer: x}", "5:7: `flow` must be a list, not a mapping; let each begin with `- ` in a line"),
        ("flow: [{loop: [writer]}]", "`loop` must be a mapping, not a list; write the list as `do: […]` below `loop`"),
        ("flow: [{loop: {do: [writer], until: OK}}]", "not text; write `until: {matches: OK}`"),
        ("inputs: [a]", "5:9: `inputs` must be a mapping, not a list; write keys with values below it, with no `- `"),
        (f"vars: {{{'x' * 81}: 1}}", "cannot be a name; use up to 80 letters"),
    ],
)  # fmt: skip
def test_other_values_too(tmp_path: Path, text: str, line: str) -> None:
    """Of unions there is one line, of names the rule, of lists the number of the item."""
    (found,) = faults(tmp_path, f"{SMALL}{text}\n")
    assert line in found


def test_two_values_of_one_union_are_one_fault_each(tmp_path: Path) -> None:
    """Of a list that could have been a text, only its wrong item is wrong."""
    found = faults(tmp_path, TOP + "agents: {w: {model: [a, 3, b], tools: [1]}}\n")
    assert found == [
        '2:25: item 2 of `model` must be text, not a number; put it in quotes: "3"',
        '2:40: item 1 of `tools` must be text or a mapping, not a number; put it in quotes: "1"',
    ]

"""The JSON Schema, by a validator that knows nothing of us."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from miniagents.chains.json_schema import json_schema
from miniagents.chains.source import tree_of
from tests.chains.test_chain_file import WHOLE
from tests.chains.test_flow_checks import RIGHT
from tests.chains.written import AGENTS, SMALL, TOP, faults, written

GOOD = [
    SMALL,
    TOP + "agents: {a: {}}\n",
    TOP + "agents: {a: {plugin: x, with: {b: 1}}, c: {python: 'a.b:c'}}\n",
    TOP + "agents: {a: {tools: [b, {mcp: {command: x}}], output: {schema: 'name, age int'}}, b: {model: [x, y]}}\n",
    SMALL
    + "inputs: {a: {type: integer, default: 3}, b: {type: files, required: true}}\nvars: {c: 1, d: true, e: 0.5}\n",
    SMALL + "history: {file: x.md}\nlimits: {tokens: 1, usd: 0.5, seconds: 3, concurrency: 2, calls: 9}\n",
    SMALL
    + "history: sqlite:x.db\noutput: {from: writer, file: x, format: jsonl}\ndefaults: {temperature: 0, retries: 0}\n",
    *(f"{SMALL}inputs: {{topic: {{}}}}\nflow: {flow}\n" for flow in RIGHT),
]
BAD = [
    AGENTS,
    TOP,
    TOP + "agents: {}\n",
    TOP.replace("1", "2") + AGENTS,
    TOP.replace("1", "'1'") + AGENTS,
    TOP.replace("1", "true") + AGENTS,
    SMALL + "nam: x\n",
    SMALL + "name: 3\n",
    SMALL + "vars: {a: [1]}\n",
    SMALL + "vars: {a.b: 1}\n",
    SMALL + f"vars: {{{'x' * 81}: 1}}\n",
    SMALL + "inputs: {a: {type: strng}}\n",
    SMALL + "inputs: {a: {required: yes}}\n",
    SMALL + "models: {m: {provider: x}}\n",
    SMALL + "limits: {calls: 0}\n",
    SMALL + "limits: {usd: 0}\n",
    SMALL + "limits: {calls: 1.5}\n",
    SMALL + "history: {}\n",
    SMALL + "output: {format: xml}\n",
    TOP + "agents: {a: {modle: x}}\n",
    TOP + "agents: {a: {model: []}}\n",
    TOP + "agents: {a: {model: 3}}\n",
    TOP + "agents: {a: {temperature: -1}}\n",
    TOP + "agents: {a: {temperature: '1'}}\n",
    TOP + "agents: {a: {with_: {}}}\n",
    TOP + "agents: {a: {tools: [3]}}\n",
    TOP + "agents: {a: {python: x}}\n",
    TOP + "agents: {a: {plugin: x, python: 'x:y'}}\n",
    TOP + "agents: {a: {instructions: x, system: y}}\n",
    TOP + "agents: {a: {output: {}}}\n",
    TOP + "agents: {a.b: {}}\n",
    TOP + "agents: {a: }\n",
    SMALL + "flow: []\n",
    SMALL + "flow:\n",
    SMALL + "limits: {usd: }\n",
    SMALL + "output: {file: }\n",
    TOP + "agents: {a: {model: }}\n",
    SMALL + "flow: [3]\n",
    SMALL + "flow: [{}]\n",
    SMALL + "flow: [{await: }]\n",
    SMALL + "flow: [{agent: writer, inptu: x}]\n",
    SMALL + "flow: [{agent: writer, loop: {do: [writer], max: 1}}]\n",
    SMALL + "flow: [{parallel: []}]\n",
    SMALL + "flow: [{loop: {max: 1}}]\n",
    SMALL + "flow: [{loop: {do: [writer], max: 0}}]\n",
    SMALL + "flow: [{loop: {do: [writer], until: {agent: writer}}}]\n",
    SMALL + "flow: [{if: {then: [writer]}}]\n",
    SMALL + "flow: [{if: {matches: x, schema: {}, then: [writer]}}]\n",
    SMALL + "flow: [{map: {over: words, do: [writer]}}]\n",
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """Return the schema as an editor gets it."""
    return json.loads(json.dumps(json_schema()))


def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    """The metaschema of its draft accepts it."""
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_what_is_right_passes_both_checks(schema: dict[str, Any], text: str, tmp_path: Path) -> None:
    """What our own check accepts, an editor does not underline."""
    assert faults(tmp_path, text, needs_inputs=False) == []
    Draft202012Validator(schema).validate(tree_of(text, "a.yaml").value)


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_has_a_wrong_shape_fails_both_checks(schema: dict[str, Any], text: str, tmp_path: Path) -> None:
    """What an editor underlines, our own check refuses."""
    assert faults(tmp_path, text)
    assert not Draft202012Validator(schema).is_valid(tree_of(text, "a.yaml").value)


def test_the_line_for_editors_is_a_comment_like_any(schema: dict[str, Any], tmp_path: Path) -> None:
    """A file that names its schema in its first line is read, and is right by that schema."""
    written(tmp_path, "x", "reader.md")
    assert WHOLE.startswith("# yaml-language-server: $schema=")
    assert faults(tmp_path, WHOLE, needs_inputs=False) == []
    Draft202012Validator(schema).validate(tree_of(WHOLE, "a.yaml").value)


def test_every_object_is_closed_and_explained(schema: dict[str, Any]) -> None:
    """No object takes what it does not name, and fields are described by their docstrings."""
    for name, each in {**schema["$defs"], "": schema}.items():
        assert each["description"], name
        if "properties" in each:
            assert each["additionalProperties"] is False, name
            assert not {"title", "default"} & {key for key, value in each.items() if value is None}
    agent = schema["$defs"]["AgentSpec"]["properties"]
    assert agent["with"]["description"] == "Parameters of an agent of a plugin or of Python."
    assert agent["timeout"]["description"] == "Seconds that one call may take."
    assert schema["properties"]["vars"]["description"].startswith("Constants;")
    assert "\n" not in json.dumps(schema, indent=None).replace("\\n", "\n")

"""What no schema can say of agents."""

from pathlib import Path

import pytest

from miniagents.chains.chain_file import read
from miniagents.chains.checks import schema_of
from miniagents.errors import ChainFileError
from tests.chains.written import SMALL, TOP, faults, written


def of_agents(folder: Path, agents: str, *more: str) -> list[str]:
    """Return what is wrong with a file whose agents begin in line 3."""
    return faults(folder, "\n".join([f"{TOP}agents:", *(f"  {line}" for line in agents.splitlines()), *more, ""]))


@pytest.mark.parametrize(
    ("agents", "lines"),
    [
        ("user: {}", ["3:3: no agent can be called user, which means something in the flow; give it another name"]),
        ("history: {}", ["3:3: no agent can be called history, which means something in the flow"]),
        ("a: {plugin: x, python: 'y:z'}", ["3:18: an agent is of a plugin or of Python; leave one of them out"]),
        ("a: {plugin: x, model: m}", ["3:18: `model` is for models, and this is an agent of a plugin; put its"]),
        ("a: {python: 'x:y', system: m}", ["3:22: `system` is for models, and this is an agent of Python; put its"]),
        ("a: {plugin: x, with: {model: m}, timeout: 3}", []),
        ("a: {with: {b: 1}}", ["3:7: `with` is for agents of plugins and of Python; use `options`"]),
        ("a: {instructions: x, system: y}", ["3:24: `system` says what `instructions` says too; leave one of them ou"]),
        ("a: {system: y, instructions_file: b.md}", ["3:18: `instructions_file` says what `system` says too", "3:37:"]),
        ("a: {options: {seed: 1, model: x}}", ["3:26: `model` is no option of a model's API; put it beside `options`"]),
        ("a: {options: {log: x}}", ["3:17: `log` is no option of a model's API; leave it out"]),
        ("a: {options: {self: 1, environment: {}}}", ["3:17: `self` is no option", "3:26: `environment` is no option"]),
        ("a: {options: {schema: x}}", ["3:17: `schema` is no option of a model's API; write `output: {schema: …}` be"]),
        ("a: {tools: [{b: {}, c: {}}]}", ["3:15: a tool is a name, or a mapping of one name to what it needs"]),
        ("a: {tools: [b]}\nb: {tools: [c, a]}\nc: {}", ["4:18: agents are tools of each other in a circle: a → b → a"]),
        ("a: {tools: [a]}", ["3:15: agents are tools of each other in a circle: a → a; leave one out"]),
        ("a: {tools: [b, c]}\nb: {tools: [c]}\nc: {tools: [x]}", []),
        ("a: {output: {schema: {type: foo}}}", ["3:24: the schema is wrong at $.type"]),
        ("a: {output: {schema: 'name, age int'}}", []),
        ("a: {output: {schema: 'name, age years'}}", ["3:24: "]),
        ("a: {output: {schema: nope.json}}", ["3:24: "]),
        ("a: {instructions_file: nope.md}", ["3:26: "]),
        ('a: {instructions_file: "a\\0b"}', ["3:26: "]),
        ("a: {instructions_file: '~nobody-is-called-so/x'}", ["3:26: it is no path; mend it"]),
        ("a: {instructions: '{{ nme }} {{ name }}'}", [
            "3:22: `{{ nme }}` is no input and no constant; declare nme under `inputs` or `vars`",
            "3:32: `{{ name }}` is no input and no constant; declare name",
        ]),
        ("a: {instructions: '{{ a }} {{ text }}'}", [
            "3:22: `{{ a }}` is no input and no constant; what is said comes as messages: write `input: a` at the step",
            "3:30: `{{ text }}` is no input and no constant; what is said comes as messages: write `input: text`",
        ]),
    ],
)  # fmt: skip
def test_agents_that_make_no_sense(tmp_path: Path, agents: str, lines: list[str]) -> None:
    """Things that do not go together, files that are not there, circles: each at its place."""
    found = of_agents(tmp_path, agents)
    assert len(found) == len(lines), found
    for line, beginning in zip(found, lines, strict=True):
        assert line.startswith(beginning)


def test_files_that_are_not_there_are_named_as_they_were_looked_for(tmp_path: Path) -> None:
    """A path counts from the file, and the line says where that is."""
    (found,) = of_agents(tmp_path, "a: {instructions_file: prompts/nope.md}")
    assert found == f"3:26: {tmp_path}/prompts/nope.md: there is no such file; mend its name"
    (found,) = of_agents(tmp_path, "a: {output: {schema: nope.json}}")
    assert found == f"3:24: {tmp_path}/nope.json: there is no such file; mend its name"


def test_a_path_with_a_variable_in_it_is_looked_at_when_that_is_known(tmp_path: Path) -> None:
    """What the variable says is in no line."""
    written(tmp_path, "{{ x }}", "secret/a.md")
    agents = "a: {instructions_file: '${env:PLACE}/a.md'}"
    text = f"{TOP}agents:\n  {agents}\n"
    assert read(written(tmp_path, text)).instructions == {"a": None}
    (found,) = faults(tmp_path, text, environment={"PLACE": str(tmp_path / "secret")})
    assert found.startswith(f"{tmp_path}/${{env:PLACE}}/a.md:1:1: `{{{{ x }}}}` is no input")
    (found,) = faults(tmp_path, text, environment={"PLACE": str(tmp_path / "wrong")})
    assert found == f"3:26: {tmp_path}/${{env:PLACE}}/a.md: there is no such file; mend its name"


def test_names_in_a_file_of_instructions_have_their_places_in_it(tmp_path: Path) -> None:
    """A name that is none is found in the other file's line, behind all faults of the file itself."""
    other = written(tmp_path, "One {{ topic }}\ntwo {{ topc }}\n", "w.md")
    found = of_agents(tmp_path, "a: {instructions_file: w.md, x: 1}", "inputs: {topic: {}}")
    assert found[0].startswith("3:32: an agent has no key `x`")
    assert found[1:] == [f"{other}:2:5: `{{{{ topc }}}}` is no input and no constant; did you mean topic?"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("inputs: {a: {}}\nvars: {a: 1}", ["5:10: a is an input and a constant; give one of them another name"]),
        ("inputs: {a: {required: true, default: x}}", ["5:39: what is required needs no default; leave one of them o"]),
        ("inputs: {a: {type: integer, default: x}}", ["5:38: the default is none of type integer; change it, or the"]),
        ("inputs: {a: {type: integer, default: '3'}}", ["5:38: the default is none of type integer"]),
        ("inputs: {a: {type: integer, default: 1.5}}", ["5:38: the default is none of type integer"]),
        ("inputs: {a: {default: 3}}", ["5:23: the default is none of type string; change it, or the type, or put it"]),
        ("inputs: {a: {type: number, default: 3}, b: {type: boolean, default: true}}", []),
        ("inputs: {a: {type: file, default: nope.md}}", ["5:35: "]),
        ("models: {fast: {model: m}}\ndefaults: {model: fasst}", ["6:19: there is no fasst under `models`; did you m"]),
        ("models: {fast: {model: m}}\ndefaults: {model: [fast, fasst]}", ["6:26: there is no fasst under `models`; d"]),
        ("models: {fast: {model: m}}\ndefaults: {model: 'openai:fasst'}", []),
        ("models: {gpt-5: {model: m}}\ndefaults: {model: gpt-4}", []),
        ("models: {m: {model: m, options: {system: x}}}", ["5:34: `system` is no option of a model's API"]),
        ("defaults: {options: {timeout: 3}}", ["5:22: `timeout` is no option of a model's API"]),
    ],
)  # fmt: skip
def test_inputs_and_models_that_make_no_sense(tmp_path: Path, text: str, lines: list[str]) -> None:
    """Defaults of another type, names twice, a model that is nearly one of the file's."""
    found = faults(tmp_path, f"{SMALL}{text}\n")
    assert len(found) == len(lines), found
    for line, beginning in zip(found, lines, strict=True):
        assert line.startswith(beginning)


def test_a_schema_is_one_or_a_file_of_one_or_fields(tmp_path: Path) -> None:
    """All three ways to say it make the same schema."""
    told = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    written(tmp_path, '{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}', "s.json")
    for each in (told, "s.json", "a"):
        assert schema_of(each, tmp_path).check('{"a": "x"}') == {"a": "x"}
    with pytest.raises(ChainFileError, match=r"no.json: there is no such file"):
        schema_of("no.json", tmp_path)

"""`{{ name }}` in instructions, `${env:NAME}` in settings."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.chains.chain_file import read
from miniagents.chains.expansion import Secret, expanded, length_of, names_in, opened, setting_faults, unknown_names
from miniagents.chains.expansion import written as as_written
from miniagents.chains.source import tree_of
from tests.chains.written import SMALL, TOP, faults, written


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ a }}, {{a}}, {{\ta }}", "1, 1, 1"),
        ("{{ unknown }}", "{{ unknown }}"),
        ('{"a": {"b": {{ a }}}}', '{"a": {"b": 1}}'),
        ('{"x": {{"y": 1}}}', '{"x": {{"y": 1}}}'),
        ("{ { a } } {{ a } }", "{ { a } } {{ a } }"),
        ("{{{ a }}}", "{1}"),
        ("{{ a.b }} {{ a | upper }} {{ 3 }} {{ }} {{\na }}", "{{ a.b }} {{ a | upper }} {{ 3 }} {{ }} {{\na }}"),
        ("${env:HOME} $a {a} {% a %} {# a #}", "${env:HOME} $a {a} {% a %} {# a #}"),
        ("{{ loop-var_2 }}", "x"),
    ],
)
def test_only_plain_names_in_double_braces_are_replaced(text: str, made: str) -> None:
    """JSON, other templates' words, dollars and single braces stay as they are."""
    assert expanded(text, {"a": "1", "loop-var_2": "x"}) == made


@given(st.text("{} ab$", max_size=30), st.text("{} ab$", max_size=10))
def test_what_is_put_in_is_never_looked_at_again(text: str, value: str) -> None:
    """A value with braces comes out as it is, and its length is known before."""
    values = {"a": value}
    made = expanded(text, values)
    parts = text.split("{{ a }}")
    if not any(hole != "{{ a }}" for hole, _ in names_in(text)):
        assert made == value.join(parts)
    assert len(made) <= length_of(text, values)


def test_a_value_is_written_as_yaml_has_it() -> None:
    """True is true, and nothing is nothing."""
    assert [as_written(each) for each in (True, False, None, 3, 0.5, "x")] == ["true", "false", "", "3", "0.5", "x"]


def test_settings_are_opened_at_every_depth() -> None:
    """In mappings and lists too; what is no variable of the environment stays."""
    environment = {"A": "one", "B": "${env:A}"}
    told = {"a": "${env:A}/x", "b": ["${env:B}", 3, None, ("${env:A}",)], "c": "${A} ${env:NONE} $x", "d": True}
    assert opened(told, environment) == {
        "a": "one/x",
        "b": ["${env:A}", 3, None, ["one"]],
        "c": "${A} ${env:NONE} $x",
        "d": True,
    }
    assert opened("plain", environment) == "plain"


def test_what_comes_of_the_environment_does_not_show_itself() -> None:
    """It can be used as any text, and its `repr` says nothing, in a container neither."""
    secret = opened("${env:KEY}", {"KEY": "sk-very-secret"})
    assert isinstance(secret, Secret)
    assert secret == "sk-very-secret"
    assert json.dumps({"key": secret}) == '{"key": "sk-very-secret"}'
    for each in (repr(secret), repr([secret]), f"{secret!r}", repr({"a": copy.deepcopy(secret)})):
        assert "very" not in each
    assert type(pickle.loads(pickle.dumps(secret))) is Secret


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("models: {m: {model: x, api_key: '${env:KEY}', base_url: 'http://${env:HOST}/v1'}}", {"KEY": 34, "HOST": 65}),
        ("defaults: {model: '${env:MODEL}', options: {a: ['${env:X}']}}", {"MODEL": 20, "X": 50}),
        ("history: 'sqlite:${env:PLACE}/x.db'", {"PLACE": 18}),
        ("history: {file: '${env:PLACE}'}", {"PLACE": 18}),
        ("output: {file: '${env:PLACE}'}", {"PLACE": 17}),
        ("description: '${env:X} ${Y}'\nname: '${X}'\nvars: {a: '${X}'}\nflow: [writer]", {}),
    ],
)
def test_a_variable_that_is_not_set_is_a_fault_that_names_it(tmp_path: Path, text: str, places: dict[str, int]) -> None:
    """Wherever a setting is, and nowhere else; where nobody knows the environment yet, it is none."""
    found = faults(tmp_path, f"{SMALL}{text}\n", environment={"SET": "x"})
    line = "5:{}: the environment has no variable {}; set it: export {}=…"
    assert found == [line.format(column, name, name) for name, column in places.items()]
    assert faults(tmp_path, f"{SMALL}{text}\n") == []
    assert faults(tmp_path, f"{SMALL}{text}\n", environment=dict.fromkeys(places, "")) == []


@pytest.mark.parametrize("setting", ["${HOME}", "${env:}", "${env:a b}", "${env:A:-x}", "${", "${env:A", "${file:x}"])
def test_any_other_dollar_with_a_brace_is_a_fault(tmp_path: Path, setting: str) -> None:
    """Nothing else is ever put into a setting, and nobody waits for it in vain."""
    agents = f"agents: {{a: {{tools: [{{mcp: {{command: '{setting}'}}}}]}}}}\n"
    found = faults(tmp_path, TOP + agents, environment={"A": "x"})
    line = f"`{setting}` is nothing that a setting may have; write `${{env:NAME}}` for a variable of the environment"
    assert found == [f"2:39: {line}"]


def test_no_secret_is_in_what_is_read(tmp_path: Path) -> None:
    """What a file is described as has the name of a variable, never its value; only who opens it has that."""
    path = written(tmp_path, f"{SMALL}models: {{m: {{model: x, api_key: '${{env:KEY}}'}}}}\nname: x\n")
    described = read(path, environment={"KEY": "sk-very-secret"})
    assert "very" not in repr(described)
    assert "very" not in str(described.file.model_dump())
    assert described.file.models["m"].api_key == "${env:KEY}"
    assert described.opened(described.file.models["m"].api_key) == "sk-very-secret"


def test_each_name_that_is_none_is_a_fault_where_it_stands() -> None:
    """The same name twice is two faults in two places; known names are none."""
    tree = tree_of("a: |\n  {{ x }} {{ b }}\n  {{ x }}\n", "f.yaml")
    found = [fault for _, fault in unknown_names(("a",), tree.value["a"], ["b"], [], tree)]
    assert [str(fault.place) for fault in found] == ["2:3", "3:3"]
    assert found[0].cure == "there is b"


def test_settings_of_what_makes_no_sense_are_looked_at_as_far_as_it_goes() -> None:
    """A file of other shapes than the schema's raises nothing."""
    for text in ("[]", "3", "{agents: [x], output: 3, models: ['${x}'], defaults: }", "{agents: {a: 3, b: }}", ""):
        tree = tree_of(text, "f.yaml")
        assert len(list(setting_faults(tree, {}))) == text.count("${")

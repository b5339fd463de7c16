"""The types of a file of agents."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from miniagents.chains.schema import AgentStep, ChainFile, IfStep, LoopStep, MapStep, ParallelStep

LEAST = {"version": 1, "agents": {"a": {}}}


def test_the_least_is_a_version_and_an_agent() -> None:
    """All else has a default, and what is there cannot be changed."""
    file = ChainFile.model_validate(LEAST)
    assert (file.flow, file.history, file.output.format, file.agents["a"].model) == (None, None, "text", None)
    with pytest.raises(ValidationError):
        file.name = "x"


def test_each_step_is_known_by_its_key() -> None:
    """Names, lists of steps, and mappings of five kinds, inside each other."""
    steps = [
        "a",
        ["a", "await"],
        {"agent": "a", "input": ["text"]},
        {"parallel": ["a", ["a"]]},
        {"loop": {"do": [{"if": {"matches": "x", "then": ["a"], "else": ["a"]}}], "max": 1}},
        {"if": {"schema": {}, "then": []}},
        {"map": {"over": "json", "do": ["a"]}},
    ]
    file = ChainFile.model_validate(LEAST | {"flow": steps})
    assert file.flow is not None
    assert [type(step) for step in file.flow] == [str, list, AgentStep, ParallelStep, LoopStep, IfStep, MapStep]
    assert ChainFile.model_validate(file) == file
    assert ChainFile.model_validate({**LEAST, "flow": file.flow}) == file


@pytest.mark.parametrize(
    "wrong",
    [{"agents": {}}, {"x": 1}, {"name": 3}, {"flow": []}, {"flow": [3]}, {"flow": [{"a": 1}]}, {"limits": {"usd": 0}}],
)
def test_what_it_does_not_name_it_does_not_take(wrong: dict[str, object]) -> None:
    """No other key, no text for a number, nothing empty that must not be."""
    with pytest.raises(ValidationError):
        ChainFile.model_validate(LEAST | wrong)


def test_importing_the_types_builds_and_reads_nothing() -> None:
    """Whoever only imports them pays for no validator, no YAML and no docstrings."""
    code = (
        "import sys; from miniagents.chains.schema import ChainFile;"
        "print(ChainFile.__pydantic_complete__, *({'yaml', 'jsonschema'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"

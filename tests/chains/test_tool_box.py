"""The tools that a model of a chain may call."""

from pathlib import Path

import pytest

from miniagents import MiniAgents, tool
from miniagents.chains.bounds import Bounds
from miniagents.chains.schema import LimitsSpec
from miniagents.chains.speakers import Asked, Model, Other
from miniagents.chains.stage import Setting, Stage, Wanted
from miniagents.chains.tool_box import tools_of
from miniagents.content import ToolCall
from tests.chains.played import chain_from, tagging


@tool(needs_approval=True)
def remove(path: str) -> str:
    """Remove a file."""
    return f"{path} is gone"


async def test_agents_and_functions_are_tools() -> None:
    """An agent is called with a message, by its name and description; what is allowed needs nobody's word."""
    helper = Other("helper", tagging("!").fork(description="Helps."))
    model = Model(name="m", asked=(), agents=[helper], functions=[remove])
    async with MiniAgents():
        stage = Stage(Setting(name="tale", file="tale.yaml", wanted=Wanted()), Bounds(LimitsSpec()))
        first, second = await tools_of(model, stage)
        assert (first.name, first.description, second.needs_approval) == ("helper", "Helps.", True)
        assert list(first.parameters["properties"]) == ["message"]
        [result] = await first.inquire(ToolCall("1", name="helper", arguments='{"message": "hey"}'))
        assert result.parts[0].content[0].text == "hey !"  # type: ignore[attr-defined]
        allowed = Model(name="m", asked=(), functions=[remove], allow=["rem*"])
        assert [each.needs_approval for each in await tools_of(allowed, stage)] == [False]


def test_a_model_that_is_called_takes_no_turn() -> None:
    """Whoever calls it has one."""
    model = Model(name="m", asked=(Asked(None, tagging("x")),))  # type: ignore[arg-type]
    assert (model.takes_turn, model.called().takes_turn) == (True, False)  # type: ignore[attr-defined]
    other = Other("o", tagging("x"))
    assert other.called() is other


def test_tools_may_be_of_an_agent_that_stands_below(tmp_path: Path) -> None:
    """The order of the file does not matter."""
    text = "agents:\n  a: {model: gpt-4o, tools: [b]}\n  b: {plugin: echo, description: Echoes.}\nflow: [a]\n"
    model = chain_from(tmp_path, text, {}).agents["a"]
    assert isinstance(model, Model)
    assert [(each.name, getattr(each, "description", "")) for each in model.agents] == [("b", "Echoes.")]


@pytest.mark.parametrize("told", ["nothing", "eyes"])
def test_tools_of_nobody_are_refused(tmp_path: Path, told: str) -> None:
    """Before anything is asked."""
    with pytest.raises(Exception, match=f"no agent and no source of tools is called {told}"):
        chain_from(tmp_path, f"agents:\n  a: {{model: gpt-4o, tools: [{told}]}}\n", {})

"""Sources of tools: opened once a run, left by whoever opened them, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from miniagents import MiniAgents, tool
from miniagents.errors import SettingsError
from miniagents.hookspecs import ToolSource, hookimpl
from tests.chains.played import chain_from, plugins_with
from tests.ext.llm.asking import environment, served
from tests.fakes.llm_server import Reply, ToolUse


class Source:
    """A source of tools that takes down what is done with it."""

    def __init__(self, *, fails_by: Exception | None = None) -> None:
        self.told: list[str] = []
        self.tasks: set[Any] = set()
        self._fails_by = fails_by

    @asynccontextmanager
    async def open(self, argument: str, known: Any) -> AsyncIterator[Sequence[Any]]:
        """Give one tool, `look`."""
        self.told.append(f"open {argument}")
        self.tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        if self._fails_by is not None:
            raise self._fails_by

        @tool(needs_approval=True)
        def look(where: str) -> str:
            """Look."""
            return f"{argument} sees {where}"

        try:
            yield [look]
        finally:
            self.tasks.add(asyncio.current_task())
            self.told.append(f"close {argument}")

    def source(self, name: str) -> ToolSource:
        """Return it as a plugin offers it."""
        return ToolSource(name=name, help="Looks.", open=self.open)


@pytest.mark.parametrize(
    ("told", "runs"),
    [
        ("{eyes: {command: python, args: [-c, x]}}", "python"),
        ("'eyes:servers.json'", "servers.json"),
        ("'eyes:./here'", "./here"),
        ("""'eyes:{"command": "x"}'""", "{"),
    ],
)
def test_a_program_that_a_file_names_is_run_only_where_that_is_allowed(tmp_path: Path, told: str, runs: str) -> None:
    """A file of agents may be a stranger's; what the person has in a file of their own goes by its name."""
    source = Source()

    @hookimpl
    def register_tools(register: Any) -> None:
        register(source.source("eyes"))

    plugins = plugins_with({}, SimpleNamespace(register_tools=register_tools, __name__="eyes"))
    text = f"agents:\n  a: {{model: gpt-4o, tools: [{told}]}}\n"
    with pytest.raises(SettingsError, match=r"tale\.yaml:4:\d+: this would run ") as caught:
        chain_from(tmp_path, text, {}, plugins=plugins)
    assert runs in str(caught.value)
    assert chain_from(tmp_path, text, {}, plugins=plugins, allow_code=True)
    assert chain_from(
        tmp_path, "agents:\n  a: {model: gpt-4o, tools: [eyes, 'eyes:mine', {eyes: {url: u}}]}\n", {}, plugins=plugins
    )
    assert source.told == []


TEXT = """
agents:
  looking: {model: gpt-4o, tools: [{eyes: {side: left}}, 'mine:add'], allow: [ALLOWED], max_rounds: 3}
"""
MINE = """
from miniagents import tool

@tool(needs_approval=True)
def add(a: int, b: int) -> int:
    "Add."
    return a + b
"""


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("allowed", "asked", "results"),
    [
        ("'*'", [], ['{"side": "left"} sees here', "3"]),
        ("look", ["add"], ['{"side": "left"} sees here', "refused by the person: no reason given"]),
    ],
)
async def test_a_model_is_given_the_tools_of_plugins_and_of_the_folder(
    tmp_path: Path, allowed: str, asked: list[str], results: list[str]
) -> None:
    """What `allow` names runs unasked, the rest if the person says so; sources are closed with the run."""
    source = Source()

    @hookimpl
    def register_tools(register: Any) -> None:
        register(source.source("eyes"))

    questions: list[str] = []

    def approve(call: Any) -> bool:
        questions.append(call.name)
        return False

    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    calls = [ToolUse("look", {"where": "here"}), ToolUse("add", {"a": 1, "b": 2})]
    plugins = plugins_with({}, SimpleNamespace(register_tools=register_tools, __name__="eyes"))
    text = TEXT.replace("ALLOWED", allowed)
    async with served(Reply(tool_calls=calls), "Done.") as server, MiniAgents():
        chain = chain_from(tmp_path, text, environment(server), plugins=plugins, allow_code=True)
        messages = await chain.run("look", approve=approve).reply
    assert [part.content[0].text for part in messages[1].parts] == results  # type: ignore[attr-defined]
    assert messages[2].text == "Done."
    assert questions == asked
    assert source.told == ['open {"side": "left"}', 'close {"side": "left"}']

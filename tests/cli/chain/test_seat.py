"""A person who talks with agents of a file, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply
from tests.fakes.replies import ToolUse

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Terminal

CHAIN = """
version: 1
agents:
  helper: {python: "slow:helper"}
flow: [user, helper]
"""
CODE = """
import asyncio
from miniagents import Message, miniagent
from miniagents.errors import ProviderFailedError

@miniagent
async def helper(ctx):
    *_, last = await ctx.message_promises
    if str(last) == "fail":
        raise ProviderFailedError("the provider failed", host="example.com", cure="try again later")
    ctx.reply(Message.promise(words(str(last)), role="assistant"))

async def words(text):
    yield f"You said *{text}*."
    if text == "wait":
        await asyncio.sleep(3600)
"""


TOOLS = """
version: 1
agents:
  helper: {instructions: Help., tools: ["tooling:delete"]}
flow: [user, helper]
"""
TOOLING = """
from miniagents import tool

@tool(needs_approval=True)
def delete(path: str) -> str:
    \"\"\"Delete a file.\"\"\"
    return f"{path} is deleted"
"""


@pytest.fixture
def terminal(program: Program, measured: None) -> Terminal:
    """Give a terminal in which such a dialog runs."""
    (program.folder / "c.yaml").write_text(CHAIN)
    (program.folder / "slow.py").write_text(CODE)
    terminal = program.terminal("chain", "c.yaml", "--allow-code", columns=120)
    terminal.wait_for_prompt()
    return terminal


def test_a_dialog(program: Program, terminal: Terminal) -> None:
    """Answers come above the prompt, each under its agent's name; who leaves is told where it is kept."""
    terminal.ask("hello", "You said hello.")
    terminal.ask("again", "You said again.")
    rows = [row for row in terminal.lines if row]
    assert rows[:6] == ["> hello", "helper", "You said hello.", "> again", "helper", "You said again."]
    terminal.send("\x04")
    assert terminal.end() == 0
    assert "miniagents: kept in " in terminal.text
    said = ["hello", "You said *hello*.", "again", "You said *again*."]
    assert [message.text for message in program.said()] == said


def test_an_interruption(program: Program, terminal: Terminal) -> None:
    """Ctrl-C while an agent works ends the run; what came is on the screen, and kept."""
    terminal.ask("hello", "You said hello.")
    terminal.send("wait\r")
    terminal.wait_for("You said wait.")
    terminal.send("\x03")
    assert terminal.end() == 130
    assert "You said wait." in terminal.text
    assert [message.text for message in program.said()][-2:] == ["wait", "You said *wait*."]
    assert program.said()[-1].metadata["status"] == "interrupted"


def test_a_failure_ends_nothing(program: Program, terminal: Terminal) -> None:
    """The person is told, and may go on."""
    terminal.ask("fail", "example.com: the provider failed; try again later")
    terminal.ask("hello", "You said hello.")
    terminal.send("\x04")
    assert terminal.end() == 0
    assert [message.text for message in program.said()] == ["fail", "hello", "You said *hello*."]


def test_a_tool_that_needs_approval(program: Program, measured: None) -> None:
    """The person is asked at the prompt, until they answer; what they do not allow is not done."""
    (program.folder / "c.yaml").write_text(TOOLS)
    (program.folder / "tooling.py").write_text(TOOLING)
    use = ToolUse("delete", {"path": "x"})
    with LLMServer.in_thread([Reply("", tool_calls=[use]), "It is not gone."]) as server:
        environment = settings_for(server) | {"MINIAGENTS_MODEL": "openai:m"}
        terminal = program.terminal("chain", "c.yaml", "--allow-code", environment=environment, columns=120)
        terminal.wait_for_prompt()
        terminal.send("delete x\r")
        terminal.wait_for('May delete be called with {"path": "x"}? (y yes · a always · n no)')
        terminal.send("well\r")
        terminal.wait_for("\ny yes · a always · n no")
        terminal.ask("no, keep it", "It is not gone.")
        terminal.send("\x04")
        assert terminal.end() == 0
    assert "refused by the person: no, keep it" in str(server.requests[1].body)

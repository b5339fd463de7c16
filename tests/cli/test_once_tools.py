"""Tools in one answer: nobody is asked but at a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.chatting import CTRL_C, CTRL_D, ENTER
from tests.cli.shop import SHOP, wants
from tests.fakes.llm_server import Reply, ToolUse

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

QUESTION = 'May buy be called with {"thing": "hat"}? (y yes · a always · n no)'


@pytest.fixture(autouse=True)
def _shop(program: Program) -> None:
    program.install("shop", shop=SHOP)
    program.environment["MINIAGENTS_MODEL"] = "gpt-4o"


def test_without_a_terminal_nobody_is_asked(program: Program, provider: LLMServer) -> None:
    """What was not allowed is not called; the model and the person are told. What is harmless is."""
    provider.script(Reply("Well.", tool_calls=[ToolUse("buy", {"thing": "hat"}), ToolUse("look", {})]), "Fine.")
    ran = program.run("chat", "-T", "shop", "a hat")
    assert (ran.code, ran.out) == (0, b"Well.\n\nFine.")
    assert ran.err == "miniagents: buy was not called, for nobody could be asked; allow it with --allow-tool buy\n"
    told = [turn["content"] for turn in provider.requests[1].body["messages"] if turn["role"] == "tool"]
    assert told[0].endswith("refused: it needs a person's approval, and there is nobody to ask")
    assert told[1] == "all is there"


def test_what_is_allowed_is_called(program: Program, provider: LLMServer) -> None:
    """By the command line, the environment or the config file; messages without words leave no gap."""
    config = program.home / ".config" / "miniagents" / "config.toml"
    config.parent.mkdir(parents=True)
    for options, environment, text in (
        (("-T", "shop", "--allow-tool", "b*"), {}, ""),
        ((), {"MINIAGENTS_TOOLS": "shop:y", "MINIAGENTS_ALLOW_TOOLS": "look, buy"}, ""),
        ((), {}, 'tools = ["shop"]\nallow_tools = ["buy"]\n'),
    ):
        config.write_text(text)
        provider.script(wants("hat"), "Fine.")
        ran = program.run("chat", "--json", "--no-save", *options, "a hat", environment=environment)
        assert (ran.code, ran.err, json.loads(ran.out)["text"]) == (0, "", "Fine.")
    assert (program.folder / "bought").read_text() == "hat\n" * 3
    assert (program.folder / "log").read_text() == "opened \nclosed\nopened y\nclosed\nopened \nclosed\n"


def test_a_project_gives_no_tools(program: Program, provider: LLMServer) -> None:
    """A file that comes with a project neither gives tools nor allows any, and is said to try."""
    (program.folder / ".miniagents.toml").write_text('tools = ["shop"]\nallow_tools = ["*"]\n')
    provider.script("Fine.")
    ran = program.run("chat", "--no-save", "a hat")
    assert (ran.code, ran.out) == (0, b"Fine.")
    assert ran.err.count("\n") == 2
    assert "tools" not in provider.requests[0].body


def test_an_agent_has_no_tools(program: Program) -> None:
    """Who answers in a model's place is given none, and they are not opened."""
    ran = program.run("chat", "--no-save", "--agent", "echo", "-T", "shop", "hello")
    assert (ran.code, ran.out) == (0, b"hello")
    assert not (program.folder / "log").exists()


@pytest.mark.parametrize(("tool", "code"), [("shop:closed", 1), ("shob", 2)])
def test_tools_that_cannot_be_had(program: Program, provider: LLMServer, tool: str, code: int) -> None:
    """Then no model is asked."""
    ran = program.run("chat", "--no-save", "-T", tool, "a hat")
    assert (ran.code, ran.out, provider.requests) == (code, b"", [])
    assert ran.err.count("\n") == 1


def test_at_a_terminal_one_is_asked(program: Program, provider: LLMServer) -> None:
    """The question is below what the model said, until it is answered."""
    provider.script(wants("hat", text="Let me."), "Fine.")
    terminal = program.terminal("chat", "--no-save", "-T", "shop", "a hat", columns=100)
    terminal.wait_for(QUESTION)
    terminal.send(f"hm{ENTER}")
    terminal.wait_for(lambda: terminal.text.count(QUESTION) == 2)
    terminal.send(f"y{ENTER}")
    assert terminal.end() == 0
    assert terminal.text.index("Let me.") < terminal.text.index("May buy")
    assert "Fine." in terminal.text
    assert (program.folder / "bought").exists()


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_D, 1)])
def test_who_does_not_answer_allows_nothing(program: Program, provider: LLMServer, key: str, code: int) -> None:
    """Ctrl-C and Ctrl-D at the question end the program."""
    provider.script(wants("hat"), "Fine.")
    terminal = program.terminal("chat", "--no-save", "-T", "shop", "a hat", columns=100)
    terminal.wait_for(QUESTION)
    terminal.send(key)
    assert abs(terminal.end()) in {code, 2 if key == CTRL_C else code}
    assert not (program.folder / "bought").exists()
    assert len(provider.requests) == 1

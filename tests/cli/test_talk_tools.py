"""Tools in a chat: the person is asked, in a real pseudo-terminal, and what they say is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.content import ToolResult
from tests.cli.chatting import CTRL_C, CTRL_D, ENTER, leave
from tests.cli.shop import SHOP, wants
from tests.fakes.llm_server import Reply, ToolUse

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Terminal
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

QUESTION = 'May buy be called with {"thing": "hat"}? y yes · a always · n no'


def chat(program: Program, *words: str) -> Terminal:
    """Begin a chat with the shop's tools."""
    program.install("shop", shop=SHOP)
    terminal = program.terminal("chat", "-m", "gpt-4o", "-T", "shop:x", *words, columns=100)
    terminal.wait_for_prompt()
    return terminal


def results(program: Program) -> list[tuple[str, bool]]:
    """Return what the tools said, as the transcript has it."""
    parts = (part for message in program.said() for part in message.parts)
    return [(part.text, part.is_error) for part in parts if isinstance(part, ToolResult)]


def test_yes_always_and_no(program: Program, provider: LLMServer) -> None:
    """The question is one line below what the model said; the answer is typed at the prompt, and the tool is called."""
    again = [wants("hat", text="Let me."), "There you are."] * 4
    provider.script(*again)
    terminal = chat(program)
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(QUESTION)
    assert '\nLet me.\n\n→ buy {"thing":"hat"}\n' in terminal.text
    assert terminal.text.index("→ buy") < terminal.text.index("May buy")
    terminal.wait_for("y yes · a always · n no · openai:gpt-4o")  # in the toolbar
    terminal.ask("y", "← buy: one hat\n\nThere you are.")
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(lambda: terminal.text.count(QUESTION) == 2)
    terminal.ask("no, too dear", "← buy failed: refused by the person: no, too dear")
    terminal.wait_for(lambda: terminal.text.count("There you are.") == 2)
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(lambda: terminal.text.count(QUESTION) == 3)
    terminal.send(f"a{ENTER}")
    terminal.wait_for(lambda: terminal.text.count("There you are.") == 3)
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(lambda: terminal.text.count("There you are.") == 4)
    assert terminal.text.count(QUESTION) == 3
    leave(terminal)
    assert results(program) == [
        ("one hat", False),
        ("refused by the person: no, too dear", True),
        ("one hat", False),
        ("one hat", False),
    ]
    assert (program.folder / "bought").read_text() == "hat\nhat\nhat\n"
    assert (program.folder / "log").read_text() == "opened x\nclosed\n"


def test_what_is_typed_ahead_is_no_answer(program: Program, provider: LLMServer) -> None:
    """What was queued before the question, or is no answer to it, is said to the model later, and allows nothing."""
    provider.script(Reply("slowly", tool_calls=[ToolUse("buy", {"thing": "hat"})], delay_s=1), "Fine.", "And more.")
    terminal = chat(program)
    terminal.send(f"a hat{ENTER}y{ENTER}")
    terminal.wait_for(QUESTION)
    terminal.send(f"what is that{ENTER}")
    terminal.wait_for("2 queued")
    terminal.send(f"n{ENTER}")
    terminal.wait_for("Fine.")
    terminal.wait_for("> y\n\nAnd more.")
    terminal.wait_for_prompt("> what is that\n\nAnd more.")
    leave(terminal)
    assert not (program.folder / "bought").exists()


def test_an_interruption_refuses(program: Program, provider: LLMServer) -> None:
    """Ctrl-C at the question ends the answer, and the chat goes on; Ctrl-D ends both."""
    provider.script(wants("hat"))
    terminal = chat(program)
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(QUESTION)
    terminal.send(CTRL_C)
    terminal.wait_for_prompt("interrupted; what came is kept")
    assert "y yes" not in terminal.lines[-1]
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(lambda: terminal.text.count(QUESTION) == 2)
    terminal.send(CTRL_D)
    assert terminal.end() == 0
    assert not (program.folder / "bought").exists()


def test_tools_that_cannot_be_had(program: Program, provider: LLMServer) -> None:
    """A line says why, when the chat begins and when one asks; with other tools it goes on."""
    program.install("shop", shop=SHOP)
    provider.script("Fine.")
    terminal = program.terminal("chat", "-m", "gpt-4o", "-T", "shop:closed", columns=100)
    terminal.wait_for_prompt("tools shop: LookupError: come back tomorrow")
    terminal.send(f"a hat{ENTER}")
    terminal.wait_for(lambda: terminal.text.count("tools shop: LookupError: come back tomorrow") == 2)
    terminal.ask("/tools shop", "buy   you are asked · Buy something.\nlook  not asked about · Look around.")
    terminal.ask("a hat", "Fine.")
    leave(terminal)


def test_on_a_dumb_terminal(program: Program, provider: LLMServer) -> None:
    """Where no prompt can stay, it is asked anew until there is an answer."""
    provider.script(wants("hat"), "Fine.")
    program.install("shop", shop=SHOP)
    terminal = program.terminal("chat", "-m", "gpt-4o", "-T", "shop", environment={"TERM": "dumb"}, columns=100)

    def say(text: str, after: str) -> None:
        terminal.wait_for(lambda: after in terminal.text and not terminal.sends_signals())
        terminal.send(f"{text}{ENTER}")

    say("a hat", after=">")
    say("what", after=QUESTION)
    say("y", after="> what")
    terminal.wait_for(lambda: "Fine." in terminal.text and not terminal.sends_signals())
    terminal.send(CTRL_D)
    assert terminal.end() == 0
    assert (program.folder / "bought").read_text() == "hat\n"

"""What tests of a chat in a terminal say and see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniagents.ext.llm.openai import DEFAULT_MODEL

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal
    from tests.fakes.llm_server import LLMServer

__all__ = ["ALT_ENTER", "CTRL_C", "CTRL_D", "CTRL_J", "ENTER", "GREETING", "asked", "leave"]

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J = "\r", "\x1b\r", "\x03", "\x04", "\n"
GREETING = f"openai:{DEFAULT_MODEL} · /help lists the words of this chat"


def asked(provider: LLMServer, number: int) -> list[tuple[str, str]]:
    """Return what a request, counted from 1, said to the model."""
    turns = provider.wait_for_request(50, number).body["messages"]
    return [(turn["role"], turn["content"]) for turn in turns]


def leave(terminal: Terminal) -> None:
    """Leave by Ctrl-D, and see that the program ends well."""
    terminal.send(CTRL_D)
    assert terminal.end() == 0

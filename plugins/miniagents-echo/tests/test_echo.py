"""The echo answers, its word is one of the chat, and it keeps the contract of plugins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import miniagents_echo
import pytest
from miniagents_echo import EchoReply, echo_agent

from miniagents import Message, MiniAgents
from miniagents.errors import RequestRefusedError
from miniagents.plugins.checks import check_plugin

if TYPE_CHECKING:
    from miniagents.hookspecs import Said, Word


def replied(*messages: str, **options: Any) -> tuple[Message, ...]:
    """Return what the echo replies."""

    async def ask() -> tuple[Message, ...]:
        async with MiniAgents():
            return await echo_agent.inquire(messages, **options)

    return asyncio.run(ask())


def test_it_says_what_it_is_told() -> None:
    """The last message comes back, as often as is wished, with who said it and how many words that took."""
    (reply,) = replied("no", "one two", times=2)
    assert (reply.text, reply.role) == ("one two one two", "assistant")
    assert isinstance(reply, EchoReply)
    assert reply.metadata["usage"] == {"in": 3, "out": 4}
    assert reply.metadata["model"] == "wall"


def test_there_is_nothing_to_say() -> None:
    """Without a message there is an error that says what to do."""
    with pytest.raises(RequestRefusedError, match="nothing to say again; say something"):
        replied()


class Chat:
    """As much of a chat as the word looks at."""

    def __init__(self, *said: str) -> None:
        self.told: list[str] = []
        self.said = [(2 * number, Message(text=text, role="user")) for number, text in enumerate(said)]
        self.screen = self

    def questions(self) -> list[tuple[int, Message]]:
        """Return what the person said."""
        return self.said

    def tell(self, line: str) -> None:
        """Take in a line."""
        self.told.append(line)


def test_the_word() -> None:
    """`/again` says the last question to the model; where there is none, it says so to the person."""
    words: list[Word] = []
    miniagents_echo.register_slash(words.append)
    (word,) = words

    async def say(chat: Chat) -> Said | None:
        return await word.act(chat, "")

    assert asyncio.run(say(Chat("one", "two"))) == {"text": "two", "role": "user"}
    chat = Chat()
    assert asyncio.run(say(chat)) is None
    assert chat.told == ["nothing was said yet"]


def test_the_look() -> None:
    """An echo of several times says so below it."""
    looks: dict[type, Any] = {}
    miniagents_echo.register_renderers(lambda kind, render: looks.update({kind: render}))
    assert str(looks[EchoReply](EchoReply(text="a a", times=2))) == "said 2 times"
    assert str(looks[EchoReply](EchoReply(text="a"))) == ""


def test_it_keeps_the_contract() -> None:
    """It streams, stops when it is cancelled, has clear errors, and leaves nothing behind."""
    checks = check_plugin(miniagents_echo, name="echo")
    assert [check for check in checks if check.problem] == []
    assert len(checks) == 6

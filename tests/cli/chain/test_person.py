"""The person of a `user` step."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents import Message, MiniAgents
from miniagents.cli.chain.person import Once, piped_user_agent, seated_user_agent
from miniagents.cli.output import Output
from miniagents.errors import ProviderFailedError
from miniagents.messages import MessageSequencePromise
from tests.cli.chain.rehearsed import Words, saying

if TYPE_CHECKING:
    from miniagents.messages import MessagePromise


class Shown(Output):
    """What is shown."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def show(self, promise: MessagePromise) -> None:
        """Take note of a message."""
        self.texts.append(str(await promise))


async def test_lines_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is what the person says next, but for empty ones; at the end they say nothing."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n\ntwo"))
    shown = Shown()
    user = piped_user_agent.fork(output=Once(shown))
    async with MiniAgents():
        [said] = await user.inquire(Message(text="hello"))
        assert (said.text, said.role) == ("one", "user")
        [said] = await user.inquire([Message(text="a"), Message(text="b")])
        assert said.text == "two"
        assert await user.inquire() == ()
    assert shown.texts == ["hello", "a", "b"]


async def test_what_fails_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of what they are sent ends it: nobody sits there who could go on."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n"))
    words = Words()
    words.end(ProviderFailedError("no"))
    async with MiniAgents():
        with pytest.raises(ProviderFailedError):
            await piped_user_agent.inquire(saying.inquire(words=words), output=Once(Shown()))


async def test_a_reply_that_was_shown_already() -> None:
    """What the person was sent last is not shown once more as the reply of the run; anything else is."""
    shown = Shown()
    once = Once(shown)
    async with MiniAgents():
        await once.show_person(MessageSequencePromise([Message(text="first")]))
        await once.show_person(MessageSequencePromise([Message(text="a"), Message(text="b")]))
        await once.show_reply(MessageSequencePromise([Message(text="a"), Message(text="b"), Message(text="c")]))
        await once.show_reply(MessageSequencePromise([Message(text="first")]))
    assert shown.texts == ["first", "a", "b", "c", "first"]


async def test_a_reply_of_a_run_without_a_person() -> None:
    """All of it is shown, also what is said twice."""
    shown = Shown()
    async with MiniAgents():
        await Once(shown).show_reply(MessageSequencePromise([Message(text="a"), Message(text="a")]))
    assert shown.texts == ["a", "a"]


async def test_a_person_who_sits_there() -> None:
    """They are asked when all of what they are sent is there; a failure is told, and they may go on."""
    told, answers = [], ["yes", None]

    async def ask() -> str | None:
        return answers.pop(0)

    words = Words()
    words.end(ProviderFailedError("no"))
    user = seated_user_agent.fork(ask=ask, tell=told.append)
    async with MiniAgents():
        [said] = await user.inquire(saying.inquire(words=words))
        assert (said.text, said.role) == ("yes", "user")
        assert [str(error) for error in told] == ["no"]
        assert await user.inquire(Message(text="x")) == ()

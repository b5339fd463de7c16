"""A message whose class only its end tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniagents.ext.whole_message import WholeMessage
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Verdict(Message):
    """A message with a class of its own."""

    is_guilty: bool


async def test_it_streams_and_is_the_very_message_in_the_end() -> None:
    """Its tokens come as they come; who awaits it gets the message that was put there meanwhile, with its class."""
    afterwards: dict[str, Any] = {}
    verdict = Verdict(text="yes", is_guilty=True)

    async def pieces() -> AsyncIterator[str]:
        yield "yes"
        afterwards[WholeMessage.MESSAGE] = verdict

    async with MiniAgents():
        promise = WholeMessage.promise(pieces(), afterwards=afterwards)
        assert [token async for token in promise] == ["yes"]
        assert await promise is verdict

"""A run whose calls are made by a test: what looks on sees no difference."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from miniagents.chains.calls import Call
from miniagents.chains.faults import Place
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, miniagent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from miniagents.miniagents import MiniAgent

__all__ = ["Rehearsed", "Words", "saying"]


class Words:
    """What an agent says, token by token, when the test lets it."""

    def __init__(self) -> None:
        self._tokens: asyncio.Queue[str | Exception | None] = asyncio.Queue()

    def say(self, *tokens: str) -> None:
        """Let it say these."""
        for token in tokens:
            self._tokens.put_nowait(token)

    def end(self, error: Exception | None = None) -> None:
        """Let it say no more, or fail."""
        self._tokens.put_nowait(error)

    async def __aiter__(self) -> AsyncIterator[str]:
        while isinstance(token := await self._tokens.get(), str):
            yield token
        if token is not None:
            raise token


@miniagent
async def saying(ctx: InteractionContext, *, words: Any, role: str = "assistant", **metadata: Any) -> None:
    """Reply one message of these words."""
    pieces = words if isinstance(words, Words) else list(words)
    ctx.reply(Message.promise(pieces, role=role, metadata=metadata))


class Rehearsed:
    """A run; make it in a scope, call agents, and close it."""

    def __init__(self) -> None:
        self._made: list[Call] = []
        self._is_closed = False
        self._news = asyncio.Event()
        self.reply = MessageSequencePromise()
        """Of the agent that was called last."""

    @property
    def calls(self) -> AsyncIterator[Call]:
        """The calls, from the first."""
        return self._read()

    async def _read(self) -> AsyncIterator[Call]:
        at = 0
        while True:
            while at < len(self._made):
                yield self._made[at]
                at += 1
            if self._is_closed:
                return
            self._news.clear()
            await self._news.wait()

    def call(self, name: str, agent: MiniAgent, asked: Any = "hi", *, is_step: bool = True) -> MessageSequencePromise:
        """Call an agent under a name, as a step or as a tool."""
        sent = MessageSequencePromise([asked])
        self.reply = agent.inquire(sent)
        number = len(self._made) + 1
        now_s = asyncio.get_running_loop().time()
        place = Place(number, 5) if is_step else None
        self._made.append(Call(number, name, place, sent, self.reply, now_s))
        self._news.set()
        return self.reply

    def close(self) -> None:
        """Make no more calls."""
        self._is_closed = True
        self._news.set()

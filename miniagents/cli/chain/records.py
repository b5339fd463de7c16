"""A run for programs: a record of each message, with who said it, to what, when, and what it took.

    call: its number · agent · step: line:column in the file · role · text · hash · parents: hashes of what it was sent
    model · usage · cost_usd · finish_reason · data · status and error of what broke · started_s, ended_s of the run

In: calls. Out: records, one JSON object for all of it, or an event a line. Never: standard error.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ...chains.calls import where_of
from ...ext.transcript_keeping import as_far_as_it_came
from ...safe_text import exact, one_line
from ..events import EventMessage
from ..tell import in_words
from .following import each

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence

    from ...chains.calls import Call, Where
    from ...messages import Message, MessagePromise

__all__ = ["Records", "error_of"]

_KNOWN: Final = ("model", "usage", "cost_usd", "finish_reason", "status", "error")
"""What a message's metadata may say that a record has too."""
_ALWAYS: Final = ("model", "usage", "cost_usd")
"""Which of these every record has."""


class Records:
    """The records of a run, in the order in which its messages were whole."""

    def __init__(self, told: "Callable[..., object] | None" = None) -> None:
        """Make it; `told` is called with each event of the run as it happens."""
        self.all: list[dict[str, Any]] = []
        self._told = told or _nothing
        self._open: dict[MessagePromise, tuple[Call, Mapping[str, Any]]] = {}
        """What is not whole yet."""
        self._began_s = asyncio.get_running_loop().time()

    async def follow(self, calls: "AsyncIterable[Call]") -> None:
        """Make the records of all calls.

        Raises:
            Exception: What telling of them has failed by.
        """
        await each(calls, self._follow)

    async def complete(self) -> None:
        """Make records of what broke when nobody followed it any more, as far as it came."""
        for promise, (call, who) in [*self._open.items()]:
            await self._keep(call, who, promise)

    def as_object(self, reply: "Sequence[Message]", transcript: str | None) -> dict[str, Any]:
        """Return all that is known of a run that has this reply."""
        return {"text": exact("\n\n".join(map(str, reply))), "messages": self.all, **self.summary(reply, transcript)}

    def summary(self, reply: "Sequence[Message]", transcript: str | None) -> dict[str, Any]:
        """Return what is known of it beside its messages; a cost only where that of all is known."""
        used = [record for record in self.all if record["usage"]]
        costs = [record["cost_usd"] for record in used]
        tokens = {name: sum(record["usage"].get(name) or 0 for record in used) for name in ("in", "out", "cached")}
        data = {"data": reply[-1].data} if reply and reply[-1].data is not None else {}
        return {
            **data,
            "usage": {"calls": len(used), **tokens},
            "cost_usd": None if None in costs else sum(costs),
            "seconds": self._since(asyncio.get_running_loop().time()),
            "hash": reply[-1].content_hash if reply else None,
            "transcript": transcript,
        }

    async def _follow(self, call: "Call") -> None:
        who = {"call": call.number, "agent": exact(call.agent)}
        self._told("call", **who, step=_step(call), started_s=self._since(call.started_s))
        messages = aiter(call.reply)
        while True:
            try:
                promise = await anext(messages)
            except Exception:  # noqa: BLE001 - its end, or an error that whoever reads the run's reply hears of
                return
            await self._message(call, who, promise)

    async def _message(self, call: "Call", who: Mapping[str, Any], promise: "MessagePromise") -> None:
        self._told("message", **who, role=promise.known_beforehand.get("role"))
        self._open[promise] = call, who
        told = EventMessage(lambda event, **fields: self._told(event, **who, **fields))
        pieces = promise.parts()
        try:
            while True:
                try:
                    piece = await anext(pieces)
                except Exception:  # noqa: BLE001 - as above; what came is a message
                    break
                told.take(piece)
        finally:
            told.end()
        await self._keep(call, who, promise)

    async def _keep(self, call: "Call", who: Mapping[str, Any], promise: "MessagePromise") -> None:
        message = await as_far_as_it_came(promise)
        del self._open[promise]
        if message is not None:
            self.all.append(await self._record(call, who, message))
            self._told("message_end", **self.all[-1])

    async def _record(self, call: "Call", who: Mapping[str, Any], message: "Message") -> dict[str, Any]:
        known = {name: message.metadata.get(name) for name in _KNOWN}
        data = {} if message.data is None else {"data": message.data}
        ended_s = self._since(asyncio.get_running_loop().time())
        return {
            **who,
            "step": _step(call),
            "role": message.role,
            "text": exact(message.text),
            "hash": message.content_hash,
            "parents": await _parents(call),
            **{
                name: value
                for name, value in known.items()
                if value is not None or name in ("model", "usage", "cost_usd")
            },
            **data,
            "started_s": self._since(call.started_s),
            "ended_s": ended_s,
        }

    def _since(self, time_s: float) -> float:
        return round(max(0.0, time_s - self._began_s), 4)


def error_of(error: BaseException) -> dict[str, str | None]:
    """Return what went wrong, as a program wants it; with whose step it was, if it was one."""
    if isinstance(error, Exception):
        where = where_of(error)
        whose = {} if where is None else {"agent": exact(where.agent), "step": _step(where)}
        return {"error": type(error).__name__, "message": one_line(in_words(error)), **whose}
    return {"error": "interrupted", "message": "interrupted"}


async def _parents(call: "Call") -> list[str]:
    """Return the hashes of what a call was sent, as far as that came."""
    hashes: list[str] = []
    with suppress(Exception):
        async for promise in call.asked:
            hashes.append((await promise).content_hash)  # noqa: PERF401 - those before one that breaks are wanted
    return hashes


def _step(of: "Call | Where") -> str | None:
    return None if of.place is None else str(of.place)


def _nothing(*_: object, **__: object) -> None:
    """Tell nobody."""

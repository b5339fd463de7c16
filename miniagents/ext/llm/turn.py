"""One reply of a model: asked for until it begins, of one provider after the other, and then given as it comes.

    limits ─→ a turn among those who ask ─→ the request ─→ tokens ─→ metadata
       └──────────── waits, and asks again or the next ◄─┘ what failed before anything of it was shown

In: who asks, on which terms, a question. Out: a message that streams. Never: HTTP, an SDK; which tools there are.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...errors import ModelError, SchemaMismatchError
from ...messages import Message, MessagePromise
from .attempt import Attempt
from .provider import Provider, Question
from .recorder import RECORDER
from .retries import Backoff, told
from .terms import Terms

if TYPE_CHECKING:
    from ...content import Part

__all__ = ["Asking", "Check", "reply_to"]

_LOGGER: Final = logging.getLogger("miniagents")

Check = Callable[[str, Sequence[Any]], Any]
"""Given the text and the pieces of a reply, returns the object that it stands for (None for none)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks whom, and on which terms."""

    agent: str
    providers: Sequence[Provider[Any]]
    terms: Terms


def reply_to(asking: Asking, question: Question, check: Check | None = None) -> MessagePromise:
    """Ask; return the reply, which streams.

    Args:
        asking: Who asks whom.
        question: What.
        check: What makes `Message.data` of the reply. A `SchemaMismatchError` is kept in the metadata ("mismatch").

    Raises:
        ModelError: There is nothing in the question that could be sent.
    """
    first = asking.providers[0]
    tries = _Tries(asking, question, first.encode(question))
    afterwards: dict[str, Any] = {}
    known = {"model": first.model, "agent": asking.agent}
    tokens = _tokens(tries, check, afterwards)
    return Message.promise(tokens, role="assistant", metadata=known, afterwards=afterwards)


async def _tokens(
    tries: "_Tries", check: Check | None, afterwards: dict[str, Any]
) -> "AsyncGenerator[str | Part, None]":
    while True:
        attempt = tries.attempt(keeps=check is not None)
        begun = False
        async with attempt, aclosing(attempt.pieces()) as pieces:
            heard = attempt.heard
            async for piece in pieces:
                if not begun and piece:
                    begun = True
                    attempt.begin()
                if heard is not None:
                    heard.append(piece)
                yield piece
        if attempt.failure is None:
            break
        await tries.after(attempt.failure, begun=begun)
    afterwards["metadata"] = {**attempt.metadata, **tries.metadata}
    if check is not None:
        try:
            afterwards["data"] = check(attempt.text, attempt.heard or ())
        except SchemaMismatchError as error:
            afterwards["metadata"]["mismatch"] = error.cause


class _Tries:
    """Who is asked next, and after how long."""

    def __init__(self, asking: Asking, question: Question, request: Any) -> None:
        self._asking = asking
        self._question = question
        self._request = request
        self._provider, *self._left = asking.providers
        self._backoff = self._afresh()
        self._number = 0
        self._waited_s = 0.0
        self._failed: list[dict[str, str]] = []

    def _afresh(self) -> Backoff:
        return Backoff(self._asking.terms.max_retries, self._asking.terms.retry_budget_s)

    def attempt(self, *, keeps: bool) -> Attempt:
        """Return the next attempt; `keeps` says whether its pieces are wanted when it has ended."""
        self._number += 1
        asking = self._asking
        return Attempt(
            asking.agent, self._provider, self._request, self._question, asking.terms, number=self._number, keeps=keeps
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """How the reply was come by, where that was not at once."""
        told: dict[str, Any] = {}
        if self._number > 1:
            told |= {"tries": self._number, "waited_s": round(self._waited_s, 4)}
        if self._failed:
            told["instead_of"] = self._failed
        return told

    async def after(self, failure: ModelError, *, begun: bool) -> None:
        """Wait until it is time to ask again, or turn to the next provider.

        Raises:
            ModelError: The failure: there is nobody else to ask, or something of the reply was shown.
        """
        wait_s = None if begun else self._backoff.wait_s(failure, said=failure.should_retry)
        if wait_s is not None:
            _LOGGER.warning("%s", told(failure, wait_s, self._backoff.attempt, self._backoff.tries))
            recorder = RECORDER.get()
            self._waited_s += wait_s
            await asyncio.sleep(wait_s if recorder is None else recorder.wait_s(wait_s))
        elif self._left and not begun:
            self._failed.append({"model": self._provider.model, "error": str(failure)})
            self._provider, *self._left = self._left
            _LOGGER.warning("%s; asking %s instead", failure, self._provider.model)
            self._request = self._provider.encode(self._question)
            self._backoff = self._afresh()
        else:
            raise failure

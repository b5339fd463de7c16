"""One try to get a reply: within limits, in its turn, against the clock; and what is known when it has ended.

In: a provider, a request, terms. Out: pieces, then metadata or what went wrong. Never: whether there is another try.
"""

import asyncio
import logging
import os
import sys
from contextlib import aclosing
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from ...errors import (
    BadAnswerError,
    ModelError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
)
from ...messages import Message
from ...promising.scope import current
from ...recipe import assembled
from .costs import cost_usd, guessed_tokens, held, tokens_heard
from .limiter import Limiter, Slot
from .provider import Answer, Provider, Question, flaw_of, name_of
from .recorder import RECORDER
from .terms import Terms

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ...content import Part
    from .limits import Hold
    from .log import RequestLog
    from .tracing import Span

__all__ = ["Attempt"]

_LOGGER: Final = logging.getLogger("miniagents")
_TRACING, _TRACER_VARIABLE = "opentelemetry.trace", "OTEL_PYTHON_TRACER_PROVIDER"
"""Without either nobody can be watching; see `tracing`."""
_WORTH_TELLING_S: Final = 1.0
"""How long a wait for one's turn may be before a person is told of it."""


class Attempt:
    """One request and its reply: `async with attempt:` around reading its `pieces`.

    What a provider is to blame for is not raised by leaving it, but is its `failure` then.
    """

    def __init__(  # noqa: PLR0913 - made in one place
        self,
        agent: str,
        provider: Provider[Any],
        request: Any,
        question: Question,
        terms: Terms,
        *,
        number: int,
        keeps: bool,
    ) -> None:
        """Make the attempt of this number; `keeps` says whether its pieces are wanted when it has ended."""
        self._agent, self._provider, self._request = agent, provider, request
        self._question, self._terms, self._number = question, terms, number
        self._answer = Answer()
        self._clock = asyncio.get_running_loop().time
        self._log = _log(terms)
        self._hold: Hold | None = None
        self._slot: Slot | None = None
        self._refusal: ModelError | None = None
        """Why it was not even asked for its turn."""
        self._span: Span | None = None
        self._first_token_s: float | None = None
        self.failure: ModelError | None = None
        """What went wrong, when it has ended."""
        self.metadata: dict[str, Any] = {}
        """What is known of the reply, when it has ended well."""
        self._keeps = keeps or self._log is not None or terms.limits is not None
        self.heard: list[Any] | None = None
        """The pieces, where they are wanted when it has ended; to be filled by whoever reads them."""

    @property
    def text(self) -> str:
        """The text of what was heard."""
        return "".join(piece for piece in self.heard or () if piece.__class__ is str)

    async def __aenter__(self) -> Self:
        provider, terms = self._provider, self._terms
        guess = guessed_tokens(self._question) if terms.limits is not None or terms.rate is not None else 0
        self._hold = held(provider, terms, guess)
        try:
            await self._take_turn(guess)
        except BaseException:
            if self._hold is not None:
                self._hold.release()
            raise
        self._started, self._started_s = datetime.now(UTC), self._clock()
        if _TRACING in sys.modules or _TRACER_VARIABLE in os.environ:
            self._span = self._new_span()
        if self._keeps or (self._span is not None and self._span.wants_content):
            self.heard = []
        return self

    def _new_span(self) -> "Span":
        from .tracing import start_chat_span  # noqa: PLC0415 - only where somebody may watch

        provider = self._provider
        return start_chat_span(
            agent=self._agent,
            provider=provider.service or provider.api,
            model=provider.model,
            host=provider.host,
            options=provider.options,
            messages=self._question.messages,
            system=self._question.system,
            secrets=provider.secrets,
        )

    async def _take_turn(self, tokens: int) -> None:
        self._limiter = _limiter(self._provider, self._terms)
        wait_s = self._limiter.expected_wait_s(self._agent, tokens)
        host = self._provider.host
        if self._terms.rate is None and wait_s is not None and wait_s > self._terms.retry_budget_s:
            self._refusal = RateLimitedError(
                "too many requests", host=host, cure=f"try again in {wait_s:.0f} s", retry_after_s=wait_s
            )
            return
        if wait_s is not None and wait_s >= _WORTH_TELLING_S:
            _LOGGER.warning("%s: waiting about %.0f s, for its limits ask for that", host, wait_s)
        self._slot = await self._limiter.slot(self._agent, tokens).__aenter__()

    def pieces(self) -> "AsyncGenerator[str | Part, None]":
        """Send the request, and give what comes."""
        if self._refusal is not None:
            raise self._refusal
        recorder, provider = RECORDER.get(), self._provider
        if recorder is None:
            pieces = provider.decode(self._request, self._answer)
        else:
            pieces = recorder.tokens(provider, self._request, self._answer)
        if self._terms.first_token_timeout_s is None and self._terms.between_tokens_timeout_s is None:
            return pieces
        return self._in_time(pieces)

    def begin(self) -> None:
        """Take note that the first piece has come."""
        self._first_token_s = round(self._clock() - self._started_s, 4)
        if self._span is not None:
            self._span.first_token()

    async def _in_time(self, pieces: "AsyncGenerator[str | Part, None]") -> "AsyncGenerator[str | Part, None]":
        what, limit_s = "the first token", self._terms.first_token_timeout_s
        async with aclosing(pieces):
            while True:
                try:
                    async with asyncio.timeout(limit_s) as timer:
                        piece = await anext(pieces, None)
                except TimeoutError:
                    if not timer.expired():
                        raise
                    cause = f"{what} took longer than {limit_s:g} s"
                    raise ProviderUnreachableError(cause, host=self._provider.host, cure="ask again") from None
                if piece is None:
                    return
                yield piece
                what, limit_s = "the next token", self._terms.between_tokens_timeout_s

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        latency_s = round(self._clock() - self._started_s, 4)
        begun = self._first_token_s is not None
        if error is None:
            self.failure = flaw_of(self._answer, self._provider.host, begun=begun)
        elif isinstance(error, Exception):
            self.failure = self._explained(error, begun=begun)
        if self.failure is None and error is None:
            self.metadata = self._told(latency_s)
        ended_by = self.failure or error
        try:
            self._count(is_whole=ended_by is None)
            if self._span is not None:
                reply = self._reply() if self._span.wants_content else None
                self._span.end(self._answer, reply=reply, error=ended_by)
            if self._log is not None:
                self._write_down(self._log, ended_by, latency_s)
        finally:
            if self._slot is not None:
                await self._slot.__aexit__()
        return self.failure is not None

    def _explained(self, error: Exception, *, begun: bool) -> ModelError | None:
        failure = error if isinstance(error, ModelError) else self._provider.explain(error)
        if isinstance(failure, RateLimitedError):
            self._limiter.pause(failure.retry_after_s or 0.0)
        if begun and isinstance(failure, ProviderUnreachableError | BadAnswerError):
            failure = ReplyCutError(f"the reply was cut: {failure.cause}", host=failure.host, cure="ask again")
        elif not begun and isinstance(failure, ReplyCutError) and failure.should_retry is None:
            failure.should_retry = True  # a connection that broke: nothing of the reply was shown
        if failure is not None:  # what an SDK raised knows the request, its key included
            failure.__cause__ = failure.__context__ = None
        return failure

    def _told(self, latency_s: float) -> dict[str, Any]:
        answer = self._answer
        model = answer.model or self._provider.model
        told = {"model": model, "id": answer.id, "finish_reason": answer.finish_reason, "usage": answer.usage}
        cost = cost_usd(self._provider, self._terms, answer.usage)
        return {
            **{name: value for name, value in told.items() if value},
            **({} if cost is None else {"cost_usd": cost}),
            **answer.more,
            "latency_s": latency_s,
            "first_token_s": self._first_token_s,
        }

    def _count(self, *, is_whole: bool) -> None:
        answer = self._answer
        usage = answer.usage or {}
        if usage and not is_whole:  # some tell at the start what the request is, and at the end what the reply is
            usage = {**usage, "out": max(usage.get("out") or 0, tokens_heard(self.heard or ()))}
        if answer.headers:  # with a refusal too: for how long to wait then is in the error
            self._limiter.learn(answer.headers, HTTPStatus.OK, self._slot)
        used = (usage.get("in") or 0) + (usage.get("out") or 0)
        if used and self._slot is not None:
            self._slot.used(used)
        if self._hold is None:
            return
        if usage or self._first_token_s is not None:  # else it was refused, and cost nothing
            guess = 0 if usage else guessed_tokens(self._question) + tokens_heard(self.heard or ())
            self._hold.add(self._provider.model, usage, cost_usd(self._provider, self._terms, usage), tokens=guess)
        self._hold.release()

    def _reply(self) -> Message | None:
        if self.heard is None:
            return None
        tokens, between = list[str](), list[tuple[int, Any]]()
        for piece in self.heard:
            if piece.__class__ is str:
                tokens.append(piece)
            else:
                between.append((len(tokens), piece))
        parts = assembled(tokens, between) if between else ()
        return Message(text="".join(tokens), role="assistant", metadata=self.metadata, parts=parts)

    def _write_down(self, log: "RequestLog", error: BaseException | None, latency_s: float) -> None:
        from .log_format import Exchange  # noqa: PLC0415 - only where there is a log

        provider, question = self._provider, self._question
        exchange = Exchange(
            agent=self._agent,
            provider=provider.service or provider.api,
            host=provider.host,
            model=provider.model,
            messages=question.messages,
            started=self._started,
            options=provider.options,
            system=question.system,
            tools=[name_of(tool) for tool in question.tools],
            reply=None if error is not None else self._reply(),
            tokens=[piece for piece in self.heard or () if isinstance(piece, str)],
            error=error,
            latency_s=latency_s,
            first_token_s=self._first_token_s,
            attempt=self._number,
            secrets=provider.secrets,
        )
        log.write(exchange)


def _log(terms: Terms) -> "RequestLog | None":
    if terms.log is None and not (os.environ if terms.environment is None else terms.environment).get("MINIAGENTS_LOG"):
        return None
    from .log import RequestLog  # noqa: PLC0415 - only where there is a log

    return RequestLog.of(terms.log, terms.environment)


def _limiter(provider: Provider[Any], terms: Terms) -> Limiter:
    """Return the one limiter of this scope for the provider's key."""
    scope = current().scope
    if scope.keeps is None:
        scope.keeps = {}
    limiters = scope.keeps.setdefault(__name__, {})
    # Providers count by key and model, whoever gives a rate of their own by key.
    name = (provider.api, provider.host, *provider.secrets, terms.rate or provider.model)
    limiter: Limiter | None = limiters.get(name)
    if limiter is None:
        limiter = limiters[name] = Limiter(terms.rate)
    return limiter

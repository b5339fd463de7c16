"""Spans of what models and tools do, as OpenTelemetry's conventions for generative AI name it.

In: what is known of a request, of a tool's call, of an agent's; later what came of it. Out: spans, for whoever set a
tracer provider in this process. Never: an exporter; an import of OpenTelemetry that nobody else made or asked for.

A program that wants spans has imported OpenTelemetry to say so, or names a provider in OTEL_PYTHON_TRACER_PROVIDER.
Where neither is so, nothing is traced, and the package need not be there. What fails here is a warning, once.

Names: https://github.com/open-telemetry/semantic-conventions-genai (2026-11), all of them still under development.
Errors are named by their classes. Content is recorded only where the environment says so, and without secrets.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ...frozen import EMPTY
from .redaction import redact
from .tracing_attributes import answered, asked, content_of, instructions_of, name_of, requested, server_of

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

    from ...content import ToolCall, ToolResult
    from ...messages import Message
    from .provider import Answer

__all__ = ["NO_SPAN", "Span", "start_agent_span", "start_chat_span", "start_tool_span", "watched"]

_API: Final = "opentelemetry.trace"
_PROVIDER_VARIABLE: Final = "OTEL_PYTHON_TRACER_PROVIDER"
_CONTENT_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_CONTENT_ON_SPANS: Final = frozenset({"true", "span_only", "span_and_event"})
"""The first is the older way to say it; "event_only" and "no_content" put nothing on spans."""

_Result = TypeVar("_Result")
_LOGGER = logging.getLogger("miniagents")
_warned: Final[set[str]] = set()


class Span:
    """Something that goes on, for whoever watches; this one is watched by nobody. Its methods raise nothing."""

    __slots__ = ()

    @property
    def wants_content(self) -> bool:
        """Whether what is said is recorded too."""
        return False

    def first_token(self) -> None:
        """Say that the first token is there; only the first time counts."""

    def current(self) -> AbstractContextManager[Any]:
        """Return a context in which new spans become children of this one; to be entered and left in one task."""
        return nullcontext()

    def end(
        self,
        answer: "Answer | None" = None,
        *,
        reply: "Message | None" = None,
        result: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """End it, from any task; only the first time counts.

        Args:
            answer: What is known of the model's reply, as far as it is.
            reply: The reply itself; recorded where content is.
            result: What a tool said; recorded where content is.
            error: What it ended with; a cancellation is one too.
        """


NO_SPAN: Final = Span()


class _Watched(Span):
    __slots__ = ("_begun", "_ended", "_secrets", "_span", "_started_s")

    def __init__(self, span: "OtelSpan", secrets: Sequence[str]) -> None:
        self._span = span
        self._secrets = secrets
        self._started_s = time.perf_counter()
        self._begun = self._ended = False

    @property
    def wants_content(self) -> bool:
        return self._span.is_recording() and _content_is_wanted()

    def first_token(self) -> None:
        if not self._begun:
            self._begun = True
            waited_s = time.perf_counter() - self._started_s
            _safely(lambda: self._span.set_attribute("gen_ai.response.time_to_first_chunk", waited_s))

    def current(self) -> AbstractContextManager[Any]:
        use: Callable[..., AbstractContextManager[Any]] = sys.modules[_API].use_span
        return use(self._span, end_on_exit=False, record_exception=False, set_status_on_exception=False)

    def end(
        self,
        answer: "Answer | None" = None,
        *,
        reply: "Message | None" = None,
        result: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        if self._ended:
            return
        self._ended = True
        _safely(lambda: self._tell(answer, reply, result, error))
        _safely(self._span.end)

    def _tell(
        self, answer: "Answer | None", reply: "Message | None", result: str | None, error: BaseException | None
    ) -> None:
        told = {} if answer is None else answered(answer)
        if error is not None:
            told["error.type"] = name_of(type(error))
            if self._begun:  # an answer that ended without saying why
                told.setdefault("gen_ai.response.finish_reasons", ["error"])
            self._span.set_status(
                sys.modules[_API].StatusCode.ERROR, redact(str(error) or type(error).__name__, self._secrets)
            )
        if self._span.is_recording() and _content_is_wanted():
            if reply is not None:
                reason = told.get("gen_ai.response.finish_reasons", ["stop"])[0]
                told["gen_ai.output.messages"] = content_of([reply], self._secrets, finish_reason=reason)
            if result is not None:
                told["gen_ai.tool.call.result"] = redact(result, self._secrets)
        self._span.set_attributes(told)


def start_chat_span(  # noqa: PLR0913 - by name, and half of them optional
    *,
    agent: str,
    provider: str,
    model: str,
    host: str,
    options: Mapping[str, Any] = EMPTY,
    messages: Sequence["Message"] = (),
    system: str = "",
    secrets: Sequence[str] = (),
) -> Span:
    """Return a span `chat {model}` that has begun, a child of the current one. Raises nothing.

    Args:
        agent: Who asks.
        provider: Who is asked, by the name of the service: "openai", "anthropic", …
        model: As it was asked for.
        host: A host, with its port unless that is 443; or a base URL; or the path of a local model.
        options: Of the request, with `stream` and `effort` if they are known.
        messages: Recorded where content is.
        system: Recorded where content is.
        secrets: What must not be recorded, whatever it looks like.
    """
    tracer = _tracer()
    if tracer is None:
        return NO_SPAN

    def content() -> dict[str, Any]:
        instructions = {"gen_ai.system_instructions": instructions_of(system, secrets)} if system else {}
        return {"gen_ai.input.messages": content_of(messages, secrets), **instructions}

    def attributes() -> dict[str, Any]:
        return {**asked("chat", agent, provider, model), **requested(options), **server_of(host)}

    return _started(tracer, f"chat {model}", attributes, content, secrets, is_remote=True)


@contextmanager
def watched(call: "ToolCall", *, agent: str, secrets: Sequence[str] = ()) -> Iterator[Callable[["ToolResult"], object]]:
    """Let a span `execute_tool {name}` be the one below which the call of a tool happens; give what ends it."""
    span = start_tool_span(name=call.name, call_id=call.id, arguments=call.arguments, agent=agent, secrets=secrets)

    def end(result: "ToolResult") -> None:
        span.end(result=result.text, error=_ToolFailedError(result.text) if result.is_error else None)

    with span.current():
        try:
            yield end
        except BaseException as error:
            span.end(error=error)
            raise


class _ToolFailedError(Exception):
    """What a model is told of a tool that failed."""


def start_tool_span(
    *, name: str, call_id: str = "", arguments: str = "", agent: str = "", secrets: Sequence[str] = ()
) -> Span:
    """Return a span `execute_tool {name}` that has begun, a child of the current one. Raises nothing.

    Run the tool in its `current()`, so that what the tool does is seen below it. Arguments are recorded where content
    is.
    """
    tracer = _tracer()
    if tracer is None:
        return NO_SPAN

    def content() -> dict[str, Any]:
        return {"gen_ai.tool.call.arguments": redact(arguments, secrets)}

    def attributes() -> dict[str, Any]:
        told = {"gen_ai.tool.name": name, "gen_ai.tool.type": "function"}
        return {**asked("execute_tool", agent), **told, **({"gen_ai.tool.call.id": call_id} if call_id else {})}

    return _started(tracer, f"execute_tool {name}", attributes, content, secrets)


def start_agent_span(*, agent: str, provider: str, model: str, secrets: Sequence[str] = ()) -> Span:
    """Return a span `invoke_agent {agent}` that has begun: a model agent's whole call, with all rounds of tools.

    Make the requests, and call the tools, in its `current()`. Raises nothing.
    """
    tracer = _tracer()
    if tracer is None:
        return NO_SPAN
    return _started(
        tracer, f"invoke_agent {agent}", lambda: asked("invoke_agent", agent, provider, model), dict, secrets
    )


def _started(  # noqa: PLR0913 - what all spans have
    tracer: "Tracer",
    name: str,
    attributes: Callable[[], Mapping[str, Any]],
    content: Callable[[], Mapping[str, Any]],
    secrets: Sequence[str],
    *,
    is_remote: bool = False,
) -> Span:
    def start() -> Span:
        kinds = sys.modules[_API].SpanKind
        span = tracer.start_span(name, kind=kinds.CLIENT if is_remote else kinds.INTERNAL, attributes=attributes())
        if span.is_recording() and _content_is_wanted():
            _safely(lambda: span.set_attributes(content()))
        return _Watched(span, secrets)

    return _safely(start) or NO_SPAN


def _tracer() -> "Tracer | None":
    """Return what makes spans; None where nobody wants any. This is all that most calls ever do here."""
    api = sys.modules.get(_API)
    if api is None and _PROVIDER_VARIABLE not in os.environ:
        return None
    try:
        api = api or import_module(_API)
        find = getattr(api, "get_tracer_provider", None)
        if find is None:  # another thread is just importing it, so nobody can have set a provider yet
            return None
        provider = find()
        if isinstance(provider, (api.ProxyTracerProvider, api.NoOpTracerProvider)):
            return None
        from ... import __version__  # noqa: PLC0415 - the package imports nothing by itself

        tracer: Tracer = provider.get_tracer("miniagents", __version__)
    except Exception as error:  # noqa: BLE001 - the provider is anybody's
        _warn(error)
        return None
    return tracer


def _content_is_wanted() -> bool:
    return os.environ.get(_CONTENT_VARIABLE, "").strip().lower() in _CONTENT_ON_SPANS


def _safely(act: Callable[[], _Result]) -> _Result | None:
    """Do it, or else say in the log that it failed: a reply is worth more than its trace."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - providers, processors and exporters are anybody's
        _warn(error)
        return None


def _warn(error: Exception) -> None:
    kind = type(error).__name__
    if kind not in _warned:
        _warned.add(kind)
        _LOGGER.warning("a span is lost: OpenTelemetry failed (%s); check how its SDK is set up", kind)

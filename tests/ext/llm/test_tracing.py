"""Spans of what models and tools do, with OpenTelemetry's own SDK."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from miniagents import Message, MiniAgent, MiniAgents, __version__
from miniagents.errors import RateLimitedError
from miniagents.ext.llm import tracing
from miniagents.ext.llm.anthropic import anthropic_agent
from miniagents.ext.llm.base import Answer
from miniagents.ext.llm.openai import openai_agent
from miniagents.ext.llm.tracing import (
    NO_SPAN,
    Span,
    start_agent_span,
    start_chat_span,
    start_tool_span,
)
from tests.ext.llm.asking import environment, served
from tests.fakes.llm_server import Reply
from tests.fakes.replies import ToolUse

CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
KEY: Final = "my-own-key-1"


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_warned", set())
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def provided(monkeypatch: pytest.MonkeyPatch, provider: Any) -> None:
    """Make it the provider of this process until the end of the test; OpenTelemetry itself takes only one, once."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Trace, and keep what is traced."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provided(monkeypatch, provider)
    return exporter


def records_content() -> bool:
    """Say whether a span that begins now wants to be told what is said."""
    return chat().wants_content


def chat(**more: Any) -> Span:
    """Begin a request."""
    known = {"agent": "openai_agent", "provider": "openai", "model": "gpt-5.4-mini", "host": "api.openai.com"}
    return start_chat_span(**{**known, **more})


STARTS: Final[tuple[Callable[[], Span], ...]] = (
    chat,
    lambda: start_tool_span(name="search"),
    lambda: start_agent_span(agent="a", provider="openai", model="m"),
)


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """Return the attributes of a span that has ended."""
    assert span.attributes is not None
    return span.attributes


def test_a_request_is_a_span(exporter: InMemorySpanExporter) -> None:
    """With what was asked, who was asked, and what is known of the answer, by the names of the conventions."""
    span = chat(options={"temperature": 0.5, "stream": True, "extra_headers": {"x": "y"}})
    span.first_token()
    usage = {"in": 12, "out": 5, "cached": 4}
    span.end(Answer(model="gpt-5.4-mini-1", id="x-1", finish_reason="stop", usage=usage), reply=Message(text="hi"))
    (ended,) = exporter.get_finished_spans()
    assert (ended.name, ended.kind, ended.parent) == ("chat gpt-5.4-mini", trace.SpanKind.CLIENT, None)
    assert ended.status.status_code is trace.StatusCode.UNSET
    assert ended.instrumentation_scope is not None
    assert (ended.instrumentation_scope.name, ended.instrumentation_scope.version) == ("miniagents", __version__)
    told = dict(attributes(ended))
    assert 0 <= told.pop("gen_ai.response.time_to_first_chunk") < 60
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5.4-mini",
        "gen_ai.agent.name": "openai_agent",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stream": True,
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.response.model": "gpt-5.4-mini-1",
        "gen_ai.response.id": "x-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
    }


def test_what_samplers_need_is_there_from_the_start(exporter: InMemorySpanExporter) -> None:
    """A span has the attributes of its request before it ends."""
    with chat().current():
        running: Any = trace.get_current_span()
    assert running.attributes["gen_ai.request.model"] == "gpt-5.4-mini"
    assert exporter.get_finished_spans() == ()


def test_an_error_ends_a_span(exporter: InMemorySpanExporter) -> None:
    """Its class, and its words without a key; nothing of its traceback."""
    chat(secrets=[KEY]).end(error=RateLimitedError(f"too many requests for {KEY}", host="api.openai.com"))
    (ended,) = exporter.get_finished_spans()
    assert ended.status.status_code is trace.StatusCode.ERROR
    assert ended.status.description == "api.openai.com: too many requests for [key]"
    assert attributes(ended)["error.type"] == "miniagents.errors.RateLimitedError"
    assert "gen_ai.response.finish_reasons" not in attributes(ended)
    assert ended.events == ()


def test_a_cut_reply_has_no_reason_to_end(exporter: InMemorySpanExporter) -> None:
    """The conventions call that "error"; a cancellation is one too."""
    span = chat()
    span.first_token()
    span.end(Answer(model="m"), error=asyncio.CancelledError())
    (ended,) = exporter.get_finished_spans()
    assert attributes(ended)["gen_ai.response.finish_reasons"] == ("error",)
    assert attributes(ended)["error.type"] == "asyncio.exceptions.CancelledError"
    assert ended.status.description == "CancelledError"


def test_only_the_first_time_counts(exporter: InMemorySpanExporter) -> None:
    """A second first token, and a second end, change nothing."""
    span = chat()
    with span.current():
        running: Any = trace.get_current_span()
    span.first_token()
    first = running.attributes["gen_ai.response.time_to_first_chunk"]
    span.first_token()
    assert running.attributes["gen_ai.response.time_to_first_chunk"] == first
    span.end(Answer(id="one"))
    span.end(Answer(id="two"), error=ValueError())
    (ended,) = exporter.get_finished_spans()
    assert attributes(ended)["gen_ai.response.id"] == "one"


async def test_a_span_is_a_child_of_the_one_that_is_current(exporter: InMemorySpanExporter) -> None:
    """In other tasks too, and it may end in another one than it began in."""
    outer = start_agent_span(agent="agent", provider="openai", model="m")
    with outer.current():
        tool = start_tool_span(name="search", call_id="c1", agent="agent")

        async def call() -> Span:
            with tool.current():
                return chat()

        inner = await asyncio.create_task(call())
    inner.end()
    tool.end()
    outer.end()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    below, above = spans["chat gpt-5.4-mini"], spans["execute_tool search"]
    assert (below.parent and below.parent.span_id) == above.context.span_id
    assert (above.parent and above.parent.span_id) == spans["invoke_agent agent"].context.span_id
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_tool_and_an_agent_are_spans(exporter: InMemorySpanExporter) -> None:
    """By the names of the conventions; what they do in their span and fails there is no end of it."""
    tool = start_tool_span(name="search", call_id="c1", arguments="{}", agent="agent")
    with pytest.raises(LookupError), tool.current():
        raise LookupError
    assert exporter.get_finished_spans() == ()
    tool.end(result="found")
    start_tool_span(name="search").end()
    start_agent_span(agent="agent", provider="anthropic", model="m").end(Answer(id="x"))
    whole, bare, agent = exporter.get_finished_spans()
    assert [span.kind for span in (whole, agent)] == [trace.SpanKind.INTERNAL] * 2
    assert whole.status.status_code is trace.StatusCode.UNSET
    assert attributes(whole) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.name": "agent",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "c1",
    }
    assert attributes(bare).keys() == {"gen_ai.operation.name", "gen_ai.tool.name", "gen_ai.tool.type"}
    assert (agent.name, attributes(agent)) == (
        "invoke_agent agent",
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "m",
            "gen_ai.agent.name": "agent",
            "gen_ai.response.id": "x",
        },
    )


def talk() -> None:
    """Say and do something that is content."""
    span = chat(messages=[Message(text=f"hello {KEY}", role="user")], system=f"be nice {KEY}", secrets=[KEY])
    span.end(Answer(finish_reason="stop"), reply=Message(text=f"hi {KEY}", role="assistant"))
    chat(messages=[Message(text="hello")]).end(error=ValueError())
    start_tool_span(name="f", arguments=f'{{"a": "{KEY}"}}', secrets=[KEY]).end(result=f"found {KEY}")


@pytest.mark.parametrize("setting", ["true", "SPAN_ONLY", " span_and_event "])
def test_content_is_recorded_where_it_is_wanted(
    setting: str, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said, both ways, and what a tool was told and said; without keys."""
    monkeypatch.setenv(CAPTURE, setting)
    assert records_content()
    talk()
    request, failed, tool = map(attributes, exporter.get_finished_spans())
    assert json.loads(request["gen_ai.system_instructions"]) == [{"type": "text", "content": "be nice [key]"}]
    said = [{"role": "user", "parts": [{"type": "text", "content": "hello [key]"}]}]
    assert json.loads(request["gen_ai.input.messages"]) == said
    reply = [{"role": "assistant", "parts": [{"type": "text", "content": "hi [key]"}], "finish_reason": "stop"}]
    assert json.loads(request["gen_ai.output.messages"]) == reply
    assert not {"gen_ai.system_instructions", "gen_ai.output.messages"} & failed.keys()
    assert tool["gen_ai.tool.call.arguments"] == '{"a": "[key]"}'
    assert tool["gen_ai.tool.call.result"] == "found [key]"


@pytest.mark.parametrize("setting", ["", "false", "NO_CONTENT", "EVENT_ONLY"])
def test_content_is_not_recorded_otherwise(
    setting: str, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that anybody said is in a span."""
    monkeypatch.setenv(CAPTURE, setting)
    assert not records_content()
    talk()
    for span in exporter.get_finished_spans():
        assert not [name for name in attributes(span) if "messages" in name or "instructions" in name]
        assert "hello" not in str(attributes(span))
        assert KEY not in str(attributes(span))


def test_nobody_records_content_without_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a reply is kept for no span."""
    monkeypatch.setenv(CAPTURE, "true")
    provided(monkeypatch, None)
    assert not records_content()


def test_a_span_that_is_not_sampled_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has an identity, for those below it, and no attributes."""
    monkeypatch.setenv(CAPTURE, "true")
    provided(monkeypatch, TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))
    span = chat(messages=[Message(text="hello")])
    with span.current():
        assert trace.get_current_span().get_span_context().is_valid
        assert not trace.get_current_span().is_recording()
    span.first_token()
    span.end(reply=Message(text="hi"), error=ValueError())


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("provider", [None, trace.NoOpTracerProvider()])
def test_without_a_provider_nothing_is_traced(
    start: Callable[[], Span], provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The span is nobody's, and does nothing."""
    provided(monkeypatch, provider)
    span = start()
    assert span is NO_SPAN
    with span.current():
        span.first_token()
    span.end(Answer(), reply=Message(), result="", error=ValueError())


class Untouchable:
    """A list, or a dictionary, that nobody may look at."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("somebody has looked")

    __getitem__ = __iter__ = __len__ = __contains__ = _refuse


def test_without_a_provider_a_call_costs_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at options, messages or secrets, so the cost does not depend on how long a conversation is."""
    provided(monkeypatch, None)
    unread = Untouchable()
    assert chat(options=unread, messages=unread, secrets=unread) is NO_SPAN


class Broken(SpanProcessor):
    """Fails in the place that is named."""

    def __init__(self, where: str) -> None:
        self._where = where

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Fail, or not."""
        if self._where == "start":
            raise OSError(KEY)

    def on_end(self, span: ReadableSpan) -> None:
        """Fail, or not."""
        if self._where == "end":
            raise OSError(KEY)


@pytest.mark.parametrize("where", ["start", "end"])
@pytest.mark.parametrize("start", STARTS)
def test_a_tracer_that_fails_breaks_nothing(
    where: str, start: Callable[[], Span], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one warning, which names the error's class and nothing that it says."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken(where))
    provided(monkeypatch, provider)
    for _ in range(2):
        span = start()
        with span.current():
            span.first_token()
        span.end()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("miniagents", logging.WARNING)
    assert record.getMessage() == "a span is lost: OpenTelemetry failed (OSError); check how its SDK is set up"


class NoTracer:
    """A provider that is none."""

    def get_tracer(self, *_: Any) -> Any:
        """Fail."""
        raise LookupError


def test_a_provider_that_fails_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no span then, and one warning."""
    provided(monkeypatch, NoTracer())
    assert [chat(), start_tool_span(name="f")] == [NO_SPAN, NO_SPAN]
    assert len(caplog.records) == 1


def test_opentelemetry_that_is_only_being_imported_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may be in the middle of it, as SDKs are imported in one."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", type(sys)("half"))
    assert chat() is NO_SPAN


USE: Final = """
from miniagents.ext.llm.tracing import start_chat_span
span = start_chat_span(agent="a", provider="openai", model="m", host="h")
span.end()
print(type(span).__name__, *(["opentelemetry"] if sys.modules.get("opentelemetry") else []))
"""


def used(before: str = "", **variables: str) -> str:
    """Return what a program of its own says that begins and ends a span."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | variables
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys\n{before}{USE}"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert ran.stderr.count("\n") <= 1
    return (ran.stdout + ran.stderr).strip()


def test_opentelemetry_is_imported_by_nobody_who_does_not_want_it() -> None:
    """It takes 50 ms, and need not be there at all."""
    assert used() == "Span"
    assert used("sys.modules['opentelemetry'] = None\n") == "Span"


def test_a_provider_may_be_named_by_the_environment() -> None:
    """Then OpenTelemetry is imported at the first call; where it is not there, that is a warning."""
    name = {"OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider"}
    assert used(**name) == "_Watched opentelemetry"
    lost = used("sys.modules['opentelemetry'] = None\n", **name)
    assert "a span is lost: OpenTelemetry failed (ModuleNotFoundError)" in lost


@pytest.mark.real_time
async def test_a_call_with_tools_is_a_tree(exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model agent's call holds its requests and the calls of its tools, each told its end."""
    monkeypatch.setenv(CAPTURE, "true")

    async def look(place: str) -> str:
        if place == "nowhere":
            raise ValueError("there is no such place")
        return f"saw {place}"

    uses = [ToolUse("look", {"place": "here"}), ToolUse("look", {"place": "nowhere"})]
    async with served(Reply("", tool_calls=uses), "Done.") as server, MiniAgents():
        variables = environment(server)
        await openai_agent.inquire("x", model="m", environment=variables, tools=[look])
    spans = exporter.get_finished_spans()
    [whole] = [span for span in spans if span.name == "invoke_agent openai_agent"]
    below = [span for span in spans if span is not whole]
    assert {span.parent.span_id for span in below if span.parent} == {whole.context.span_id}
    assert sorted(span.name for span in below) == ["chat m", "chat m", "execute_tool look", "execute_tool look"]
    told = [dict(span.attributes or {}) for span in below if span.name.startswith("execute_tool")]
    assert sorted(each["gen_ai.tool.call.result"] for each in told) == [
        "ValueError: there is no such place",
        "saw here",
    ]
    assert [each.get("error.type") is not None for each in told].count(True) == 1


@pytest.mark.real_time
@pytest.mark.parametrize(
    "agent", [openai_agent, openai_agent.fork(api="responses"), anthropic_agent], ids=["chat", "responses", "anthropic"]
)
async def test_a_request_is_one_span(agent: MiniAgent, exporter: InMemorySpanExporter) -> None:
    """Where an SDK makes spans of its own, they do not come beside ours: usage and cost would count twice."""
    async with served("Hello.") as server, MiniAgents():
        await agent.inquire("x", model="m", environment=environment(server))
    assert [span.name for span in exporter.get_finished_spans()] == ["chat m"]

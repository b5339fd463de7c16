"""The key of a provider is in nothing that a person, a file or another program gets to see, however a call ends."""

import base64
import json
import logging
import re
import socket
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from miniagents import Message, MiniAgents
from miniagents.errors import KeyMissingError, KeyRefusedError, MiniagentsError, ProviderUnreachableError
from miniagents.ext.history_agents import markdown_history_agent
from miniagents.ext.misc_agents import console_output_agent
from tests.ext.llm.asking import AGENTS, Api, both_apis, both_ways, environment, served, settle
from tests.fakes.llm_server import Reply

SECRET: Final = "Recognisable7Secret"
KEY: Final = f"sk-proj-{SECRET}-0123456789+/="
"""With characters that URLs write in another way."""
TRACES_OF_IT: Final = (SECRET, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), SECRET[::-1])

pytestmark = pytest.mark.real_time

ENDS: Final[Mapping[str, Reply]] = {
    "200": Reply("Hello there"),
    "401": Reply(f"Incorrect API key provided: {KEY}. You can find your key elsewhere.", status=401),
    "401 in a header": Reply(f"cannot parse `Authorization: Bearer {KEY}`", status=401),
    "403": Reply(f"{KEY} may not", status=403),
    "404": Reply(f"no model for {KEY}", status=404),
    "400": Reply(f"bad request: {json.dumps({'headers': {'x-api-key': KEY}})}", status=400),
    "429": Reply(f"too many requests for {KEY}", status=429, retry_after_s=0.01),
    "500": Reply(f"unhandled: {KEY!r}", status=500),
    "529": Reply(fault="http_529"),
    "cut": Reply("one two three four", fault="cut"),
    "cut before": Reply(fault="cut_before"),
    "an error in the stream": Reply("one two", fault="error_event"),
    "no JSON": Reply("one", fault="not_json"),
    "a web page": Reply(fault="html_200"),
    "a gateway's page": Reply(fault="html_502"),
    "empty": Reply(fault="empty"),
    "no end": Reply("one two", fault="no_end"),
    "length": Reply("one two", finish_reason="length"),
}
"""What a provider may answer; some of them quote the key that they got."""


@dataclass
class Seen:
    """All that came of one call, for whoever looks for the key in it."""

    error: BaseException | None = None
    texts: list[str] = field(default_factory=list)
    log: str = ""
    transcript: str = ""

    def told_of(self, error: BaseException) -> None:
        """Note the error, all that it came from, and what Python and `repr` print of it."""
        self.error = error
        self.texts += traceback.format_exception(error)
        for found in chain_of(error):
            self.texts += [
                str(found),
                repr(found),
                repr(found.args),
                repr(vars(found)),
                *getattr(found, "__notes__", ()),
            ]

    def everything(self) -> str:
        """Return it in one text."""
        return "\n".join([*self.texts, self.log, self.transcript])


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Give an error, its causes and contexts, also those that Python would not print, and the members of groups."""
    waiting, known = [error], list[BaseException]()
    while waiting:
        found = waiting.pop()
        if any(found is each for each in known):
            continue
        known.append(found)
        yield found
        waiting += [each for each in (found.__cause__, found.__context__) if each is not None]
        waiting += found.exceptions if isinstance(found, BaseExceptionGroup) else ()


def leaks(text: str) -> list[str]:
    """Return the forms of the key that are in a text."""
    return [form for form in TRACES_OF_IT if form.lower() in text.lower()]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Trace with all content."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    return exporter


@pytest.fixture
def world(
    spans: InMemorySpanExporter,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> "World":
    """Watch all doors through which something may get out."""
    caplog.set_level(logging.DEBUG)
    return World(spans, tmp_path, caplog, capsys)


@dataclass
class World:
    """All doors through which something may get out of a call."""

    spans: InMemorySpanExporter
    folder: Path
    caplog: pytest.LogCaptureFixture
    capsys: pytest.CaptureFixture[str]

    async def ask(self, api: Api, variables: Mapping[str, str], *, ours: bool = False, **parameters: Any) -> Seen:
        """Ask a model, keep what it says in a transcript, show it at a console; return all that came of it.

        With `ours`, without what SDKs and HTTP libraries log below a warning: options and addresses as they are.
        """
        seen = Seen()
        log, transcript = self.folder / "log.md", self.folder / "chat.md"
        own = {"environment": {**variables, "MINIAGENTS_LOG": str(log)}, "model": "model-1", "max_retries": 0}
        agent = AGENTS[api].fork(**{**own, **parameters})
        asked = Message(text="hello", role="user")
        async with MiniAgents():
            reply = agent.inquire(asked)
            kept = markdown_history_agent.inquire([asked, reply], history_md_file=transcript)
            shown = console_output_agent.inquire(reply)
            try:
                seen.texts += [form for message in await reply for form in forms_of(message)]
            except MiniagentsError as error:
                seen.told_of(error)
            for also in (kept, shown):
                with suppress(MiniagentsError):
                    await also
            for message in await agent.inquire(asked, errors_as_messages=True):
                seen.texts += forms_of(message)
            seen.texts += [repr(agent), repr(reply)]
        seen.log = log.read_text() if log.exists() else ""
        seen.transcript = transcript.read_text()
        captured = self.capsys.readouterr()
        records = [each for each in self.caplog.records if not ours or each.name.startswith("miniagents")]
        records += [each for each in self.caplog.records if each.levelno >= logging.WARNING]
        logged = [f"{each.getMessage()} {each.exc_text} {each.args}" for each in records]
        traced = [span.to_json() for span in self.spans.get_finished_spans()]
        seen.texts += [captured.out, captured.err, *logged, *traced]
        return seen


def forms_of(message: Message) -> list[str]:
    """Return what others make of a message."""
    return [str(message), repr(message), message.model_dump_json()]


@pytest.mark.parametrize("end", ENDS)
@both_ways
@both_apis
async def test_however_a_request_ends(api: Api, stream: bool, end: str, world: World) -> None:
    """Neither an answer nor a failure shows the key, also where the provider quotes it; and it was sent."""
    async with served(ENDS[end]) as server:
        variables = environment(server, OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY)
        seen = await world.ask(api, variables, stream=stream)
        assert all(KEY in str(request.headers) for request in server.requests)
        assert server.requests
    assert seen.log.count("\n## ") == seen.log.count("agent → 127.0.0.1:") >= 2
    assert leaks(seen.everything()) == []
    if end == "401":
        assert isinstance(seen.error, KeyRefusedError)
        assert "[key]" in str(seen.error)  # what is left of the quotation
    if end == "200":
        assert "Hello there" in seen.transcript
        assert "Hello there" in seen.everything().replace(seen.transcript, "")


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": object()},
        {"extra_headers": {"authorization": f"Bearer {KEY}", "x-api-key": KEY, "x-mine": KEY}},
        {"extra_query": {"key": KEY}},
        {"extra_body": {"api_key": KEY, "deep": {"key": KEY}}},
        {"metadata": {"key": KEY}},
        {"timeout": KEY},
        {"stop": {KEY}},
        {"api_key": KEY},
    ],
    ids=lambda options: next(iter(options)),
)
@both_apis
async def test_whatever_the_options_are(api: Api, options: dict[str, Any], world: World) -> None:
    """An option that cannot be sent, and one that is a secret itself, show nothing of it."""
    async with served("Hello") as server:
        variables = environment(server, OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY)
        seen = await world.ask(api, variables, ours=True, **options)
    assert leaks(seen.everything()) == []


def reached_at(url: str, key: str = KEY) -> dict[str, str]:
    """Return variables that lead both agents there."""
    return {"OPENAI_API_KEY": key, "OPENAI_BASE_URL": url, "ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": url}


@pytest.mark.parametrize("user", ["", f"user:{SECRET}@", f"{SECRET}@"])
@both_apis
async def test_where_nobody_listens(api: Api, user: str, world: World) -> None:
    """Nor does a server that is not there; a user and a password in its address are secrets too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    seen = await world.ask(api, reached_at(f"http://{user}127.0.0.1:{port}"), ours=True)
    await settle()
    assert isinstance(seen.error, ProviderUnreachableError)
    assert leaks(seen.everything()) == []


@pytest.mark.parametrize("key", [f"{KEY}\n{KEY}", f"{KEY} {KEY}", f"“{KEY}”"])
@both_apis
async def test_a_key_that_can_be_none(api: Api, key: str, world: World) -> None:
    """It was copied together with something else, and is a secret all the same."""
    seen = await world.ask(api, reached_at("http://127.0.0.1:1", key))
    assert isinstance(seen.error, KeyMissingError)
    assert leaks(seen.everything()) == []


@pytest.mark.parametrize("scheme", ["socks9", "http", "socks5"])
@both_apis
async def test_a_proxy_with_a_password(api: Api, scheme: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process's environment says of proxies is shown to nobody."""
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}://user:{SECRET}@127.0.0.1:1")
    seen = await world.ask(api, reached_at("http://nowhere.invalid"))
    await settle()
    assert isinstance(seen.error, MiniagentsError)
    assert leaks(seen.everything()) == []


@pytest.mark.parametrize("form", [KEY, KEY.upper(), quote(KEY), json.dumps(KEY), repr(KEY)])
def test_a_leak_would_be_found(form: str) -> None:
    """In each form that the other tests look for, wherever it is."""
    seen = Seen()
    outer = ValueError("outer")
    outer.__context__ = ExceptionGroup("inner", [KeyError(form)])
    outer.__suppress_context__ = True
    seen.told_of(outer)
    assert leaks(seen.everything())
    assert leaks(Seen(log=form).everything())
    assert leaks(Seen(transcript=f"{form[::-1]}").everything())
    assert not leaks(re.sub(re.escape(SECRET), "", KEY))

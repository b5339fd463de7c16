"""One stream decoded twice: by ours, and by the SDK's own decoder, read as the agents once read it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import anthropic
import openai
from anthropic.types import RawMessageStreamEvent
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from miniagents.ext.llm.anthropic_events import Events, finish_reason_of
from miniagents.ext.llm.anthropic_events import usage_of as anthropic_usage_of
from miniagents.ext.llm.base import Answer
from miniagents.ext.llm.endpoint import Endpoint
from miniagents.ext.llm.events import EventDecoder
from miniagents.ext.llm.openai_chunks import Chunks
from miniagents.ext.llm.openai_chunks import usage_of as openai_usage_of
from miniagents.ext.llm.responses_events import ResponseEvents

ENDPOINT: Final = Endpoint("http://there", "no-key", "check it", is_ambient=False, key_cure="check it")


@dataclass
class Decoded:
    """What came of a stream."""

    tokens: list[str] = field(default_factory=list)
    pieces: list[Any] = field(default_factory=list)
    """The tokens of the text, and all else in its place."""
    answer: Answer = field(default_factory=Answer)
    error: Exception | None = None

    @property
    def told(self) -> tuple[Any, ...]:
        """All that both decoders can tell."""
        answer = self.answer
        return self.tokens, answer.model, answer.id, answer.finish_reason, answer.usage, self.error is None


def by_us(api: str, chunks: Sequence[bytes]) -> Decoded:
    """Decode by ours."""
    heard, events = Decoded(), EventDecoder()
    decoders: dict[str, Any] = {"openai": Chunks, "responses": ResponseEvents, "anthropic": Events}
    decoder = decoders[api](heard.answer, ENDPOINT, "model-1")
    try:
        for chunk in chunks:
            if not decoder.ended:
                for piece in decoder.tokens(events.feed(chunk)):
                    heard.pieces.append(piece)
                    if piece.__class__ is str:
                        heard.tokens.append(piece)
    except Exception as error:  # noqa: BLE001 - compared with the SDK's
        heard.error = error
    return heard


@contextmanager
def sdk_of(api: str) -> Iterator[Any]:
    """Give what decodes by the SDK."""
    if api == "openai":
        with openai.OpenAI(api_key="no-key") as client:
            yield partial(_by_sdk, partial(openai.Stream, cast_to=ChatCompletionChunk, client=client), _take_chunk)
    elif api == "responses":
        with openai.OpenAI(api_key="no-key") as client:
            yield partial(_by_sdk, partial(openai.Stream, cast_to=ResponseStreamEvent, client=client), _take_response)
    else:
        with anthropic.Anthropic(api_key="no-key") as client:
            stream = partial(anthropic.Stream, cast_to=RawMessageStreamEvent, client=client)
            yield lambda chunks: _by_sdk(stream, partial(_take_event, []), chunks)


def _by_sdk(stream: Any, take: Any, chunks: Sequence[bytes]) -> Decoded:
    heard = Decoded()
    response = SimpleNamespace(
        iter_bytes=lambda: iter(chunks), close=lambda: None, request=None, status_code=200, headers={}
    )
    try:
        for piece in stream(response=response):
            take(heard, piece)
    except Exception as error:  # noqa: BLE001 - compared with ours
        heard.error = error
    return heard


def _take_chunk(heard: Decoded, chunk: Any) -> None:
    answer = heard.answer
    if not answer.model:
        answer.model, answer.id = chunk.model, chunk.id
    if chunk.choices and not (choice := chunk.choices[0]).index:
        if choice.delta is not None and (token := choice.delta.content or choice.delta.refusal):
            heard.tokens.append(token)
        if choice.finish_reason is not None:
            answer.finish_reason = choice.finish_reason
    if chunk.usage is not None:
        answer.usage = openai_usage_of(chunk.usage)


def _take_response(heard: Decoded, event: Any) -> None:
    answer = heard.answer
    if event.type in ("response.output_text.delta", "response.refusal.delta"):
        heard.tokens += [event.delta] if event.delta else []
    elif event.type in ("response.completed", "response.incomplete"):
        response = event.response
        answer.model, answer.id = response.model, response.id
        why = response.incomplete_details and response.incomplete_details.reason
        calls = [item for item in response.output if item.type == "function_call"]
        reasons = {"max_output_tokens": "length"}
        answer.finish_reason = reasons.get(why, why) if why else "tool_calls" if calls else "stop"
        if (usage := response.usage) is not None:
            answer.usage = {
                "in": usage.input_tokens,
                "out": usage.output_tokens,
                "cached": usage.input_tokens_details.cached_tokens,
            }
            if thinking := usage.output_tokens_details.reasoning_tokens:
                answer.usage["thinking"] = thinking
    elif event.type in ("response.failed", "error"):
        raise openai.OpenAIError


def _take_event(counts: list[Any], heard: Decoded, event: Any) -> None:
    answer = heard.answer
    if event.type == "content_block_delta":
        if event.delta.type == "text_delta" and event.delta.text:
            heard.tokens.append(event.delta.text)
    elif event.type == "message_start":
        answer.model, answer.id = event.message.model, event.message.id
        counts.append(event.message.usage)
    elif event.type == "message_delta":
        counts.append(event.usage)
        answer.usage = anthropic_usage_of(*counts)
        answer.finish_reason = finish_reason_of(event.delta.stop_reason)


def cut(stream: bytes, data: st.DataObject) -> list[bytes]:
    """Cut a stream at some places."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    return [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def laid_out(written: list[tuple[str, str]], data: st.DataObject) -> bytes:
    """Write events (their names and JSON) as servers do: with all ends of lines, in one line or more, with comments."""
    end = data.draw(st.sampled_from(["\n", "\r", "\r\n"]))
    lines: list[str] = []
    for name, text in written:
        lines += data.draw(st.sampled_from([[], [": comment"], ["", ""]]))
        if name:
            lines.append(f"event: {name}")
        lines += [f"data: {line}" for line in text.split("\n")]
        lines.append("")
    return (end.join(lines) + end).encode()


texts = st.text(st.characters(codec="utf-8"), max_size=8)
strange = st.dictionaries(
    st.sampled_from(["brand_new", "provider", "timings"]), st.none() | texts | st.lists(st.integers())
)
"""Fields that nobody knows."""

"""A question as a chat completion's request: the conversation, tools, the form of the reply.

Wire format: https://platform.openai.com/docs/api-reference/chat/create, as the SDK 3.57 types it (2026-11-26). In: a
question, a user's options. Out: fields of a request. Never: the SDK, a connection.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult, described
from ...errors import RequestRefusedError
from ...messages import Message
from .openai_said import API
from .provider import Question, schema_in_words, sendable, speaker_of

if TYPE_CHECKING:
    from ...tools import Tool
    from .schema import Schema

__all__ = [
    "NO_RESULT",
    "data_url",
    "response_format",
    "told_of",
    "tool_text",
    "turns_of",
    "with_words",
    "without_thoughts",
]

NO_RESULT: Final = "no result: the call was interrupted"
"""What stands for the result of a call that has none: without one, nothing can be sent."""

_CONTENT, _DETAILS = "reasoning_content", "reasoning_details"
_THOUGHTS: Final = (_CONTENT, "reasoning", _DETAILS)
"""Fields of an assistant's turn, none of which is OpenAI's own."""
_AUDIO_FORMATS: Final = {"wav": "wav", "x-wav": "wav", "wave": "wav", "mpeg": "mp3", "mp3": "mp3"}


def told_of(question: Question, options: Mapping[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with the tools, the schema and the effort of a question; `options` win where both say one."""
    told: dict[str, Any] = {}
    if question.tools:
        told["tools"] = [dict(tool) if isinstance(tool, Mapping) else _tool(tool) for tool in question.tools]
    if question.schema is not None:
        told["response_format"] = {"type": "json_schema", "json_schema": response_format(question.schema)}
    if question.effort is not None:
        told["reasoning_effort"] = question.effort
    return {**request, **{name: value for name, value in told.items() if options.get(name) is None}}


def _tool(tool: "Tool") -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.parameters}}


def response_format(schema: "Schema") -> dict[str, Any]:
    """Return a schema under its name: strictly, where it can be put so."""
    if schema.strict is None:
        return {"name": schema.name, "schema": schema.json_schema}
    return {"name": schema.name, "schema": schema.strict, "strict": True}


def with_words(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request whose `response_format` is put into words, for a server that knows none."""
    told = dict(request)
    schema = told.pop("response_format")["json_schema"]["schema"]
    told["messages"] = [*told["messages"], {"role": "system", "content": schema_in_words(schema)}]
    return told


def without_thoughts(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request that tells nothing of what was thought, for a server that does not take it back."""
    turns = [{name: value for name, value in turn.items() if name not in _THOUGHTS} for turn in request["messages"]]
    return {**request, "messages": turns}


def turns_of(messages: Sequence[Message], system: str, host: str) -> list[dict[str, Any]]:
    """Return a conversation in which there is more than text.

    Every call of a tool gets the result that belongs to it, or one that says that there is none: the API refuses calls
    that lack theirs, and results of nothing. What a model thought goes back to servers that told it, in the turns of a
    question for which tools were called (see `_thoughts`).

    Raises:
        RequestRefusedError: There is something in it that the API does not take.
    """
    turns: list[dict[str, Any]] = [{"role": "system", "content": sendable(system)}] if system else []
    asked: list[str] = []
    beside: list[dict[str, Any]] = []  # what comes with results, and only behind the last of them
    is_chain = not any(speaker_of(message) == "user" for message in messages)
    thoughts = {} if is_chain else _thoughts(messages)
    for place, message in enumerate(messages):
        role = speaker_of(message)
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        for result in results:
            if result.call_id in asked:
                asked.remove(result.call_id)
                turns.append(_result(result.call_id, tool_text(result)))
                beside += _beside(result, host)
            else:
                beside.append({"role": "user", "content": sendable(described([result]))})
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        if results and not rest:
            continue
        turns += [*(_result(call_id, NO_RESULT) for call_id in asked), *beside]
        asked, beside = [], []
        turn = _turn(message, rest, "user" if (is_chain and role == "assistant") or role == "tool" else role, host)
        if turn is not None:
            turns.append({**turn, **thoughts.get(place, {})})
            asked = [call["id"] for call in turn.get("tool_calls", ())]
    return [*turns, *(_result(call_id, NO_RESULT) for call_id in asked), *beside]


def _thoughts(messages: Sequence[Message]) -> dict[int, dict[str, Any]]:
    """Return what the turns of a model tell of its thoughts, by the places of their messages.

    DeepSeek refuses, now and in all later requests, a call that comes back without the thought before it, and ignores
    thoughts where no tools were called (https://api-docs.deepseek.com/guides/thinking_mode, 2026-11); Moonshot's Kimi
    refuses the same, and OpenRouter wants `reasoning_details` back for calls. A call that nothing was thought for says
    so, where others have thoughts.
    """
    spans: list[list[int]] = [[]]
    for place, message in enumerate(messages):
        if speaker_of(message) == "user":
            spans.append([])
        elif message.role == "assistant":
            spans[-1].append(place)
    calling = {
        place for place, message in enumerate(messages) if any(isinstance(part, ToolCall) for part in message.parts)
    }
    found = {place: _thought(messages[place].parts) for span in spans for place in span}
    nothing = {_CONTENT: ""} if any(_CONTENT in thought for thought in found.values()) else {}
    places = [place for span in spans if not calling.isdisjoint(span) for place in span]
    return {place: found[place] or (nothing if place in calling else {}) for place in places}


def _thought(parts: Sequence[Part]) -> dict[str, Any]:
    """Return what was thought in the field that it came in; nothing, where it came from elsewhere."""
    thoughts = [part for part in parts if isinstance(part, Thinking) and API in part.extra]
    details = [detail for part in thoughts for detail in part.extra[API].get(_DETAILS, ())]
    if details:
        return {_DETAILS: details}
    name = next((part.extra[API].get("field") for part in thoughts), None)
    return {name: sendable("".join(part.text for part in thoughts))} if name in _THOUGHTS else {}


def _turn(message: Message, parts: Sequence[Part], role: str, host: str) -> dict[str, Any] | None:
    if not message.parts:
        return {"role": role, "content": sendable(message.text)}
    if role == "assistant":
        calls = [_call(part) for part in parts if isinstance(part, ToolCall)]
        text = sendable(message.text)
        if not text and not calls:
            return None  # it thought, and said nothing
        return {"role": role, "content": text or None, **({"tool_calls": calls} if calls else {})}
    content = [told for part in parts if (told := _content(part, host)) is not None]
    if all(set(told) == {"type", "text"} for told in content):
        return {"role": role, "content": "".join(told["text"] for told in content)} if content else None
    return {"role": role, "content": content}


def _content(part: Part, host: str) -> dict[str, Any] | None:
    own = part.extra.get(API, {})
    told: dict[str, Any] | None = None
    match part:
        case Text():
            told = {"type": "text", "text": sendable(part.text), **own}
        case Image():
            told = {"type": "image_url", "image_url": {"url": part.url or data_url(part, host), **own}}
        case Audio():
            told = {"type": "input_audio", "input_audio": own or _audio(part, host)}
        case File():
            file = own or {"file_data": data_url(part, host), "filename": part.name or "file"}
            told = {"type": "file", "file": file}
        case Other() if part.api == API:
            told = dict(part.block)
        case ToolCall():
            told = {"type": "text", "text": sendable(described([part]))}
    return told


def _audio(part: Audio, host: str) -> dict[str, Any]:
    kind = _AUDIO_FORMATS.get(part.media_type.removeprefix("audio/"))
    if part.data is None or kind is None:
        cure = 'give it data and media_type="audio/wav" or "audio/mpeg"'
        raise RequestRefusedError(f"this API takes no audio of the type {part.media_type!r}", host=host, cure=cure)
    return {"data": b64encode(part.data).decode(), "format": kind}


def data_url(part: Image | File, host: str) -> str:
    """Return the data of a picture or a file as a URL.

    Raises:
        RequestRefusedError: There is none, or it does not say of what type.
    """
    if part.data is None:
        cure = "give it data"
        raise RequestRefusedError(f"there is nothing in the {part.kind} that this API takes", host=host, cure=cure)
    if not part.media_type:
        cure = f'say it: media_type="{"image/png" if part.kind == "image" else "application/pdf"}"'
        raise RequestRefusedError(f"the {part.kind} does not say of what type it is", host=host, cure=cure)
    return f"data:{part.media_type};base64,{b64encode(part.data).decode()}"


def _call(call: ToolCall) -> dict[str, Any]:
    own, written = call.extra.get(API, {}), sendable(call.arguments)
    if own.get("type") == "custom":
        return {"id": call.id, **own, "custom": {"name": call.name, "input": written}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": written}, **own}


def _result(call_id: str, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def _beside(result: ToolResult, host: str) -> list[dict[str, Any]]:
    """Return what a result, which takes text only, has beside: a user says it."""
    rest = [told for part in result.content if not isinstance(part, Text) and (told := _content(part, host))]
    told = {"role": "user", "content": [{"type": "text", "text": f"From {result.name}:"}, *rest]}
    return [told] if rest else []


def tool_text(result: ToolResult) -> str:
    """Return what a result says in words; an error says that it is one."""
    text = sendable(result.text) or ("see below" if result.content else "")
    return f"error: {text}" if result.is_error else text

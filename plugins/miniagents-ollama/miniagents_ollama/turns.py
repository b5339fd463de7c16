"""A question as the body of Ollama's `/api/chat`: the conversation, tools, the form of the reply, options.

Wire format: https://docs.ollama.com/api/chat and docs/api.md, docs/openapi.yaml of Ollama's repository (2026-11). In: a
question, a user's options. Out: fields of a request. Never: HTTP, a connection.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from miniagents.content import Image, Part, Text, Thinking, ToolCall, ToolResult, described
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.openai_turns import tool_text
from miniagents.ext.llm.provider import Question, as_chat, nothing_to_send, schema_in_words, sendable
from miniagents.messages import Message

if TYPE_CHECKING:
    from miniagents.tools import Tool

__all__ = ["API", "request_of"]

API: Final = "ollama"
"""The key in `Part.extra`."""

_FIELDS: Final = frozenset({"format", "keep_alive", "logprobs", "shift", "think", "top_logprobs", "truncate"})
"""Options that have their place in a request; all others are the model's, in `options`."""
_OWN_NAMES: Final = {
    "context_tokens": "num_ctx",
    "max_completion_tokens": "num_predict",
    "max_tokens": "num_predict",
}
"""What other model agents call it, and Ollama."""
_LEVELS: Final[Mapping[str, Any]] = {"none": False, "minimal": "low"}
"""Efforts that Ollama has other words for."""


def request_of(question: Question, options: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return the body of a request, all but the model's name and whether it streams; `options` win over the question.

    A schema goes into words where there are tools: `format` would let the model write nothing but JSON that fits, and
    so call none.

    Raises:
        RequestRefusedError: There is nothing to send, or something that the API does not take.
    """
    turns = _turns(question, host)
    if not turns:
        raise nothing_to_send(host)
    told: dict[str, Any] = {"messages": turns}
    if question.tools:
        told["tools"] = [dict(tool) if isinstance(tool, Mapping) else _tool(tool) for tool in question.tools]
    if question.schema is not None:
        if question.tools:
            turns.append({"role": "system", "content": schema_in_words(question.schema.json_schema)})
        else:
            told["format"] = question.schema.json_schema
    if question.effort is not None:
        told["think"] = _LEVELS.get(question.effort, question.effort)
    given = {name: value for name, value in options.items() if value is not None}
    for_model = dict(given.pop("options", {}))
    for_model |= {_OWN_NAMES.get(name, name): value for name, value in given.items() if name not in _FIELDS}
    if isinstance(stop := for_model.get("stop"), str):
        for_model["stop"] = [stop]  # the server takes a list only
    told |= {name: value for name, value in given.items() if name in _FIELDS}
    return {**told, "options": for_model} if for_model else told


def _turns(question: Question, host: str) -> list[dict[str, Any]]:
    messages = question.messages
    if not any(message.parts for message in messages):
        return [dict(turn) for turn in as_chat(messages, question.system)]
    turns: list[dict[str, Any]] = [{"role": "system", "content": sendable(question.system)}] if question.system else []
    asked = [place for place, message in enumerate(messages) if (message.role or "user") == "user"]
    for place, message in enumerate(messages):
        turns += _said(message, host, is_chain=not asked, is_thinking=bool(asked) and place > asked[-1])
    return turns


def _said(message: Message, host: str, *, is_chain: bool, is_thinking: bool) -> list[dict[str, Any]]:
    """Return the turns that a message makes: one, or one for each result of a tool and one for what is beside them.

    What a model thought goes back as long as it is about the question that is being answered, with tools between.
    """
    role = message.role or "user"
    if role == "assistant" and not is_chain:
        return _reply(message, is_thinking=is_thinking)
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    turns: list[dict[str, Any]] = [
        {"role": "tool", "tool_name": result.name, "tool_call_id": result.call_id, "content": tool_text(result)}
        for result in results
    ]
    rest: list[Part] = [part for part in message.parts if not isinstance(part, ToolResult)]
    rest += [part for result in results for part in result.content if not isinstance(part, Text)]
    if rest or not results:
        images = [_image(part, host) for part in rest if not isinstance(part, Text | Thinking | ToolCall)]
        text = message.text or described(part for part in rest if isinstance(part, Thinking | ToolCall))
        if results and images and not text:
            text = f"From {', '.join(result.name for result in results)}:"
        said = {"role": "user" if role in {"assistant", "tool"} else role, "content": sendable(text)}
        turns.append({**said, "images": images} if images else said)
    return turns


def _reply(message: Message, *, is_thinking: bool) -> list[dict[str, Any]]:
    turn: dict[str, Any] = {"role": "assistant", "content": sendable(message.text)}
    thoughts = [part.text for part in message.parts if isinstance(part, Thinking) and API in part.extra]
    if is_thinking and thoughts:
        turn["thinking"] = sendable("".join(thoughts))
    if calls := [part for part in message.parts if isinstance(part, ToolCall)]:
        turn["tool_calls"] = [_call(index, call) for index, call in enumerate(calls)]
    return [turn] if turn["content"] or len(turn) > len(("role", "content")) else []


def _call(index: int, call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):  # the server takes an object only
        arguments = {"raw": call.arguments}
    function = {"index": index, "name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _image(part: Part, host: str) -> str:
    if isinstance(part, Image) and part.data is not None:
        return b64encode(part.data).decode()
    cure = "give the picture's data" if isinstance(part, Image) else "leave it out, or ask a model of another API"
    what = f"{part.kind} by its address" if isinstance(part, Image) else f"part of the kind {part.kind!r}"
    raise RequestRefusedError(f"this API takes no {what}", host=host, cure=cure)


def _tool(tool: "Tool") -> dict[str, Any]:
    about = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **about, "parameters": tool.parameters}}


def calls_in(turns: Sequence[Mapping[str, Any]]) -> int:
    """Return how many calls of tools there are in the conversation."""
    return sum(len(turn.get("tool_calls", ())) for turn in turns)

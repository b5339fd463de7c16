"""A question as a request to OpenAI's Responses API: the conversation as items, tools, the form of the reply.

Wire format: https://platform.openai.com/docs/api-reference/responses/create, as the SDK 3.57 types it (2026-11-26). In:
a question, a user's options. Out: fields of a request. Never: the SDK, a connection.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult, described
from ...errors import RequestRefusedError
from ...messages import Message
from .openai_turns import NO_RESULT, data_url, response_format, tool_text
from .provider import Question, nothing_to_send, sendable, speaker_of

if TYPE_CHECKING:
    from ...tools import Tool

__all__ = ["API", "request_of"]

API: Final = "responses"
"""The key in `Part.extra`."""

_ENCRYPTED: Final = "reasoning.encrypted_content"
"""What has to be asked for, so that thinking can be sent back to an API that keeps nothing."""
_TO_ANSWER: Final = frozenset(
    {"apply_patch_call", "computer_call", "custom_tool_call", "local_shell_call", "shell_call"}
)
"""Calls beside those of functions that the API refuses without the `…_output` of the same `call_id`."""
_ANSWER: Final = "_output"
_ONLY_SAID: Final = "created_by"
"""What an item may have where the API says it, and not where it is said to the API."""


def request_of(question: Question, options: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return what a request has beside `options`, which win where both say something.

    Raises:
        RequestRefusedError: There is nothing to answer, or something that the API does not take.
    """
    items = _Items(question.messages, host).items
    if not items:
        raise nothing_to_send(host)
    request: dict[str, Any] = {"input": items, "store": False, "include": [_ENCRYPTED]}
    if question.system:
        request["instructions"] = sendable(question.system)
    if question.tools:
        request["tools"] = [dict(tool) if isinstance(tool, Mapping) else _tool(tool) for tool in question.tools]
    if question.schema is not None:
        request["text"] = {"format": {"type": "json_schema", **response_format(question.schema)}}
    if question.effort is not None:
        request["reasoning"] = {"effort": question.effort, "summary": "auto"}
    return {name: value for name, value in request.items() if options.get(name) is None}


def _tool(tool: "Tool") -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "name": tool.name, **described, "parameters": tool.parameters, "strict": False}


class _Items:
    """A conversation as items, in its order. Every call gets its result, or one that says that there is none."""

    def __init__(self, messages: Sequence[Message], host: str) -> None:
        self.items: list[dict[str, Any]] = []
        self._host = host
        self._asked: list[str] = []
        self._callers: dict[str, Any] = {}
        """Who made a call, by its id, where that is not the model itself; its result says so too."""
        self._foreign = _foreign_calls(messages)
        people = [place for place, message in enumerate(messages) if speaker_of(message) == "user"]
        self._is_chain = not people
        for place, message in enumerate(messages):
            self._add(message, is_thinking_wanted=bool(people) and place > people[-1])
        self._answer_all()

    def _add(self, message: Message, *, is_thinking_wanted: bool) -> None:
        role = speaker_of(message)
        if role == "tool" or (self._is_chain and role == "assistant"):
            role = "user"
        if not any(isinstance(part, ToolResult) for part in message.parts):
            self._answer_all()
        content: list[dict[str, Any]] = []
        content_phase: Any = None
        thoughts = _Thoughts()
        for part in message.parts or (Text(message.text),):
            if isinstance(part, Thinking):
                thoughts.add(part)
                continue
            thoughts.end()
            needs_thoughts = isinstance(part, Other)
            item = None if needs_thoughts and thoughts.are_lost else self._item(part, role)
            said = None if item is not None else self._content(part, role)
            if item is None and said is None:
                continue
            sent = thoughts.taken() if is_thinking_wanted or needs_thoughts else []
            phase = part.extra.get(API, {}).get("phase") if role == "assistant" and said is not None else None
            if item is not None or sent or phase != content_phase:
                self._say(role, content, content_phase)
                content, content_phase = [], phase
            self.items += [*sent, *([] if item is None else [item])]
            content += [] if said is None else [said]
        self._say(role, content, content_phase)

    def _say(self, role: str | None, content: list[dict[str, Any]], phase: Any) -> None:
        """Say it; a `phase` is what the model said that it is for, and wants to be told again."""
        if content:
            # What a model said is text, which goes back under no id of the API's, and only so as a string.
            said = "".join(each["text"] for each in content) if role == "assistant" else content
            self.items.append({"role": role, **({"phase": phase} if phase else {}), "content": said})

    def _item(self, part: Part, role: str | None) -> dict[str, Any] | None:
        """Return the item of a part that is one by itself."""
        if isinstance(part, ToolCall) and role == "assistant":
            self._asked.append(part.id)
            arguments, own = sendable(part.arguments), part.extra.get(API, {})
            self._callers[part.id] = own.get("caller")
            return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": arguments, **own}
        if isinstance(part, ToolResult) and part.call_id in self._asked:
            self._asked.remove(part.call_id)
            beside = [self._content(each, "user") for each in part.content if not isinstance(each, Text)]
            told = [said for said in beside if said is not None]
            text = {"type": "input_text", "text": tool_text(part)}
            return self._result(part.call_id, [text, *told] if told else text["text"])
        if isinstance(part, Other) and part.api == API and _foreign_call(part) in self._foreign:
            return {name: value for name, value in part.block.items() if name != _ONLY_SAID}
        return None

    def _content(self, part: Part, role: str | None) -> dict[str, Any] | None:
        """Return what a part is inside a message."""
        own = part.extra.get(API, {})
        match part:
            case Text() if part.text:
                return {"type": "input_text", "text": sendable(part.text)}
            case Image() if role != "assistant":
                url = None if "file_id" in own else part.url or data_url(part, self._host)
                return {"type": "input_image", "detail": "auto", **({"image_url": url} if url else {}), **own}
            case File() if role != "assistant":
                return {"type": "input_file", **(own or self._file(part))}
            case Audio() if role != "assistant":
                cure = 'ask with api="chat", or send what is said as text'
                raise RequestRefusedError("this API takes no audio", host=self._host, cure=cure)
            case ToolResult() | ToolCall():
                return {"type": "input_text", "text": sendable(described([part]))}
        return None

    def _file(self, part: File) -> dict[str, Any]:
        if part.url:
            return {"file_url": part.url}
        return {"file_data": data_url(part, self._host), "filename": part.name or "file"}

    def _answer_all(self) -> None:
        self.items += [self._result(call_id, NO_RESULT) for call_id in self._asked]
        self._asked.clear()

    def _result(self, call_id: str, output: str | list[dict[str, Any]]) -> dict[str, Any]:
        caller = self._callers.get(call_id)
        told = {"caller": caller} if caller else {}
        return {"type": "function_call_output", "call_id": call_id, "output": output, **told}


class _Thoughts:
    """What a model thought before a part of its message: items, which an item of a tool of the API's needs before it.

    The API knows which of its items came of a thought, by their ids, and refuses them without it. Calls of functions
    and texts go back without ids, and so without thoughts too.
    """

    def __init__(self) -> None:
        self._items: list[dict[str, Any]] = []
        self._is_open = False
        self.are_lost = False
        """Whether there was one that cannot be sent, for it came without what is encrypted of it."""

    def add(self, part: Thinking) -> None:
        """Take one of this API's; those that come one after the other go together."""
        if not (own := part.extra.get(API)):
            return
        if not self._is_open:
            self._items, self._is_open, self.are_lost = [], True, False
        if own.get("encrypted_content"):
            self._items.append(dict(own))
        else:
            self.are_lost = True

    def end(self) -> None:
        """Take note that something else comes: thoughts behind it are others."""
        self._is_open = False

    def taken(self) -> list[dict[str, Any]]:
        """Return what goes before the next item; each is given once."""
        taken, self._items = self._items, []
        return taken


def _foreign_call(part: Other) -> str | None:
    """Return the id of a call that somebody has to answer, or of its answer; None for what is neither."""
    kind = str(part.block.get("type"))
    return str(part.block.get("call_id")) if kind.removesuffix(_ANSWER) in _TO_ANSWER else None


def _foreign_calls(messages: Sequence[Message]) -> set[str | None]:
    """Return the ids of such calls that were made and answered, and None: what is not among them is left out."""
    ids: dict[bool, set[str | None]] = {True: {None}, False: {None}}
    for part in (part for message in messages for part in message.parts):
        if isinstance(part, Other) and part.api == API:
            ids[str(part.block.get("type")).endswith(_ANSWER)].add(_foreign_call(part))
    return ids[True] & ids[False]

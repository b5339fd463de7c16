"""What OpenAI's chat completions have against a request; the texts as clients have reported them.

Stricter than nothing, milder than the API: what encoders get wrong is refused, what options mean is not looked at.
Models are told apart by their names: "gpt-…" takes no thoughts, as OpenAI's own; "deepseek-…" wants back
what it thought before it called a tool (https://api-docs.deepseek.com/guides/thinking_mode, 2026-11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.contents import is_base64, is_data_url, is_image_url, text_of
from tests.fakes.openai_errors import EFFORTS, REFUSED, bad_type, bad_value, error_of, missing, unknown
from tests.fakes.openai_schemas import objection_to_choice, objection_to_format, objection_to_function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.connection import Request
    from tests.fakes.encoding import Json

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_PARTS = {"user": ("text", "image_url", "input_audio", "file"), "assistant": ("text", "refusal")}
_FIELDS = {
    "role",
    "content",
    "name",
    "refusal",
    "audio",
    "tool_calls",
    "function_call",
    "tool_call_id",
}
_THOUGHTS = {"reasoning_content", "reasoning", "reasoning_details"}  # of servers that want thoughts back
_MUST_FOLLOW = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: {ids}"
)
_MUST_THINK = "The `reasoning_content` in the thinking mode must be passed back to the API."
_MUST_ANSWER = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
)


def objection(request: Request) -> Json | None:
    """The body of the answer 400 to a request that the API would not take."""
    return next(_objections(request.body), None)


def _objections(body: Any) -> Iterator[Json]:
    """All that is wrong; what comes later relies on it that the reader stops at the first."""
    if not isinstance(body, dict):
        yield error_of(REFUSED, None, "We could not parse the JSON body of your request.")
    if not body.get("model"):
        yield error_of(REFUSED, None, "you must provide a model parameter")
    if "messages" not in body:
        yield missing("messages")
    messages = body["messages"]
    if not isinstance(messages, list):
        yield bad_type("messages", "an array of objects")
    if not messages:
        empty = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        yield error_of(REFUSED, "empty_array", empty, "messages")
    fields = _FIELDS if body["model"].startswith("gpt-") else _FIELDS | _THOUGHTS
    for place, message in enumerate(messages):
        yield from _objections_to(message, place, fields)
    yield from _objections_to_order(messages)
    calls = [message for message in messages if message.get("tool_calls")]
    if body["model"].startswith("deepseek-") and any("reasoning_content" not in message for message in calls):
        yield error_of(REFUSED, REFUSED, _MUST_THINK)
    yield from _objections_to_options(body)


def _objections_to(message: Any, place: int, fields: set[str]) -> Iterator[Json]:
    where = f"messages[{place}]"
    if not isinstance(message, dict):
        yield bad_type(where, "an object")
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        yield bad_value(role, _ROLES, f"{where}.role")
    yield from (unknown(f"{where}.{name}") for name in message if name not in fields)
    calls = message.get("tool_calls")
    if not isinstance(content, str | list) and not (role == "assistant" and (calls or "content" in message)):
        expected = "Invalid value for 'content': expected a string, got null."
        yield error_of(REFUSED, None, expected, f"{where}.content")
    if content == []:
        yield error_of(REFUSED, "empty_array", f"Invalid '{where}.content': empty array.", f"{where}.content")
    for number, part in enumerate(content if isinstance(content, list) else ()):
        yield from _objections_to_part(part, _PARTS.get(str(role), ("text",)), f"{where}.content[{number}]")
    if calls is not None:
        yield from _objections_to_calls(role, calls, f"{where}.tool_calls")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        yield missing(f"{where}.tool_call_id")


def _objections_to_part(part: Any, kinds: tuple[str, ...], where: str) -> Iterator[Json]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in kinds:
        yield bad_value(kind, kinds, f"{where}.type")
    held = part.get(kind)
    if held is None:
        yield missing(f"{where}.{kind}")
    if not isinstance(held, str if kind in ("text", "refusal") else dict):
        yield bad_type(f"{where}.{kind}", "another type")
    if isinstance(held, dict):
        yield from _objections_to_held(str(kind), held, f"{where}.{kind}")


def _objections_to_held(kind: str, held: Json, where: str) -> Iterator[Json]:
    """What is wrong with an image, an audio or a file."""
    if kind == "image_url":
        if not is_image_url(held.get("url")):
            yield error_of(REFUSED, "invalid_image_url", "Invalid base64 image_url.", f"{where}.url")
    elif kind == "input_audio":
        if held.get("format") not in ("wav", "mp3"):
            yield bad_value(held.get("format"), ("wav", "mp3"), f"{where}.format")
        if not is_base64(held.get("data")):
            yield error_of(REFUSED, "invalid_value", "The audio data is not valid base64.", f"{where}.data")
    elif "file_id" not in held:
        if not held.get("filename"):
            yield missing(f"{where}.filename")
        if not is_data_url(held.get("file_data")):
            data = "Invalid 'file_data'. Expected a base64-encoded data URL with a MIME type."
            yield error_of(REFUSED, "invalid_value", data, f"{where}.file_data")


def _objections_to_calls(role: Any, calls: Any, where: str) -> Iterator[Json]:
    if role != "assistant":
        yield unknown(where)
    if not isinstance(calls, list):
        yield bad_type(where, "an array of objects")
    if not calls:
        short = f"Invalid '{where}': empty array. Expected an array with minimum length 1."
        yield error_of(REFUSED, "empty_array", short, where)
    for place, call in enumerate(calls):
        at = f"{where}[{place}]"
        if not call.get("id"):
            yield missing(f"{at}.id")
        if call.get("type") not in ("function", "custom"):
            yield bad_value(call.get("type"), ("function", "custom"), f"{at}.type")
        elif call["type"] == "function":
            function = call.get("function") or {}
            if not function.get("name"):
                yield missing(f"{at}.function.name")
            if not isinstance(function.get("arguments"), str):
                yield bad_type(f"{at}.function.arguments", "a string")


def _objections_to_order(messages: list[Json]) -> Iterator[Json]:
    """What is wrong with who answers which call."""
    open_ids: list[str] = []
    for place, message in enumerate([*messages, {"role": "end"}]):
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_ids:
                yield error_of(REFUSED, None, _MUST_ANSWER, f"messages.[{place}].role")
            open_ids.remove(message["tool_call_id"])
            continue
        if open_ids:
            yield error_of(REFUSED, None, _MUST_FOLLOW.format(ids=", ".join(open_ids)), f"messages.[{place}].role")
        open_ids = [call["id"] for call in message.get("tool_calls") or ()]


def _objections_to_options(body: Json) -> Iterator[Json]:
    tools = body.get("tools")
    if tools is not None and not tools:
        short = "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead."
        yield error_of(REFUSED, "empty_array", short, "tools")
    names: list[Any] = []
    for place, tool in enumerate(tools or ()):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in ("function", "custom"):
            yield bad_value(kind, ("function", "custom"), f"tools[{place}].type")
        names.append((tool.get(kind) or {}).get("name"))
        if kind == "function" and (found := objection_to_function(tool.get("function"), f"tools[{place}].function")):
            yield found
    if found := objection_to_choice(body.get("tool_choice"), names):
        yield found
    if "parallel_tool_calls" in body and not tools:
        only = "Invalid value for 'parallel_tool_calls': only allowed when 'tools' are specified."
        yield error_of(REFUSED, None, only, "parallel_tool_calls")
    if "stream_options" in body and body.get("stream") is not True:
        only = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        yield error_of(REFUSED, None, only, "stream_options")
    if body.get("reasoning_effort") not in (None, *EFFORTS):
        yield bad_value(body["reasoning_effort"], EFFORTS, "reasoning_effort")
    form = body.get("response_format")
    if form is not None:
        yield from _objections_to_form(form, body)


def _objections_to_form(form: Any, body: Json) -> Iterator[Json]:
    held = form.get("json_schema") if isinstance(form, dict) else None
    if found := objection_to_format(form, "response_format", held, "response_format.json_schema"):
        yield found
    if form["type"] == "json_object" and "json" not in text_of(body["messages"]).lower():
        word = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        yield error_of(REFUSED, None, word, "messages")

"""What OpenAI's responses have against a request; the texts as clients have reported them.

Stricter than nothing, milder than the API: what encoders get wrong is refused, what options mean is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.contents import is_data_url, is_image_url
from tests.fakes.openai_errors import EFFORTS, REFUSED, bad_type, bad_value, error_of, missing, unknown
from tests.fakes.openai_schemas import objection_to_choice, objection_to_format, objection_to_function
from tests.fakes.responses_items import TIE
from tests.fakes.sealing import unsealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.connection import Request
    from tests.fakes.encoding import Json

_MOVED = {
    "messages": "input",
    "response_format": "text.format",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
}
_GIVEN = ("input_text", "input_image", "input_file")
_PARTS = {"assistant": ("output_text", "refusal"), "output": ("input_text", "input_image", "input_file")}
_ROLES = ("assistant", "system", "developer", "user")
_KNOWN_ONLY = ("item_reference", "compaction", "additional_tools", "mcp_list_tools", "mcp_approval_response")
_CHECKED = ("message", "function_call", "function_call_output", "reasoning")
_TO_ANSWER = (
    "function_call",
    "custom_tool_call",
    "computer_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
)
_DETAILS = ("low", "high", "auto", "original")
_IDS = {"message": "msg", "function_call": "fc", "reasoning": "rs"}


def objection(request: Request) -> Json | None:
    """The body of the answer 400 to a request that the API would not take."""
    return next(_objections(request.body), None)


def _objections(body: Any) -> Iterator[Json]:
    """All that is wrong; what comes later relies on it that the reader stops at the first."""
    if not isinstance(body, dict):
        yield error_of(REFUSED, None, "We could not parse the JSON body of your request.")
    yield from (_moved(name) for name in body if name in _MOVED)
    if not body.get("model"):
        yield missing("model")
    given, elsewhere = body.get("input"), any(body.get(name) for name in ("previous_response_id", "conversation"))
    if given in (None, []) and not elsewhere and not body.get("prompt"):
        needed = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided."
        yield error_of(REFUSED, "missing_required_parameter", needed)
    if not isinstance(given, str | list | None):
        yield bad_type("input", "one of a string or an array of input items")
    if isinstance(given, list):
        for place, item in enumerate(given):
            yield from _objections_to(item, f"input[{place}]")
        yield from _objections_to_order(given, elsewhere=elsewhere)
    yield from _objections_to_options(body)


def _moved(name: str) -> Json:
    moved = f"In the Responses API, this parameter has moved to '{_MOVED[name]}'. Try again with the new parameter."
    return error_of(REFUSED, "unsupported_parameter", f"Unsupported parameter: '{name}'. {moved}", name)


def _objections_to(item: Any, where: str) -> Iterator[Json]:
    if not isinstance(item, dict):
        yield bad_type(where, "an object")
    kind = item.get("type", "message" if "role" in item else None)
    if kind not in (*_CHECKED, *_KNOWN_ONLY) and not str(kind).endswith(("_call", "_call_output", "_output")):
        yield bad_value(kind, (*_CHECKED, *_KNOWN_ONLY), where)
    item_id = item.get("id")
    if item_id is not None and not str(item_id).startswith(_IDS.get(str(kind), "")):
        wrong = f"Invalid '{where}.id': '{item_id}'. Expected an ID that begins with '{_IDS[str(kind)]}'."
        yield error_of(REFUSED, "invalid_value", wrong, f"{where}.id")
    if "created_by" in item:  # what the API says of an item, and takes from nobody
        yield unknown(f"{where}.created_by")
    yield from _LOOKED_INTO.get(str(kind), _nothing)(item, where)


def _nothing(item: Json, where: str) -> Iterator[Json]:
    yield from ()


def _objections_to_call(item: Json, where: str) -> Iterator[Json]:
    for name in ("call_id", "name", "arguments"):
        if name not in item:
            yield missing(f"{where}.{name}")
        if not isinstance(item[name], str):
            yield bad_type(f"{where}.{name}", "a string")


def _objections_to_output(item: Json, where: str) -> Iterator[Json]:
    yield from (missing(f"{where}.{name}") for name in ("call_id", "output") if item.get(name) is None)
    yield from _objections_to_content(item["output"], _PARTS["output"], f"{where}.output")


def _objections_to_reasoning(item: Json, where: str) -> Iterator[Json]:
    if not isinstance(item.get("summary"), list):
        yield missing(f"{where}.summary")
    sealed = item.get("encrypted_content")
    if sealed is not None and unsealed(sealed) is None:
        broken = f"The encrypted content {str(sealed)[:8]}... could not be verified."
        yield error_of(REFUSED, "invalid_encrypted_content", broken)


def _objections_to_image_call(item: Json, where: str) -> Iterator[Json]:
    if "result" not in item:
        told = "Items are not persisted when `store` is set to false."
        yield error_of(REFUSED, None, f"Item with id '{item.get('id')}' not found. {told}", where)


def _objections_to_message(item: Json, where: str) -> Iterator[Json]:
    role = item.get("role")
    if role not in _ROLES:
        yield bad_value(role, _ROLES, f"{where}.role")
    known = {"type", "role", "content", "id", "status", "phase"}
    yield from (unknown(f"{where}.{name}") for name in item if name not in known)
    if "content" not in item:
        yield missing(f"{where}.content")
    yield from _objections_to_content(item["content"], _PARTS.get(str(role), _GIVEN), f"{where}.content")


def _objections_to_content(content: Any, kinds: tuple[str, ...], where: str) -> Iterator[Json]:
    if not isinstance(content, str | list):
        yield bad_type(where, "one of a string or an array of content parts")
    for place, part in enumerate(content if isinstance(content, list) else ()):
        yield from _objections_to_part(part, kinds, f"{where}[{place}]")


def _objections_to_part(part: Any, kinds: tuple[str, ...], where: str) -> Iterator[Json]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in kinds:
        yield bad_value(kind, kinds, where)
    if kind in ("input_text", "output_text", "refusal"):
        name = "refusal" if kind == "refusal" else "text"
        if not isinstance(part.get(name), str):
            yield missing(f"{where}.{name}")
    elif kind == "input_image":
        yield from _objections_to_image(part, where)
    elif not part.get("file_id") and not part.get("file_url"):
        yield from _objections_to_file(part, where)


def _objections_to_image(part: Json, where: str) -> Iterator[Json]:
    if not part.get("file_id") and not is_image_url(part.get("image_url")):
        wrong = f"Invalid '{where}.image_url'. Expected a valid URL or a base64-encoded data URL of an image."
        yield error_of(REFUSED, "invalid_value", wrong, f"{where}.image_url")
    if part.get("detail", "auto") not in _DETAILS:
        yield bad_value(part["detail"], _DETAILS, f"{where}.detail")


def _objections_to_file(part: Json, where: str) -> Iterator[Json]:
    if not part.get("filename"):
        yield missing(f"{where}.filename")
    if not is_data_url(part.get("file_data")):
        wrong = f"Invalid '{where}.file_data'. Expected a base64-encoded data URL with a MIME type."
        yield error_of(REFUSED, "invalid_value", wrong, f"{where}.file_data")


_LOOKED_INTO: dict[str, Callable[[Json, str], Iterator[Json]]] = {
    "message": _objections_to_message,
    "function_call": _objections_to_call,
    "function_call_output": _objections_to_output,
    "reasoning": _objections_to_reasoning,
    "image_generation_call": _objections_to_image_call,
}


def _objections_to_order(items: list[Json], *, elsewhere: bool) -> Iterator[Json]:
    """What is wrong with which output belongs to which call, and what reasoning came before."""
    kinds = [item.get("type", "message") for item in items]
    known_elsewhere = elsewhere or "item_reference" in kinds
    asked: dict[str, str] = {}
    for place, (kind, item) in enumerate(zip(kinds, items, strict=True)):
        if kind in _TO_ANSWER:
            asked[item["call_id"]] = kind.replace("_", " ")
        elif kind.removesuffix("_output") in _TO_ANSWER:
            if not asked.pop(item["call_id"], None) and not known_elsewhere:
                told = kind.replace("_", " ")
                unasked = f"No tool call found for {told} with call_id {item['call_id']}."
                yield error_of(REFUSED, None, unasked, "input")
        elif kind == "reasoning" and not _is_output((items[place + 1 : place + 2] or [{}])[0]):
            alone = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."
            yield error_of(REFUSED, None, alone, "input")
        if (lost := _lost_reasoning(items, place)) and not known_elsewhere:
            alone = (
                f"Item '{item['id']}' of type '{kind}' was provided without its required 'reasoning' item: '{lost}'."
            )
            yield error_of(REFUSED, None, alone, "input")
    for call_id, told in asked.items():
        yield error_of(REFUSED, None, f"No tool output found for {told} {call_id}.", "input")


def _lost_reasoning(items: list[Json], place: int) -> str | None:
    """The id of the reasoning that the item at this place came of, if that is not before it, in the same answer."""
    _, _, needed = str(items[place].get("id", "")).partition(TIE)
    for before in reversed(items[:place] if needed else ()):
        if before.get("id") == needed:
            return None
        if not _is_output(before):
            break
    return needed or None


def _is_output(item: Json) -> bool:
    kind = item.get("type", "message")
    return item.get("role") == "assistant" if kind == "message" else not kind.endswith("_output")


def _objections_to_options(body: Json) -> Iterator[Json]:
    names: list[Any] = []
    for place, tool in enumerate(body.get("tools") or ()):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(kind, str):
            yield missing(f"tools[{place}].type")
        names.append(tool.get("name") or kind)
        if kind == "function" and (found := objection_to_function(tool, f"tools[{place}]")):
            yield found
    if found := objection_to_choice(body.get("tool_choice"), names):
        yield found
    form = (body.get("text") or {}).get("format")
    if form is not None and (found := objection_to_format(form, "text.format", form, "text.format")):
        yield found
    reasoning = body.get("reasoning") or {}
    if reasoning.get("effort") not in (None, *EFFORTS):
        yield bad_value(reasoning["effort"], EFFORTS, "reasoning.effort")
    summaries = ("auto", "concise", "detailed")
    if reasoning.get("summary") not in (None, *summaries):
        yield bad_value(reasoning["summary"], summaries, "reasoning.summary")
    options = body.get("stream_options") or {}
    yield from (unknown(f"stream_options.{name}") for name in options if name != "include_obfuscation")
    if options and body.get("stream") is not True:
        only = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        yield error_of(REFUSED, None, only, "stream_options")
    previous = body.get("previous_response_id")
    if previous is not None and not str(previous).startswith("resp"):
        wrong = f"Invalid 'previous_response_id': '{previous}'. Expected an ID that begins with 'resp'."
        yield error_of(REFUSED, "invalid_value", wrong, "previous_response_id")

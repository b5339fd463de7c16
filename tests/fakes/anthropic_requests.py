"""What Anthropic's messages have against a request; the texts as clients have reported them.

Stricter than nothing, milder than the API: what encoders get wrong is refused, what options mean is not looked at.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.fakes.anthropic_blocks import objections_to_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.encoding import Json

MIN_BUDGET_TOKENS = 1024
MAX_CACHE_MARKS = 4

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_OF_THE_SERVER = re.compile(r"[a-z0-9_]+_\d{8}|mcp_toolset")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_UNANSWERED = (
    "messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. "
    "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
)
_UNASKED = (
    "messages.{place}.content: unexpected `tool_use_id` found in `tool_result` blocks: {ids}. "
    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
)
_UNTHOUGHT = (
    "messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kind}`. "
    "When `thinking` is enabled, a final `assistant` message must start with a thinking block."
)


def objection_to(headers: Mapping[str, str], body: Any) -> str | None:
    """The message of the answer 400 to a request that the API would not take."""
    return next(_objections_to(headers, body), None)


def _objections_to(headers: Mapping[str, str], body: Any) -> Iterator[str]:
    """All that is wrong; what comes later relies on it that the reader stops at the first."""
    if "anthropic-version" not in headers:
        yield "anthropic-version: header is required"
    if not isinstance(body, dict):
        yield "The request body is not valid JSON"
    yield from (f"{name}: Field required" for name in ("model", "messages", "max_tokens") if name not in body)
    if not isinstance(body["messages"], list):
        yield "messages: Input should be a valid list"
    if not body["messages"]:
        yield "messages: at least one message is required"
    yield from _to_messages(body["messages"])
    yield from _to_order(body)
    yield from _to_options(body)
    yield from _to_tools(body)


def _to_messages(messages: list[Any]) -> Iterator[str]:
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            yield f"messages.{place}: Input should be an object"
        role, content = message.get("role"), message.get("content")
        if role == "system":
            yield (
                'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
                'not "system" as an input message role.'
            )
        if role not in ("user", "assistant"):
            yield f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant".'
        yield from (
            f"messages.{place}.{name}: Extra inputs are not permitted"
            for name in message
            if name not in ("role", "content")
        )
        if not isinstance(content, str | list):
            yield f"messages.{place}.content: Input should be a valid string or list"
        elif not content and not (role == "assistant" and place == len(messages) - 1):
            allowed = "all messages must have non-empty content except for the optional final assistant message"
            yield f"messages.{place}: {allowed}"
        elif isinstance(content, list):
            yield from objections_to_blocks(content, role, f"messages.{place}.content")


def _turns(messages: list[Json]) -> list[tuple[int, str, list[Json]]]:
    """The messages as the API takes them, neighbours of one role together: their last place, role and blocks."""
    turns: list[tuple[int, str, list[Json]]] = []
    for place, message in enumerate(messages):
        content = message["content"]
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        before = turns.pop()[2] if turns and turns[-1][1] == message["role"] else []
        turns.append((place, message["role"], [*before, *blocks]))
    return turns


def _to_order(body: Json) -> Iterator[str]:
    """What is wrong with who answers which call, and with what the last turn of a model is."""
    turns = _turns(body["messages"])
    asked: list[str] = []
    seen: set[str] = set()
    for number, (place, role, blocks) in enumerate(turns):
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        first = [block["type"] for block in blocks[: len(results)]]
        if unasked := [each for each in results if each not in asked]:
            yield _UNASKED.format(place=place, ids=", ".join(unasked))
        if len(results) != len(set(results)):
            yield f"messages.{place}.content: each tool_use must have a single result. Found multiple of them."
        if asked and (unanswered := [each for each in asked if each not in results or {*first} != {"tool_result"}]):
            yield _UNANSWERED.format(place=turns[number - 1][0], ids=", ".join(unanswered))
        asked = [block["id"] for block in blocks if block["type"] == "tool_use"] if role == "assistant" else []
        if len({*asked}) < len(asked) or seen & {*asked}:
            yield f"messages.{place}.content: `tool_use` ids must be unique"
        seen |= {*asked}
    if asked:
        yield _UNANSWERED.format(place=turns[-1][0], ids=", ".join(asked))
    _, role, blocks = turns[-1]
    if role == "assistant" and blocks and blocks[-1].get("text", "").endswith((" ", "\n", "\t")):
        yield "messages: final assistant content cannot end with trailing whitespace"
    yield from _to_thoughts(body, turns)


def _to_thoughts(body: Json, turns: list[tuple[int, str, list[Json]]]) -> Iterator[str]:
    """What is wrong with the thinking of the last turn of a model, where tools were called in it."""
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    place, _, blocks = next((turn for turn in reversed(turns) if turn[1] == "assistant"), (0, "", []))
    kinds = [block["type"] for block in blocks]
    if "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking"):
        yield _UNTHOUGHT.format(place=place, kind=kinds[0])


def _to_options(body: Json) -> Iterator[str]:
    system = body.get("system")
    if isinstance(system, list):
        yield from objections_to_blocks(system, "system", "system")
    elif not isinstance(system, str | None):
        yield "system: Input should be a valid string or list"
    if not isinstance(body["max_tokens"], int) or body["max_tokens"] < 1:
        yield "max_tokens: Input should be greater than or equal to 1"
    if json.dumps(body).count('"cache_control": {') > MAX_CACHE_MARKS:
        yield f"A maximum of {MAX_CACHE_MARKS} blocks with cache_control may be provided."
    config = body.get("output_config") or {}
    if config.get("effort") not in (None, *_EFFORTS):
        yield f"output_config.effort: Input should be one of {', '.join(_EFFORTS)}"
    form = config.get("format")
    if form is not None and (form.get("type") != "json_schema" or not isinstance(form.get("schema"), dict)):
        yield "output_config.format: Input should be of type 'json_schema', with a `schema`"
    yield from _to_thinking(body)


def _to_thinking(body: Json) -> Iterator[str]:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "disabled", "adaptive", "between_tools"):
        yield f"thinking: Input tag '{kind}' found using 'type' does not match any of the expected tags"
    if kind in ("enabled", "adaptive"):
        if body.get("temperature", 1) != 1:
            yield "`temperature` may only be set to 1 when thinking is enabled."
        if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
            yield "Thinking may not be enabled when tool_choice forces tool use."
    if kind == "enabled":
        budget = thinking.get("budget_tokens")
        if not isinstance(budget, int) or budget < MIN_BUDGET_TOKENS:
            at = "thinking.enabled.budget_tokens"
            yield f"{at}: Input should be greater than or equal to {MIN_BUDGET_TOKENS}"
        elif budget >= body["max_tokens"]:
            yield "`max_tokens` must be greater than `thinking.budget_tokens`."


def _to_tools(body: Json) -> Iterator[str]:
    tools = body.get("tools") or ()
    for place, tool in enumerate(tools):
        kind = tool.get("type", "custom")
        if _OF_THE_SERVER.fullmatch(kind):
            continue
        if kind != "custom":
            yield f"tools.{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        where = f"tools.{place}.custom"
        yield from (f"{where}.{name}: Field required" for name in ("name", "input_schema") if name not in tool)
        if not isinstance(tool["name"], str) or not _TOOL_NAME.fullmatch(tool["name"]):
            yield f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if not isinstance(tool["input_schema"], dict) or tool["input_schema"].get("type") != "object":
            yield f"{where}.input_schema.type: Input should be 'object'"
    names = [tool.get("name") for tool in tools]
    if len(names) != len(set(names)):
        yield "tools: Tool names must be unique."
    yield from _to_choice(body.get("tool_choice"), names)


def _to_choice(choice: Any, names: list[Any]) -> Iterator[str]:
    if choice is None:
        return
    if not names:
        yield "tool_choice may only be specified while providing tools."
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        yield f"tool_choice: Input tag '{kind}' found using 'type' does not match any of the expected tags"
    elif kind == "tool" and choice.get("name") not in names:
        yield f"Tool '{choice.get('name')}' not found in provided tools"

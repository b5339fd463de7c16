"""What Anthropic's messages are told beside the conversation: tools, the schema of a reply, how hard to think, caches.

Wire format: https://platform.claude.com/docs/en/api/messages, .../build-with-claude/structured-outputs,
.../build-with-claude/effort and .../build-with-claude/thinking, as the SDK 2.14 types it (2026-11-26). In: a question's
terms, a user's options. Out: fields of a request. Never: a conversation, the SDK.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from .provider import Question, schema_in_words

if TYPE_CHECKING:
    from ...tools import Tool
    from .schema import Schema

__all__ = ["cache_marks", "told_of", "tools_of", "with_words"]

_NOT_TAKEN: Final = frozenset(
    {
        *("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
        *("maxItems", "maxLength", "minLength", "pattern"),
    }
)
"""What the API refuses in a schema; the model is told of it in the description, as the SDK does."""

_BY_BUDGET: Final = re.compile(r"claude-(?:[23]|4-|instant|(?:opus|sonnet|haiku)-4(?!\d|-[6-9]))")
"""Names of the models that think by a budget: those before 4.6. All others choose by themselves, by the effort."""

_BUDGETS: Final[Mapping[str, int]] = {"minimal": 1024, "low": 2048, "medium": 4096, "high": 8192}
"""Tokens; the first is the API's least."""
_BIGGEST_BUDGET: Final = 12_288
"""Tokens, for more effort still: with a reply of the default length as much as the SDK asks for in one piece."""
_LEAST_BUDGET: Final = 1024
_LEAST_EFFORT: Final = "low"

_EPHEMERAL: Final = {"type": "ephemeral"}


def told_of(question: Question, model: str, options: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the tools, the schema and the effort of a question; `options` win where both say one."""
    told = dict(request)
    if question.tools:
        told["tools"] = tools_of(question.tools)
    config = {**_output_config(question.schema, question.effort, model), **(options.get("output_config") or {})}
    if config:
        told["output_config"] = config
    if question.schema is not None and "format" not in config:
        told = with_words(told, schema_in_words(question.schema.json_schema))
    if question.effort is not None and options.get("thinking") is None:
        told |= _thinking(question.effort, model, options.get("max_tokens"), told["max_tokens"])
    return told


def tools_of(tools: "Iterable[Tool | Mapping[str, Any]]") -> list[dict[str, Any]]:
    """Return tools in the API's words; those that are so already (the server's own, say) stay as they are."""
    return [dict(tool) if isinstance(tool, Mapping) else _tool(tool) for tool in tools]


def _tool(tool: "Tool") -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": tool.parameters}


def _output_config(schema: "Schema | None", effort: str | None, model: str) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if schema is not None and schema.strict is not None:
        config["format"] = {"type": "json_schema", "schema": _taken(schema.strict)}
    if effort not in (None, "none") and not _BY_BUDGET.search(model):
        config["effort"] = _LEAST_EFFORT if effort == "minimal" else effort
    return config


def _thinking(effort: str, model: str, given_max_tokens: int | None, max_tokens: int) -> dict[str, Any]:
    """Return `thinking` for this effort, and `max_tokens` with it where that has to be more.

    Models since 4.6 think adaptively; since 4.7 they keep it to themselves unless they are asked for a summary. Those
    before have a budget, which leaves half of a given `max_tokens` to the reply, and all of one that is not given;
    where that is too little for any, they do not think.
    """
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if not _BY_BUDGET.search(model):
        return {"thinking": {"type": "adaptive", "display": "summarized"}}
    budget = _BUDGETS.get(effort, _BIGGEST_BUDGET)
    if given_max_tokens is None:
        return {"thinking": {"type": "enabled", "budget_tokens": budget}, "max_tokens": budget + max_tokens}
    if max_tokens <= _LEAST_BUDGET:
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": max(min(budget, max_tokens // 2), _LEAST_BUDGET)}}


def _taken(schema: Any) -> Any:
    """Return a strict schema without what the API takes none of: the model is told it in the description."""
    if isinstance(schema, list):
        return [_taken(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    taken = {key: _in_place(key, value) for key, value in schema.items() if not _is_refused(key, value)}
    told = ", ".join(f"{key}: {json.dumps(value)}" for key, value in schema.items() if _is_refused(key, value))
    if told:
        taken["description"] = "\n\n".join(filter(None, [schema.get("description"), f"{{{told}}}"]))
    return taken


def _in_place(key: str, value: Any) -> Any:
    if key in ("properties", "$defs", "definitions"):  # the keys inside are names
        return {name: _taken(each) for name, each in value.items()}
    return value if key in ("enum", "const", "required") else _taken(value)


def _is_refused(key: str, value: Any) -> bool:
    return key in _NOT_TAKEN or (key == "minItems" and value not in (0, 1))


def with_words(request: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Return a request with these words behind its instructions."""
    system = request.get("system")
    if isinstance(system, list):
        return {**request, "system": [*system, {"type": "text", "text": words}]}
    return {**request, "system": f"{system}\n\n{words}" if system else words}


def cache_marks(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with marks behind its instructions and its last block: for clouds that set none themselves."""
    marked = dict(request)
    if system := marked.get("system"):
        marked["system"] = _marked(system)
    *before, last = marked["messages"]
    marked["messages"] = [*before, {**last, "content": _marked(last["content"])}]
    return marked


def _marked(content: Any) -> Any:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    blocks[-1] = {"cache_control": _EPHEMERAL, **blocks[-1]}
    return blocks

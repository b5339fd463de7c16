"""A question as a request to Anthropic's messages: the conversation, and what the API is told beside it.

Wire format: https://platform.claude.com/docs/en/api/messages, as the SDK 2.14 types it (2026-11-26). In: a question, a
user's options. Out: fields of a request. Never: the SDK, a connection.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from .provider import Question, as_chat, nothing_to_send, schema_in_words

__all__ = ["DEFAULT_MAX_TOKENS", "headers_with", "request_of", "without_format"]

DEFAULT_MAX_TOKENS: Final = 8192
"""How long a reply may be: this API wants to be told, every model takes that much, and few replies are longer."""

_INSTRUCTING: Final = ("system", "developer")


def request_of(
    question: Question,
    model: str,
    options: Mapping[str, Any],
    *,
    host: str,
    caching: Literal["automatic", "marks"] | None = None,
) -> dict[str, Any]:
    """Return what a request has beside `options`, which win where both say something.

    Raises:
        RequestRefusedError: There is nothing to answer, or something that the API does not take.
    """
    if any(message.parts for message in question.messages):
        turns, system = _of_parts(question, host)
    else:
        turns, system = _of_texts(question)
    if not any(turn["role"] == "user" for turn in turns):
        raise nothing_to_send(host)
    request: dict[str, Any] = {"messages": turns, **({"system": system} if system else {})}
    request["max_tokens"] = _max_tokens(options)
    if question.tools or question.schema is not None or question.effort is not None:
        from .anthropic_options import told_of  # noqa: PLC0415 - few requests have any of these

        request = told_of(question, model, options, request)
    if caching == "automatic":
        request["cache_control"] = {"type": "ephemeral"}
    elif caching == "marks":
        from .anthropic_options import cache_marks  # noqa: PLC0415 - only for the clouds of others

        request = cache_marks(request)
    return request


def _max_tokens(options: Mapping[str, Any]) -> int:
    """Return `max_tokens`; a budget for thinking that is given without one is not taken from the reply."""
    given: int | None = options.get("max_tokens")
    if given is not None:
        return given
    thinking = options.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    return DEFAULT_MAX_TOKENS + (budget or 0)


def _of_texts(question: Question) -> tuple[list[dict[str, Any]], str]:
    """Return turns and instructions of a conversation that is text alone.

    A conversation may begin with the assistant (since October 2024; anthropic-sdk-typescript#622). Neighbours of one
    role are one turn to the API anyway.
    """
    instructions: list[str] = []
    turns: list[dict[str, Any]] = []
    for turn in as_chat(question.messages, question.system):
        if not turn["content"].strip():
            continue  # "text content blocks must contain non-whitespace text"
        if turn["role"] in _INSTRUCTING:
            instructions.append(turn["content"])
        elif turns and turns[-1]["role"] == turn["role"]:
            turns[-1]["content"] += f"\n\n{turn['content']}"
        else:
            turns.append(dict(turn))
    if turns and turns[-1]["role"] == "assistant":
        turns[-1]["content"] = turns[-1]["content"].rstrip()  # the API refuses white space at the end of all
    return turns, "\n\n".join(instructions)


def _of_parts(question: Question, host: str) -> tuple[list[dict[str, Any]], Any]:
    from .anthropic_turns import finish, instructions, turns_of  # noqa: PLC0415 - most conversations are text alone

    turns = turns_of(question.messages, host)
    finish(turns)
    return turns, instructions(question.messages, question.system, host)


def without_format(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request whose `output_config.format` is put into words."""
    from .anthropic_options import with_words  # noqa: PLC0415 - there is a schema

    told = dict(request)
    config = dict(told.pop("output_config"))
    words = schema_in_words(config.pop("format")["schema"])
    return with_words({**told, "output_config": config} if config else told, words)


def headers_with(betas: Iterable[str], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `extra_headers` with these betas, behind those that are in them."""
    headers = dict(given or {})
    name = next((name for name in headers if name.lower() == "anthropic-beta"), "anthropic-beta")
    known = [each.strip() for each in str(headers.get(name) or "").split(",") if each.strip()]
    headers[name] = ",".join(dict.fromkeys([*known, *betas]))
    return headers

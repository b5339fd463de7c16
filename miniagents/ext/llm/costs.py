"""What a question may use and a reply did use, in tokens and money, for limits and metadata.

In: questions, counts of tokens, terms. Out: guesses, dollars, what is set aside. Never: a price itself, a request.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ...errors import SettingsError
from .limits import Hold, estimate_tokens
from .provider import Provider, Question
from .terms import Terms

if TYPE_CHECKING:
    from ...content import Part
    from ...messages import Message
    from .prices import Prices

__all__ = ["cost_usd", "guessed_tokens", "held", "tokens_heard"]

_LOGGER: Final = logging.getLogger("miniagents")
_MOST_FOR_MEDIA: Final = 1600
"""Tokens of a picture at most, however many bytes it has; about as many as Anthropic and OpenAI count (2026-11)."""


def guessed_tokens(question: Question) -> int:
    """Return about how many tokens a question is: a quarter of the bytes of its text and parts (see `Limits`).

    A picture, a sound or a document is that too, but no more than a large picture: nobody knows how long it is before
    it is opened, and a guess that is too high would refuse what there is room for. What a model is told of tools and of
    the form of its reply counts as the JSON that it is.
    """
    tokens = sum(map(_tokens_of, question.messages)) + estimate_tokens(question.system)
    if question.tools or question.schema is not None:
        tokens += _tokens_of_terms(question)
    return tokens


def _tokens_of_terms(question: Question) -> int:
    told: list[Any] = [
        tool if isinstance(tool, Mapping) else (tool.name, tool.description, tool.parameters) for tool in question.tools
    ]
    if question.schema is not None:
        told.append(question.schema.json_schema)
    return sum(estimate_tokens(json.dumps(each, ensure_ascii=False, default=str)) for each in told)


def tokens_heard(pieces: Sequence[Any]) -> int:
    """Return about how many tokens the pieces of a reply are, as far as they came."""
    from ...content import Part, Thinking  # noqa: PLC0415 - only where limits are kept and the provider counts nothing

    parts = [piece for piece in pieces if isinstance(piece, Part) and not isinstance(piece, Thinking)]
    return estimate_tokens("".join(piece for piece in pieces if isinstance(piece, str))) + _tokens_in(parts)


def _tokens_of(message: "Message") -> int:
    return _tokens_in(message.parts) if message.parts else estimate_tokens(message.text)


def _tokens_in(parts: "Iterable[Part]") -> int:
    return sum(map(_tokens_of_part, parts))


def _tokens_of_part(part: "Part") -> int:
    from ...content import Text, Thinking, ToolCall, ToolResult  # noqa: PLC0415 - most messages are text alone

    match part:
        case Text() | Thinking():
            return estimate_tokens(part.text)
        case ToolCall():
            return estimate_tokens(part.name) + estimate_tokens(part.arguments)
        case ToolResult():
            return _tokens_in(part.content)
    data: bytes | None = getattr(part, "data", None)
    if getattr(part, "media_type", "").startswith("text/") and data is not None:
        return estimate_tokens(data)
    return _MOST_FOR_MEDIA if data is None else min(estimate_tokens(data), _MOST_FOR_MEDIA)


def held(provider: Provider[Any], terms: Terms, tokens: int) -> Hold | None:
    """Set aside what a request of so many tokens may use, where there are limits.

    In money, the reply is taken to be as long as the request: nobody knows better beforehand. In tokens it is left out,
    for a long conversation has short replies, and would be refused for what it never uses.

    Raises:
        LimitReachedError: There is no room for it.
        SettingsError: There is a limit in money, and no price.
    """
    if terms.limits is None:
        return None
    tokens = max(tokens, 1)  # what counts nothing would be let through by a limit that is used up
    usd = _prices(terms).cost_usd(provider.model, {"in": tokens, "out": tokens}, **_who(provider))
    model = f"{provider.model} at {provider.host}"
    return terms.limits.hold(tokens, usd=usd, model=model, priced=usd is not None)


def cost_usd(provider: Provider[Any], terms: Terms, usage: Mapping[str, int] | None) -> float | None:
    """Return what a call cost, in US dollars; None where that is not known."""
    if not usage:
        return None
    try:
        return _prices(terms).cost_usd(provider.model, usage, **_who(provider))
    except SettingsError as error:  # with limits it was raised before the call
        _LOGGER.warning("no costs are told: %s", error)
        return None


def _prices(terms: Terms) -> "Prices":
    from .prices import Prices  # noqa: PLC0415 - where nobody counts tokens, nobody asks what they cost

    return Prices.load(terms.environment)


def _who(provider: Provider[Any]) -> dict[str, str]:
    return {"provider": provider.service or provider.api, "host": provider.host}

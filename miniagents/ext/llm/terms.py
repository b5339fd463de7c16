"""On which terms a model is asked: the parameters that all model agents share, whichever provider they ask.

In: an agent's parameters. Out: frozen `Terms`, and the parameters that are the API's. Never: an API, a request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from ...errors import UsageError
from .retries import DEFAULT_RETRIES, DEFAULT_RETRY_BUDGET_S

if TYPE_CHECKING:
    from ...tools import Approve
    from .limiter import Rate
    from .limits import Limits

__all__ = ["DEFAULT_ROUNDS", "Terms"]

DEFAULT_ROUNDS: Final = 20
"""More than a model needs that gets somewhere; one that does not is stopped before it is expensive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The parameters that every model agent takes, by `fork` and by `inquire`."""

    tools: Sequence[Any] = ()
    """What the model may call: `@tool`s, typed functions, agents; a dict is a tool in the API's own words."""
    approve: "Approve | None" = None
    """Asked before a tool runs that says `needs_approval`: a function or an agent; see `tools.Approve`."""
    max_rounds: int = DEFAULT_ROUNDS
    """How often the model may be asked again with the results of tools."""
    tool_timeout_s: float | None = None
    """How long one call of a tool may take; after that the model is told so."""
    schema: Any = None
    """What the reply has to fit, and becomes (`Message.data`); see `Schema.of`."""
    effort: str | None = None
    """How hard a model that thinks is to think: "none", "minimal", "low", "medium", "high"."""
    resume: bool = False
    """Whether the last message is a reply that was cut, which the model is to go on with."""
    max_retries: int = DEFAULT_RETRIES
    """How often a request is sent again that failed before anything of its reply was shown."""
    retry_budget_s: float = DEFAULT_RETRY_BUDGET_S
    """How long it may wait between its tries, together."""
    first_token_timeout_s: float | None = None
    """How long the first token may take; for the reply in all there is `timeout_s` of `inquire`."""
    between_tokens_timeout_s: float | None = None
    """How long the next token may take."""
    rate: "Rate | None" = None
    """How many requests and tokens may go to this key; what the server says of its limits is kept besides."""
    limits: "Limits | None" = None
    """What may be spent, by all agents that are given the same object."""
    log: str | PathLike[str] | None = None
    """Where requests and replies are written down, as Markdown; without it, where `MINIAGENTS_LOG` says."""
    environment: Mapping[str, str] | None = None
    """Where that is looked up, and `MINIAGENTS_PRICES`, and the provider's key; the process's own if None."""

    def __post_init__(self) -> None:
        """Check what would fail late otherwise.

        Raises:
            UsageError: A number is none, or makes no sense.
        """
        for name in ("tool_timeout_s", "first_token_timeout_s", "between_tokens_timeout_s"):
            _check(name, getattr(self, name), int | float, "a number of seconds above 0")
        _check("max_rounds", self.max_rounds, int, "a whole number, 1 or more")

    @classmethod
    def taken_from(cls, options: dict[str, Any], environment: Mapping[str, str] | None = None) -> "Terms":
        """Take the terms out of an agent's parameters; what is left in `options` is for the API. None is not given."""
        own = {name: options.pop(name) for name in _NAMES if name in options}
        given = {name: value for name, value in own.items() if value is not None}
        return cls(environment=environment, **given)


def _check(name: str, value: Any, kind: Any, cure: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, kind) or not value > 0):
        raise UsageError(f"{name}={value!r} makes no sense; give {cure}")


_NAMES: Final = tuple(each.name for each in fields(Terms) if each.name != "environment")

"""What a conversation has used: tokens and money, added up from what its messages say.

In: messages. Out: sums. Never: a price.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ..messages import Message

__all__ = ["Totals"]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the answers of a conversation."""

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    """How many answers have a price that nobody knows."""

    @classmethod
    def of(cls, messages: Iterable["Message"]) -> Self:
        """Add up."""
        sums = cls()
        for message in messages:
            sums = sums.with_(message)
        return sums

    def with_(self, message: "Message") -> Self:
        """Return the sums with one more message; what is no answer of a model changes nothing."""
        usage = message.metadata.get("usage")
        if not usage:
            return self
        cost = message.metadata.get("cost_usd")
        return type(self)(
            self.answers + 1,
            self.tokens_in + (usage.get("in") or 0),
            self.tokens_out + (usage.get("out") or 0),
            self.cost_usd + (cost or 0.0),
            self.unpriced + (cost is None),
        )

    def __str__(self) -> str:
        """Return what a toolbar has room for, "" where nothing was counted."""
        if not self.answers:
            return ""
        told = f"{self.tokens_in + self.tokens_out:,} tokens"
        return f"{told} · ${self.cost_usd:.4f}" if self.cost_usd else told

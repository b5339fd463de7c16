"""What a conversation has used."""

from __future__ import annotations

import pytest

from miniagents import Message
from miniagents.cli.totals import Totals

ANSWER = Message(text="a", metadata={"usage": {"in": 1000, "out": 200, "cached": 5}, "cost_usd": 0.25})
UNPRICED = Message(text="b", metadata={"usage": {"in": 30, "out": 4}})
PARTLY = Message(text="c", metadata={"usage": {"in": None, "out": 1}, "cost_usd": 0.0})


def test_sums() -> None:
    """Tokens and money of answers add up; what has no usage counts for nothing, an unknown price is counted."""
    totals = Totals.of([Message(text="question"), ANSWER, UNPRICED, PARTLY])
    assert totals == Totals(answers=3, tokens_in=1030, tokens_out=205, cost_usd=0.25, unpriced=1)


@pytest.mark.parametrize(
    ("messages", "shown"),
    [([], ""), ([UNPRICED], "34 tokens"), ([ANSWER, UNPRICED], "1,234 tokens · $0.2500")],
)
def test_in_short(messages: list[Message], shown: str) -> None:
    """A toolbar shows all tokens, and money where any is known."""
    assert str(Totals.of(messages)) == shown

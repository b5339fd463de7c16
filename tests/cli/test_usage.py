"""The line of tokens, speed and cost."""

from __future__ import annotations

from typing import Any

import pytest

from miniagents import Message
from miniagents.cli.output import WholeReply
from miniagents.cli.usage import Counted, usage_line
from miniagents.messages import MessagePromise


def said(used: tuple[int, int], **metadata: Any) -> Message:
    """Return a message that used so many tokens, in and out."""
    return Message(text="x", metadata={"usage": {"in": used[0], "out": used[1]}, **metadata})


NOTHING = "the provider did not say what the reply used"


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([], NOTHING),
        ([Message(text="x")], NOTHING),
        ([Message(text="x", metadata={"usage": {}})], NOTHING),
        ([said((9, 7))], "9 tokens in, 7 out, cost unknown"),
        ([said((9000, 7), latency_s=2, cost_usd=1.5)], "9,000 tokens in, 7 out in 2.0 s (3.5 tokens/s), $1.50"),
        ([said((9, 7), cost_usd=0.00012)], "9 tokens in, 7 out, $0.00012"),
        ([said((9, 7), cost_usd=0)], "9 tokens in, 7 out, $0"),
        ([said((1, 2), cost_usd=0.5), said((3, 4), cost_usd=0.25)], "4 tokens in, 6 out, $0.75"),
        ([said((1, 2), cost_usd=0.5), said((3, 4))], "4 tokens in, 6 out, cost unknown"),
        ([Message(metadata={"usage": {"in": 5, "cached": 3}})], "5 tokens in (3 cached), 0 out, cost unknown"),
    ],
)
def test_the_line(messages: list[Message], line: str) -> None:
    """It has what is known of all messages together: tokens, and seconds and dollars where they are told."""
    assert usage_line(messages) == line


async def test_what_is_shown_is_counted() -> None:
    """An output that is counted shows what it is given, and its text is the line."""
    output = WholeReply()
    counted = Counted(output)
    await counted.show(MessagePromise.of(said((1, 2))))
    await counted.show(MessagePromise.of(said((3, 4))))
    assert str(counted) == "4 tokens in, 6 out, cost unknown"
    assert output.as_object()["text"] == "x\n\nx"

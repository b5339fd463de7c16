"""The line that says what a reply has used: tokens in and out, how fast they came, what they cost.

In: messages. Out: one line. Never: a price, a terminal.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .output import Output

if TYPE_CHECKING:
    from ..messages import Message, MessagePromise

__all__ = ["Counted", "usage_line"]


def usage_line(messages: Iterable["Message"]) -> str:
    """Return what these used together; a cost only where it is known of all, a speed where times are.

    The speed is that of the whole reply, from the request to its last token.
    """
    told = [message.metadata for message in messages if message.metadata.get("usage")]
    if not told:
        return "the provider did not say what the reply used"
    tokens_in, tokens_out, cached = (
        sum(one["usage"].get(name) or 0 for one in told) for name in ("in", "out", "cached")
    )
    line = f"{tokens_in:,} tokens in" + (f" ({cached:,} cached)" if cached else "") + f", {tokens_out:,} out"
    seconds = sum(one.get("latency_s") or 0 for one in told)
    if seconds:
        line += f" in {seconds:.1f} s ({tokens_out / seconds:,.1f} tokens/s)"
    costs = [one.get("cost_usd") for one in told]
    return line + (", cost unknown" if None in costs else f", {_dollars(sum(costs))}")


def _dollars(amount: Any) -> str:
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.6f}".rstrip("0").rstrip(".")


class Counted(Output):
    """An output that remembers what messages it shows; its `str` is what they have used."""

    def __init__(self, output: "Output") -> None:
        self._output = output
        self._messages: list[Message] = []

    async def show(self, promise: "MessagePromise") -> None:
        """Let the output show a message."""
        await self._output.show(promise)
        self._messages.append(await promise)

    def __str__(self) -> str:
        return usage_line(self._messages)

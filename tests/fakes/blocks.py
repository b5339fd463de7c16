"""An answer of several blocks, one after the other, as a stream: what is between them goes out with what follows.

Knows no API: what a block begins with, consists of and ends with is said by the API's module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Block(Protocol):
    """A part of an answer: its pieces (of text, thinking or arguments), and the events around them."""

    @property
    def pieces(self) -> tuple[str, ...]:
        """What it consists of, in pieces; nothing, if it is whole from its start."""

    def opened(self, index: int) -> list[bytes]:
        """The events before the first piece."""

    def streamed(self, index: int) -> list[bytes]:
        """One event for each piece."""

    def closed(self, index: int) -> list[bytes]:
        """The events after the last piece."""


def streamed(blocks: Sequence[Block]) -> list[bytes]:
    """One entry for each piece of all blocks; the first is open, and what comes after the last piece is `closed`'s."""
    sent: list[bytes] = []
    between: list[bytes] = []
    for index, block in enumerate(blocks):
        between += block.opened(index) if index else []
        if block.pieces:
            first, *others = block.streamed(index)
            sent += [b"".join([*between, first]), *others]
            between = []
        between += block.closed(index)
    return sent


def closed(blocks: Sequence[Block]) -> list[bytes]:
    """The events after the last piece of all."""
    last = max((index for index, block in enumerate(blocks) if block.pieces), default=0)
    silent = range(last + 1, len(blocks))
    more = [each for at in silent for each in (*blocks[at].opened(at), *blocks[at].closed(at))]
    return [*blocks[last].closed(last), *more]

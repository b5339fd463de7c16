"""The code in a reply: the first fenced block of it, or the last, without its fences.

A fence is as CommonMark has it, with the liberty that it may be indented more, as in lists. A block that nobody closes
ends with the text.

In: a text as it comes. Out: the lines of a block; a block on standard output. Never: what the code means.
"""

import re
from typing import TYPE_CHECKING, Final

from ..errors import MiniagentsError
from ..safe_text import SafeText
from .output import Output, shown_as, write

if TYPE_CHECKING:
    from ..messages import MessagePromise

__all__ = ["BlockOutput", "FencedBlocks", "blocks_in"]

_OPENING: Final = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_MOST_INDENT: Final = 3
"""How much more than the first fence the last may be indented; more makes it code."""


class FencedBlocks:
    """Finds the blocks in texts that come in tokens."""

    def __init__(self) -> None:
        self.count = 0
        """How many blocks have begun."""
        self._line: list[str] = []
        """The pieces of the line whose end has not come."""
        self._fence = ""
        """What began the block that is open, "" outside."""
        self._indent = 0

    def feed(self, token: str) -> list[tuple[int, str]]:
        """Return the lines of blocks that this token completes, each with the number of its block, from 1."""
        self._line.append(token)
        if "\n" not in token:
            return []
        *whole, rest = "".join(self._line).split("\n")
        self._line = [rest]
        return [(self.count, inside) for line in whole if (inside := self._inside(f"{line}\n"))]

    def end(self) -> list[tuple[int, str]]:
        """Return the rest of a text, after which there may be another one."""
        line = "".join(self._line)
        inside = self._inside(line) if line else ""
        self._line, self._fence = [], ""
        return [(self.count, inside)] if inside else []

    def _inside(self, line: str) -> str:
        """Return what of a line is in a block, "" for a fence and for what is outside."""
        bare, indent = line.strip(), len(line) - len(line.lstrip(" \t"))
        if self._fence:
            is_end = bare.startswith(self._fence) and not bare.strip(self._fence[0])
            if is_end and indent <= self._indent + _MOST_INDENT:
                self._fence = ""
                return ""
            return line[min(self._indent, indent) :]
        if opening := _OPENING.match(bare):
            self.count += 1
            self._fence, self._indent = opening[0], indent
        return ""


def blocks_in(text: str) -> list[str]:
    """Return all the blocks of a text, each without its fences."""
    found = FencedBlocks()
    lines = [*found.feed(text), *found.end()]
    blocks = [""] * found.count
    for number, line in lines:
        blocks[number - 1] += line
    return blocks


class BlockOutput(Output):
    """Standard output for one block of a reply: the first, line by line as it comes, or the last, in the end."""

    def __init__(self, *, last: bool = False) -> None:
        self._wants_last = last
        self._blocks = FencedBlocks()
        self._number = 1
        """Which block is wanted, as far as is known."""
        self._kept: list[str] = []

    async def show(self, promise: "MessagePromise") -> None:
        """Read a message to its end, so that it is kept whole, and write what is wanted of it.

        Raises:
            ReaderGoneError: Nobody reads standard output any more.
        """
        text = SafeText(shown_as())
        try:
            async for token in promise:
                self._take(self._blocks.feed(text.feed(token)))
        finally:
            self._take([*self._blocks.feed(text.end()), *self._blocks.end()])

    def finish(self, transcript: str | None) -> None:
        """Write what is left to write.

        Raises:
            MiniagentsError: There is no block.
        """
        if not self._blocks.count:
            where = f"it is in {transcript}" if transcript else "ask without --extract to see it"
            raise MiniagentsError(f"the reply has no fenced code block; {where}")
        write("".join(self._kept))

    def _take(self, lines: list[tuple[int, str]]) -> None:
        if not self._wants_last:
            write("".join(line for number, line in lines if number == 1))
            return
        for number, line in lines:
            if number != self._number:
                self._number = number
                self._kept.clear()
            self._kept.append(line)

"""A text in Markdown, on its way: what is finished of it leaves once, what is not is shown as it will most likely be.

In: text that was made safe, in pieces. Out: rows. Never: a terminal, a clock.
"""

from typing import NamedTuple

from .blocks import Leaf
from .cuts import cuts
from .growing import parse
from .inline import GOES_ON
from .layout import Layout, Shown
from .mend import is_overgrown, may_be_anything, mended
from .rows import Row
from .tables import MEASURED_ROWS

__all__ = ["Frame", "MarkdownStream", "rendered", "warm"]

_NARROWEST_CELLS = 8
"""A window narrower than this is written to as if it were this wide."""
_LONG_TAIL = 4096
"""Characters of an unfinished block from which it is not laid out anew at every frame, but whenever it has grown by a
quarter: the sum of all that work is linear. Usual blocks are shorter."""
_SHORTEST_CUT_ROWS = 6
_LONGEST_TAIL_ROWS = 12
_ROWS_BELOW = 4
"""Rows of the window that are not for the tail: the prompt and what belongs to it."""
_TAB_CELLS = 4
"""Where CommonMark has its tab stops."""
_GROWING = frozenset({"fence", "code_block", "table"})
"""Blocks whose lines are finished before they are."""


class Frame(NamedTuple):
    """What is new on the screen."""

    finished: list[Row]
    """Rows that never change again; each is given once."""
    tail: list[Row]
    """Rows in place of the last frame's tail."""


class MarkdownStream:
    """One text that grows.

    The rows that it gives as finished, up to its end, are the same however the text was cut, whenever it was looked at
    and however high the window was.
    """

    def __init__(self, *, colours: bool) -> None:
        self._layout = Layout(colours=colours)
        self._fed: list[str] = []
        self._waiting: list[str] = []
        self._waiting_size = 0
        self._lines: list[str] = []
        self._base = 0
        self._partial = ""
        self._shown = Shown()
        self._tail: list[Row] = []
        self._size = self._tried = 0
        self._is_overgrown = False
        self._width = 0

    def feed(self, text: str) -> None:
        """Append `text`, which is safe to show."""
        self._fed.append(text)

    def advance(self, width_cells: int, height_rows: int) -> Frame:
        """Return what is finished since the last call, and the tail: its last rows, no more than `height_rows`."""
        width = max(width_cells, _NARROWEST_CELLS)
        finished: list[Row] = []
        if self._worth_it(width):
            if self._take():
                finished = self._commit(width, final=False)
            self._tail = self._unfinished(width)
            self._size, self._width = self._count(), width
            self._tried = self._tried if self._tried <= self._size else 0
            is_tall = len(self._tail) > _tall(height_rows) and not self._is_overgrown
            if is_tall and self._size > self._tried + self._tried // 4:
                self._tried = self._size
                if upper := self._shortened(width):
                    finished += upper
                    self._tail = self._unfinished(width)
                    self._size, self._tried = self._count(), 0
        return Frame(finished, self._tail[-height_rows:] if height_rows > 0 else [])

    def end(self, width_cells: int) -> list[Row]:
        """Return all the rows that were not given as finished yet."""
        self._worth_it(0)
        self._take()
        if self._partial:
            self._lines.append(_expanded(self._partial))
        self._partial, self._tail = "", []
        return self._commit(max(width_cells, _NARROWEST_CELLS), final=True)

    def _count(self) -> int:
        return len(self._partial) + len(self._lines) + sum(map(len, self._lines))

    def _worth_it(self, width: int) -> bool:
        """Say whether there is enough that is new; a long block is not laid out again for every word."""
        if not self._fed and width == self._width:
            return False
        text = "".join(self._fed)
        self._fed.clear()
        self._waiting.append(text)
        self._waiting_size += len(text)
        return width != self._width or self._size < _LONG_TAIL or self._waiting_size > self._size // 4

    def _take(self) -> bool:
        """Move what waits to the lines, and say whether one of them is new."""
        *lines, self._partial = "".join([self._partial, *self._waiting]).split("\n")
        self._waiting.clear()
        self._waiting_size = 0
        self._lines += map(_expanded, lines)
        return bool(lines)

    def _commit(self, width: int, *, final: bool) -> list[Row]:
        """Return the rows of all blocks that are finished, and cut their lines off."""
        text = _Text(self._shown, self._lines, self._base)
        rows: list[Row] = []
        for leaf in text.leaves:
            complete = final or leaf is not text.leaves[-1] or _is_complete(leaf, len(text.source))
            if not complete and not _grows(leaf, text.shown):
                break
            rows += text.show(leaf, self._layout, width, complete=complete)
        self._shown = text.shown
        self._cut(text.shown_lines)
        return rows

    def _cut(self, count: int) -> None:
        """Forget lines, and empty ones that say no more than one of them."""
        while not self._shown.stub.own and self._lines[count : count + 2] == ["", ""]:
            count += 1
        del self._lines[:count]
        self._base += count

    def _rest(self) -> "_Text":
        """Return what is not finished, without a last line that may be anything."""
        partial = [] if may_be_anything(self._partial) else [_expanded(self._partial)]
        return _Text(self._shown, [*self._lines, *partial], self._base)

    def _unfinished(self, width: int) -> list[Row]:
        """Return the rows of the rest, as it will most likely be."""
        text = self._rest()
        self._is_overgrown = bool(text.leaves) and is_overgrown(text.leaves[-1].text)
        rows: list[Row] = []
        for leaf in text.leaves:
            last = leaf is text.leaves[-1]
            likely = _likely(leaf) if last else leaf
            if likely.text or likely.kind != "paragraph":
                rows += text.show(likely, self._layout, width, complete=not (last and leaf.kind in _GROWING))
        return rows

    def _shortened(self, width: int) -> list[Row]:
        """Return the upper rows of the rest, if it is one paragraph, and cut off what they show."""
        text = self._rest()
        if [leaf.kind for leaf in text.leaves] != ["paragraph"]:
            return []
        leaf = text.leaves[0]
        words = self._layout.words(leaf, text.shown, width)
        for count, at in cuts(leaf.text, words):
            head = leaf._replace(text=leaf.text[:at])
            if self._layout.words(head, text.shown, width) == words[:count]:
                rows = text.show(head, self._layout, width, complete=True)
                self._shown = text.shown
                self._go_on(leaf, at, text)
                return rows
        return []

    def _go_on(self, leaf: Leaf, at: int, text: "_Text") -> None:
        """Forget the lines of a paragraph up to a place in it."""
        rest = leaf.text[at:].removeprefix("\n")
        line = leaf.first + leaf.text.count("\n", 0, len(leaf.text) - len(rest))
        source = text.source[line]
        # A line of a paragraph is the end of a line of the source, but for spaces.
        rest = self._shown.stub.margin + GOES_ON + source[source.rindex(rest.split("\n")[0].strip()) :]
        gone = line - text.known
        if gone < len(self._lines):
            self._lines[gone] = rest
        else:
            self._partial = rest
        self._cut(gone)


class _Text:
    """Lines that go on from what was shown, and what is shown when some of their blocks are."""

    def __init__(self, shown: Shown, lines: list[str], base: int) -> None:
        before = shown.stub.lines
        self.source = [*before, *lines]
        self.leaves = parse(shown.stub, self.source, base)
        self.shown = shown
        self.known = self._end = len(before)
        self._base = base - self.known

    @property
    def shown_lines(self) -> int:
        """How many of the lines belong to the blocks that are shown."""
        return self._end - self.known

    def show(self, leaf: Leaf, layout: Layout, width: int, *, complete: bool) -> list[Row]:
        """Return the rows of the next block."""
        shown, rows = self.shown, []
        between = self.source[self._end : leaf.first]
        if shown.anything and (any(not line.strip(" >") for line in between) or _is_title(leaf)):
            rows.append(layout.gap(leaf, shown, width))
        more, part = layout.rows(leaf, shown, width, complete=complete)
        stub = shown.stub
        if leaf.first >= self.known or complete:
            stub = stub.after(leaf, self.source, self._base, complete=complete)
        self.shown = Shown(stub, anything=True, part=part)
        self._end = max(self._end, leaf.end)
        return rows + more


def rendered(text: str, width_cells: int, *, colours: bool) -> list[Row]:
    """Return the rows of a whole text, which is safe to show."""
    stream = MarkdownStream(colours=colours)
    stream.feed(text)
    return stream.end(width_cells)


def warm() -> None:
    """Import what the first block of code and the first wide character need; for a thread, while a person types."""
    rendered("```python\nprint()\n```\n\n| “a” |\n|---|\n", 80, colours=True)


def _expanded(line: str) -> str:
    """Return a line without tabs: those inside of a text are spaces, and those at its end demand nothing."""
    return line.rstrip("\t").expandtabs(_TAB_CELLS)


def _tall(height_rows: int) -> int:
    """Return how many rows of a paragraph are too many; few enough that a frame of it costs little."""
    return max(_SHORTEST_CUT_ROWS, min(height_rows - _ROWS_BELOW, _LONGEST_TAIL_ROWS))


def _is_complete(leaf: Leaf, end: int) -> bool:
    """Say whether no line after line `end` can belong to the last leaf before it."""
    if leaf.kind in {"heading", "hr"}:
        return True
    if leaf.kind == "fence" and leaf.closed:
        return True
    # Indented code goes on after empty lines.
    return leaf.kind != "code_block" and leaf.end < end


def _grows(leaf: Leaf, shown: Shown) -> bool:
    """Say whether lines of an unfinished leaf are finished."""
    if leaf.kind == "table":
        return shown.part is not None or len(leaf.cells) > MEASURED_ROWS + 1
    return leaf.kind in _GROWING


def _is_title(leaf: Leaf) -> bool:
    return leaf.kind == "heading" and not leaf.path


def _likely(leaf: Leaf) -> Leaf:
    """Return the last leaf as it will most likely be."""
    if leaf.kind in {"paragraph", "heading"}:
        return leaf._replace(text=mended(leaf.text))
    if leaf.kind == "table":
        return leaf._replace(cells=(*leaf.cells[:-1], tuple(map(mended, leaf.cells[-1]))))
    return leaf

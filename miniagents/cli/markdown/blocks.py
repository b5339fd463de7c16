"""The blocks of a text, and how a text is read on when its beginning is no longer there.

CommonMark is read line by line, so what is finished can be cut off, if the containers that are still open (quotes, list
items) are opened anew before the rest. A *stub* does so: the lines on which they began, each with an empty heading for
its content, for nothing can continue that. An unfinished fence or table leaves its own first lines there instead.

In: a stub and the lines after it. Out: leaves (blocks that hold no blocks). Never: rows, the text inside of a block.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, blockquote, lheading, list_block, table

from .inline import GOES_ON

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["HEADER_LIMIT", "HEADING_LIMIT", "Container", "Leaf", "Stub", "parse"]

HEADING_LIMIT = 200
"""Characters of a paragraph from which no line below makes a heading of it: by then its beginning may be on the screen
for good. Nobody writes such headings."""
HEADER_LIMIT = 1000
"""Characters of a line from which it is no header of a table, for the same reason."""
_DEEPEST = 40
"""Levels of markdown-it (a quote is one, a list two) from which a marker is text: its own limit would drop the text."""
_OWN_LINES = {"table": 2, "fence": 1, "code_block": 1, "item": 1}
"""How many lines of an unfinished leaf say what it is."""
_WIDEST_INDENT = 4
"""Spaces after the marker of a list item; with more than these its content is indented code."""
_ITEM = r" *(?:[-+*]|\d{1,9}[.)])"
_QUOTE = " *>"


class Container(NamedTuple):
    """A quote or a list item."""

    quote: bool
    line: int
    """The number of the line it begins on, in all of the text."""
    head: str
    """That line as far as its content."""
    number: int | None = None
    """Which item of an ordered list it is."""


class Leaf(NamedTuple):
    """A block that holds no blocks."""

    kind: str
    """`paragraph`, `heading`, `hr`, `fence`, `code_block`, `table` or `item` (a list item without content)."""
    path: tuple[Container, ...]
    first: int
    end: int
    """Lines, of those that were parsed with the stub before them; `end` is the one after the last."""
    text: str = ""
    info: str = ""
    """The language of a fence, the level of a heading."""
    cells: tuple[tuple[str, ...], ...] = ()
    """The rows of a table, its header the first."""
    aligns: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether a fence has its last line."""
        return self.text.count("\n") < self.end - self.first - 1


class Stub(NamedTuple):
    """What is to be known of the lines that were cut off."""

    path: tuple[Container, ...] = ()
    """The containers of the last leaf."""
    own: tuple[str, ...] = ()
    """The first lines of that leaf, if more lines may belong to it."""
    own_line: int = -1

    @property
    def lines(self) -> list[str]:
        """What to parse before the rest of the text."""
        heads = {container.line: container.head + "#" for container in self.path}
        if self.own:
            heads.pop(self.own_line, None)
        return [*heads.values(), *self.own]

    @property
    def margin(self) -> str:
        """What a line begins with that belongs to all of the containers."""
        # A quote takes the space behind its mark for its own, also where the first line had none.
        return re.sub("[^>]", " ", re.sub(">(?! )", "> ", self.path[-1].head)) if self.path else ""

    def after(self, leaf: Leaf, source: Sequence[str], base: int, *, complete: bool) -> "Stub":
        """Return the stub for all lines up to the end of `leaf`, where `source` begins with line number `base`."""
        count = _OWN_LINES.get(leaf.kind, 0) if leaf.kind == "item" or not complete else 0
        return Stub(leaf.path, tuple(source[leaf.first : leaf.first + count]), base + leaf.first)


def parse(stub: Stub, source: Sequence[str], base: int) -> list[Leaf]:
    """Return the leaves of `source`, which begins with the lines of the stub and, without them, line number `base`.

    The leaf that the stub's own lines begin comes first, unless it is an item without content.
    """
    known = len(stub.lines)
    walk = _Walk(stub, known, source, base)
    walk.read(_parser().parse("\n".join(source) + "\n"))
    shown = known - len(stub.own)
    return [leaf for leaf in walk.leaves if leaf.first >= (known if leaf.kind == "item" else shown)]


class _Walk:
    """One walk over the tokens of a text."""

    def __init__(self, stub: Stub, known: int, source: Sequence[str], base: int) -> None:
        self._stub = stub
        self._known = known
        self._source = source
        self._base = base
        self._path: list[Container] = []
        self._numbers: list[int | None] = []
        self.leaves: list[Leaf] = []

    def read(self, tokens: list["Token"]) -> None:
        for index, token in enumerate(tokens):
            kind, _, edge = token.type.rpartition("_")
            if kind in {"blockquote", "list_item"}:
                self._container(token, tokens[index + 1 : index + 2], opened=edge == "open")
            elif kind in {"bullet_list", "ordered_list"}:
                self._list(opened=edge == "open")
            elif edge == "open" and kind in {"paragraph", "heading"}:
                leaf = self._leaf(kind, token)
                self.leaves.append(leaf._replace(text=tokens[index + 1].content, info=token.tag[1:]))
            elif edge == "open" and kind == "table":
                self._table(tokens, index)
            elif token.type in {"fence", "hr", "code_block"}:
                self.leaves.append(self._leaf(token.type, token))

    def _container(self, token: "Token", following: list["Token"], *, opened: bool) -> None:
        if not opened:
            self._path.pop()
            return
        self._open(token)
        if token.type == "list_item_open" and following[0].type == "list_item_close":
            leaf = self._leaf("item", token)
            self.leaves.append(leaf._replace(end=leaf.first + 1))

    def _list(self, *, opened: bool) -> None:
        if opened:
            self._numbers.append(None)
        else:
            self._numbers.pop()

    def _leaf(self, kind: str, token: "Token") -> Leaf:
        return Leaf(kind, tuple(self._path), *_lines(token), text=token.content, info=token.info)

    def _open(self, token: "Token") -> None:
        line = _lines(token)[0]
        if line < self._known:
            container = self._stub.path[len(self._path)]
        else:
            quote = token.type == "blockquote_open"
            number = self._base + line - self._known
            container = Container(quote, number, self._head(line, number, quote=quote), self._number(token))
        if not container.quote:
            self._numbers[-1] = container.number
        self._path.append(container)

    def _number(self, token: "Token") -> int | None:
        if not token.info:
            return None
        last = self._numbers[-1]
        return int(token.info) if last is None else last + 1

    def _head(self, line: int, number: int, *, quote: bool) -> str:
        text = self._source[line]
        before = [_QUOTE if each.quote else _ITEM for each in self._path if each.quote or each.line == number]
        found = re.match("".join([*before, _QUOTE if quote else _ITEM]), text)
        end = found.end() if found else 0
        rest = text[end:]
        indent = len(rest) - len(rest.lstrip(" "))
        if quote or indent > _WIDEST_INDENT or indent in {0, len(rest)}:
            return text[:end] + " "
        return text[: end + indent]

    def _table(self, tokens: list["Token"], index: int) -> None:
        rows: list[list[str]] = []
        aligns: list[str] = []
        at = index
        while tokens[at].type != "table_close":
            at += 1
            if tokens[at].type == "tr_open":
                rows.append([])
            elif tokens[at].type == "th_open":
                aligns.append(str(tokens[at].attrs.get("style", "")).removeprefix("text-align:"))
            elif tokens[at].type == "inline":
                rows[-1].append(tokens[at].content)
        leaf = self._leaf("table", tokens[index])
        self.leaves.append(leaf._replace(cells=tuple(map(tuple, rows)), aligns=tuple(aligns)))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """Return a parser of blocks only. Markup of HTML and definitions of references are text to it.

    A reference may be defined after its use, when what used it is finished; so both are shown as they are written.
    """
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 4 * _DEEPEST})
    parser.core.ruler.enableOnly(["normalize", "block"])
    rules = parser.block.ruler
    rules.disable(["reference", "html_block"])
    rules.at("table", _plain_header, {"alt": ["paragraph"]})
    rules.at("blockquote", _not_too_deep(blockquote), {"alt": ["paragraph", "blockquote", "list"]})
    rules.at("list", _not_too_deep(list_block), {"alt": ["paragraph", "blockquote"]})
    rules.at("lheading", _short_heading)
    rules.enable("table")
    return parser


def _not_too_deep(
    rule: Callable[[StateBlock, int, int, bool], bool],
) -> Callable[[StateBlock, int, int, bool], bool]:
    def limited(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
        return state.level < _DEEPEST and rule(state, first, end, silent)

    return limited


def _plain_header(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Read a table, unless its first line is too long, the rest of a paragraph, or the first of another block."""
    start, last = state.bMarks[first] + state.tShift[first], state.eMarks[first]
    if last - start > HEADER_LIMIT or state.src.startswith(GOES_ON, start) or not table(state, first, end, silent=True):
        return False
    others = state.md.block.ruler.getRules("blockquote")
    return not any(rule(state, first, end, True) for rule in others) and table(state, first, end, silent)  # noqa: FBT003 - as above


def _short_heading(state: StateBlock, first: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's signature
    """Read a heading that is underlined, unless it is too long, or the beginning of it was cut off."""
    count, parent = len(state.tokens), state.parentType
    found = lheading(state, first, end, silent)
    state.parentType = parent  # it forgets to, when it finds none, and a list below would be taken for text
    if not found:
        return False
    text = state.tokens[count + 1].content
    if len(text) <= HEADING_LIMIT and not text.startswith(GOES_ON):
        return True
    del state.tokens[count:]
    state.line = first
    return False


def _lines(token: "Token") -> tuple[int, int]:
    """Return the lines that a token of a block was read from."""
    first, end = token.map or (0, 0)
    return first, end

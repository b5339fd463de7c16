"""What an unfinished text will most likely be, so that it looks final at once and nothing on the screen jumps.

In: the source of a text, or of a line, that goes on. Out: the source to show until then. Never: what is kept.
"""

import re

__all__ = ["is_overgrown", "may_be_anything", "mended"]

_UNDECIDED = re.compile(
    r"[ >]*(?:[-+*]|\d{1,9}[.)]?|#{1,6}|=+|[-*_ ]+|`{1,2}|~{1,2}|`{3,}[^`\s]*|~{3,}\S*|[-+*] \[[ xX]?\]?)?\s*"
)
_TABLE_BEGUN = re.compile(r"(?:^|\n)[ ]*\|[^\n]*(?:\n[ ]*[|:-][^\n]*)?$")
_MARK = re.compile(r"\\.|`+|\*{1,3}|_{1,3}|~~|!?\[", re.DOTALL)
_HALF_LINK = re.compile(r"([^\]]*)(?:\](?:\([^)]*)?)?")
_LINK = re.compile(r"[^\]]*\](?:\([^)]*\))?")
_LONGEST = 4096
"""Characters from which a text is not mended: its end is far from its beginning, and not every pattern is linear."""
_MARKS = "*_~`[]!<&\\"
_MOST_MARKS = 400
"""Marks of an unfinished text from which they are not read: each takes some 20 µs, and a frame has 33 ms. A paragraph
that a person would read has a few dozen before it ends, or is cut."""
_WITHOUT_MARKS = {**dict.fromkeys(map(ord, _MARKS)), ord("\n"): " "}


def is_overgrown(text: str) -> bool:
    """Say whether an unfinished text has so many marks that to read them takes longer than a frame may."""
    return len(text) > _MOST_MARKS and sum(map(text.count, _MARKS)) > _MOST_MARKS


def may_be_anything(line: str) -> bool:
    """Say whether a line without its end could still turn out to be a list, a rule, an underline or a fence."""
    return _UNDECIDED.fullmatch(line) is not None


def mended(text: str) -> str:
    """Return `text` with the ends of what it begins: emphasis, code, a link; without what may begin a table.

    One that is overgrown has neither marks nor breaks until it is finished.
    """
    if is_overgrown(text):
        return text.translate(_WITHOUT_MARKS)
    if len(text) > _LONGEST:
        return text
    text = _TABLE_BEGUN.sub("", text)
    begun: list[str] = []
    at = 0
    while found := _MARK.search(text, at):
        mark, at = found[0], found.end()
        if mark[0] == "`":
            end = re.compile(rf"(?<!`){mark}(?!`)").search(text, at)
            if end is None:
                return _ended(text[: found.start()], begun) if at == len(text) else text + mark + _ends(begun)
            at = end.end()
        elif mark[-1] == "[":
            half = _HALF_LINK.fullmatch(text, at)
            if half is not None:
                text = text[: found.start()] + half[1]
                at = found.start()
            elif link := _LINK.match(text, at):
                at = link.end() if link[0].endswith(")") else at
        elif mark[0] != "\\" and not _pair(text, found, begun) and at == len(text):
            text = text[: found.start()]
    return _ended(text, begun)


def _pair(text: str, found: re.Match[str], begun: list[str]) -> bool:
    """Let a mark end what it can end, or else begin what it can begin, and say whether it does."""
    mark = found[0]
    before, after = text[max(found.start() - 1, 0) : found.start()], text[found.end() : found.end() + 1]
    if mark in begun and before.strip():
        del begun[begun.index(mark) :]
        return True
    if after.strip() and not (mark[0] == "_" and before.isalnum()):
        begun.append(mark)
        return True
    return False


def _ended(text: str, begun: list[str]) -> str:
    """Return `text` with the ends of what it has begun; a space before them would keep them from being ends."""
    return text.rstrip() + _ends(begun)


def _ends(begun: list[str]) -> str:
    return "".join(reversed(begun))

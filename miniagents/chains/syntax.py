"""What YAML's parser complains of, in words for people who have never read YAML's grammar.

In: its error. Out: a `Fault`. Never: what the file says.
"""

import re
from typing import Any, Final

from .faults import Fault, Place, place_at, shown

__all__ = ["of_characters", "of_syntax"]

_NOT_OF_YAML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2.2, 5.1: everything but the printable ones must be escaped."""
_BY_CONTEXT: Final = re.compile("quoted scalar found|alias|anchor|simple key|',' or '[]}]'")
"""Where the place of the beginning says more than the one where the parser gave up."""
_BRACES: Final = re.compile(r"[:-][ ]+(\{\{[^\n]*\}\})")
"""What somebody means as text who has read of `{{ name }}`."""
_INDENT: Final = "let it begin in the same column as what it belongs with, with spaces"
_QUOTES: Final = 'if it is text, put all of it in quotes: "…"'
_WORDS: Final = (
    ("'\\\\t'|\\btab\\b", "a tab stands where the line is indented", "use spaces, two for each level"),
    (
        "mapping (values|keys) are not allowed|unexpected ':'",
        "there is no place for a key here, or for `: ` inside text",
        _QUOTES,
    ),
    ("entries are not allowed", "a list cannot begin here", "begin it in a line of its own, or put text in quotes"),
    (
        "could not find expected ':'",
        "there is no colon in this line",
        "write `key: value`, or indent it to go on with a text",
    ),
    (
        "unexpected (end of stream|document)",
        "a quote opens here and is never closed",
        "close it in the place where the text ends",
    ),
    ("undefined alias", "no `&` anchor of this name stands before it", 'put text that begins with * in quotes: "*…"'),
    ("scanning an alias", "`*` begins an alias, which this is not", 'put text that begins with * in quotes: "*…"'),
    ("scanning an anchor", "`&` begins an anchor, which this is not", 'put text that begins with & in quotes: "&…"'),
    ("duplicate anchor", "this anchor was there before", "give each a name of its own"),
    ("cannot start any token", "{} cannot stand here", _QUOTES),
    ("directive", "`%` begins a directive, which this is not", _QUOTES),
    ("incompatible", "this is another version of YAML", "leave the line with %YAML out"),
    ("escape", "`\\` means something else in double quotes", "write \\\\ for it, or use single quotes"),
    ("block scalar", "nothing may stand behind `|` or `>`", "let the text begin in the next line"),
    ("single document|document start", "a second document begins here", "keep one of them, and no line with ---"),
    ("tag", "`!` begins a tag, which this is not", 'put text that begins with ! in quotes: "!…"'),
    ("nesting", "there are too many levels inside each other", "leave some out"),
    ("',' or '[]}]'", "what {} opens is not closed, or misses a comma", f"mend that; {_QUOTES}"),
    ("node content", "{} cannot stand here", f"close what is open; {_QUOTES}"),
    (
        "expected key|<block end>|expected '-'|block collection",
        "this does not go on with what is above it",
        f"{_INDENT}; {_QUOTES}",
    ),
)
"""What an error says, as a regular expression, in our words, and the cure; the first that is found counts."""


def of_characters(text: str) -> Fault | None:
    """Return the fault of the first character that no YAML may have."""
    if (found := _NOT_OF_YAML.search(text)) is None:
        return None
    what = f"there is a character that nobody can see, U+{ord(found[0]):04X}"
    return Fault(place_at(text, found.start()), what, 'delete it, or write it in double quotes as "\\u…"')


def of_syntax(error: Any, text: str) -> Fault:
    """Return the fault that an error of the parser stands for; one that it gave no place has none."""
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or ''}"
    mark = getattr(error, "problem_mark", None)
    if _BY_CONTEXT.search(said):
        mark = getattr(error, "context_mark", None) or mark
    place = None if mark is None else Place(mark.line + 1, mark.column + 1)
    character = "" if mark is None else text[mark.index : mark.index + 1]
    said += " tab" * (character == "\t")
    if mark is not None and (braces := _BRACES.search(text, text.rfind("\n", 0, mark.index) + 1, mark.index)):
        what = "braces begin a mapping here, and no text"
        return Fault(place_at(text, braces.start(1)), what, 'put all of the text in quotes: "{{ … }} …"')
    for pattern, what, cure in _WORDS:
        if re.search(pattern, said):
            return Fault(place, what.format(f"`{shown(character)}`" if character.strip() else "the end"), cure)
    return Fault(place, f"this is no YAML ({shown(said.strip() or type(error).__name__)})", _QUOTES)

"""Code, coloured line by line as it comes.

Pygments reads whole texts. Its lexers are tables of rules for a stack of states, so the stack is all that has to be
kept between two lines; a comment that goes over lines is the one thing that their rules want to see whole.

In: a language, lines. Out: runs. Never: a row, a fence.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from .runs import Run, text_of
from .styles import PLAIN, of_token

__all__ = ["Code"]

_LANGUAGE = re.compile(r"[\w+#.-]+")
_COMMENTS = {"/*": "*/", "<!--": "-->"}
_COMMENT_FIRSTS = "/<"
_LONGEST_LINE = 2000
"""Characters of a line from which it is not coloured: minified code, and rules that may need more than linear time."""


class _State(NamedTuple):
    """What a line leaves for the next one."""

    stack: tuple[str, ...] = ("root",)
    closing: str = ""
    """The end of a comment that is open."""
    comment: Any = None


class Code:
    """One block of code."""

    def __init__(self, info: str) -> None:
        found = _LANGUAGE.match(info.strip())
        self.language = found[0].lower() if found else ""
        self._state = _State()

    def line(self, text: str) -> list[Run]:
        """Return the next line, coloured as what came before it demands."""
        lexer = _lexer(self.language) if text.strip() else None
        if lexer is None or len(text) > _LONGEST_LINE:
            return [Run(text)] if text else []
        line = _Line(lexer, self._state, text + "\n")
        runs = _coloured(line.pieces())
        self._state = line.state
        # A few lexers leave characters out; ours is to show the code.
        return runs if text_of(runs) == text else [Run(text)]


def _coloured(pieces: list[tuple[Any, str]]) -> list[Run]:
    """Return the pieces of a line as runs, neighbours that look the same as one."""
    runs: list[Run] = []
    said, look = "", PLAIN
    for kind, piece in pieces:
        style = of_token(kind)
        if style is not look and said:
            runs.append(Run(said, look))
            said = ""
        said, look = said + piece, style
    said = said.rstrip("\n")
    return [*runs, Run(said, look)] if said else runs


@lru_cache(maxsize=64)
def _lexer(language: str) -> Any:
    """Return the lexer of a language, if there is one."""
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415 - no code, no lexers
    from pygments.util import ClassNotFound  # noqa: PLC0415 - as above

    try:
        return get_lexer_by_name(language) if language else None
    except ClassNotFound:
        return None


class _Kinds(NamedTuple):
    """What Pygments has to be asked about."""

    by_rules: type
    extended: type
    """Lexers that know of the lines before what we cannot see."""
    plain: type
    """Of token types."""
    comment: Any
    error: Any
    text: Any


@lru_cache(maxsize=1)
def _kinds() -> _Kinds:
    from pygments.lexer import ExtendedRegexLexer, RegexLexer  # noqa: PLC0415 - as above
    from pygments.token import Comment, Error, Text, _TokenType  # noqa: PLC0415 - as above

    return _Kinds(RegexLexer, ExtendedRegexLexer, _TokenType, Comment, Error, Text)


class _Line:
    """A walk of a lexer along one line, which ends with its newline."""

    def __init__(self, lexer: Any, state: _State, text: str) -> None:
        self._lexer = lexer
        self._stack = state.stack
        self._closing = state.closing
        self._comment = state.comment
        self._text = text
        self._at = 0

    @property
    def state(self) -> _State:
        """What the next line has to know."""
        return _State(self._stack, self._closing, self._comment)

    def pieces(self) -> list[tuple[Any, str]]:
        """Return the line in pieces with their token types."""
        kinds, lexer = _kinds(), self._lexer
        if isinstance(lexer, kinds.extended) or not isinstance(lexer, kinds.by_rules):
            return [(kind, piece) for _, kind, piece in self._lexer.get_tokens_unprocessed(self._text)]
        found: list[tuple[Any, str]] = []
        text, end = self._text, len(self._text)
        while self._at < end:
            if self._closing:
                found.append((self._comment, self._rest_of_comment()))
            elif text[self._at] in _COMMENT_FIRSTS and self._opens_comment(kinds):
                found.append((self._comment, text[self._at :]))
                self._at = end
            else:
                self._step(kinds, found)
        return found

    def _rest_of_comment(self) -> str:
        start, end = self._at, self._text.find(self._closing, self._at)
        if end < 0:
            self._at = len(self._text)
        else:
            self._at = end + len(self._closing)
            self._closing = ""
        return self._text[start : self._at]

    def _opens_comment(self, kinds: _Kinds) -> bool:
        """Say whether a comment begins here that does not end on this line."""
        for opening, closing in _COMMENTS.items():
            if self._text.startswith(opening, self._at) and closing not in self._text[self._at + len(opening) :]:
                match, kind, _ = self._matching(self._text[: self._at] + opening + closing)
                if match is not None and kind in kinds.comment and match.end() > self._at + len(opening):
                    self._closing, self._comment = closing, kind
                    return True
        return False

    def _matching(self, text: str) -> Any:
        """Return the first rule that fits `text` where we are: its match, its action, its next state."""
        at = self._at
        for rule, action, target in self._lexer._tokens[self._stack[-1]]:  # noqa: SLF001 - the table of its rules
            if match := rule(text, at):
                return match, action, target
        return None, None, None

    def _step(self, kinds: _Kinds, found: list[tuple[Any, str]]) -> None:
        """Find the next piece, or, where a rule says so, several."""
        match, action, target = self._matching(self._text)
        if match is None:
            character = self._text[self._at]
            self._at += 1
            if character == "\n":
                self._stack = _State().stack
            found.append((kinds.text if character == "\n" else kinds.error, character))
            return
        if action.__class__ is kinds.plain:
            found.append((action, match[0]))
        elif action is not None:
            pieces = [(kind, piece) for _, kind, piece in action(self._lexer, match)]
            whole = "".join([piece for _, piece in pieces]) == match[0]
            found += pieces if whole else [(kinds.text, match[0])]
        else:
            found.append((kinds.text, match[0]))
        self._at = match.end()
        if target is not None:
            self._stack = _after(self._stack, target)


def _after(stack: tuple[str, ...], target: Any) -> tuple[str, ...]:
    """Return the stack after a rule that says so: a number of states to leave, or names of states to enter."""
    if isinstance(target, int):
        return stack[:target] or stack[:1]
    for name in (target,) if isinstance(target, str) else target:
        stack = stack[:-1] or stack if name == "#pop" else (*stack, stack[-1] if name == "#push" else name)
    return stack

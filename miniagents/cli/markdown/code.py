"""Code, coloured line by line as it comes.

Pygments reads whole texts. Its lexers are tables of rules for a stack of states, so the stack is all that has to be
kept between two lines; a comment that goes over lines is the one thing that their rules want to see whole.

In: a language, lines. Out: runs. Never: a row, a fence.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from .runs import Run, merged, text_of
from .styles import of_token

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        runs = merged([Run(piece.rstrip("\n"), of_token(kind)) for kind, piece in line.pieces()])
        self._state = line.state
        # A few lexers leave characters out; ours is to show the code.
        return runs if text_of(runs) == text else [Run(text)]


@lru_cache(maxsize=64)
def _lexer(language: str) -> Any:
    """Return the lexer of a language, if there is one."""
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415 - no code, no lexers
    from pygments.util import ClassNotFound  # noqa: PLC0415 - as above

    try:
        return get_lexer_by_name(language) if language else None
    except ClassNotFound:
        return None


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

    def pieces(self) -> "Iterator[tuple[Any, str]]":
        """Yield the line in pieces with their token types."""
        from pygments.lexer import ExtendedRegexLexer, RegexLexer  # noqa: PLC0415 - as above

        if isinstance(self._lexer, ExtendedRegexLexer) or not isinstance(self._lexer, RegexLexer):
            # What such a lexer knows of the lines before is where we cannot see it.
            for _, kind, piece in self._lexer.get_tokens_unprocessed(self._text):
                yield kind, piece
            return
        while self._at < len(self._text):
            if self._closing:
                yield self._comment, self._rest_of_comment()
            elif self._text[self._at] in _COMMENT_FIRSTS and self._opens_comment():
                yield self._comment, self._text[self._at :]
                self._at = len(self._text)
            else:
                yield from self._step()

    def _rest_of_comment(self) -> str:
        start, end = self._at, self._text.find(self._closing, self._at)
        if end < 0:
            self._at = len(self._text)
        else:
            self._at = end + len(self._closing)
            self._closing = ""
        return self._text[start : self._at]

    def _opens_comment(self) -> bool:
        """Say whether a comment begins here that does not end on this line."""
        from pygments.token import Comment  # noqa: PLC0415 - as above

        for opening, closing in _COMMENTS.items():
            if self._text.startswith(opening, self._at) and closing not in self._text[self._at + len(opening) :]:
                match, kind, _ = self._matching(self._text[: self._at] + opening + closing)
                if match is not None and kind in Comment and match.end() > self._at + len(opening):
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

    def _step(self) -> "Iterator[tuple[Any, str]]":
        from pygments.token import Error, Text, _TokenType  # noqa: PLC0415 - as above

        match, action, target = self._matching(self._text)
        if match is None:
            character = self._text[self._at]
            self._at += 1
            if character == "\n":
                self._stack = _State().stack
            yield (Text if character == "\n" else Error), character
            return
        if isinstance(action, _TokenType):
            yield action, match[0]
        elif action is not None:
            pieces = [(kind, piece) for _, kind, piece in action(self._lexer, match)]
            whole = "".join([piece for _, piece in pieces]) == match[0]
            yield from pieces if whole else [(Text, match[0])]
        else:
            yield Text, match[0]
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

"""How a message is made of its tokens as they come: checked, with the promises inside them in their places.

In: tokens, other parts between them, what is known beforehand and afterwards. Out: tokens in a source, a message.
Never: which classes of messages there are.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .errors import UnsupportedPieceError
from .frozen import EMPTY
from .promising.marks import MARK, tokens_of
from .promising.scope import Scope
from .promising.source import Source
from .promising.work import Work

if TYPE_CHECKING:
    from .content import Part, Thought
    from .message import ErrorMessage, Message

__all__ = ["Recipe", "assembled", "checked", "one_by_one", "pump"]


class Recipe:
    """How the message is made when its text is there; shared by its promise and by the task that pumps its tokens."""

    __slots__ = ("_error_class", "_message_class", "afterwards", "between", "known_beforehand", "message")

    def __init__(
        self,
        message_class: "type[Message]",
        error_class: "type[ErrorMessage]",
        known_beforehand: Mapping[str, Any],
        afterwards: Mapping[str, Any],
    ) -> None:
        self._message_class: type[Message] = message_class
        self._error_class = error_class
        self.known_beforehand = known_beforehand
        self.afterwards = afterwards
        self.between: list[tuple[int, Thought | Part]] = []
        """What comes between the tokens of the text, each with how many of these were there before it."""
        self.message: Message | None = None
        """The message, once it was made."""

    def make(self, tokens: Sequence[str]) -> "Message":
        """Make the message of all its tokens.

        Raises:
            ValidationError: Its class does not take these fields.
        """
        fields = {**self.known_beforehand, **self.afterwards}
        if "metadata" in self.known_beforehand and "metadata" in self.afterwards:
            fields["metadata"] = {**self.known_beforehand["metadata"], **self.afterwards["metadata"]}
        if self.between:
            fields["parts"] = assembled(tokens, self.between)
        self.message = self._message_class(text="".join(tokens), **fields)
        return self.message

    def tell(self, work: Work, error: Exception) -> None:
        """Let the message end with an error."""
        message = self._error_class.of(error)
        source = cast("Source[str]", work.source)
        source.push(f"\n\n{message}" if source.has_begun else message.text)
        self._message_class, self.known_beforehand, self.afterwards = type(message), {"error": message.error}, EMPTY
        self.finish(source, work.scope)

    def finish(self, source: Source[str], scope: Scope) -> None:
        """Make the message of tokens that are all there, if they are kept: else those make it who have read them."""
        if source.keeps:
            scope.made(self.make(source.pieces))


async def pump(source: Source[str], tokens: AsyncIterable["str | Part"], recipe: Recipe, scope: Scope) -> None:
    """Put the tokens into the source as they come, and make the message at their end."""
    keeps, passed = source.keeps, 0
    try:
        async for token in tokens:
            if token.__class__ is str and MARK not in token:  # each of these checks is paid for by every token
                if token:
                    source.push(token)
                    passed += 1
            elif token.__class__ is not str and _is_between(token):
                recipe.between.append((passed, cast("Thought | Part", token)))
                source.nudge()
            elif checked(token):
                async for part in tokens_of(cast("str", token)):
                    source.push(part)
                    passed += 1
                    if not keeps:
                        await source.room()
            if not keeps:
                await source.room()
        recipe.finish(source, scope)
    finally:
        if isinstance(tokens, AsyncGenerator):
            await tokens.aclose()


async def one_by_one(tokens: "Iterable[str | Part]") -> "AsyncGenerator[str | Part, None]":
    """Give what is there as if it came."""
    for token in tokens:
        yield token


def checked(token: object) -> bool:
    """Say whether there is anything in a token.

    Raises:
        UnsupportedPieceError: It is no text.
    """
    if not isinstance(token, str) and not _is_between(token):
        raise UnsupportedPieceError(f"a token must be a str, not {type(token).__qualname__}")
    return bool(token)


def assembled(tokens: Sequence[str], between: "Iterable[tuple[int, Thought | Part]]") -> "tuple[Part, ...]":
    """Return the parts of a message that was streamed; none, if it is text and nothing else.

    Thoughts make a `Thinking`, unless that comes whole behind them; tokens make a `Text`, for which a `Text` that comes
    whole behind them gives its `extra`; what was before the text of that one is another.
    """
    from .content import Text, Thinking, Thought  # noqa: PLC0415 - most messages have no parts

    parts: list[Part] = []
    thoughts: list[str] = []
    start = 0

    def think() -> None:
        if thoughts:
            parts.append(Thinking("".join(thoughts)))
            thoughts.clear()

    for position, piece in (*between, (len(tokens), Text(""))):
        text, start = "".join(tokens[start:position]), position
        if text:
            think()
            if isinstance(piece, Text) and piece.text and text != piece.text and text.endswith(piece.text):
                parts.append(Text(text.removesuffix(piece.text)))
                text = piece.text
            parts.append(Text(text, extra=piece.extra if isinstance(piece, Text) else EMPTY))
        if isinstance(piece, Thought):
            thoughts.append(piece)
        elif not isinstance(piece, Text):
            if isinstance(piece, Thinking):
                thoughts.clear()
            think()
            parts.append(piece)
    think()
    return () if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].extra else tuple(parts)


def _is_between(token: object) -> bool:
    from .content import Part, Thought  # noqa: PLC0415 - as above

    return isinstance(token, Part | Thought)

"""How a message is made of its tokens as they come: checked, with the promises inside them in their places.

In: tokens, other parts between them, what is known beforehand and afterwards. Out: tokens in a source, a message.
Never: which classes of messages there are.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, PlainSerializer

from .errors import UnsupportedPieceError, UsageError
from .frozen import EMPTY
from .promising.marks import MARK, tokens_of
from .promising.scope import Scope
from .promising.source import Source
from .promising.work import Work

if TYPE_CHECKING:
    from .content import Part, Thought
    from .message import ErrorMessage, Message

__all__ = [
    "PartsField",
    "Recipe",
    "assembled",
    "checked",
    "followed_by",
    "is_one_text",
    "one_by_one",
    "pump",
    "with_text",
]


class Recipe:
    """How the message is made when its text is there; shared by its promise and by the task that pumps its tokens."""

    __slots__ = (
        "_error_class",
        "_is_mixed",
        "_last",
        "_message_class",
        "afterwards",
        "between",
        "known_beforehand",
        "message",
    )

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
        """What comes between the tokens of the text, each with how many of these were there before it.

        Where pieces are not kept, it is not either, and comes among the tokens instead.
        """
        self._last = 0
        self._is_mixed = False
        self.message: Message | None = None
        """The message, once it was made."""

    def make(self, tokens: Sequence[str]) -> "Message":
        """Make the message of all its tokens, which may have other parts among them.

        Raises:
            ValidationError: Its class does not take these fields.
        """
        fields = {**self.known_beforehand, **self.afterwards}
        if "metadata" in self.known_beforehand and "metadata" in self.afterwards:
            fields["metadata"] = {**self.known_beforehand["metadata"], **self.afterwards["metadata"]}
        tokens, between = _apart(tokens) if self._is_mixed else (tokens, self.between)
        if between:
            fields["parts"] = assembled(tokens, between)
        self.message = self._message_class(text="".join(tokens), **fields)
        return self.message

    def put_between(self, source: Source[str], piece: "Thought | Part", passed: int) -> int:
        """Put what comes behind so many tokens in its place; return how many tokens there are now.

        A `Text` that has no tokens before it is its own token.
        """
        from .content import Text  # noqa: PLC0415 - most messages have no parts

        if isinstance(piece, Text) and piece.text and self._last == passed:
            source.push(piece.text)
            passed += 1
        if not piece:
            return passed
        self._last = passed
        if source.keeps:
            self.between.append((passed, piece))
            source.nudge()
        else:
            source.push(cast("str", piece))
            self._is_mixed = True
        return passed

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
                passed = recipe.put_between(source, cast("Thought | Part", token), passed)
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


async def followed_by(
    tokens: "AsyncIterable[str | Part] | Iterable[str | Part]", parts: "Iterable[Part]"
) -> "AsyncGenerator[str | Part, None]":
    """Give the tokens, and the parts behind them."""
    tokens = tokens if isinstance(tokens, AsyncIterable) else one_by_one(tokens)
    try:
        async for token in tokens:
            yield token
    finally:
        if isinstance(tokens, AsyncGenerator):
            await tokens.aclose()
    for part in parts:
        yield part


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
    return () if is_one_text(parts) and not parts[0].extra else tuple(parts)


def with_text(text: str, given: Sequence[Any]) -> dict[str, Any]:
    """Return the text and the parts of a message that was given both, or parts alone, by the names of its fields.

    One that is text and nothing else gets no parts.

    Raises:
        UnsupportedPieceError: Something among them is no part.
        UsageError: The text is another one than that of the parts.
    """
    from .content import Text, parts_of, text_in  # noqa: PLC0415 - as above

    parts = parts_of(given)
    if text and not any(isinstance(part, Text) for part in parts):
        parts = (Text(text), *parts)
    told = text_in(parts)
    if text not in ("", told):
        raise UsageError("the text of a message and that of its parts differ; give the parts alone")
    return {"text": told, "parts": () if is_one_text(parts) and not parts[0].extra else parts}


def _parts_told(parts: "tuple[Part, ...]") -> list[dict[str, Any]]:
    """Return the JSON of the parts, of which a message with these parts can be made again."""
    if not parts:
        return []
    from .content import part_to_json  # noqa: PLC0415 - as above

    return [part_to_json(part) for part in parts]


def is_one_text(parts: "Sequence[Part]") -> bool:
    """Say whether the parts are one text and nothing else."""
    return len(parts) == 1 and parts[0].kind == "text"


def _apart(pieces: Sequence[str]) -> "tuple[list[str], list[tuple[int, Thought | Part]]]":
    """Return the tokens of the text, and what comes between them."""
    tokens, between = list[str](), list[Any]()
    for piece in pieces:
        if _is_between(piece):
            between.append((len(tokens), piece))
        else:
            tokens.append(piece)
    return tokens, between


def _is_between(token: object) -> bool:
    from .content import Part, Thought  # noqa: PLC0415 - as above

    return isinstance(token, Part | Thought)


def _in_a_row(parts: Any) -> Any:
    return (parts,) if isinstance(parts, str) or _is_between(parts) else parts


if TYPE_CHECKING:

    class PartsField:
        """Tells type checkers of a field that is given parts, strings among them, or one; and is a tuple of parts."""

        def __get__(self, instance: Any, owner: Any = None, /) -> tuple[Part, ...]: ...

        def __set__(self, instance: Any, value: Part | str | Sequence[Part | str], /) -> None: ...

else:
    PartsField = Annotated[tuple[Any, ...], BeforeValidator(_in_a_row), PlainSerializer(_parts_told)]
    """The field of a message's parts, which `with_text` looks into when all fields are there."""

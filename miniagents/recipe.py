"""How a message is made of its tokens as they come: checked, with the promises inside them in their places.

In: tokens, what is known beforehand and afterwards. Out: tokens in a source, a message. Never: which classes there are.
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
    from .message import ErrorMessage, Message

__all__ = ["Recipe", "checked", "one_by_one", "pump"]


class Recipe:
    """How the message is made when its text is there; shared by its promise and by the task that pumps its tokens."""

    __slots__ = ("_error_class", "_message_class", "afterwards", "known_beforehand", "message")

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


async def pump(source: Source[str], tokens: AsyncIterable[str], recipe: Recipe, scope: Scope) -> None:
    """Put the tokens into the source as they come, and make the message at their end."""
    keeps = source.keeps
    try:
        async for token in tokens:
            if token.__class__ is str and MARK not in token:  # each of these checks is paid for by every token
                if token:
                    source.push(token)
            elif checked(token):
                async for part in tokens_of(token):
                    source.push(part)
                    if not keeps:
                        await source.room()
            if not keeps:
                await source.room()
        recipe.finish(source, scope)
    finally:
        if isinstance(tokens, AsyncGenerator):
            await tokens.aclose()


async def one_by_one(tokens: Iterable[str]) -> AsyncGenerator[str, None]:
    """Give what is there as if it came."""
    for token in tokens:
        yield token


def checked(token: str) -> str:
    """Return the token.

    Raises:
        UnsupportedPieceError: It is no text.
    """
    if not isinstance(token, str):
        raise UnsupportedPieceError(f"a token must be a str, not {type(token).__qualname__}")
    return token

"""How each part of a text looks: the sixteen colours of the reader's own terminal, so that they suit its background.

In: the name of a part, or a Pygments token type. Out: a Rich style. Never: an escape sequence.
"""

from typing import Any

from rich.style import Style

__all__ = ["BULLET", "CODE", "DIM", "EMPHASIS", "HEADINGS", "LINK", "PLAIN", "STRIKE", "STRONG", "of_token"]

PLAIN = Style.null()
DIM = Style.parse("dim")
EMPHASIS = Style.parse("italic")
STRONG = Style.parse("bold")
STRIKE = Style.parse("strike")
CODE = Style.parse("cyan")
LINK = Style.parse("underline blue")
BULLET = Style.parse("yellow")
HEADINGS = (Style.parse("bold underline magenta"), Style.parse("bold magenta"), Style.parse("bold"))
"""By level; the deeper ones look like the last."""

_TOKENS = {
    "Comment": "bright_black italic",
    "Comment.Preproc": "magenta",
    "Generic.Deleted": "red",
    "Generic.Emph": "italic",
    "Generic.Heading": "bold",
    "Generic.Inserted": "green",
    "Generic.Prompt": "bright_black",
    "Generic.Strong": "bold",
    "Generic.Subheading": "magenta",
    "Keyword": "blue",
    "Keyword.Type": "cyan",
    "Literal.Number": "cyan",
    "Literal.String": "green",
    "Literal.String.Escape": "yellow",
    "Literal.String.Interpol": "yellow",
    "Name.Attribute": "cyan",
    "Name.Builtin": "cyan",
    "Name.Class": "bold yellow",
    "Name.Constant": "cyan",
    "Name.Decorator": "magenta",
    "Name.Exception": "red",
    "Name.Function": "yellow",
    "Name.Tag": "blue",
    "Operator.Word": "blue",
}
"""Few, so that they can be told apart; a token type that is not named looks like the nearest above it that is."""

_known: dict[Any, Style] = {}


def of_token(token: Any) -> Style:
    """Return how a piece of code of this Pygments token type looks."""
    if token not in _known:
        name = ".".join(token)
        while name and name not in _TOKENS:
            name = name.rpartition(".")[0]
        _known[token] = Style.parse(_TOKENS[name]) if name else PLAIN
    return _known[token]

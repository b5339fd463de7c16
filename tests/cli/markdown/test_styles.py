"""Looks of code."""

from pygments.token import Token

from miniagents.cli.markdown.styles import PLAIN, of_token


def test_a_token_looks_like_the_nearest_kind_that_has_a_look() -> None:
    """A kind without a look of its own takes that of the kind above it; most names have none."""
    assert of_token(Token.Keyword.Declaration) == of_token(Token.Keyword) != PLAIN
    assert of_token(Token.Literal.String.Double) == of_token(Token.Literal.String)
    assert of_token(Token.Name) == of_token(Token.Text) == PLAIN

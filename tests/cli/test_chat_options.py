"""The options as they are shown."""

from __future__ import annotations

from typing import get_args

import pytest

from miniagents.cli import chat_options

OPTIONS = [name for name in chat_options.__all__ if name != "Words"]


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_explained_in_one_short_line(name: str) -> None:
    """Each has a help of one sentence that fits beside it."""
    (_, option) = get_args(getattr(chat_options, name))
    assert option.help.endswith(".")
    assert len(option.help) <= 60


def test_no_word_is_given_twice() -> None:
    """No two options have a spelling in common."""
    words = [word for name in OPTIONS for word in get_args(getattr(chat_options, name))[1].param_decls]
    spelt = [each for word in words for each in word.split("/")]
    assert len(spelt) == len(set(spelt))

"""The code in a reply, in the process itself, however it was cut into tokens."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.extract import BlockOutput, FencedBlocks, blocks_in
from miniagents.errors import MiniagentsError
from miniagents.miniagents import MiniAgents
from tests.cli.test_output import Output, streamed

if TYPE_CHECKING:
    from miniagents.messages import MessagePromise

TWO = "Here:\n\n```py\na = 1\n\nb\n```\n\nor ``` inline, and\n~~~~\nsecond\n~~~\n```\n~~~~~\nend\n"
IN_A_LIST = "1. do\n\n     ```sh\n     ls\n       -l\n\n   x\n     ```\n"

BLOCKS = {
    TWO: ["a = 1\n\nb\n", "second\n~~~\n```\n"],
    IN_A_LIST: ["ls\n  -l\n\nx\n"],
    "```\nof a reply\nthat was cut": ["of a reply\nthat was cut"],
    "```\n    ```\n```": ["    ```\n"],
    "```a`b\nno block\n": [],
    "``\nno block\n``": [],
    "````md\n```\ninner\n```\n````": ["```\ninner\n```\n"],
    "```\r\nx\r\n```\r\n": ["x\r\n"],
    "no code": [],
    "": [],
}


def blocks(*tokens: str) -> list[str]:
    """Return the blocks of a text that comes in these tokens."""
    found, texts = FencedBlocks(), dict[int, str]()
    for number, line in [line for token in tokens for line in found.feed(token)] + found.end():
        texts[number] = texts.get(number, "") + line
    return list(texts.values())


@pytest.mark.parametrize("text", BLOCKS)
def test_blocks_are_found_however_the_text_was_cut(text: str) -> None:
    """The lines between fences are given, whole, in order, with the cut of the tokens making no difference."""
    for size in (1, 2, 3, 7, len(text) + 1):
        assert blocks(*(text[start : start + size] for start in range(0, len(text), size))) == BLOCKS[text]
    assert blocks_in(text) == BLOCKS[text]


def test_an_empty_block_is_a_block() -> None:
    """A block with nothing in it keeps its number."""
    assert blocks_in("```\n```\n```\nx\n```\n~~~") == ["", "x\n", ""]


def test_a_line_is_given_when_it_is_whole() -> None:
    """A line of a block is given with the token that ends it, and not later."""
    found = FencedBlocks()
    assert found.feed("```\none") == []
    assert found.feed(" more\ntw") == [(1, "one more\n")]
    assert found.feed("o\n```\n") == [(1, "two\n")]
    assert (found.end(), found.count) == ([], 1)


async def extracted(
    monkeypatch: pytest.MonkeyPatch, *promises: MessagePromise, last: bool = False, terminal: bool = False
) -> str:
    """Return what of a reply is written."""
    output = Output(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", output)
    shown = BlockOutput(last=last)
    try:
        for promise in promises:
            await shown.show(promise)
        shown.finish("chats/x.md")
    finally:
        text = output.written.getvalue().decode()
    return text


@pytest.mark.parametrize(("last", "text"), [(False, "a = 1\n\nb\n"), (True, "second\n~~~\n```\n")])
async def test_one_block_is_written(monkeypatch: pytest.MonkeyPatch, last: bool, text: str) -> None:
    """The first block is written, or the last, and nothing of all else; in a later message too."""
    async with MiniAgents():
        assert await extracted(monkeypatch, streamed(*TWO), last=last) == text
        assert await extracted(monkeypatch, streamed("none"), streamed(*TWO), last=last) == text


async def test_the_first_block_is_the_first_of_all_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that one message leaves open does not go on in the next; the last one may be there."""
    messages = ("```\none", "two\n```\nthree")
    async with MiniAgents():
        assert await extracted(monkeypatch, *map(streamed, messages)) == "one"
        assert await extracted(monkeypatch, *map(streamed, messages), last=True) == "three"


async def test_without_a_block_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply without a block writes nothing and is an error that says where it is; an empty block is a block."""
    async with MiniAgents():
        with pytest.raises(MiniagentsError, match=r"no fenced code block; it is in chats/x\.md"):
            await extracted(monkeypatch, streamed("no code"))
        assert await extracted(monkeypatch, streamed("```\n```\n")) == ""
    with pytest.raises(MiniagentsError, match="ask without --extract"):
        BlockOutput().finish(None)


async def test_a_terminal_gets_safe_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets a block's exact bytes, a terminal pictures of what could steer it."""
    async with MiniAgents():
        assert await extracted(monkeypatch, streamed("```\n\x1b[2J\n```")) == "\x1b[2J\n"
        assert await extracted(monkeypatch, streamed("```\n\x1b[2J\n```"), terminal=True) == "␛[2J\n"


async def test_what_came_before_an_error_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that breaks has the lines of its block written that came, the last one too."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    async with MiniAgents():
        with pytest.raises(ValueError, match="broken"):
            await BlockOutput().show(streamed("```\none\n", "tw", error=ValueError("broken")))
    assert output.written.getvalue() == b"one\ntw"

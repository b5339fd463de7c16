"""Fences, tables and paragraphs that grow: read as everything else is, in less time."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from miniagents.cli.markdown import blocks, growing
from miniagents.cli.markdown.blocks import Stub

LINE = st.one_of(
    st.sampled_from(
        ["", " ", "|", "||", "| a | b |", "|a|b|c", "|---|:-:|", "|--|", "| `|` \\| |", "a | b", "|\\", "> |"]
    ),
    st.sampled_from(
        ["```", "````", "   ```", "    ```", "~~~", "``` x", "~~~~ ", "a", "  a  ", "# a", "- a", "1. |", "|\\", "> |"]
    ),
    st.sampled_from(
        ["*a", "**b*", "__c", "`d", "~~e", "***", "* a", "_ _ _", "12 a", "1) a", "===", ":a", "&\u2060- a"]
    ),
    st.text("|`~-: ab\\", max_size=6),
    st.text("a*_`~#>=+1.)[ \u00a0\u2028\u3000\u2060", max_size=4),
)
OWN = st.sampled_from([(), ("```",), ("```py x",), ("~~~~",), ("~~~ `",), (" ```",), ("| a | b |", "|---|--:|")])


@given(OWN, st.lists(LINE, max_size=8))
@example((), ["| a |", "|---|", "|" + "x" * 30])
@example((), ["", "| a |", "|---|", "", "| b |"])
@example((), ["|" + "a" * 999, "|---|", "| b |"])
@example((), ["|" + "a" * 1000, "|---|", "| b |"])
@example(("```",), ["", "a", ""])
def test_it_reads_what_is_read_otherwise(own: tuple[str, ...], lines: list[str]) -> None:
    """Whatever the lines, and whatever goes on in them, the leaves are those of `blocks.parse`."""
    stub = Stub(own=own, own_line=0 if own else -1)
    source = [*stub.lines, *lines]
    assert growing.parse(stub, source, 7) == blocks.parse(stub, source, 7)


@pytest.mark.parametrize(
    ("own", "opening", "line"),
    [
        (("```py",), (), "x = 1"),
        (("~~~",), (), ""),
        (("| a |", "|---|"), (), "| {} |"),
        ((), ("", "| a |", "|---|"), "| {} |"),
        ((), ("", "a paragraph"), "of lines that _open *marks {}"),
        ((), ("*a",), "`{}"),
    ],
)
def test_no_line_is_read_again(
    monkeypatch: pytest.MonkeyPatch, own: tuple[str, ...], opening: tuple[str, ...], line: str
) -> None:
    """While it grows by a line at a time, markdown-it reads each line once at the most, with the head of its table.

    What its frames cost is bounded so: of thousands of short lines, each took as long as that of a long one.
    """
    read = [0]

    def counted(stub: Stub, source: list[str], base: int) -> list[blocks.Leaf]:
        read[0] += 1
        assert len(source) <= 3
        return parse(stub, source, base)

    parse = blocks.parse
    monkeypatch.setattr(blocks, "parse", counted)
    stub = Stub(own=own, own_line=0 if own else -1)
    lines = [*stub.lines, *opening]
    for number in range(50):
        lines.append(line.format(number))
        [leaf] = growing.parse(stub, lines, 0)
        assert leaf.end == len(lines)
    assert read[0] <= 51

"""Blocks, and texts that are read on behind a stub."""

import pytest

from miniagents.cli.markdown.blocks import HEADER_LIMIT, HEADING_LIMIT, Leaf, Stub, parse


def leaves(source: str) -> list[Leaf]:
    """Return the leaves of a whole text."""
    return parse(Stub(), source.split("\n"), 0)


def outline(found: list[Leaf]) -> list[tuple[str, str, int]]:
    """Return what leaves are: kind, text, how deep."""
    return [(leaf.kind, leaf.text, len(leaf.path)) for leaf in found]


def test_leaves_come_in_order_with_their_containers() -> None:
    """A leaf knows its text, its language or level, and what it is in."""
    found = leaves("# a\n> - b\n>   ```py\n>   c\n\n***\n    d\n2. e\n-")
    assert outline(found) == [
        ("heading", "a", 0),
        ("paragraph", "b", 2),
        ("fence", "c\n", 2),
        ("hr", "", 0),
        ("code_block", "d\n", 0),
        ("paragraph", "e", 1),
        ("item", "", 1),
    ]
    assert [found[0].info, found[2].info, found[5].path[0].number] == ["1", "py", 2]


def test_a_table_has_its_cells_and_sides() -> None:
    """The header is the first row; a missing cell is empty."""
    (table,) = leaves("| a | b |\n|:-:|--:|\n| c |")
    assert table.cells == (("a", "b"), ("c", ""))
    assert table.aligns == ("center", "right")


def test_a_fence_knows_whether_it_was_closed() -> None:
    """Only its last line closes it."""
    assert leaves("```\na\n```")[0].closed
    assert not leaves("```\na\n``")[0].closed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- a", "  b"),
        ("- a\n  1. b", "     c\n  2. d\n- e"),
        ("> a\n> - b", ">   c\n> d\ne"),
        ("-     a", "      b"),
        ("-   a", "    b\n  c"),
        ("> ```py\n> a", "> b\n> ```\n> c"),
        ("- ```\n  a", "  b\n c"),
        ("| a | b |\n|--|--|\n| c | d |", "| e |\nf"),
        ("    a", "\n    b\nc"),
        ("-\n", "  a\n-\n  b"),
        ("10) a\n10) b", "    c\n10) d"),
    ],
)
def test_a_text_is_read_on_behind_a_stub_as_if_its_beginning_were_there(before: str, after: str) -> None:
    """What was cut off changes nothing in the rest: neither kinds, nor texts, nor containers, nor numbers."""
    whole = leaves(f"{before}\n\n{after}")
    head = [*before.split("\n"), ""]
    last = parse(Stub(), head, 0)[-1]
    stub = Stub().after(last, head, 0, complete=last.kind in {"paragraph", "item"})
    rest = parse(stub, [*stub.lines, "", *after.split("\n")], len(head) - 1)
    expected = [leaf for leaf in whole if leaf.first >= len(head) or leaf.end > len(head)]
    new = [leaf for leaf in rest if leaf.end > len(stub.lines)]
    assert [(leaf.kind, [each.number for each in leaf.path]) for leaf in new] == [
        (leaf.kind, [each.number for each in leaf.path]) for leaf in expected
    ]
    assert [leaf.text for leaf in new if leaf.kind == "paragraph"] == [
        leaf.text for leaf in expected if leaf.kind == "paragraph"
    ]


def test_a_stub_has_the_margin_of_its_containers() -> None:
    """A line behind the margin belongs to all of them."""
    (_, leaf) = leaves("> - a\n>   1. b")
    assert Stub(leaf.path).margin == ">      "
    assert Stub().margin == ""


def test_what_is_too_deep_is_text() -> None:
    """Quotes and lists end somewhere, but nothing in them is lost."""
    (leaf,) = leaves("> " * 100 + "a")
    assert len(leaf.path) == 40
    assert leaf.text == "> " * 60 + "a"


def test_a_long_text_becomes_neither_heading_nor_header() -> None:
    """What may be finished already cannot change its kind."""
    long = "a " * HEADING_LIMIT + "a"
    assert outline(leaves(f"{long}\n==")) == [("paragraph", f"{long}\n==", 0)]
    assert [leaf.kind for leaf in leaves(f"{long}\n---")] == ["paragraph", "hr"]
    wide = "|" + "a" * HEADER_LIMIT + "|b|"
    assert [leaf.kind for leaf in leaves(f"{wide}\n|-|-|")] == ["paragraph"]
    assert [leaf.kind for leaf in leaves("|a|b|\n|-|-|")] == ["table"]


@pytest.mark.parametrize("header", ["# a | b", "```a | b", "- a | b", "> a | b"])
def test_a_line_that_is_a_block_by_itself_is_no_header(header: str) -> None:
    """The line below decides nothing that was decided already."""
    assert "table" not in [leaf.kind for leaf in leaves(f"{header}\n--|--")]


def test_html_and_definitions_are_text() -> None:
    """They are shown as they are written."""
    assert [leaf.kind for leaf in leaves("<div>\n\n[a]: http://x.y")] == ["paragraph", "paragraph"]


def test_a_list_below_text_is_a_list_though_text_was_no_heading() -> None:
    """A search for an underline that found none leaves no trace in what follows."""
    assert [leaf.kind for leaf in leaves("a\n\n2) x | y\n--|--")] == ["paragraph", "paragraph"]
    assert leaves("a\n\n2) b")[1].path[0].number == 2

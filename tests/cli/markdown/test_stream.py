"""A text that streams: what is finished when, what is shown until then, and how much work that is."""

from typing import Any

import pytest

from miniagents.cli.markdown import inline
from miniagents.cli.markdown import stream as room
from miniagents.cli.markdown.rows import Row
from miniagents.cli.markdown.stream import MarkdownStream, rendered, warm


@pytest.mark.parametrize(
    ("opening", "unit"),
    [
        ("", "word "),
        ("> - ", "word\n"),
        ("", "x"),
        ("```py\n", "x"),
        ("", "日本"),
        ("", "- item\n"),
        ("> - ", "> quote\n"),
        ("", ">\n"),
        ("", "-\n"),
        ("> - ", "-\n"),
        ("- ", "\n"),
        ("|a|b|\n|-|-|\n", "| a | b |\n"),
        ("**", "word "),
        ("", "["),
        ("```py\n", "x = 1\n"),
        ("", "    code\n"),
    ],
)
def test_the_work_is_linear(monkeypatch: pytest.MonkeyPatch, unit: str, opening: str) -> None:
    """Twice the text takes about twice the reading, however it is made: nothing is read again and again."""
    read = [0]

    def counted(stub: object, source: list[str], base: int) -> object:
        read[0] += sum(map(len, source)) + len(source)
        return parse(stub, source, base)

    parse = room.parse
    monkeypatch.setattr(room, "parse", counted)
    counts = []
    for size in (8_000, 16_000):
        text = opening + unit * (size // len(unit))
        read[0] = 0
        stream = MarkdownStream(colours=True)
        for at in range(0, len(text), 100):
            stream.feed(text[at : at + 100])
            stream.advance(80, 24)
        stream.end(80)
        counts.append(read[0])
    assert counts[1] < 2.6 * counts[0] + 20_000


@pytest.mark.parametrize(
    "unit",
    ["*a ", "**a *b ", "_a ", "[", "![", "[a ", "*[_", "*_[`", "`a ", "~~a ", "[a](b ", "&", "\\", "a**b ", "- [*a"],
)
def test_the_work_of_a_frame_is_bounded(monkeypatch: pytest.MonkeyPatch, unit: str) -> None:
    """However many marks of an unfinished text are open, a frame reads a few hundred of them; the end is as ever."""
    read = [0]

    def counted(source: str, env: Any = None) -> object:
        read[0] += sum(map(source.count, "*_~`[]!&\\"))
        return parse_inline(source, env)

    parse_inline = inline._parser().parseInline
    monkeypatch.setattr(inline._parser(), "parseInline", counted)
    text = f"{unit * (30_000 // len(unit))}\n"
    stream = MarkdownStream(colours=True)
    rows: list[Row] = []
    worst = 0
    for at in range(0, len(text) - 1, 60):
        stream.feed(text[at : at + 60])
        read[0] = 0
        frame = stream.advance(80, 24)
        rows += frame.finished
        worst = max(worst, read[0])
    assert worst < 20 * 400
    assert [*rows, *stream.end(80)] == rendered(text, 80, colours=True)
    assert worst or read[0] > 20 * 400


def test_a_word_is_shown_before_its_line_ends() -> None:
    """What has come is in the tail at once, looking as it will."""
    stream = MarkdownStream(colours=False)
    stream.feed("Some **bo")
    assert stream.advance(40, 10) == ([], [Row("Some bo", 7)])


def test_a_finished_block_is_given_once() -> None:
    """A paragraph leaves the tail when the next line cannot belong to it."""
    stream = MarkdownStream(colours=False)
    stream.feed("one\n\ntwo")
    assert [[row.text for row in part] for part in stream.advance(40, 10)] == [["one"], ["", "two"]]
    assert [row.text for row in stream.end(40)] == ["", "two"]
    assert stream.end(40) == []


def test_a_line_that_may_be_anything_is_held_back() -> None:
    """A dash below a paragraph does not make a heading of it for a moment."""
    stream = MarkdownStream(colours=False)
    stream.feed("text\n-")
    assert [row.text for row in stream.advance(40, 10).tail] == ["text"]
    stream.feed(" item")
    assert [row.text for row in stream.advance(40, 10).tail] == ["text", "• item"]


def test_open_code_is_finished_line_by_line() -> None:
    """A fence that is not closed yet, or never, gives each whole line at once."""
    stream = MarkdownStream(colours=False)
    stream.feed("```py\nx = 1\ny")
    frame = stream.advance(20, 10)
    assert [row.text for row in frame.finished] == ["── py ──────────────", "x = 1"]
    assert [row.text for row in frame.tail] == ["y"]
    assert [row.text for row in stream.end(20)] == ["y", "─" * 20]


def test_a_long_table_is_finished_row_by_row() -> None:
    """From the 21st row on a table no longer waits for its end."""
    stream = MarkdownStream(colours=False)
    stream.feed("|a|b|\n|-|-|\n" + "|1|2|\n" * 20)
    assert stream.advance(40, 10).finished == []
    stream.feed("|3|4|\n")
    assert len(stream.advance(40, 10).finished) == 23
    stream.feed("|5|6|\n")
    assert [row.text for row in stream.advance(40, 10).finished] == ["5 │ 6"]


def test_a_tall_paragraph_is_finished_from_above() -> None:
    """A paragraph that has outgrown the window leaves it row by row, and its tail stays small."""
    stream = MarkdownStream(colours=False)
    text = "word and **another** word " * 100
    stream.feed(text)
    frame = stream.advance(40, 10)
    assert len(frame.finished) > 30
    assert len(frame.tail) <= 6
    assert frame.finished + stream.end(40) == rendered(text, 40, colours=False)


def test_the_width_may_change_in_the_middle() -> None:
    """What is finished stays as it was; what follows suits the new width."""
    stream = MarkdownStream(colours=False)
    stream.feed("one two three\n\n```\nlong code line\n")
    assert [row.text for row in stream.advance(8, 10).finished] == [
        "one two",
        "three",
        "",
        "─" * 8,
        "long cod",
        "e line",
    ]
    stream.feed("long code line\n```\nfour five six seven")
    assert [row.text for row in stream.advance(20, 10).tail] == ["four five six seven"]
    assert [row.text for row in stream.advance(8, 10).tail] == ["four", "five six", "seven"]


def test_nothing_new_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame without new text costs nothing and shows the same tail, in as many rows as there are now."""
    stream = MarkdownStream(colours=False)
    stream.feed("one two three")
    tail = stream.advance(8, 10).tail
    monkeypatch.setattr(room, "parse", None)
    assert stream.advance(8, 10) == ([], tail)
    assert stream.advance(8, 1) == ([], tail[-1:])
    assert stream.advance(8, 0) == ([], [])


def test_a_link_is_opened_by_a_click_only_if_that_is_harmless() -> None:
    """A terminal is told of `https`, not of a `file`, and nothing in an address can end the sequence early."""
    rows = rendered("[a](https://x.y/\u009b\\z) [b](ftp://x.y)", 80, colours=True)
    assert "\x1b]8;;https://x.y/%C2%9B%5Cz\x1b\\" in rows[0].text
    assert rows[0].text.count("\x1b]8;;") == 2
    assert "(ftp://x.y)" in rows[0].text


def test_warming_leaves_nothing_to_import() -> None:
    """After it the first fence finds its libraries."""
    warm()

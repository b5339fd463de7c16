"""However a text streams, the rows that stay are those of the whole text."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from miniagents.cli.markdown.rows import Row, cells
from miniagents.cli.markdown.stream import MarkdownStream, rendered

CORPUS = Path(__file__).parent / "corpus"
OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[!-~]*\x1b\\")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

STARTS = ["", "", "", "- ", "* ", "1. ", "2) ", "10. ", "> ", ">", "  ", "    ", "# ", "-   ", "-     ", "\t", "- [ ] "]
LINES = [
    "---",
    "===",
    "```",
    "```py",
    "~~~",
    "````",
    "",
    "***",
    "-",
    "1.",
    ">",
    "|",
    "#",
    "|",
    "--|--",
    "|---|:-:|",
    "|a|b|",
    "a|b",
    "|1|2|3|",
    "-",
    "--",
    "`",
    "**",
    "/*",
    "*/",
]
BLOCKS = ["> ```", "- ```", "- | a | b |", "  |---|---|", "* * *", "- -", "    code", "def f(): # x", "- [x]", "<div>"]
WORDS = [
    "a",
    "foo",
    "**b",
    "b**",
    "*",
    "_x_",
    "`",
    "`c",
    "``c``",
    "[l](http://x.y)",
    "[half",
    "](http://z",
    "<http://a.b/c>",
    "&#27;[31m",
    "&amp;",
    "![i](u)",
    "~~s~~",
    "~~",
    "\\",
    "\\*",
    "|",
    "x|y",
    "日本語の文章",
    "👩\u200d💻",
    "❤️",
    "lorem",
    "ipsum",
    "https://example.com/a/very/long/url/to/break",
    "-",
    "1.",
    "\\",
]
PLAIN = [
    "the",
    "word",
    "stream",
    "**bold**",
    "*it*",
    "`code`",
    "[link](http://x.y)",
    "promise,",
    "日本語の文章",
    "**two",
    "words**",
    "x_y",
    "[1]",
    "&amp;",
    "-",
]


def a_line(words: list[str], least: int, most: int) -> st.SearchStrategy[str]:
    """Return lines of that many words."""
    return st.lists(st.sampled_from(words), min_size=least, max_size=most).map(" ".join)


DOCUMENTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(STARTS), max_size=3).map("".join),
        st.one_of(
            st.sampled_from([*LINES, *BLOCKS, "", ""]),
            a_line(WORDS, 1, 8),
            st.tuples(a_line(WORDS, 1, 9), st.integers(2, 9)).map(lambda drawn: " ".join([drawn[0]] * drawn[1])),
            st.tuples(a_line(PLAIN, 4, 9), st.integers(5, 30)).map(lambda drawn: " ".join([drawn[0]] * drawn[1])),
            st.integers(15, 30).map(lambda count: "\n".join(f"| {row} | x |" for row in range(count))),
        ),
    ).map("".join),
    max_size=12,
).map("\n".join)


def streamed(text: str, width: int, seed: int, *, colours: bool = True, looks: int = 12) -> list[Row]:
    """Return the rows that a text gives for good, cut and looked at as chance will have it."""
    chance = random.Random(seed)
    stream = MarkdownStream(colours=colours)
    rows: list[Row] = []
    at = 0
    while at < len(text):
        size = chance.randint(1, max(1, 2 * len(text) // looks))
        stream.feed(text[at : at + size])
        at += size
        if chance.random() < 0.7:
            height = chance.choice([0, 1, 5, 10, 24, 80])
            frame = stream.advance(width, height)
            rows += frame.finished
            assert len(frame.tail) <= height
            check(frame.tail, width)
    return rows + stream.end(width)


def check(rows: list[Row], width: int) -> None:
    """Fail if a row is too wide, lies about its width, or holds a control character that is not ours."""
    for row in rows:
        shown = OURS.sub("", row.text)
        assert not CONTROL.search(shown)
        assert row.cells == cells(shown) <= width


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@example(">- " + "\n".join(f"| {row} | x |" for row in range(22)), 8, 0, False)
@given(DOCUMENTS, st.sampled_from([8, 20, 40, 80, 120]), st.integers(0, 1 << 32), st.booleans())
def test_what_stays_is_the_whole_text_rendered_at_once(text: str, width: int, seed: int, colours: bool) -> None:
    """However a text was cut, whenever it was looked at and however high the window was, the rows are the same."""
    whole = rendered(text, width, colours=colours)
    check(whole, width)
    assert streamed(text, width, seed, colours=colours) == whole


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_document_is_shown_as_it_is_written_down(path: Path) -> None:
    """Each document of the corpus gives its rows, at once and in tokens."""
    width, source, rows = re.fullmatch(
        r"width (\d+)\n(.*)\n=+ rows\n(.*)\n", path.read_text("utf-8"), re.DOTALL
    ).groups()
    assert [row.text for row in rendered(source, int(width), colours=False)] == rows.split("\n")
    for seed in range(5):
        assert streamed(source, int(width), seed) == rendered(source, int(width), colours=True)

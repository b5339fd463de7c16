"""Lists of chats, and search: every word counts as a word, whatever it is made of."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniagents.cli.chats.search import chats_in, search
from miniagents.errors import TranscriptError
from tests.cli.chats.conftest import Chats
from tests.cli.chats.many import make_chats, vocabulary


def found(folder: Path, words: str, **more: int) -> list[str]:
    """Return the names of the chats that have these words."""
    return [hit.path.stem for hit in search(folder, words, **more)]


def test_list(folder: Path, chat: Chats) -> None:
    """The chats are there with title, turns, model and time, the one that was written last first; nothing else is."""
    chat("a", "Why?", "Because.", at_s=1_000)
    chat("b", "Who?", "Me.", "Really?", title="Names", at_s=3_000)
    chat("c", at_s=0)
    (folder / "README.md").write_text("# Chats\n")
    (folder / "x.txt").write_text("Why?")
    one, two = chats_in(folder)
    assert one[:4] == (folder / "b.md", "Names", 2, "sim")
    assert two[:4] == (folder / "a.md", "Why?", 1, "sim")
    assert two.written.timestamp() == 1_000
    assert [chat.title for chat in chats_in(folder, titles=False)] == ["Names", ""]


def test_no_folder(folder: Path) -> None:
    """Where there is no folder there are no chats, and none is made."""
    assert chats_in(folder) == []
    assert search(folder, "a") == []
    assert not folder.exists()


def test_folder_that_is_none(tmp_path: Path) -> None:
    """It is an error of one line that names the cure."""
    (tmp_path / "file").write_text("")
    with pytest.raises(TranscriptError, match="--chats-dir"):
        chats_in(tmp_path / "file")


def test_words(folder: Path, chat: Chats) -> None:
    """All words must be there, whole or begun, in any order, however they are written; titles count."""
    chat("a", "The quick brown fox", "jumps over Ärger", at_s=1_000)
    chat("b", "The lazy dog", "sleeps quickly", title="Foxes", at_s=2_000)
    assert found(folder, "quick") == ["b", "a"]
    assert found(folder, "FOX the") == ["b", "a"]
    assert found(folder, "brown arger") == ["a"]
    assert found(folder, "brown dog") == []
    assert found(folder, "foxes") == ["b"]
    assert found(folder, "uick") == []
    assert found(folder, "the", limit=1) == ["b"]


def test_chinese(folder: Path, chat: Chats) -> None:
    """A word is found in a script without spaces, and shown as it was written."""
    chat("a", "我昨天去了東京塔", "好")
    [hit] = search(folder, "東京")
    assert hit.snippet == "我昨天去了東京塔"
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["東京"]
    assert search(folder, "京東") == []


def test_snippet(folder: Path, chat: Chats) -> None:
    """A few words around what was found are shown on one line, and where in them it is."""
    chat("a", "x " * 500 + "one\n needle\t\x1b[31m two" + " y" * 500, "ok")
    [hit] = search(folder, "needle two")
    assert "one needle ␛[31m two" in hit.snippet
    assert len(hit.snippet) < 200
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["needle", "two"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"', []),
        ("", []),
        ("* ^ - ( ) : + ' \\", []),
        ("title:apple", []),
        ("apple OR pear", []),
        ("apple NOT orange", []),
        ("NEAR(apple orange)", []),
        ('"apple', ["a"]),
        ("apple* -orange", ["a"]),
        ("apple'); DROP TABLE chats; --", []),
        ("apple - orange", ["a"]),
        ("app\x00le", []),
        ("apple \ud800", []),
    ],
)
def test_hostile_words(folder: Path, chat: Chats, query: str, expected: list[str]) -> None:
    """Quotes and operators mean nothing; what is left of them are words."""
    chat("a", "An apple and an orange", "yes")
    assert found(folder, query) == expected
    assert found(folder, "apple") == ["a"]


@given(st.text(st.characters() | st.sampled_from("\"'*()^:-+{}NEAR AND OR NOT \x02\x03\x00"), max_size=20))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_words(folder: Path, chat: Chats, query: str) -> None:
    """Whatever is typed is no error, and what was said so is found, where there is a letter in it."""
    if not (folder / "a.md").exists():
        chat("a", "something", "else")
    assert found(folder, query) in ([], ["a"])


def test_cost(tmp_path: Path) -> None:
    """A search in twice as many chats takes at most twice the steps, a few for each chat, and reads none of them."""

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal steps
        steps += event in {"call", "c_call"}

    counts, steps = [], 0
    for size in 200, 400:
        folder = tmp_path / str(size)
        make_chats(folder, size)
        assert len(search(folder, vocabulary(1)[0])) == 20
        steps = 0
        sys.setprofile(count)
        try:
            assert len(search(folder, vocabulary(1)[0])) == 20
        finally:
            sys.setprofile(None)
        counts.append(steps)
    assert counts[1] <= 2 * counts[0]
    assert counts[1] <= 400 * 8 + 1000

"""What is suggested for a line: words, what they take, and files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from miniagents.cli.attachments import from_prompt
from miniagents.cli.prompt import completion
from miniagents.cli.prompt.completion import Completions, LineCompleter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WORDS = {"model": "Talk to another model.", "mode": "Some\x1b[31m mode\nor other.", "help": "Say what there is."}


def arguments(word: str, prefix: str) -> Iterable[str | tuple[str, str]]:
    """Suggest models, one with a description, for the one word that takes any."""
    if word == "broken":
        raise FileNotFoundError
    if word == "model":
        yield from (name for name in ("gpt 5", "gpt 4", "evil\x1b]0;t\x07") if name.startswith(prefix))
        yield "claude", "by\u202e Anthropic"


def suggested(line: str, behind: str = "") -> list[Completion]:
    """Return what is suggested at the end of `line`, with something behind the cursor."""
    completer = LineCompleter(Completions(WORDS, arguments))
    document = Document(line + behind, len(line))
    found = list(completer.get_completions(document, CompleteEvent()))
    assert completer.is_wanted(document) or not found
    return found


def lines(line: str) -> list[str]:
    """Return what the line would be with each of the suggestions."""
    return [line[: len(line) + found.start_position] + found.text for found in suggested(line)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, which is home, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_words_have_their_descriptions() -> None:
    """Each word that begins so is there, with what it does."""
    assert lines("/") == ["/model", "/mode", "/help"]
    assert lines("/mo") == ["/model", "/mode"]
    assert [found.display_meta_text for found in suggested("/mo")] == [
        "Talk to another model.",
        "Some␛[31m mode or other.",
    ]


@pytest.mark.parametrize(
    "line", ["", "model", " /mo", "//mo", "say /mo", "/mo\n", "/none", "/broken x", "/help x", "a@b"]
)
def test_where_nothing_is_suggested(line: str) -> None:
    """A word is one only at the very beginning, and not behind two slashes; an address mentions no file."""
    assert suggested(line) == []


def test_what_words_take() -> None:
    """All that stands behind a word is replaced; what is shown is safe, and what is typed is the thing itself."""
    assert lines("/model gpt") == ["/model gpt 5", "/model gpt 4", "/model claude"]
    assert lines("/model  gpt 4") == ["/model  gpt 4", "/model  claude"]
    evil, claude = suggested("/model e")
    assert (evil.text, evil.display_text) == ("evil\x1b]0;t\x07", "evil␛]0;t␇")
    assert claude.display_meta_text == "by⟨U+202E⟩ Anthropic"


def test_files(folder: Path) -> None:
    """Files and folders of here, of a folder, of home and of the root, in order; capitals do not matter."""
    (folder / "src").mkdir()
    for name in ("Read.me", "ready", "src/a.py", "src/b.py"):
        (folder / name).touch()
    assert lines("see @") == ["see @Read.me", "see @ready", "see @src/"]
    assert lines("see @REA") == ["see @Read.me", "see @ready"]
    assert lines("one\n(@src/") == ["one\n(@src/a.py", "one\n(@src/b.py"]
    assert [found.display_text for found in suggested("@src/")] == ["a.py", "b.py"]
    assert lines("@~/src/b") == ["@~/src/b.py"]
    assert lines(f"@{folder}/rea") == [f"@{folder}/Read.me", f"@{folder}/ready"]
    assert lines("/model @src/") == ["/model @src/a.py", "/model @src/b.py"]
    assert [found.text for found in suggested("@src/", behind=" and more")] == ["src/a.py", "src/b.py"]


@pytest.mark.parametrize("line", ["@none/", "@nothing", "@~nobody-of-this-name/", "@a\0b/", "@file/", '@"a"b', "@a b"])
def test_where_no_file_is_suggested(line: str, folder: Path) -> None:
    """No such folder, no such home, no name at all: nothing is suggested, and nothing is wrong."""
    (folder / "file").touch()
    assert suggested(line) == []


def test_hidden_files_only_if_they_are_asked_for(folder: Path) -> None:
    """A dot asks for them."""
    for name in (".hidden", "seen"):
        (folder / name).touch()
    assert lines("@") == ["@seen"]
    assert lines("@.") == ["@.hidden"]
    assert lines("@./") == ["@./seen"]


def test_names_with_spaces_are_quoted(folder: Path) -> None:
    """A file's quotes are closed, a folder's stay open, to go on into it; as they are, they attach the file."""
    (folder / "a b").mkdir()
    for name in ("a b/c d.txt", "a b/e", "plain"):
        (folder / name).write_text(name)
    assert lines("@") == ['@"a b/', "@plain"]
    assert lines('@"a b/') == ['@"a b/c d.txt"', '@"a b/e"']
    assert lines('@"p') == ['@"plain"']
    for line in lines('@"a b/'):
        assert len(from_prompt(line)[1]) == 1


def test_hostile_names(folder: Path) -> None:
    """They are shown safe and typed as they are; those that a line cannot hold are not suggested."""
    for name in (b"evil\x1b]0;t\x07", b"a\nb", b'quo"te', b"no utf \xff", "over\u202eride".encode()):
        (folder / os.fsdecode(name)).touch()
    assert [(found.text, found.display_text) for found in suggested("@")] == [
        ("evil\x1b]0;t\x07", "evil␛]0;t␇"),
        ("over\u202eride", "over⟨U+202E⟩ride"),
    ]


def test_large_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than 500 names are suggested, and reading a folder ends somewhere."""
    for number in range(600):
        (folder / f"{number:03}").touch()
    assert len(suggested("@")) == 500
    assert len(suggested("@59")) == 10
    monkeypatch.setattr(completion, "_ENTRIES", 100)
    assert len(suggested("@")) == 100


def test_no_completions_are_none() -> None:
    """Nothing is there until it is said."""
    completer = LineCompleter(Completions())
    assert list(completer.get_completions(Document("/"), CompleteEvent())) == []
    assert list(completer.get_completions(Document("/word x"), CompleteEvent())) == []

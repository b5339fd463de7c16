"""Markdown transcripts: into the database and out of it again, and nothing is lost on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest
from miniagents_sqlite.conversations import conversations, given_title, past
from miniagents_sqlite.database import Database
from miniagents_sqlite.exchange import export_markdown, import_markdown, markdown_of

from miniagents import ErrorMessage, Message, MiniAgents
from miniagents.content import Image
from miniagents.errors import TranscriptError
from miniagents.ext import transcript
from miniagents.ext.history_agents import markdown_history_agent
from miniagents.ext.transcript_title import retitle, title_in


class Mood(Message):
    """A message that carries more than text."""

    mood: str


async def transcript_in(folder: Path) -> Path:
    """Make a transcript with a branch, a title, and messages of all kinds."""
    path = transcript.new_transcript(folder)
    keys: list[str] = []
    agent = markdown_history_agent.fork(history_md_file=path, on_kept=keys.append)
    picture = Message(parts=["see", Image(b"\0x", media_type="image/png")], metadata={"model": "m", "n": 1})
    async with MiniAgents():
        await agent.inquire([Message(text="Hi\ud800", role="user"), picture, Mood(text="gay", mood="merry")])
        await agent.inquire([ErrorMessage(text="oh", error="OSError")], at=keys[0])
        await agent.inquire("at the beginning", at="")
    retitle(path, "A title: with marks")
    return path


async def test_there_and_back(database: Database, tmp_path: Path) -> None:
    """What was imported is exported as the same transcript, byte for byte, with its branches and its title."""
    path = await transcript_in(tmp_path)
    assert import_markdown(database, path) == (path.stem, 5)
    assert given_title(database, path.stem) == "A title: with marks"
    copy = tmp_path / "copy.md"
    export_markdown(database, path.stem, copy)
    assert transcript.read_records(copy, {"Mood": Mood}) == transcript.read_records(path, {"Mood": Mood})
    bodies = [text.partition("\n---\n")[2] for text in (path.read_text(), copy.read_text())]
    assert bodies[0] == bodies[1]
    assert title_in(copy.read_text()) == "A title: with marks"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [message.text for message in past(database, path.stem).messages] == ["at the beginning"]


async def test_again_is_no_harm(database: Database, tmp_path: Path) -> None:
    """A transcript that is imported again adds what has come since, as what goes on from where it went on."""
    path = await transcript_in(tmp_path)
    import_markdown(database, path)
    before = markdown_of(database, path.stem)
    assert import_markdown(database, path) == (path.stem, 0)
    assert markdown_of(database, path.stem) == before
    transcript.append(path, Message(text="since"))
    assert import_markdown(database, path) == (path.stem, 1)
    assert [message.text for message in past(database, path.stem).messages] == ["at the beginning", "since"]


def test_transcripts_that_a_person_wrote(database: Database, tmp_path: Path) -> None:
    """Two files of one name are two conversations; one whose messages have no keys gets what it lacks, once."""
    paths = [tmp_path / name / "notes.md" for name in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(
            f'---\nminiagents: 1\n---\n\n<!-- msg {{"role":"user"}} -->\n{path.parent.name}\n<!-- end {{}} -->\n'
        )
    keys = [import_markdown(database, path)[0] for path in paths]
    assert len(set(keys)) == 2
    assert all(key.startswith("notes-") for key in keys)
    with paths[0].open("a") as file:
        file.write("\n<!-- msg {} -->\nmore\n<!-- end {} -->\n")
    assert import_markdown(database, paths[0]) == (keys[0], 1)
    text = paths[0].read_text().replace("more", "changed")
    paths[0].write_text(text)
    assert import_markdown(database, paths[0]) == (keys[0], 1)
    assert import_markdown(database, paths[0]) == (keys[0], 0)
    assert [message.text for message in past(database, keys[0]).messages] == ["a", "changed"]


IMPORTER = """
import sys
from miniagents_sqlite.database import Database
from miniagents_sqlite.exchange import import_markdown

print("ready", flush=True)
sys.stdin.readline()
with Database(sys.argv[1]) as database:
    print(import_markdown(database, sys.argv[2])[1])
"""


def test_several_programs_import_one_transcript(
    database: Database, tmp_path: Path, side_by_side: Callable[..., list[tuple[int, str]]]
) -> None:
    """At the same time, where there is no database yet: one of them brings it all, and the others find it there."""
    path = tmp_path / "chat.md"
    transcript.append(path, *(Message(text=f"message {number}") for number in range(200)))
    ran = side_by_side(IMPORTER, 5, str(database.path), str(path))
    assert sorted(ran) == [(0, "0\n")] * 4 + [(0, "200\n")]
    assert len(past(database, conversations(database)[0].key).messages) == 200


def test_what_is_no_transcript_changes_nothing(database: Database, tmp_path: Path) -> None:
    """A file that is something else is named, and nothing of it is in the database."""
    (tmp_path / "x.md").write_text("# A list\n")
    with pytest.raises(TranscriptError, match="is no transcript"):
        import_markdown(database, tmp_path / "x.md")
    assert conversations(database) == []
    (tmp_path / "empty.md").write_text("")
    assert import_markdown(database, tmp_path / "empty.md") == ("empty", 0)
    assert conversations(database) == []

"""Messages that are still arriving: what has come of them outlives the program, and gets into the transcript once."""

import json
from pathlib import Path

import pytest

from miniagents.errors import TranscriptError
from miniagents.ext.transcript import append, read
from miniagents.ext.transcript_in_flight import InFlight, discard, recover
from miniagents.messages import Message
from tests.ext.test_transcript import file_size_limit

HI, HO = Message(text="Hi", role="user"), Message(text="Ho", role="assistant")
KNOWN = {"role": "assistant", "metadata": {"model": "sim"}}


def arriving(path: Path, *tokens: str) -> InFlight:
    """Return a message of which some tokens have come."""
    in_flight = InFlight(path, KNOWN)
    for token in tokens:
        in_flight.tokens.append(token)
        in_flight.save()
    return in_flight


def parts_of(path: Path) -> list[Path]:
    """Return the parts beside a transcript."""
    return sorted((path.parent / ".inflight").glob("*"))


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """Return a transcript with one message."""
    path = tmp_path / "chat.md"
    append(path, HI)
    return path


def test_whole_message(chat: Path) -> None:
    """While it arrives, its tokens are in its part; once it is kept, nothing is beside the transcript any more."""
    in_flight = arriving(chat, "H", "o\x1b", "\ud800")
    [part] = parts_of(chat)
    assert part.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line) for line in part.read_text().splitlines()][1:] == ["H", "o\x1b", "\ud800"]
    assert read(chat) == (HI,)
    in_flight.keep(HO)
    assert read(chat) == (HI, HO)
    assert [*chat.parent.iterdir()] == [chat]


def test_message_that_comes_at_once(chat: Path) -> None:
    """What is complete before it was ever saved makes no part, and what comes too late is not saved."""
    in_flight = InFlight(chat, KNOWN)
    in_flight.tokens.append("Ho")
    assert not in_flight.is_saved
    in_flight.keep(HO)
    in_flight.save()
    assert [*chat.parent.iterdir()] == [chat]


def test_recovery(chat: Path) -> None:
    """What a program that is gone had received is added, in the order in which it began, and marked."""
    for_later, first = arriving(chat, "and ", "more"), arriving(chat, "Once upon", " a ti")
    for_later.close()
    first.close()
    recover(chat)
    recover(chat)
    texts = ["Hi", "and more", "Once upon a ti"]
    assert [message.text for message in read(chat)] == texts
    assert read(chat)[2].role == "assistant"
    assert read(chat)[2].metadata == {"model": "sim", "status": "interrupted", "recovered": True}
    assert [*chat.parent.iterdir()] == [chat]


def test_complete_message_that_waited(chat: Path) -> None:
    """A message that was complete but had to wait for its turn is recovered whole."""
    whole = Message(text="All of\x00 it", role="assistant", metadata={"usage": {"out": 3}})
    in_flight = arriving(chat, "All")
    in_flight.hold(whole)
    in_flight.close()
    recover(chat)
    assert read(chat) == (HI, whole)
    assert read(chat)[1].metadata == whole.metadata


def test_save_that_comes_too_late(chat: Path) -> None:
    """Tokens that came in the moment in which the message was complete do not spoil its part."""
    in_flight = arriving(chat, "H")
    in_flight.tokens.append("o")
    in_flight.hold(HO)
    in_flight.save()
    in_flight.close()
    recover(chat)
    assert read(chat) == (HI, HO)


def test_deleting(chat: Path) -> None:
    """A transcript goes with the parts of programs that are gone; those of others, and of other chats, stay."""
    gone, alive = arriving(chat, "H"), arriving(chat, "o")
    other = arriving(chat.with_name("other.md"), "Hi")
    gone.close()
    discard(chat)
    assert not chat.exists()
    assert len(parts_of(chat)) == 2
    alive.keep(HO)
    other.keep(HI)
    assert [message.text for message in read(chat)] == ["Ho"]
    assert parts_of(chat) == []


def test_what_still_arrives_is_left_alone(chat: Path) -> None:
    """The part of a program that lives, be it this one, is not recovered."""
    in_flight = arriving(chat, "H")
    recover(chat)
    assert read(chat) == (HI,)
    in_flight.tokens.append("o")
    in_flight.keep(HO)
    assert read(chat) == (HI, HO)


@pytest.mark.parametrize("written_bytes", [10, 20, 30, 140, 155, -20])
def test_killed_in_the_middle_of_keeping(chat: Path, written_bytes: int) -> None:
    """A message whose beginning got into the transcript is there once, as far as it came."""
    before = len(chat.read_bytes())
    in_flight = arriving(chat, "Ho", "ho", "ho")
    [part] = parts_of(chat)
    content = part.read_bytes()
    in_flight.keep(Message(text="Hohoho", role="assistant", metadata={"model": "sim"}))
    part.parent.mkdir()
    part.write_bytes(content)
    whole = chat.read_bytes()
    chat.write_bytes(whole[: before + written_bytes] if written_bytes > 0 else whole[:written_bytes])
    recover(chat)
    assert [message.text for message in read(chat)] == ["Hi", "Hohoho"]
    assert [*chat.parent.iterdir()] == [chat]


def test_killed_in_the_middle_of_another_message(chat: Path) -> None:
    """The beginning of a message that has no part stays; the part is added behind it."""
    arriving(chat, "Ho").close()
    append(chat, Message(text="a long message"))
    chat.write_bytes(chat.read_bytes()[:-20])
    recover(chat)
    assert [message.text for message in read(chat)] == ["Hi", "a long mess", "Ho"]


def test_killed_between_keeping_and_tidying_up(chat: Path) -> None:
    """A message that is in the transcript already is not added again."""
    in_flight = arriving(chat, "H", "o")
    [part] = parts_of(chat)
    content = part.read_bytes()
    in_flight.keep(HO)
    part.parent.mkdir()
    part.write_bytes(content)
    recover(chat)
    assert read(chat) == (HI, HO)
    assert [*chat.parent.iterdir()] == [chat]


@pytest.mark.parametrize("content", ["", '{"key":"0123456789abcdef"', '{"key":"0123456789abcdef","known":{}}\n'])
def test_part_without_a_token(chat: Path, content: str) -> None:
    """Of a message that had not begun, nothing is left."""
    part = chat.parent / ".inflight" / "chat.md.0123456789abcdef.part"
    part.parent.mkdir()
    part.write_text(content)
    recover(chat)
    assert read(chat) == (HI,)
    assert [*chat.parent.iterdir()] == [chat]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chat.md.0123456789abcdef.part", "no json\n"),
        ("chat.md.0123456789abcdef.part", '["no part"]\n'),
        ("chat.md.0123456789abcdef.part", '{"key":"0123456789abcdef"}\n"no header"\n'),
        ("chat.md.md.0123456789abcdef.part", '{"key":"0123456789abcdef","known":{},"time":"?"}\n"of another chat"\n'),
    ],
)
def test_what_is_none_of_ours(chat: Path, name: str, content: str) -> None:
    """What is no part of this transcript stays where it is."""
    part = chat.parent / ".inflight" / name
    part.parent.mkdir()
    part.write_text(content)
    recover(chat)
    assert read(chat) == (HI,)
    assert part.read_text() == content


def test_last_line_that_was_cut(chat: Path) -> None:
    """Half a line at the end of a part costs that line only."""
    arriving(chat, "Once", " upon").close()
    [part] = parts_of(chat)
    part.write_bytes(part.read_bytes()[:-3])
    recover(chat)
    assert read(chat)[1].text == "Once"


def test_no_room_beside_the_transcript(chat: Path) -> None:
    """Where no part can be made, the message is kept all the same when it is complete."""
    (chat.parent / ".inflight").touch()
    in_flight = arriving(chat, "H", "o")
    assert not in_flight.is_saved
    in_flight.hold(HO)
    in_flight.keep(HO)
    recover(chat)
    assert read(chat) == (HI, HO)


def test_disk_that_fills_up(chat: Path) -> None:
    """What there was space for is recovered when there is space again."""
    with file_size_limit(chat.stat().st_size):
        in_flight = arriving(chat, "Once ", "upon ", "a time " * 1000, "in ")
        assert not in_flight.is_saved
        with pytest.raises(TranscriptError, match="free some space"):
            in_flight.keep(HO)
        in_flight.close()
        recover(chat)
        assert read(chat) == (HI,)
    recover(chat)
    assert read(chat)[1].text == "Once upon "


def test_folder_that_others_take_away(chat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that another chat leaves empty, and takes away in the wrong moment, is made again; not for ever."""
    mkdir, taken = Path.mkdir, []

    def make_and_lose(folder: Path, mode: int) -> None:
        mkdir(folder, mode)
        if len(taken) < lost:
            taken.append(folder)
            folder.rmdir()

    monkeypatch.setattr(Path, "mkdir", make_and_lose)
    lost = 2
    assert arriving(chat, "H").is_saved
    assert len(taken) == 2
    parts_of(chat)[0].unlink()
    (chat.parent / ".inflight").rmdir()
    lost = 1000
    assert not arriving(chat, "H").is_saved


def test_empty_folder(chat: Path) -> None:
    """A folder for parts that a killed program left empty is taken away."""
    (chat.parent / ".inflight").mkdir()
    recover(chat)
    assert [*chat.parent.iterdir()] == [chat]

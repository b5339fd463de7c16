"""What has come of a message is in its part, once, whatever other programs and the disk do meanwhile."""

import json
from pathlib import Path

import pytest

from miniagents.ext import parts_in_flight
from miniagents.ext.parts_in_flight import PartInFlight, abandoned, leave_folder, parts_beside
from miniagents.ext.transcript import lock
from miniagents.messages import Message
from tests.ext.test_transcript import file_size_limit

KNOWN = {"role": "assistant"}


def begun(path: Path, *tokens: str) -> PartInFlight:
    """Return a message of which this has come."""
    in_flight = PartInFlight(path, KNOWN, "place/")
    in_flight.parents = ["the one before"]
    in_flight.tokens += tokens
    in_flight.save()
    return in_flight


def told_in(part: Path) -> list[object]:
    """Return the lines of a part."""
    return [json.loads(line) for line in part.read_bytes().splitlines()]


def test_a_part(tmp_path: Path) -> None:
    """It begins with what is known, holds the tokens, then the whole message; only its owner may read it."""
    path = tmp_path / "file"
    in_flight = begun(path, "a", "b")
    in_flight.tokens.append("c")
    in_flight.save()
    in_flight.hold(Message(text="abc"))
    [(key, part)] = parts_beside(path).items()
    head, *told, last = told_in(part)
    assert isinstance(head, dict)
    assert isinstance(last, dict)
    assert (head["key"], head["parents"], head["known"]) == (in_flight.key, ["the one before"], KNOWN)
    assert in_flight.key == f"place/{key}"
    assert told == ["ab", "c"]
    assert "abc" in last["record"]
    assert part.stat().st_mode & 0o777 == 0o600
    assert part.parent.stat().st_mode & 0o777 == 0o700
    in_flight.land()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    """What comes when the message was kept, or was left to be recovered, makes no new part."""
    path = tmp_path / "file"
    in_flight = begun(path, "a")
    in_flight.land()
    in_flight.tokens.append("b")
    in_flight.save()
    in_flight.hold(Message(text="ab"))
    assert list(tmp_path.iterdir()) == []


def test_only_parts_of_the_gone_are_given(tmp_path: Path) -> None:
    """A part of a writer that lives is refused; one that could not be read stays; one that was read is gone."""
    path = tmp_path / "file"
    in_flight = begun(path, "a")
    [part] = parts_beside(path).values()
    with pytest.raises(BlockingIOError), abandoned(part):
        raise AssertionError
    in_flight.close()
    with pytest.raises(KeyError), abandoned(part):
        raise KeyError
    leave_folder(path)
    assert part.exists()
    with abandoned(part) as lines:
        assert lines[1:] == [b'"a"']
    leave_folder(path)
    assert list(tmp_path.iterdir()) == []


def test_parts_of_others_are_not_beside(tmp_path: Path) -> None:
    """A file whose name begins alike has its own parts; a folder that is not there has none."""
    assert parts_beside(tmp_path / "file") == {}
    in_flight = begun(tmp_path / "file.db", "a")
    assert parts_beside(tmp_path / "file") == {}
    in_flight.land()


def test_a_part_that_others_take_away_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who recovers takes an empty part for abandoned; its writer makes another one, or saves when it may."""
    folder = tmp_path / ".inflight"
    turns = iter(["taken", "replaced", "left"])

    def taken(file: int, *, wait_s: float) -> None:
        turn = next(turns)
        if turn != "left":
            (part,) = folder.iterdir()
            part.unlink()
            if turn == "replaced":
                part.touch()
        lock(file, wait_s=wait_s)

    monkeypatch.setattr(parts_in_flight, "lock", taken)
    in_flight = begun(tmp_path / "file", "a")
    assert in_flight.is_saved
    assert told_in(*folder.iterdir())[1:] == ["a"]
    in_flight.land()

    def held(file: int, *, wait_s: float) -> None:
        raise BlockingIOError

    monkeypatch.setattr(parts_in_flight, "lock", held)
    in_flight = begun(tmp_path / "file", "b")
    assert not in_flight.is_saved
    monkeypatch.setattr(parts_in_flight, "lock", lock)
    in_flight.save()
    assert told_in(*folder.iterdir())[1:] == ["b"]
    in_flight.land()


def test_a_disk_without_space(tmp_path: Path) -> None:
    """No line is half there, and none is there without the first, which is written once there is space."""
    path = tmp_path / "file"
    with file_size_limit(20):
        in_flight = begun(path, "a")
        in_flight.hold(Message(text="a"))
    assert not in_flight.is_saved
    [part] = parts_beside(path).values()
    assert part.read_bytes() == b""
    in_flight.save()
    assert [type(line) for line in told_in(part)] == [dict, str]
    in_flight.land()

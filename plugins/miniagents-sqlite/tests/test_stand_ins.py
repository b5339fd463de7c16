"""Classes that nobody here knows: a message of one is written as it was read."""

from miniagents_sqlite.stand_ins import STAND_INS

from miniagents import ErrorMessage, Message
from miniagents.ext.transcript_format import parse, written


class Mood(Message):
    """A message that carries more than text."""

    mood: str
    depth: int = 0


def test_a_message_of_any_class() -> None:
    """It has the same record and the same hash as one of the class itself; our own classes stay what they are."""
    mood = Mood(text="gay", mood="merry", depth=3, metadata={"n": 1})
    record = written(mood, "1", "now")
    (read,) = parse(record, message_classes=STAND_INS)
    assert written(read.message, "1", "now") == record
    assert read.message.content_hash == mood.content_hash
    assert STAND_INS["Mood"] is STAND_INS["Mood"]
    assert STAND_INS["ErrorMessage"] is ErrorMessage
    assert set(STAND_INS) == {"Mood", "ErrorMessage"}
    assert len(STAND_INS) == 2

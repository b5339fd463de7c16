"""Messages that are still arriving, kept in files beside the database in case the program is killed.

In: tokens. Out: a part beside the database (`miniagents.ext.parts_in_flight`); for the parts of programs that are
gone, messages in the database. Never: a loop, an agent.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from miniagents import Message
from miniagents.ext.parts_in_flight import PartInFlight, abandoned, leave_folder, parts_beside
from miniagents.ext.transcript_format import parse, partial

from .conversations import is_kept, keep
from .database import Database
from .stand_ins import STAND_INS

__all__ = ["Flight", "recover"]


class Flight(PartInFlight):
    """A message on its way into the database (see `transcript_keeping.Flight`)."""

    def __init__(self, database: Database, conversation: str, known_beforehand: Mapping[str, Any]) -> None:
        """Begin; nothing is written yet, and no file made."""
        super().__init__(database.path, known_beforehand, f"{conversation}/")
        self._database = database

    def keep(self, message: Message, parent: str | None = None, /) -> None:
        """Put `message` into the database; when this returns it is on the disk.

        Raises:
            TranscriptError: It cannot be written; then the database is as it was.
        """
        keep(self._database, self.key, message, parent=parent or "", time=self._time)
        self.land()


def recover(database: Database) -> None:
    """Put into the database what programs that were killed had received for it, marked as interrupted.

    Raises:
        TranscriptError: There is something to put there, and it cannot be written.
    """
    for part in parts_beside(database.path).values():
        with suppress(OSError), abandoned(part) as lines:
            _recover(database, lines)
    leave_folder(database.path)


def _recover(database: Database, lines: list[bytes]) -> None:
    with suppress(ValueError, LookupError, TypeError, RecursionError):  # a part of some other program, or edited
        head, *told = map(json.loads, lines)
        place, time = str(head["key"]), str(head["time"])
        if is_kept(database, place):
            return
        parents = [str(parent) for parent in head["parents"]]
        parent = next((parent for parent in parents if is_kept(database, parent)), "")
        if told and isinstance(told[-1], dict):
            record = str(told[-1]["record"])
            message = parse(record, message_classes=STAND_INS)[0].message
            keep(database, place, message, parent=parent, time=time, record=record)
        elif text := "".join(told):
            message = partial(head["known"], text, status="interrupted", recovered=True)
            keep(database, place, message, parent=parent, time=time)

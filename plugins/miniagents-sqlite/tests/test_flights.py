"""Messages that are still arriving when their program is killed: none is lost, none is there twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

from miniagents_sqlite.conversations import keep, past
from miniagents_sqlite.database import Database
from miniagents_sqlite.flights import Flight, recover

from miniagents import Message

KNOWN = {"role": "assistant", "metadata": {"model": "sim"}}


def parts(path: Path) -> list[Path]:
    """Return the parts beside a database."""
    return sorted((path.parent / ".inflight").glob("*"))


def begun(database: Database, *tokens: str) -> Flight:
    """Return a message of which this has come."""
    flight = Flight(database, "c", KNOWN)
    flight.parents = ["c/"]
    flight.tokens += tokens
    flight.save()
    return flight


def told(database: Database) -> list[tuple[str, object]]:
    """Return the texts in the conversation, and whether they were recovered."""
    return [(message.text, message.metadata.get("recovered")) for message in past(database, "c").messages]


def test_what_a_killed_program_had_is_recovered(database: Database) -> None:
    """The text that had come is a message, marked as interrupted, with what was known of it; its part is gone."""
    begun(database, "a", "b").close()
    recover(database)
    (message,) = past(database, "c").messages
    assert message.text == "ab"
    assert message.role == "assistant"
    assert message.metadata == {"model": "sim", "status": "interrupted", "recovered": True}
    assert parts(database.path) == []
    assert not (database.path.parent / ".inflight").exists()


def test_what_waited_for_its_turn_is_recovered_whole(database: Database) -> None:
    """A message that was complete but had one before it that was not is as whole as if it had been kept."""
    first, second = begun(database, "a"), Flight(database, "c", KNOWN)
    second.parents = [first.key, "c/"]
    second.hold(Message(text="whole", role="user"))
    assert second.is_saved
    second.close()
    first.close()
    recover(database)
    assert told(database) == [("a", True), ("whole", None)]


def test_one_that_lives_is_left_alone(database: Database) -> None:
    """The part of a program that still writes is its own; what was kept already is not there twice."""
    flight = begun(database, "a")
    recover(database)
    assert len(parts(database.path)) == 1
    flight.tokens.append("b")
    flight.save()
    flight.keep(Message(text="ab"), "c/")
    assert parts(database.path) == []
    left = begun(database, "left")
    left.close()
    keep(database, left.key, Message(text="left"), parent="c/", time="")
    recover(database)
    assert [text for text, _ in told(database)] == ["left"]


def test_a_part_that_is_none_harms_nobody(database: Database) -> None:
    """One without tokens, one that is torn, one of something else: no message, no error, and no part any more."""
    folder = database.path.parent / ".inflight"
    folder.mkdir()
    head = json.dumps({"key": "c/1", "time": "", "parents": [], "known": {}})
    for number, content in enumerate(("", head, f"{head}\n", "nonsense\n", '{"key": 1}\n', f"{head}\n[1]\n")):
        (folder / f"{database.path.name}.{number:016x}.part").write_text(content)
    (folder / "other.db.0000000000000000.part").write_text("not ours")
    recover(database)
    assert [part.name for part in parts(database.path)] == ["other.db.0000000000000000.part"]
    assert not database.is_there or database.rows("SELECT count(*) FROM messages") == [(0,)]


def test_a_folder_that_cannot_be_written_is_no_error(database: Database) -> None:
    """Tokens that cannot be saved are not; keeping the message will say why, if it cannot be kept either."""
    (database.path.parent / ".inflight").write_text("a file")
    flight = begun(database, "a")
    assert not flight.is_saved
    flight.hold(Message(text="a"))
    flight.keep(Message(text="a"), None)
    flight.save()
    assert told(database) == [("a", None)]


KILLED = """
import asyncio, os, random, signal, sys, time
from pathlib import Path
from miniagents import Message, MiniAgents
from miniagents_sqlite.agent import sqlite_history_agent
from miniagents_sqlite.conversations import conversations, past
from miniagents_sqlite.database import Database
from miniagents_sqlite.flights import recover

TOKENS = [f"token {number}\\n```\\x1b" for number in range(8)]
WHOLE = "".join(TOKENS)

async def tokens(pause_s):
    for token in TOKENS:
        await asyncio.sleep(pause_s)
        yield token

async def chat(path, told):
    history = None
    for number in range(10_000):
        said = [Message(text=f"{number}"), Message.promise(tokens(0)), Message.promise(tokens(0.0003)), "last"]
        history = sqlite_history_agent.inquire(said, previous=history, database=path)
        await history.finished()
        os.write(told, b".")

async def chats(path, told):
    async with MiniAgents():
        await asyncio.gather(*(chat(path, told) for _ in range(2)))

def check(path, turns):
    recovered = whole = 0
    with Database(path) as database:
        recover(database)
        assert database.rows("PRAGMA integrity_check") == [("ok",)]
        for listed in conversations(database):
            messages = past(database, listed.key).messages
            (count,), = database.rows("SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation"
                                      " WHERE c.key = :key", key=listed.key)
            assert count == len(messages), "it is in one piece"
            expected = [text for number in range(len(messages)) for text in (f"{number}", WHOLE, WHOLE, "last")]
            for message, text in zip(messages, expected):
                if message.metadata.get("recovered"):
                    recovered += 1
                    assert text.startswith(message.text), (message, text)
                elif message.text != text:  # it was complete while one before it had not begun
                    assert message is messages[-1] and text == WHOLE and message.text == "last", (message, text)
            whole += len(messages) // 4
    assert whole >= turns, (whole, turns)
    return recovered

random.seed(int(sys.argv[2]))
recovered = 0
for round_number in range(15):
    path = Path(sys.argv[1], f"{round_number}.db")
    heard, told = os.pipe()
    children = []
    for _ in range(2):
        children.append(os.fork())
        if children[-1] == 0:
            os.close(heard)
            asyncio.run(chats(path, told))
    os.close(told)
    turns = len(os.read(heard, 1))  # on a busy machine it takes a while to begin
    time.sleep(random.uniform(0.01, 0.12))
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with open(heard) as pipe:
        turns += len(pipe.read())
    recovered += check(path, turns)
    assert not Path(sys.argv[1], ".inflight").exists()
print(recovered)
"""


def test_kill_at_any_moment(tmp_path: Path) -> None:
    """Killed, two programs with two chats each lose no message and no token, double none; each chat is in one piece."""
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stderr}\n(seed {os.getpid()})"
    assert int(ran.stdout) > 0

"""Messages that are still arriving when their program is killed, by a real signal at a moment that nobody chose."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import miniagents

ROOT = str(Path(miniagents.__file__).parents[1])

KILLED = """
import asyncio, os, random, signal, sys, time
from pathlib import Path
from miniagents import Message, MessageSequencePromise, MiniAgents
from miniagents.ext.history_agents import markdown_history_agent
from miniagents.ext.transcript import read_records
from miniagents.ext.transcript_path import conversation
from miniagents.ext.transcript_in_flight import recover

TOKENS = [f"token {number}\\n```\\x1b" for number in range(8)]

async def tokens(pause_s):
    for token in TOKENS:
        await asyncio.sleep(pause_s)
        yield token

async def chat(agent, path, told):
    history = None
    for number in range(10_000):
        fields = {"metadata": {"agent": agent}}
        said = [Message(text=f"{number}", **fields), Message.promise(tokens(0), **fields)]
        said += [Message.promise(tokens(0.0003), **fields), Message(text="last", **fields)]
        history = markdown_history_agent.inquire(said, previous=history, history_md_file=path)
        await history.finished()
        os.write(told, f"{agent}\\n".encode())

async def three_chats(path, told):
    async with MiniAgents():
        await asyncio.gather(*(chat(agent, path, told) for agent in "abc"))

def check(path, told):
    whole, recovered = "".join(TOKENS), 0
    records = read_records(path)
    messages = [record.message for record in records]
    for agent in "abc":
        last = [record.key for record in records if record.message.metadata["agent"] == agent][-1:]
        path_to_last = [record.message for record in conversation(records, *last)]
        mine = [message for message in messages if message.metadata.get("agent") == agent]
        assert [message for message in path_to_last if message.metadata["agent"] == agent] == mine or not last
        expected = [text for number in range(len(mine)) for text in (f"{number}", whole, whole, "last")]
        for message, text in zip(mine, expected):
            if message.metadata.get("recovered"):
                recovered += 1
                assert text.startswith(message.text), (message, text)
            elif message.text != text:  # it was complete while one before it had not begun
                assert message is mine[-1] and text == whole and message.text == "last", (message, text)
        assert len(mine) >= 4 * told.count(agent), (len(mine), told.count(agent))
    assert len(messages) == sum(message.metadata["agent"] in "abc" for message in messages)
    return recovered

random.seed(int(sys.argv[2]))
recovered = 0
for round_number in range(20):
    path = Path(sys.argv[1], f"{round_number}.md")
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        asyncio.run(three_chats(path, told))
    os.close(told)
    begun = os.read(heard, 1)  # on a busy machine it takes a while to begin
    time.sleep(random.uniform(0.01, 0.12))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(heard) as pipe:
        told = begun.decode() + pipe.read()
    recover(path)
    recovered += check(path, told) if path.exists() else 0
    assert not Path(sys.argv[1], ".inflight").exists()
print(recovered)
"""


@pytest.mark.real_time
def test_kill_at_any_moment(tmp_path: Path) -> None:
    """Killed, three chats in one transcript lose no message and no token, double none, and each stays in one piece."""
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    ran = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stderr}\n(seed {os.getpid()})"
    assert int(ran.stdout) > 0

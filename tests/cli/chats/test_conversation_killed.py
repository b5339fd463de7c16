"""A chat whose program is killed by a real signal at a moment that nobody chose: what was said is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import miniagents

ROOT = str(Path(miniagents.__file__).parents[1])
ROUNDS = int(os.environ.get("MINIAGENTS_KILLS", "6"))
"""A handful; 200 where somebody wants to know."""

KILLED = """
import asyncio, os, random, signal, sys, time
from pathlib import Path
from miniagents import Message, MiniAgents, miniagent
from miniagents.cli.chats.conversation import Conversation, new_transcript_in
from miniagents.cli.chats.search import search
from miniagents.ext.transcript import read_records
from miniagents.utils import adialog_loop

TOKENS = [f"token {number}\\n" for number in range(8)]

async def tokens(number):
    yield f"answer{number} "
    for token in TOKENS:
        await asyncio.sleep(0.0003)
        yield token

async def chat(folder, told):
    conversation = Conversation(lambda: new_transcript_in(folder))
    number = 0
    while True:
        turns = 0

        @miniagent
        async def user(ctx):
            nonlocal number, turns
            await ctx.message_promises
            turns += 1
            if turns <= 3:
                number += 1
                ctx.reply(Message(text=f"question{number}", role="user"))

        @miniagent
        async def assistant(ctx):
            await ctx.message_promises
            ctx.reply(Message.promise(tokens(number), role="assistant"))

        async with MiniAgents():
            await adialog_loop(user, assistant, conversation.history_agent())
        os.write(told, f"{number}\\n".encode())
        if number % 2:
            conversation.rename(f"title {number}")
        search(folder, "question")
        conversation.go_back(len(conversation.messages()) - 2)

def check(folder, told):
    last = max(map(int, told.split()), default=0)
    paths = list(folder.glob("*.md"))
    assert len(paths) <= 1, paths
    if not paths:
        assert last == 0
        return 0
    conversation = Conversation(paths[0])
    records = read_records(paths[0])
    texts = [record.message.text for record in records]
    for number in range(1, last + 1):
        assert texts.count(f"question{number}") == 1, number
        assert texts.count(f"answer{number} " + "".join(TOKENS)) == 1, number
    keys = [record.key for record in records]
    assert len(set(keys)) == len(keys)
    said = [message.text.split()[0] for message in conversation.messages()]
    numbers = [int(text.removeprefix("question").removeprefix("answer")) for text in said]
    assert numbers == sorted(numbers), said
    for question, answer in zip(said[::2], said[1::2]):
        assert answer == question.replace("question", "answer"), said
    taken_back = [number for number in range(1, max(numbers, default=0)) if number % 3 == 0]
    assert not set(taken_back) & set(numbers), said
    assert len(search(folder, "question1")) == bool(texts), texts
    return any(record.message.metadata.get("recovered") for record in records)

random.seed(int(sys.argv[2]))
recovered = 0
for round_number in range(int(sys.argv[3])):
    folder = Path(sys.argv[1], str(round_number))
    heard, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(heard)
        asyncio.run(chat(folder, told))
    os.close(told)
    time.sleep(random.uniform(0.01, 0.25))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(heard) as pipe:
        recovered += check(folder, pipe.read())
    assert not (folder / ".inflight").exists()
print(recovered)
"""


@pytest.mark.real_time
def test_kill_at_any_moment(tmp_path: Path) -> None:
    """No finished message is lost or doubled, what was taken back stays so, and the chat goes on and is found."""
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), str(os.getpid()), str(ROUNDS)]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    ran = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stderr}\n(seed {os.getpid()})"

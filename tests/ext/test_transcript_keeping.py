"""Several conversations in one transcript: nothing that is said is lost, and each goes on from its own words."""

import asyncio
from pathlib import Path

from miniagents.ext.history_agents import in_memory_history_agent, markdown_history_agent
from miniagents.ext.transcript import append, read, read_records
from miniagents.messages import Message
from miniagents.miniagents import MiniAgents
from miniagents.utils import adialog_loop
from tests.ext.test_history_agents import HI, HO, arriving, listening, user_says
from tests.ext.test_history_agents_branches import all_texts, texts


def take_away(chat: Path) -> None:
    """Delete a transcript."""
    chat.unlink()


def files_in(folder: Path) -> dict[Path, bytes]:
    """Return what is in the files of a folder, and in its folders."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put_back(files: dict[Path, bytes]) -> None:
    """Make files as they were."""
    for path, content in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


async def test_two_programs_on_one_transcript(chat: Path) -> None:
    """Everything that either says is in the file, and what each says goes on from its own words."""
    append(chat, HI)
    at = read_records(chat)[0].key
    keys: dict[str, list[str]] = {"a": [], "b": []}

    async def program(name: str, pause_s: float) -> None:
        agent = markdown_history_agent.fork(history_md_file=chat, at=at, on_kept=keys[name].append)
        replies = [lambda: arriving(name, "!", pause_s=pause_s)] * 5
        await adialog_loop(user_says(*(f"{name}{number}" for number in range(5))), listening([], *replies), agent)

    async with MiniAgents():
        await asyncio.gather(program("a", 0.2), program("b", 0.3))
    assert sorted(all_texts(chat)) == sorted(
        ["Hi", *(f"{name}{i}" for name in "ab" for i in range(5)), *["a!", "b!"] * 5]
    )
    for name in "ab":
        expected = [text for number in range(5) for text in (f"{name}{number}", f"{name}!")]
        assert texts(chat, keys[name][-1]) == ["Hi", *expected]
        assert len(keys[name]) == 10


async def test_somebody_writes_in_between(chat: Path) -> None:
    """What is added by hand while a dialog goes on is kept beside it."""
    async with MiniAgents():
        first = markdown_history_agent.inquire(HI, history_md_file=chat)
        await first
        append(chat, Message(text="by hand"))
        second = markdown_history_agent.inquire([HO, arriving("Ha")], previous=first, history_md_file=chat)
        assert [message.text for message in await second] == ["Hi", "Ho", "Ha"]
    assert texts(chat) == ["Hi", "Ho", "Ha"]
    assert all_texts(chat) == ["Hi", "by hand", "Ho", "Ha"]


async def test_transcript_that_is_emptied_in_between(chat: Path) -> None:
    """Where a person took everything away, what is said next begins anew."""
    async with MiniAgents():
        first = markdown_history_agent.inquire(HI, history_md_file=chat)
        await first
        take_away(chat)
        await markdown_history_agent.inquire(HO, previous=first, history_md_file=chat)
    assert [message.text for message in read(chat)] == ["Ho"]


async def test_reply_of_another_agent_as_previous(chat: Path) -> None:
    """What another history agent replied can be gone on from; in the file it goes on where that ends."""
    append(chat, HI)
    async with MiniAgents():
        previous = in_memory_history_agent.inquire("elsewhere")
        history = await markdown_history_agent.inquire(HO, previous=previous, history_md_file=chat)
    assert [message.text for message in history] == ["elsewhere", "Ho"]
    assert texts(chat) == ["Hi", "Ho"]


async def test_recovered_parts_keep_their_parents(chat: Path) -> None:
    """What a killed program had received goes on from its own words, also where another program wrote in between."""
    append(chat, HI)
    async with MiniAgents():
        said = [HO, arriving("One", "!"), arriving("Never", pause_s=9), arriving("Two", pause_s=0.05)]
        history = markdown_history_agent.inquire(said, history_md_file=chat)
        await asyncio.sleep(0.12)
        killed = files_in(chat.parent)
        history.cancel()
        await history.finished()
    put_back(killed)
    append(chat, Message(text="another's"))
    async with MiniAgents():
        history = await markdown_history_agent.inquire(history_md_file=chat)
    assert len(killed) == 3
    assert [message.text for message in history] == ["Hi", "Ho", "One", "Two"]
    assert all_texts(chat) == ["Hi", "Ho", "another's", "One", "Two"]


async def test_many_calls_that_say_nothing(chat: Path) -> None:
    """After any number of calls without a message the conversation goes on where it was."""
    async with MiniAgents():
        history = markdown_history_agent.inquire(HI, history_md_file=chat)
        for _ in range(1_500):
            history = markdown_history_agent.inquire(None, previous=history, history_md_file=chat)
        await history.finished()
        append(chat, Message(text="another's"))
        await markdown_history_agent.inquire(HO, previous=history, history_md_file=chat)
    assert texts(chat) == ["Hi", "Ho"]


async def test_calls_that_pass_before_anything_is_kept(chat: Path) -> None:
    """What is said while all before it is still arriving is recovered behind it."""
    append(chat, HI)
    async with MiniAgents():
        history = markdown_history_agent.inquire(arriving("One", "!"), history_md_file=chat)
        last = markdown_history_agent.inquire([arriving("Two", "!"), HO], previous=history, history_md_file=chat)
        await asyncio.sleep(0.15)
        killed = files_in(chat.parent)
        last.cancel()
        history.cancel()
        await last.finished()
        await history.finished()
    put_back(killed)
    append(chat, Message(text="another's"))
    async with MiniAgents():
        recovered = await markdown_history_agent.inquire(history_md_file=chat)
    assert [message.text for message in recovered] == ["Hi", "One", "Two", "Ho"]

"""A chat while it goes on: what a person says becomes a message, a change, or another dialog."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import Message, miniagent
from miniagents.cli.chats.conversation import Unsaved
from miniagents.content import Image
from miniagents.errors import TranscriptError
from miniagents.ext.history_agents import markdown_history_agent
from tests.cli.seat import Seat, Typist

if TYPE_CHECKING:
    from pathlib import Path

    from miniagents.miniagents import InteractionContext

PNG = b"\x89PNG\r\n\x1a\n0"


async def test_files_that_are_mentioned_are_sent_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is a part of the message; one that cannot be read leaves a line, and nothing is said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b.png").write_bytes(PNG)
    (tmp_path / "blob").write_bytes(b"\x00\xff")
    seat = Seat(tmp_path)
    lines = await seat.say('look at @"a b.png"', "and @blob", "mail to me@blob")
    question, _, mail, _ = seat.session.conversation.messages()
    assert [type(part).__name__ for part in question.parts] == ["Text", "Image"]
    assert question.parts[1].data == PNG
    assert mail.text == "mail to me@blob"
    assert any(line.startswith("blob: cannot be attached") for line in lines)


async def test_what_is_edited_keeps_its_files(tmp_path: Path) -> None:
    """A picture that went with a question goes with what takes its place."""
    seat = Seat(tmp_path)
    seat.session.attached.append(Image(PNG, media_type="image/png"))
    await seat.say("first", "/edit", "other")
    question = seat.session.conversation.messages()[0]
    assert (question.text, [type(part).__name__ for part in question.parts]) == ("other", ["Text", "Image"])


async def test_an_edit_that_is_given_up(tmp_path: Path) -> None:
    """What is said next is said in its turn, without the files of the question, and nothing goes back."""
    seat = Seat(tmp_path)
    seat.session.attached.append(Image(PNG, media_type="image/png"))
    lines = await seat.say("first", "/edit", seat.session.give_up_edit, "other", seat.session.give_up_edit)
    first, _, other, _ = seat.session.conversation.messages()
    assert [len(first.parts), str(other), other.parts] == [2, "other", ()]
    assert lines.count("the question stays as it was said") == 1


async def test_an_interruption(tmp_path: Path) -> None:
    """It ends the answer that arrives, and the one to come where it comes too early; else there is nothing to end."""

    @miniagent
    async def slow(ctx: InteractionContext) -> None:
        await ctx.message_promises

        async def tokens() -> Any:
            for _ in range(4):
                yield "a"
                await asyncio.sleep(1)

        ctx.reply(Message.promise(tokens(), role="assistant"))

    seat = Seat(tmp_path, agents={"slow": slow}, agent="slow")
    session, loop = seat.session, asyncio.get_running_loop()
    tried: list[bool] = []
    in_a_while = lambda: loop.call_later(2.5, session.interrupt)  # noqa: E731 - three of a kind
    at_once = lambda: loop.call_soon(session.interrupt)  # noqa: E731
    now = lambda: tried.append(session.interrupt())  # noqa: E731
    lines = await seat.say(now, in_a_while, "one", now, at_once, "two", "three")
    assert tried == [False, False]
    answers = [line for line in lines if line and not line.startswith(">")]
    assert answers == ["aaa", "interrupted; what came is kept", "interrupted; what came is kept", "aaaa"]
    assert seat.said == ["one", "aaa", "two", "three", "aaaa"]


async def test_an_interruption_of_what_nobody_has_heard_yet(tmp_path: Path) -> None:
    """Ctrl-C right behind Enter is for the answer to come, also before the text was taken from the prompt."""
    seat = Seat(tmp_path)
    seat.session.prompt = typist = Typist("one")  # type: ignore[assignment]  # asks as a prompt does
    typist.queued = ("one",)
    assert seat.session.interrupt()
    stopped: list[str] = []
    with seat.session.answering(lambda: stopped.append("what was never asked")):
        pass
    await seat.session.next_message()
    with seat.session.answering(lambda: stopped.append("the answer")):
        assert stopped == ["the answer"]
    typist.queued = ()
    assert not seat.session.interrupt()


async def test_the_toolbar(tmp_path: Path) -> None:
    """It has who answers, what is attached, what was used, and where the chat is kept."""
    seat = Seat(tmp_path)
    assert seat.session.toolbar() == "echo"
    seat.session.attached.append(Image(PNG, media_type="image/png"))
    assert seat.session.toolbar() == "echo · 1 attached"
    await seat.say("one")
    seat.session.hear(Message(text="a", metadata={"usage": {"in": 1, "out": 2}}))
    assert seat.session.conversation.path is not None
    assert seat.session.toolbar() == f"echo · 3 tokens · {seat.session.conversation.path.name}"
    assert Seat(tmp_path, save=False).session.toolbar() == "echo · not kept"


async def test_a_transcript_that_cannot_be_written(tmp_path: Path) -> None:
    """The chat goes on in memory with all that was said, and the question that nobody heard is asked again."""

    @miniagent
    async def full(ctx: InteractionContext, **known: Any) -> None:
        said = await ctx.message_promises
        if said[-1].text == "too much":
            raise TranscriptError("full; free some space")
        ctx.reply(markdown_history_agent.inquire(said, **known))

    seat = Seat(tmp_path)
    seat.session.conversation._agent = full  # type: ignore[union-attr]  # a disk that is full
    with pytest.raises(TranscriptError):  # as `hold_chat` gets it
        await seat.say("one", "too much", "three")
    assert seat.session.heard[-1].text == "too much"
    seat.session.go_on_unsaved()
    assert isinstance(seat.session.conversation, Unsaved)
    await seat.say("three")
    assert seat.said == ["one", "one", "too much", "too much", "three", "three"]


async def test_what_is_said_twice_and_cannot_be_written(tmp_path: Path) -> None:
    """A question that is kept from an earlier time is not taken for the one that could not be written."""
    disk = iter([True, False])

    @miniagent
    async def full(ctx: InteractionContext, **known: Any) -> None:
        said = await ctx.message_promises
        if said[-1].role == "user" and not next(disk):
            raise TranscriptError("full; free some space")
        ctx.reply(markdown_history_agent.inquire(said, **known))

    seat = Seat(tmp_path)
    seat.session.conversation._agent = full  # type: ignore[union-attr]  # a disk that is full
    with pytest.raises(TranscriptError):  # as `hold_chat` gets it
        await seat.say("again", "again")
    seat.session.go_on_unsaved()
    await seat.say()
    assert seat.said == ["again"] * 4

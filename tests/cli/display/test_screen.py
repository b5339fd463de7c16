"""What a chat shows, row by row."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.cli.display.live import Live
from miniagents.cli.display.reply_view import Look
from miniagents.cli.display.screen import Screen
from miniagents.errors import CallCancelledError, KeyRefusedError, TranscriptError
from tests.cli.glass import Glass

if TYPE_CHECKING:
    from miniagents.messages import MessagePromise

COLUMNS = 40


class Watched:
    """A screen on a glass."""

    def __init__(self, *, colours: bool = False, sends: bool = True) -> None:
        self.glass = Glass(COLUMNS, 60)
        self.sent: list[str] = []
        painter = Live(self.glass.write, self.glass.size)
        self.screen = Screen(painter, Look(colours=colours), self.sent.append if sends else None)

    async def show(self, *said: Any) -> list[Exception]:
        """Show an answer, inside a scope."""

        @miniagent
        async def answering(ctx: InteractionContext) -> None:
            ctx.reply(said)

        return await self.screen.show(answering.inquire(), "who")


def streamed(*tokens: str, error: Exception | None = None) -> MessagePromise:
    """Return a message that arrives in these tokens."""

    async def arriving() -> Any:
        for token in tokens:
            yield token
        if error is not None:
            raise error

    return Message.promise(arriving())


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"agent": "openai_agent", "model": "gpt-4o"}, "openai:gpt-4o"),
        ({"agent": "critic", "model": "gpt-5"}, "critic · gpt-5"),
        ({}, "assistant"),
    ],
)
async def test_who_is_waited_for(metadata: dict[str, str], name: str) -> None:
    """The model of the chat has the name by which it was chosen from first to last, any other its own."""
    watched = Watched()
    come = asyncio.Event()

    @miniagent
    async def answering(ctx: InteractionContext) -> None:
        async def arriving() -> Any:
            await come.wait()
            yield "here"

        await asyncio.sleep(1)
        ctx.reply(Message.promise(arriving(), role="assistant", metadata=metadata))

    async with MiniAgents():
        showing = asyncio.create_task(watched.screen.show(answering.inquire(), "openai:gpt-4o"))
        await asyncio.sleep(0.95)
        assert "waiting for openai:gpt-4o…" in watched.glass.lines[-1]
        await asyncio.sleep(1)
        assert f"waiting for {name}…" in watched.glass.lines[-1]
        come.set()
        assert await showing == []


async def test_what_is_said_is_parted_by_empty_rows() -> None:
    """One is before each question and each answer, and before the prompt; never two, and none at the top."""
    watched = Watched()
    screen = watched.screen
    async with MiniAgents():
        assert await watched.show() == []
        screen.part()
        screen.echo("one\ntwo")
        await watched.show(streamed("an ", "answer\n"))
        screen.part()
        screen.part()
        screen.echo("three")
        screen.tell("a note")
        screen.tell("another")
    assert watched.glass.lines == [
        *("> one", "  two", "", "an answer", "", "> three", "a note", "another"),
    ]


def test_of_a_pasted_file_beginning_and_end_are_shown() -> None:
    """A question of very many lines, or of a very long one, takes few rows, and says how much it has left out."""
    watched = Watched()
    watched.screen.echo("\n".join(map(str, range(40))))
    assert watched.glass.lines == ["> 0", *(f"  {number}" for number in range(1, 40))]
    watched = Watched()
    watched.screen.echo("\n".join(map(str, range(55_000))))
    expected = ["> 0", *(f"  {number}" for number in range(1, 12)), "  … 54,984 more lines"]
    assert watched.glass.lines == [*expected, *(f"  {number}" for number in range(54_996, 55_000))]
    watched = Watched()
    watched.screen.echo(f"a{'b' * 1_000_000}c")
    assert len(watched.glass.lines) < 50
    shown = "".join(watched.glass.lines)
    assert shown.startswith(">abbb")
    assert shown.endswith("bbbc")
    assert "…998,402morecharacters…" in shown.replace(" ", "")


def test_what_was_typed_where_it_stays_is_not_shown_again() -> None:
    """On a dumb terminal it is on the screen already; what comes next is parted from it all the same."""
    watched = Watched()
    watched.screen.echo("one", is_there=True)
    watched.screen.part()
    watched.screen.tell("a note")
    assert watched.glass.lines == ["", "a note"]


async def test_what_is_shown_cannot_steer_the_terminal() -> None:
    """Control characters are pictures, in questions, answers, notes, errors and tables."""
    watched = Watched()
    screen = watched.screen
    async with MiniAgents():
        screen.echo("\x1b[2Jq")
        await watched.show(streamed("\x9b", "2J", "a"))
    screen.tell("note \x1b]0;t\x07\nnext")
    screen.tell_error(KeyRefusedError("refused\x07", host="h"))
    screen.table([("na\x1bme", "text\x08")])
    assert watched.glass.lines == [
        *("> ␛[2Jq", "", "⟨U+009B⟩2Ja", "note ␛]0;t␇ next", "h: refused␇", "na␛me  text␈"),
    ]


async def test_errors_of_an_answer() -> None:
    """A failure is told behind what came and returned; the ones that a chat has words for are only returned."""
    watched = Watched()
    errors = [KeyRefusedError("no", host="h"), CallCancelledError("cancelled"), TranscriptError("full")]
    async with MiniAgents():
        came = await watched.show(*(streamed("came", error=error) for error in errors))
    assert [type(error) for error in came] == [KeyRefusedError, CallCancelledError, TranscriptError]
    assert watched.glass.lines.count("came") == 3
    assert "h: no" in watched.glass.lines
    assert not {"cancelled", "full"} & set(watched.glass.lines)


async def test_what_was_said_before_is_shown_again() -> None:
    """A question as it was asked, an answer with its looks."""
    watched = Watched()
    async with MiniAgents():
        await watched.screen.show_again(Message(text="why?", role="user"))
        await watched.screen.show_again(Message(text="**so**", role="assistant", metadata={"model": "m"}))
        watched.screen.echo("now")
    assert watched.glass.lines == ["> why?", "", "so", "m", "", "> now"]


def test_a_table() -> None:
    """Names stand in a column of their own, which is never most of the width; long texts are folded beside it."""
    watched = Watched()
    watched.screen.table([("a", "short"), ("long" * 5, "text"), ("b", "word " * 8)])
    assert watched.glass.lines == [
        "a                short",
        "longlonglonglonglong",
        "                 text",
        "b                word word word word",
        "                 word word word word",
    ]
    watched.screen.table([])


@pytest.mark.parametrize("colours", [True, False])
def test_looks(*, colours: bool) -> None:
    """Questions are bold, notes dim, errors red; without colours nothing is."""
    watched = Watched(colours=colours)
    watched.screen.echo("q")
    watched.screen.tell_interruption()
    watched.screen.tell_error(ValueError("no"))
    written = "".join(watched.glass.writes)
    assert [code in written for code in ("\x1b[1m", "\x1b[2m", "\x1b[31m")] == [colours] * 3
    assert watched.glass.lines[1] == "interrupted; what came is kept"


def test_a_sequence_for_the_terminal() -> None:
    """It is sent where the terminal takes any, and the caller knows."""
    watched = Watched()
    assert watched.screen.send("\x1b]52;c;\a")
    assert watched.sent == ["\x1b]52;c;\a"]
    assert not Watched(sends=False).screen.send("x")


async def test_a_question_stands_below_what_came_before_it() -> None:
    """It waits until that is shown, and no longer than a second for what does not end."""
    watched = Watched()
    asked: list[asyncio.Task[None]] = []

    async def slowly() -> Any:
        yield "one "
        asked.append(asyncio.create_task(watched.screen.ask("Well\x1b?")))
        await asyncio.sleep(0.5)
        yield "two"

    async with MiniAgents():
        await watched.show(Message.promise(slowly()))
        await asked[0]
        assert watched.glass.lines == ["one two", "Well␛?"]

        async def for_ever() -> Any:
            asked.append(asyncio.create_task(watched.screen.ask("Now?")))
            await asyncio.sleep(2)
            yield "three"

        await watched.show(Message.promise(for_ever()))
        await asyncio.gather(*asked)
    assert watched.glass.lines == ["one two", "Well␛?", "", "Now?", "three"]

"""What a person sees of one reply: painted on a terminal of pyte's, on virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents import Message, MiniAgents
from miniagents.cli.display.live import Live
from miniagents.cli.display.reply_view import Look, ReplyView, quiet_line
from miniagents.cli.markdown.stream import rendered
from miniagents.content import Image, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.messages import MessagePromise
from miniagents.safe_text import safe
from miniagents.testing import virtual_time_loop
from tests.cli.glass import Glass, plain

if TYPE_CHECKING:
    from collections.abc import Mapping


COLUMNS, ROWS = 40, 12


def coming(*pieces: Any, afterwards: Mapping[str, Any] | None = None, **fields: Any) -> MessagePromise:
    """Return a message that comes in these pieces: a number waits so many seconds, an exception is raised."""

    async def stream() -> Any:
        for piece in pieces:
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            elif isinstance(piece, BaseException):
                raise piece
            else:
                yield piece

    return Message.promise(stream(), role="assistant", afterwards=afterwards, **fields)


class Watched:
    """A glass, and a view on it that looks without colours."""

    def __init__(self, *, colours: bool = False, plain: bool = False) -> None:
        self.glass = Glass(COLUMNS, ROWS)
        live = Live(self.glass.write, self.glass.size)
        self.view = ReplyView(live, Look(colours=colours, plain=plain))

    async def seen_during(self, promise: MessagePromise, *times_s: float) -> list[list[str]]:
        """Return what is there at these times, and at the end."""
        begun_s = asyncio.get_running_loop().time()
        showing = asyncio.create_task(self.view.show(promise))
        seen = []
        for time_s in times_s:
            await asyncio.sleep(begun_s + time_s - asyncio.get_running_loop().time())
            seen.append(self.glass.lines)
        await showing
        return [*seen, self.glass.lines]


async def test_a_spinner_until_the_first_token() -> None:
    """It comes after a moment, says who is waited for and for how long, turns ten times a second, and is gone."""
    watched = Watched()
    async with MiniAgents():
        promise = coming(3.5, "Hello", 1.0, " there.", metadata={"model": "gpt-4o"})
        seen = await watched.seen_during(promise, 0.1, 1.01, 3.21, 3.6)
    assert seen == [
        [""],
        ["⠋ waiting for gpt-4o… 1.0 s"],
        ["⠹ waiting for gpt-4o… 3.2 s"],
        ["Hello"],
        ["Hello there.", "gpt-4o"],
    ]
    assert 33 <= len([write for write in watched.glass.writes if "waiting" in write]) <= 35


async def test_a_quick_reply_sees_no_spinner() -> None:
    """What begins within a moment is shown without any."""
    watched = Watched()
    async with MiniAgents():
        await watched.view.show(coming(0.1, "Hello"))
    assert watched.glass.lines == ["Hello"]
    assert "waiting" not in "".join(watched.glass.writes)


async def test_thoughts_are_dim_and_fold_away() -> None:
    """While they come their end is seen; then one line says how long it took, above the text."""
    watched = Watched(colours=True)
    thoughts = [Thought(f"thought {number}\n") for number in range(20)]
    async with MiniAgents():
        promise = coming(*thoughts, 4.1, Thinking("".join(thoughts)), "The answer.")
        seen = await watched.seen_during(promise, 1)
    assert seen == [[f"thought {number}" for number in range(12, 20)], ["thought for 4.1 s", "", "The answer."]]
    assert "\x1b[2mthought 19\x1b[0m" in "".join(watched.glass.writes)


async def test_other_parts_are_one_safe_line_each() -> None:
    """Calls, results, pictures and thoughts that come whole have a line each, which steers nothing and fits."""
    watched = Watched()
    async with MiniAgents():
        promise = coming(
            Thinking("kept"),
            "Let me look.",
            Text("Let me look."),
            ToolCall("1", name="sh\x1b[2J", arguments='{"a":\n 1}'),
            ToolResult("1", name="sh", content=("x" * 10_000,)),
            Image(b"1" * 2000, media_type="image/png"),
            Text("Whole."),
        )
        await watched.view.show(promise)
    assert watched.glass.lines == [
        "thought",
        "",
        "Let me look.",
        "",
        '→ sh␛[2J {"a": 1}',
        f"← sh: {'x' * 32}…",
        "[image: image/png, 2.0 KB]",
        "",
        "Whole.",
    ]


async def test_a_message_that_is_there_already() -> None:
    """A whole message of several parts is shown as one that came."""
    watched = Watched()
    async with MiniAgents():
        parts = (Text("Look:"), ToolCall("1", name="sh", arguments="{}"), Text("Done."))
        await watched.view.show(MessagePromise.of(Message(parts=parts)))
        await watched.view.show(Message.promise(["two"]))
    assert watched.glass.lines == ["Look:", "", "→ sh {}", "", "Done.", "two"]


async def test_what_came_of_a_reply_that_fails_is_shown_whole() -> None:
    """The text before the error is there to its last character, without a quiet line; then the error is raised."""
    watched = Watched()
    async with MiniAgents():
        with pytest.raises(ValueError, match="cut"):
            await watched.view.show(coming("one **two", 0.2, " three\r", ValueError("cut"), metadata={"model": "m"}))
    assert watched.glass.lines == ["one **two three␍"]


async def test_what_came_of_a_reply_that_is_cancelled_is_shown_whole() -> None:
    """Cancelling leaves what came, puts the cursor below it, and leaves no frame behind."""
    watched = Watched()
    async with MiniAgents():
        showing = asyncio.create_task(watched.view.show(coming("one", 0.01, " two", 100.0, " three")))
        await asyncio.sleep(0.02)
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing
        writes = len(watched.glass.writes)
        await asyncio.sleep(10)
    assert watched.glass.lines == ["one two"]
    assert watched.glass.screen.cursor.x == 0
    assert len(watched.glass.writes) == writes


async def test_what_came_since_the_last_frame_is_shown_where_it_is_cancelled() -> None:
    """Of tokens that come faster than frames, those between two frames are not lost."""
    async with MiniAgents():
        watched = Watched()
        promise = coming("a", *[piece for _ in range(1000) for piece in (0.001, "b")])
        showing = asyncio.create_task(watched.view.show(promise))
        await asyncio.sleep(0.0195)
        assert "".join(watched.glass.lines).strip() == "a"
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing
        assert "".join(watched.glass.lines).strip() == "a" + "b" * 19


async def test_a_terminal_that_fails_ends_the_view() -> None:
    """Its error is raised; no more is written."""

    def write(_text: str) -> None:
        raise OSError("gone")

    view = ReplyView(Live(write, lambda: (COLUMNS, ROWS)))
    async with MiniAgents():
        with pytest.raises(OSError, match="gone"):
            await view.show(coming("one", 1.0, "two", 100.0))


TOKENS = st.lists(st.text(st.sampled_from("ab  \n*_`#-|>1.\x1b\r\u202e字👍"), max_size=6), max_size=40)


@settings(max_examples=40, deadline=None, database=None)
@given(tokens=TOKENS, waits=st.lists(st.sampled_from([0.0, 0.01, 0.05]), min_size=40, max_size=40))
def test_what_stays_is_the_whole_text_rendered_at_once(tokens: list[str], waits: list[float]) -> None:
    """However it was cut and whenever it came, the reply that stays has the rows of its whole text, made safe."""
    watched = Watched()

    async def run() -> None:
        async with MiniAgents():
            pieces = [piece for both in zip(waits, tokens, strict=False) for piece in both]
            await watched.view.show(coming(*pieces))

    with asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        runner.run(run())
    expected = Glass(COLUMNS, ROWS)
    expected.write("\r\n".join(row.text for row in rendered(safe("".join(tokens)), COLUMNS - 1, colours=False)))
    assert watched.glass.lines == expected.lines


async def test_plain_text_is_folded_and_otherwise_as_it_is() -> None:
    """With `plain`, marks stay, words are kept whole, and indented lines lose no character."""
    watched = Watched(plain=True)
    text = f"**bold** {'word ' * 12}\n\n    {'x' * 50}\n\tend"
    async with MiniAgents():
        await watched.view.show(coming(*text))
    assert watched.glass.lines == [
        "**bold** word word word word word word",
        "word word word word word word",
        "",
        f"    {'x' * 35}",
        "x" * 15,
        "    end",
    ]
    assert not [write for write in watched.glass.writes if plain(write) != write and "\x1b[2m" in write]


@pytest.mark.parametrize(
    ("metadata", "line"),
    [
        ({}, ""),
        ({"model": "gpt-4o\x1b"}, "gpt-4o␛"),
        ({"usage": {"in": 5}}, ""),
        ({"usage": {"out": 1}}, "1 token"),
        ({"usage": {"out": 1200}, "latency_s": 0.01}, "1,200 tokens"),
        (
            {"model": "m", "usage": {"out": 133}, "latency_s": 4.0, "first_token_s": 0.7561, "cost_usd": 0.0021},
            "m · 133 tokens · 41 tokens/s · $0.0021",
        ),
        ({"model": "m", "cost_usd": 1234.5}, "m · $1,234.50"),
    ],
)
def test_the_quiet_line(metadata: dict[str, Any], line: str) -> None:
    """It says what is known, and leaves out what is not."""
    assert quiet_line(metadata) == line

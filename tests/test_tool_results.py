"""What comes of a function, as the parts of a result."""

import asyncio
import functools
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from miniagents.content import Image, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.messages import Message, MessageTuple
from miniagents.miniagents import MiniAgents
from miniagents.promising.promise import Promise
from miniagents.testing import streaming_agent
from miniagents.tool_results import called, error_line, failed, parts_in

IMAGE = Image(b"x", media_type="image/png")


class Pet(BaseModel):
    """An animal."""

    name: str


@dataclass
class Point:
    """A place."""

    x: int


async def tokens(*items: Any) -> AsyncIterator[Any]:
    """Stream the items."""
    for item in items:
        await asyncio.sleep(0.01)
        yield item


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ("", ()),
        ("text", (Text("text"),)),
        (IMAGE, (IMAGE,)),
        ([IMAGE, "a", Text("b")], (IMAGE, Text("ab"))),
        ((Text("a"), IMAGE, Text("b", extra={"openai": {"x": 1}}), "c"), None),
        (Message(text="a"), (Text("a"),)),
        (Message(), ()),
        (Message(parts=(Thinking("hm"), "a", IMAGE)), (Text("a"), IMAGE)),
        (Message(parts=(ToolCall("1", name="f", arguments=""),)), ()),
        (MessageTuple([Message(text="a"), Message(parts=("b", IMAGE)), Message(text="c")]), None),
    ],
    ids=str,
)
async def test_text_and_parts_stay_what_they_are(value: Any, expected: Any) -> None:
    """Texts that meet are one; what a model thinks and calls is no part of what it says to another one."""
    if expected is None:
        expected = {
            tuple: (Text("a"), IMAGE, Text("b", extra={"openai": {"x": 1}}), Text("c")),
            MessageTuple: (Text("a\n\nb"), IMAGE, Text("c")),
        }[type(value)]
    assert await parts_in(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (False, False),
        ([], []),
        (["a", "b"], ["a", "b"]),
        ({"a": (1, None), "ü": "\ud800"}, {"a": [1, None], "ü": "\ud800"}),
        (Pet(name="Tom"), {"name": "Tom"}),
        ([Pet(name="Tom"), Point(1)], [{"name": "Tom"}, {"x": 1}]),
        (date(2026, 11, 25), "2026-11-25"),
        ({3}, [3]),
    ],
)
async def test_everything_else_becomes_json(value: Any, expected: Any) -> None:
    """Models, dataclasses, containers and numbers are one JSON text, with every script written as it is."""
    (part,) = await parts_in(value)
    assert isinstance(part, Text)
    assert json.loads(part.text) == expected
    assert "\\u" not in part.text


@pytest.mark.parametrize(
    "value", [object(), b"\xff", {"a": object()}, [lambda: 1]], ids=lambda value: type(value).__name__
)
async def test_what_is_no_json_is_refused(value: Any) -> None:
    """The error says what the function returned."""
    with pytest.raises(TypeError, match=f"it returned a {type(value).__name__} that is no text, part, message or JSON"):
        await parts_in(value)


async def test_what_goes_in_circles_is_refused() -> None:
    """A list that holds itself has no JSON."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(TypeError, match="it returned a list"):
        await parts_in(circle)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (("a", "b"), (Text("ab"),)),
        ((), ()),
        (("a", "b", IMAGE, "c"), (Text("ab"), IMAGE, Text("c"))),
        ((Message(text="a"), "b"), (Text("ab"),)),
        (({"a": 1}, {"a": 2}), (Text('[{"a": 1}, {"a": 2}]'),)),
    ],
)
async def test_a_stream_is_collected(items: tuple[Any, ...], expected: tuple[Part, ...]) -> None:
    """Tokens are a text, parts stay in their order, and objects are a list."""
    assert await parts_in(tokens(*items)) == expected


async def test_what_is_still_to_come_is_awaited() -> None:
    """Promises of values, messages and sequences, coroutines, and promises inside texts are waited for."""

    async def later() -> Any:
        await asyncio.sleep(1)
        return Promise(functools.partial(asyncio.sleep, 1, {"a": 1}))

    async with MiniAgents():
        assert await parts_in(later()) == (Text('{"a": 1}'),)
        message = Message.promise(tokens("a", "b"))
        assert await parts_in(message) == (Text("ab"),)
        replies = [streaming_agent([text], delay_s=1).inquire() for text in ("c", "d")]
        assert await parts_in(replies) == (Text("cd"),)
        assert await parts_in(f"it says: {streaming_agent(['e', 'f'], delay_s=1).inquire()}") == (Text("it says: ef"),)


@pytest.mark.real_time
async def test_a_sync_function_runs_in_a_thread_and_an_async_one_does_not() -> None:
    """The loop is never held up, whatever kind of thing is called."""

    def sync(*, function: str = "") -> Any:
        return threading.current_thread(), function

    async def coroutine() -> Any:
        return threading.current_thread(), ""

    class Callable:
        async def __call__(self) -> Any:
            return threading.current_thread(), ""

    def sync_one() -> Any:
        return coroutine()

    here = threading.current_thread()
    assert (await called(sync, function="x"))[0] is not here
    assert (await called(functools.partial(sync)))[0] is not here
    assert (await called(coroutine))[0] is here
    assert (await called(functools.partial(coroutine)))[0] is here
    assert (await called(Callable()))[0] is here
    assert (await (await called(sync_one)))[0] is here


@pytest.mark.real_time
async def test_a_generator_is_read_where_it_was_made() -> None:
    """A sync one is read in its thread, an async one here; both are collected."""
    threads = []

    def sync(*items: Any) -> Iterator[Any]:
        threads.append(threading.current_thread())
        yield from items

    assert await parts_in(await called(sync, "a", "b")) == (Text("ab"),)
    assert await parts_in(await called(sync, {"a": 1})) == (Text('[{"a": 1}]'),)
    assert threading.current_thread() not in threads
    assert await parts_in(await called(tokens, "a", "b")) == (Text("ab"),)


@pytest.mark.real_time
async def test_the_end_of_an_iterator_is_an_error_and_no_silence() -> None:
    """`StopIteration` out of a thread would make whoever awaits it wait for ever."""
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        await called(lambda: next(iter(())))


@pytest.mark.real_time
async def test_an_exit_is_an_error_of_the_function() -> None:
    """What would end a program, as functions of commands do, ends the call, and not the event loop with all in it."""

    async def leave() -> None:
        raise SystemExit(2)

    for function in (leave, lambda: sys.exit(2)):
        with pytest.raises(RuntimeError, match=r"the function wanted to exit \(2\)"):
            await called(function)


class Mute(Exception):  # noqa: N818 - what it is called matters to nobody
    """Cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such city"), "ValueError: no such city"),
        (KeyError("a"), "KeyError: 'a'"),
        (ValueError(), "ValueError"),
        (Mute(), "Mute"),
        (ValueError("two\nlines\x1b[31m"), "ValueError: two lines␛[31m"),
        (ExceptionGroup("many", [ExceptionGroup("more", [ValueError("first")]), KeyError("b")]), "ValueError: first"),
        (
            FileNotFoundError(2, "No such file or directory", "/home/me/my notes/a b.txt"),
            "FileNotFoundError: [Errno 2] No such file or directory: 'a b.txt'",
        ),
        (ValueError("see /usr/lib/x-1.0/y.py:3 or ~/a/b"), "ValueError: see y.py:3 or b"),
        (ValueError(r"in C:\Users\me\x.txt"), "ValueError: in x.txt"),
        (ValueError("GET https://host/a/b?c=/d/e failed"), "ValueError: GET https://host/a/b?c=/d/e failed"),
        (ValueError("no file:///home/me/x.txt at ftp://h/a/b"), "ValueError: no x.txt at ftp://h/a/b"),
        (ValueError("1/2 and/or 3 / 4, a/b/c"), "ValueError: 1/2 and/or 3 / 4, a/b/c"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_without_paths(error: Exception, line: str) -> None:
    """It says what happened, and nothing of where things are on this machine."""
    assert error_line(error) == line


def test_an_error_is_a_short_line() -> None:
    """However much an error has to say, and of what, it takes no time and little room."""
    assert len(error_line(ValueError("/a" * 100_000))) <= 600
    assert len(error_line(ValueError("x " * 100_000))) == 600


def test_a_call_that_failed_has_a_result() -> None:
    """It refers to the call and says so."""
    result = failed(ToolCall("1", name="f", arguments="{}"), "no")
    assert result == ToolResult("1", name="f", content=(Text("no"),), is_error=True)

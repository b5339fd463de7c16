"""What comes of a function, as the parts of a tool's result: what it returned, or what it failed by, in one line.

In: a function, any value, an error. Out: parts, a line. Never: a tool, who wants its result, how an API writes it.
"""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterable, Awaitable, Callable, Generator, Iterable
from functools import partial
from typing import Any, Final

from pydantic_core import to_jsonable_python

from .content import Audio, File, Image, Part, Text, ToolCall, ToolResult
from .messages import Message, MessageTuple
from .pieces import text_promise
from .promising.failure import told
from .promising.marks import has_mark
from .promising.stream import Stream
from .safe_text import one_line

__all__ = ["called", "error_line", "failed", "parts_in"]

_LONGEST_LINE: Final = 600
"""Characters of an error that are told; as long as any that a model could act on."""
_PATH: Final = re.compile(
    r"""(\b(?!file:)[a-z][a-z0-9+.-]*://[^\s'"]+)"""  # the address of something: it stays
    r"""|(?<=['"`])(?:/[^/'"`\n]+)+/([^/'"`\n]+)(?=['"`])"""  # quoted, so there may be spaces in it
    r"""|(?<![\w:/.~-])(?:file://|~)?(?:/[\w.@+-]+)+/([\w.@+-]+)"""
    r"""|(?<![\w:/\\])[A-Za-z]:\\(?:[^\\'"\n:]+\\)*([^\\'"\s:]+)"""
)
"""The path of a file, of which only the last name is told; or an address, of which everything is."""


async def called(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function, an async one here, a sync one in a thread, and return what it returns.

    A generator of a sync one is read in its thread, too.

    Raises:
        RuntimeError: It would end the program, as a command's function does that does not like its arguments.
        BaseException: Whatever else it raises.
    """
    try:
        for one in (function, getattr(function, "__call__", None)):  # noqa: B004 - of an object, it is as good
            if inspect.iscoroutinefunction(one):
                return await function(*args, **kwargs)
            if inspect.isasyncgenfunction(one):
                return function(*args, **kwargs)
        return await asyncio.to_thread(_called_in_thread, partial(function, *args, **kwargs))
    except SystemExit as error:  # it would end the event loop, and with it all that is not the function's
        raise RuntimeError(f"the function wanted to exit ({error.code})") from error


def _called_in_thread(function: Callable[[], Any]) -> Any:
    try:
        value = function()
        return _collected(list(value)) if isinstance(value, Generator) else value
    except StopIteration as error:  # no future takes it, so nobody would ever hear of it
        raise RuntimeError("the function raised StopIteration") from error


async def parts_in(value: Any) -> tuple[Part, ...]:  # noqa: PLR0911 - one return a kind of value
    """Return the parts that a value stands for; what is still to come is awaited, and what streams is collected.

    Text is text; parts, messages and promises of them stay what they are; None is nothing; all else becomes JSON.

    Raises:
        TypeError: It is none of these.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        text = str(await text_promise(value)) if has_mark(value) else str(value)
        return (Text(text),) if text else ()
    if isinstance(value, Part):
        return (value,)
    if isinstance(value, Message):
        said = (part for part in value.parts if isinstance(part, Text | Image | Audio | File))
        return tuple(said) or await parts_in(value.text)
    if isinstance(value, MessageTuple):
        return await _joined(value, "\n\n")
    if isinstance(value, Stream | Awaitable):
        return await parts_in(await value)
    if isinstance(value, AsyncIterable):
        return await parts_in(_collected([item async for item in value]))
    if isinstance(value, list | tuple) and any(isinstance(item, Part | Message | Stream) for item in value):
        return await _joined(value, "")
    return (Text(_json(value)),)


def _collected(items: list[Any]) -> Any:
    """Return what a stream of items makes: text, where they are tokens; else as if they had come in a list."""
    return "".join(items) if all(isinstance(item, str) for item in items) else items


async def _joined(values: Iterable[Any], between: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for value in values:
        for place, part in enumerate(await parts_in(value)):
            before = parts[-1] if parts and place == 0 else None
            if isinstance(before, Text) and isinstance(part, Text) and not (before.extra or part.extra):
                parts[-1] = Text(before.text + between + part.text)
            else:
                parts.append(part)
    return tuple(parts)


def _json(value: Any) -> str:
    try:
        return json.dumps(to_jsonable_python(value), ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        kind = type(value).__qualname__
        raise TypeError(f"it returned a {kind} that is no text, part, message or JSON") from None


def error_line(error: BaseException) -> str:
    """Return an error in one line for whoever caused it: its class and what it says.

    No traceback, and of the path of a file only its name: what is where on this machine is nobody's business.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    line = one_line(told(error)[: 2 * _LONGEST_LINE])
    line = _PATH.sub(lambda path: next(filter(None, path.groups()), ""), line)
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


def failed(call: ToolCall, line: str) -> ToolResult:
    """Return the result of a call that went wrong."""
    return ToolResult(call.id, name=call.name, content=(Text(line),), is_error=True)

"""Who allows the calls of tools: what was allowed beforehand, and then a person, if one sits there.

In: tools, patterns of names, what asks a person. Out: tools as they may be called; a word on each call. Never: keys,
rows, which tools there are.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..errors import CallCancelledError
from ..safe_text import one_line
from .tell import note

if TYPE_CHECKING:
    from ..content import ToolCall, ToolResult
    from ..tools import Tool

__all__ = ["ANSWERS", "Approval", "Ask", "is_answer", "question_about"]

Ask: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Asks a question and returns the answer, for which `is_answer` holds; None where the person leaves instead."""

ANSWERS: Final = "y yes · a always · n no"
_YES: Final = frozenset(["y", "yes"])
_ALWAYS: Final = frozenset(["a", "always"])
_NO: Final = frozenset(["n", "no"])
_MOST_SHOWN: Final = 600
"""Characters of the arguments that are asked about: some rows, so that the question is seen with them."""
_END_SHOWN: Final = 150


class Approval:
    """Allows calls, or not; remembers whom the person always allows."""

    def __init__(self, ask: Ask | None = None) -> None:
        self.ask = ask
        """Asks the person; None where there is nobody who could be asked."""
        self._always: set[str] = set()
        self._told: dict[str, tuple[str, Any]] = {}
        """What each tool said of itself."""
        self._turn = asyncio.Lock()

    def prepared(self, tool: "Tool", allowed: Sequence[str]) -> "Tool":
        """Return a tool as it may be called: at once, after a question, or not at all.

        One that says something else of itself than it did is asked about again: it may be another one by that name.

        Args:
            tool: Any.
            allowed: Shell patterns of the names of those that need no question.
        """
        if not tool.needs_approval:
            return tool
        told = tool.description, tool.parameters
        if self._told.setdefault(tool.name, told) != told:
            self._told[tool.name] = told
            self._always.discard(tool.name)
        if any(fnmatchcase(tool.name, pattern) for pattern in allowed):
            return replace(tool, needs_approval=False)
        return replace(tool, function=_refusing(tool.name), needs_approval=False) if self.ask is None else tool

    async def __call__(self, call: "ToolCall") -> bool | str:
        """Return whether a call may be made, or the reason against it.

        Raises:
            CallCancelledError: The person has left instead of answering.
        """
        assert self.ask is not None  # noqa: S101 - else no tool needs to ask
        async with self._turn:
            if call.name in self._always:
                return True
            answer = await self.ask(question_about(call))
        if answer is None:
            raise CallCancelledError("nobody said whether a tool may be called")
        word = answer.strip().lower()
        if word in _ALWAYS:
            self._always.add(call.name)
        return True if word in _YES | _ALWAYS else answer.strip() if word not in _NO else False

    def forget(self) -> None:
        """Ask about every tool again: a name may be another one's from now on."""
        self._always.clear()


def is_answer(text: str) -> bool:
    """Say whether a text answers the question: yes, always, no, or no with a reason."""
    word = text.strip().lower()
    first = word.replace(",", " ").split(maxsplit=1)[:1]
    return word in _YES | _ALWAYS or first in (["n"], ["no"])


def question_about(call: "ToolCall") -> str:
    """Return the question, in one line: the tool, and what it is called with; of much, the beginning and the end."""
    told = one_line(_compact(call.arguments))
    if len(told) > _MOST_SHOWN:
        told = f"{told[: _MOST_SHOWN - _END_SHOWN]} … {told[-_END_SHOWN:]} ({len(told):,} characters)"
    return f"May {one_line(call.name)} be called{f' with {told}' if told else ''}?"


def _compact(arguments: str) -> str:
    """Return the arguments with characters as characters; as the model wrote them, if they are no JSON."""
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return json.dumps(given, ensure_ascii=False) if given else ""


def _refusing(name: str) -> Callable[..., Any]:
    """Return what stands in for a tool that nobody has allowed, and nobody can be asked about."""

    async def refuse(*_: Any, **__: Any) -> "ToolResult":
        from ..content import ToolResult  # noqa: PLC0415 - where there are tools

        note(f"{name} was not called, for nobody could be asked; allow it with --allow-tool {name}")
        told = "refused: it needs a person's approval, and there is nobody to ask"
        return ToolResult("", name=name, content=told, is_error=True)

    return refuse

"""Tools: functions and agents that a model may call, by name; several of its calls at once, and who allows them.

In: tools, a model's calls. Out: one message with all results. Never: a provider, which model calls, how often it may.
"""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from .content import Text, ToolCall, ToolResult
from .errors import UsageError
from .messages import Message, MessageSequencePromise
from .miniagents import MiniAgent
from .safe_text import one_line
from .tool_results import called, failed
from .toolmaking import Tool, Watch, tool

__all__ = ["Approve", "Tool", "approved", "run_tools", "tool", "toolbox"]

Approve: TypeAlias = Callable[[ToolCall], bool | str | Awaitable[bool | str]] | MiniAgent
"""Who is asked before a tool runs that `needs_approval`.

A function (sync ones run in a thread) returns True, or else False or the reason against it. An agent is sent a message
with the question as its text and the `ToolCall` as a part; it replies "y" or "yes", or else the reason against it.
"""

_NOBODY: Final = "refused: it needs a person's approval, and there is nobody to ask"


def toolbox(things: Iterable[Any]) -> Mapping[str, Tool]:
    """Return the tools that `things` are, by their names; see `Tool.of`.

    Raises:
        UsageError: One can be no tool, or two have one name.
    """
    tools: dict[str, Tool] = {}
    for made in map(Tool.of, things):
        if tools.setdefault(made.name, made) is not made:
            raise UsageError(f"two tools are called {made.name!r}; give one another name (`@tool(name=…)`)")
    return MappingProxyType(tools)


async def approved(approve: Approve | None, tool: Tool, call: ToolCall) -> str | None:
    """Return None if a call may be made, or else the reason against it.

    Raises:
        Exception: What `approve` raises; then nobody has agreed.
    """
    if not tool.needs_approval:
        return None
    if approve is None:
        return "there is nobody to ask"
    if isinstance(approve, MiniAgent):
        question = f"May {tool.name} be called with {one_line(call.arguments)}? (y/n)"
        answer = str(await approve.inquire(Message(parts=(Text(question), call)), errors_as_messages=False)).strip()
        return None if answer.lower().rstrip(".!") in ("y", "yes") else answer or "no reason given"
    said = await called(approve, call)
    said = await said if isinstance(said, Awaitable) else said
    return None if said is True else said if said and isinstance(said, str) else "no reason given"


async def run_tools(
    tools: Mapping[str, Tool],
    calls: Sequence[ToolCall],
    *,
    approve: Approve | None = None,
    timeout_s: float | None = None,
    watch: Watch | None = None,
) -> Message:
    """Make all calls at once, and return one message with the role "tool" and their results in the order of the calls.

    Those that need approval are asked for one after the other, while the others run already. Cancelling whoever awaits
    this stops all of them.

    Args:
        tools: A `toolbox`.
        calls: What a model wants.
        approve: Who is asked about tools that need it.
        timeout_s: Seconds that each call may take whose tool says nothing else.
        watch: See `Tool.inquire`.

    Raises:
        Exception: What `approve` raises.
    """
    running: dict[int, MessageSequencePromise] = {}
    results: dict[int, ToolResult] = {}

    def start(place: int, tool: Tool, call: ToolCall) -> None:
        limit_s = timeout_s if tool.timeout_s is None else tool.timeout_s
        running[place] = tool.inquire(call, timeout_s=limit_s, watch=watch)

    try:
        to_ask = []
        for place, call in enumerate(calls):
            if (found := tools.get(call.name)) is None:
                results[place] = failed(call, _no_such(call.name, tools))
            elif found.needs_approval and found.fault_in(call) is None:
                to_ask.append((place, found, call))
            else:
                start(place, found, call)
        for place, found, call in to_ask:
            if (reason := await approved(approve, found, call)) is None:
                start(place, found, call)
            else:
                results[place] = failed(call, f"refused by the person: {one_line(reason)}" if approve else _NOBODY)
        told = {place: (await reply)[0].parts[0] for place, reply in running.items()}
    except BaseException:
        for reply in running.values():
            reply.cancel()
        raise
    return Message(role="tool", parts=tuple(part for _, part in sorted({**results, **told}.items())))


def _no_such(name: str, tools: Mapping[str, Tool]) -> str:
    if not tools:
        return f"there is no tool {name!r}, nor any other"
    near = difflib.get_close_matches(name, tools, n=1)
    guess = f"did you mean {near[0]!r}? There" if near else "there"
    return one_line(f"there is no tool {name!r}; {guess} are: {', '.join(tools)}")

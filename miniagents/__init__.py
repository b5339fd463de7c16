"""Agents whose messages are streams: an async library, and a chat program built on it.

The names that a user types, imported when they are first used: `import miniagents` costs next to nothing.
"""

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` for it would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from .content import Audio as Audio
    from .content import File as File
    from .content import Image as Image
    from .content import Part as Part
    from .content import Text as Text
    from .content import Thinking as Thinking
    from .content import Thought as Thought
    from .content import ToolCall as ToolCall
    from .content import ToolResult as ToolResult
    from .errors import MiniagentsError as MiniagentsError
    from .ext.llm.limiter import Rate as Rate
    from .ext.llm.limits import Limits as Limits
    from .ext.llm.schema import Schema as Schema
    from .ext.llm.schema import partial_data as partial_data
    from .messages import ErrorMessage as ErrorMessage
    from .messages import Message as Message
    from .messages import MessagePromise as MessagePromise
    from .messages import MessageSequencePromise as MessageSequencePromise
    from .messages import MessageTuple as MessageTuple
    from .miniagents import InteractionContext as InteractionContext
    from .miniagents import MiniAgent as MiniAgent
    from .miniagents import MiniAgents as MiniAgents
    from .miniagents import miniagent as miniagent
    from .promising.sentinels import AWAIT as AWAIT
    from .promising.sentinels import CLEAR as CLEAR
    from .tools import Tool as Tool
    from .tools import tool as tool
    from .utils import achain_loop as achain_loop
    from .utils import adialog_loop as adialog_loop

_HOMES = {
    "AWAIT": ".promising.sentinels",
    "Audio": ".content",
    "CLEAR": ".promising.sentinels",
    "ErrorMessage": ".messages",
    "File": ".content",
    "Image": ".content",
    "InteractionContext": ".miniagents",
    "Limits": ".ext.llm.limits",
    "Message": ".messages",
    "MessagePromise": ".messages",
    "MessageSequencePromise": ".messages",
    "MessageTuple": ".messages",
    "MiniAgent": ".miniagents",
    "MiniAgents": ".miniagents",
    "MiniagentsError": ".errors",
    "Part": ".content",
    "Rate": ".ext.llm.limiter",
    "Schema": ".ext.llm.schema",
    "Text": ".content",
    "Thinking": ".content",
    "Thought": ".content",
    "Tool": ".tools",
    "ToolCall": ".content",
    "ToolResult": ".content",
    "achain_loop": ".utils",
    "adialog_loop": ".utils",
    "miniagent": ".miniagents",
    "partial_data": ".ext.llm.schema",
    "tool": ".tools",
}

__version__ = "0.1.0"
__all__ = sorted(_HOMES)  # noqa: PLE0605 - a sorted list of names


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - as above

    return getattr(import_module(_HOMES[name], __name__), name)

"""A chat in a terminal: first the prompt, and behind it, while the person types, everything else.

In: a request, a person. Out: dialogs, until the person leaves. Never: what is said in them (`talk`).
"""

import asyncio
from typing import TYPE_CHECKING

from ..safe_text import one_line
from .output import write
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..plugins import Plugins
    from .request import Request
    from .session import Session

__all__ = ["hold_chat"]


async def hold_chat(request: "Request", gather: "Callable[[], Plugins]") -> None:
    """Talk with a person at a terminal until they leave.

    Args:
        request: What the command line says.
        gather: Loads the plugins; called in a thread when the prompt is on the screen.

    Raises:
        MiniagentsError: There is no model to talk to, or no place for the transcript.
    """
    terminal = Terminal(request.settings)

    def prepare() -> "Session":
        plugins = gather()
        from .talk import prepared  # noqa: PLC0415 - what it imports takes longer than to draw a prompt

        return prepared(request, plugins, terminal)

    async with terminal:
        session = await asyncio.to_thread(prepare)
        from .talk import talk  # noqa: PLC0415 - as above

        await talk(session, terminal)
    from .chats.farewell import farewell  # noqa: PLC0415 - as above

    for line in farewell(session.conversation, request.settings):  # the terminal folds them, so that they can be copied
        write(one_line(line) + "\n")

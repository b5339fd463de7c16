"""One prompt, one answer, for scripts and for the impatient.

In: a request. Out: the answer on standard output, a transcript. Never: a question to the person, but whether a tool may
be called.
"""

import asyncio
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from ..miniagents import MiniAgents
from ..plugins import Plugins
from ..utils import adialog_loop
from .approval import ANSWERS, is_answer
from .asking import ask_at_terminal, is_at_terminal
from .cast import Cast
from .chats.conversation import nothing_left
from .chats.opened import opened
from .display.looks import is_dumb, look_of
from .output import DataOutput, Output, WholeReply, reply_output
from .request import Request
from .tell import note
from .user_agents import one_shot_user_agent

if TYPE_CHECKING:
    from .usage import Counted

__all__ = ["answer_once"]

_SETTLED_WITHIN_S: Final = 1.0
"""A message that has ended is shown in a thirtieth of it; a terminal that takes nothing is not waited for."""


async def answer_once(request: Request, plugins: Plugins) -> None:
    """Answer one prompt on standard output, in the form that is wished for.

    Raises:
        MiniagentsError: There is no answer, or not all of it, or it does not fit.
        ReaderGoneError: Nobody reads standard output any more.
    """
    settings, output = request.settings, _output(request, plugins)
    counted = _counted(output) if settings.usage else None
    user = one_shot_user_agent.fork(prompts=iter([request.said]), output=counted or output)
    try:
        cast = Cast(settings, plugins)
        if is_at_terminal():
            cast.toolset.approval.ask = partial(_ask, output)
        conversation = opened(settings, request.wish, plugins)
        conversation.make()  # now, so that nothing is asked in vain
        transcript = None if conversation.path is None else str(conversation.path)
        with nothing_left(conversation.path):
            await cast.fetch()
        output.start(cast.name, transcript)
        async with MiniAgents(), cast.toolset:
            await adialog_loop(user, cast.assistant, conversation.history_agent())
        if counted is not None:
            note(str(counted))
        output.finish(transcript)
    except (Exception, asyncio.CancelledError) as error:
        output.fail(error)
        raise


async def _ask(output: Output, question: str) -> str | None:
    """Ask until there is an answer, below what the model said."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLED_WITHIN_S):
            await output.settled()
    while True:
        answer = await ask_at_terminal(f"{question} ({ANSWERS})")
        if answer is None or is_answer(answer):
            return answer


def _counted(output: Output) -> "Counted":
    from .usage import Counted  # noqa: PLC0415 - few want to know

    return Counted(output)


def _output(request: Request, plugins: Plugins) -> Output:
    wish = request.wish
    if wish.jsonl:
        from .events import EventOutput  # noqa: PLC0415 - few want any

        return EventOutput(request.schema)
    if wish.as_json:
        return WholeReply(request.schema)
    if request.schema is not None:
        return DataOutput(request.schema)
    if wish.extract or wish.extract_last:
        from .extract import BlockOutput  # noqa: PLC0415 - as above

        return BlockOutput(last=wish.extract_last)
    settings = request.settings
    if sys.stdout.isatty() and not settings.plain and not is_dumb(settings.environment):
        from .display.view_output import ViewOutput  # noqa: PLC0415 - imports what a pipe does without

        return ViewOutput(look_of(settings, plugins))
    return reply_output()

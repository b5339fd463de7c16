"""One prompt, one answer, for scripts and for the impatient.

In: settings, a prompt. Out: the answer on standard output, a transcript. Never: a question to the person.
"""

from ..plugins import Plugins
from .cast import Cast
from .output import ReplyOutput, WholeReply, write
from .output import as_json as in_json
from .settings import Settings
from .user_agents import one_shot_user_agent

__all__ = ["answer_once"]


async def answer_once(settings: Settings, plugins: Plugins, prompt: str, *, as_json: bool) -> None:
    """Answer one prompt on standard output, as it comes or as one JSON object.

    Raises:
        MiniagentsError: There is no answer, or not all of it.
        ReaderGoneError: Nobody reads standard output any more.
    """
    chat = Cast(settings, plugins)
    if settings.save:
        chat.transcript()
    output = WholeReply() if as_json else ReplyOutput()
    await chat.fetch()
    await chat.run(one_shot_user_agent.fork(prompts=iter([prompt]), output=output))
    if isinstance(output, WholeReply):
        transcript = {"transcript": str(chat.transcript()) if settings.save else None}
        write(in_json(output.as_object() | transcript))

"""A chat: the place where the rooms meet. It picks three agents and lets them talk.

In: settings, a prompt or a person. Out: replies, and a transcript. Never: a loop of its own.
"""

from functools import cache
from pathlib import Path

from ..errors import TranscriptError
from ..ext.misc_agents import on_interrupt
from ..ext.transcript import new_transcript
from ..miniagents import MiniAgent, MiniAgents
from ..plugins import Plugins
from ..utils import adialog_loop
from .models import Choice, choose
from .output import ReplyOutput, WholeReply, write
from .output import as_json as in_json
from .settings import Settings
from .tell import FetchBar
from .user_agents import Interruptions, one_shot_user_agent, terminal_user_agent

__all__ = ["answer_once", "hold_chat"]


async def answer_once(settings: Settings, plugins: Plugins, prompt: str, *, as_json: bool) -> None:
    """Answer one prompt on standard output, as it comes or as one JSON object.

    Raises:
        MiniagentsError: There is no answer, or not all of it.
        ReaderGoneError: Nobody reads standard output any more.
    """
    chat = _Chat(settings, plugins)
    if settings.save:
        chat.transcript()
    output = WholeReply() if as_json else ReplyOutput()
    await chat.fetch()
    await chat.run(one_shot_user_agent.fork(prompts=iter([prompt]), output=output))
    if isinstance(output, WholeReply):
        transcript = {"transcript": str(chat.transcript()) if settings.save else None}
        write(in_json(output.as_object() | transcript))


async def hold_chat(settings: Settings, plugins: Plugins) -> None:
    """Talk with a person at a terminal until they leave.

    Raises:
        MiniagentsError: There is no model to talk to, or no place for the transcript.
    """
    from .prompt import Prompt  # noqa: PLC0415 - imports prompt_toolkit
    from .screen import Screen  # noqa: PLC0415 - imports Rich

    chat = _Chat(settings, plugins)
    if settings.save:
        _new_transcript(settings.chats_dir).unlink()  # a person shall know now, not when they have said something
    await chat.fetch()
    screen = Screen(Prompt())
    screen.tell(str(chat.choice))
    screen.tell("Enter sends · Alt-Enter breaks the line · Ctrl-C stops an answer · Ctrl-D leaves")
    interruptions = Interruptions()
    with on_interrupt(interruptions.interrupt):
        await chat.run(terminal_user_agent.fork(screen=screen, interruptions=interruptions))
    if chat.transcript.cache_info().currsize:
        screen.tell(f"kept in {chat.transcript()}")


class _Chat:
    """The model and the history that settings ask for."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self.choice: Choice = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
        self.transcript = cache(lambda: _new_transcript(settings.chats_dir))
        """Makes the file when the first message is said, and gives its path from then on."""
        self._assistant: MiniAgent = self.choice.provider.agent.fork(
            model=self.choice.model,
            system=settings.system,
            stream=settings.stream,
            environment=settings.environment,
            log=settings.log,
            **settings.options,
        )
        histories = plugins.histories
        self._history = (
            histories["markdown"].fork(history_md_file=self.transcript) if settings.save else histories["memory"]
        )

    async def fetch(self) -> None:
        """See to it that the model is on this machine, if it is to be."""
        provider = self.choice.provider
        if provider.pull is not None and self.choice.model == provider.default_model:
            with FetchBar(self.choice.model) as bar:
                await provider.pull(bar)

    async def run(self, user_agent: MiniAgent) -> None:
        """Let the user agent talk with the model."""
        async with MiniAgents():
            await adialog_loop(user_agent, self._assistant, self._history)


def _new_transcript(folder: Path) -> Path:
    try:
        return new_transcript(folder)
    except TranscriptError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        cure = "name another folder (--chats-dir), or keep no transcript (--no-save)"
        raise TranscriptError(f"{folder}: {reason}; {cure}") from error

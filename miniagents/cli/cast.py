"""The cast of a chat: the model agent and the history agent that settings ask for.

In: settings, plugins. Out: two agents, forked. Never: the person, a terminal.
"""

from functools import cache
from pathlib import Path

from ..errors import TranscriptError
from ..ext.transcript import new_transcript
from ..miniagents import MiniAgent, MiniAgents
from ..plugins import Plugins
from ..utils import adialog_loop
from .models import Choice, choose
from .settings import Settings
from .tell import FetchBar

__all__ = ["Cast", "new_transcript_in"]


class Cast:
    """The model and the history that settings ask for, and the loop in which they meet a person."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self.choice: Choice = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
        self.transcript = cache(lambda: new_transcript_in(settings.chats_dir))
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


def new_transcript_in(folder: Path) -> Path:
    """Make a transcript in `folder`; its error says which option names another one.

    Raises:
        TranscriptError: It cannot be made.
    """
    try:
        return new_transcript(folder)
    except TranscriptError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        cure = "name another folder (--chats-dir), or keep no transcript (--no-save)"
        raise TranscriptError(f"{folder}: {reason}; {cure}") from error

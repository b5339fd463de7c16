"""The conversation that goes on now: in a transcript, or in memory only.

In: what is said, through a history agent. Out: that agent; the messages so far; a place to go back to. Never: who
answers, a terminal.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...errors import TranscriptError, UsageError
from ...ext import transcript
from ...ext.history_agents import in_memory_history_agent, markdown_history_agent
from ...ext.transcript_format import Record
from ...ext.transcript_in_flight import discard, recover
from ...ext.transcript_path import BEGINNING, conversation
from ...ext.transcript_title import retitle, title_in
from ...messages import Message, MessageSequencePromise
from ...miniagents import InteractionContext, MiniAgent, miniagent
from .titles import derived_title

__all__ = ["Conversation", "Unsaved", "discard_empty", "new_transcript_in", "nothing_left"]


class Conversation:
    """One that is kept in a transcript; it stays on its own path, whatever others write there meanwhile."""

    def __init__(
        self,
        path: Path | Callable[[], Path],
        *,
        at: str | None = None,
        titles: bool = True,
        agent: MiniAgent = markdown_history_agent,
    ) -> None:
        """Take up the conversation in a transcript, or begin one.

        Args:
            path: The transcript; or what makes one, which is called when the first message is said.
            at: The key of the message to go on from, "" for none; the last by default.
            titles: Whether what was said first is the title of one that was given none.
            agent: Keeps what is said, as `markdown_history_agent` does.

        Raises:
            TranscriptError: It cannot be read.
        """
        self.path: Path | None = None if callable(path) else path
        """Where it is; None before it is made."""
        self._make = path if callable(path) else lambda: path
        self._titles = titles
        self._agent = agent
        self._given_title = ""
        """Given before there was anything to write it to."""
        self._at = at
        if self.path is not None:
            recover(self.path)
            records = conversation(transcript.read_records(self.path), at)
            self._at = records[-1].key if records else BEGINNING

    def history_agent(self) -> MiniAgent:
        """Return the agent that keeps what is said next.

        Raises:
            TranscriptError: The transcript cannot be read.
        """
        records = self._records()
        at = records[-1].key if records else BEGINNING
        return self._agent.fork(history_md_file=self.make, at=at, on_kept=self._go_to)

    def messages(self) -> list[Message]:
        """Return what was said, up to where the conversation stands; read anew, for a person may edit it.

        Raises:
            TranscriptError: It cannot be read.
        """
        return [record.message for record in self._records()]

    def go_back(self, keep: int) -> None:
        """Let the next dialog go on after the first `keep` messages; the others stay in the transcript.

        Raises:
            UsageError: There are not so many.
            TranscriptError: It cannot be read.
        """
        records = self._records()
        _check(keep, len(records))
        self._at = records[keep - 1].key if keep else BEGINNING

    @property
    def title(self) -> str:
        """What it is about, "" if nobody knows yet."""
        given = self._given_title
        if self.path is not None:
            given = given or title_in(transcript.text_of(self.path, missing_ok=True))
        return given or (derived_title(self.messages()) if self._titles else "")

    def rename(self, title: str) -> None:
        """Give it a title, none if that is "".

        Raises:
            TranscriptError: It cannot be written.
        """
        if self.path is None:
            self._given_title = title
        else:
            retitle(self.path, title)

    def make(self) -> Path:
        """Return where it is, made now if it is not there: who waits for the first message may learn too late.

        Raises:
            TranscriptError: It cannot be made.
        """
        if self.path is None:
            self.path = self._make()
        return self.path

    @property
    def kept_in(self) -> str:
        """Where it is kept, for people; "" while nothing of it is."""
        with suppress(OSError):
            if self.path is not None and self.path.stat().st_size:
                return str(self.path)
        return ""

    def _go_to(self, key: str) -> None:
        self._at = key
        if self._given_title and self.path is not None:
            retitle(self.path, self._given_title)
            self._given_title = ""

    def _records(self) -> list[Record]:
        if self.path is None:
            return []
        records = transcript.read_records(self.path, missing_ok=True)
        try:
            return conversation(records, self._at)
        except TranscriptError:  # a person has taken that message out
            return conversation(records)


class Unsaved:
    """One that lasts as long as the program."""

    path: Path | None = None
    kept_in = ""

    def __init__(
        self,
        messages: tuple[Message, ...] = (),
        *,
        agent: MiniAgent = in_memory_history_agent,
        is_mishap: bool = False,
    ) -> None:
        """Take up what was said, or begin.

        Args:
            messages: What was said.
            agent: Keeps what is said.
            is_mishap: Whether it would be kept in a transcript if that could be written.
        """
        self.is_mishap = is_mishap
        self.copied = 0
        """How many of its messages are in a copy that the person made."""
        self._messages = messages
        self._agent = agent
        self._given_title = ""

    def history_agent(self) -> MiniAgent:
        """Return the agent that keeps what is said next."""
        return _remembering.fork(agent=self._agent.fork(start=self._messages), remember=self._remember)

    def make(self) -> None:
        """Do nothing: there is no file."""

    def messages(self) -> list[Message]:
        """Return what was said and is whole, up to where the conversation stands."""
        return list(self._messages)

    def go_back(self, keep: int) -> None:
        """Let the next dialog go on after the first `keep` messages.

        Raises:
            UsageError: There are not so many.
        """
        _check(keep, len(self._messages))
        self._messages = self._messages[:keep]

    @property
    def title(self) -> str:
        """What it is about, "" if nobody knows yet."""
        return self._given_title or derived_title(self._messages)

    def rename(self, title: str) -> None:
        """Give it a title, none if that is ""."""
        self._given_title = title

    def _remember(self, messages: tuple[Message, ...]) -> None:
        self._messages = messages


@miniagent
async def _remembering(
    ctx: InteractionContext,
    *,
    agent: MiniAgent,
    remember: Callable[[tuple[Message, ...]], None],
    previous: MessageSequencePromise | None = None,
) -> None:
    """Reply as `agent` does, and tell when what it replied is whole."""
    history = agent.inquire(ctx.message_promises, previous=previous)
    ctx.reply(history)
    remember(await history)


def new_transcript_in(folder: Path) -> Path:
    """Make a transcript in `folder`; its error says which option names another one.

    Raises:
        TranscriptError: It cannot be made.
    """
    try:
        return transcript.new_transcript(folder)
    except TranscriptError as error:
        reason = getattr(error.__cause__, "strerror", None) or error
        cure = "name another folder (--chats-dir), or keep no transcript (--no-save)"
        raise TranscriptError(f"{folder}: {reason}; {cure}") from error


@contextmanager
def nothing_left(path: Path | None) -> Iterator[None]:
    """Let a block that fails leave no transcript behind that nobody has written to."""
    try:
        yield
    except BaseException:
        discard_empty(path)
        raise


def discard_empty(path: Path | None) -> None:
    """Delete a transcript that nobody has written to, if it is there and can be."""
    with suppress(OSError, TranscriptError):
        if path is not None and not path.stat().st_size:
            discard(path)


def _check(keep: int, there: int) -> None:
    if not 0 <= keep <= there:
        raise UsageError(f"{there} messages were said; keep as many or fewer")

"""A chat while it goes on: who answers, which conversation it is, what is attached, and how to change these.

In: settings, plugins, what a person types. Out: messages for the model, two agents. Never: keys, rows, the format of a
file, what a word of the chat does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import MiniagentsError, TranscriptError
from ..messages import Message
from ..miniagents import MiniAgent
from ..plugins import Plugins
from .approval import ANSWERS, is_answer
from .attachments import from_prompt, message_of
from .cast import Cast
from .config.setting import Layer
from .config.settings import Settings, overlaid
from .totals import Totals

if TYPE_CHECKING:
    from ..content import Part
    from .chats.conversation import Conversation, Unsaved
    from .chats.elsewhere import Elsewhere
    from .display.screen import Screen
    from .prompt.prompt import Prompt
    from .words.word import Said

__all__ = ["Session"]


class Session:
    """Everything that words of the chat may look at and change."""

    def __init__(
        self, settings: Settings, plugins: Plugins, cast: Cast, conversation: "Conversation | Unsaved | Elsewhere"
    ) -> None:
        self.settings = self._base = settings
        self._layer = Layer(origin="this chat")
        self.plugins = plugins
        self.cast = cast
        cast.toolset.approval.ask = self._ask
        self.conversation = conversation
        self.attached: list[Part] = []
        """What goes with the next message."""
        self.has_left = False
        messages = conversation.messages()
        self.totals = Totals.of(messages)
        self._looked_back_at = len(messages)
        """How many messages there were when nothing was heard yet."""
        self.heard: list[Message] = []
        """What was said in this dialog, whole; a transcript that cannot be written does not have it."""
        self._fetched = ""
        """How much of a model is on this machine already, while it is fetched."""
        self._edited: int | None = None
        """The place of the question that what is said next replaces."""
        self._for_us: str | None = None
        """What the person said that is to be dealt with when the dialog has ended."""
        self._next: Said | None = None
        """What is said next, in place of the person."""
        self._is_asked = False
        """Whether the answer waits for a word of the person's."""
        self._stop: Callable[[], object] | None = None
        self._is_interrupted = False
        """Whether the answer is to end that has not begun."""

    prompt: "Prompt"
    screen: "Screen"

    @property
    def assistant(self) -> MiniAgent:
        """Who answers next."""
        return self.cast.assistant

    def change(self, options: Mapping[str, Any] | None = None, **values: Any) -> None:
        """Go on with other settings, which come before all others; the conversation stays.

        Args:
            options: All parameters of the model's API that this chat sets; those that it has set if None.
            values: Settings by name.

        Raises:
            MiniagentsError: They make no sense; then nothing has changed.
        """
        layer = replace(self._layer, values={**self._layer.values, **values})
        if options is not None:
            layer = replace(layer, options=options)
        settings = overlaid(self._base, layer)
        self.cast = Cast(settings, self.plugins, self.cast.toolset)
        self.settings, self._layer = settings, layer

    @property
    def options(self) -> Mapping[str, Any]:
        """The parameters of the model's API that this chat sets."""
        return self._layer.options

    def take_up(self, conversation: "Conversation | Unsaved | Elsewhere") -> None:
        """Go on with another conversation."""
        self.conversation = conversation
        self._look_back()

    def go_back(self, keep: int, then: "Said | None" = None) -> None:
        """Go on after the first `keep` messages; what was said behind them stays in the transcript, as a branch.

        Args:
            keep: How many messages.
            then: What is said there at once.
        """
        self.conversation.go_back(keep)
        self._next = then
        self._look_back()

    def go_on_unsaved(self) -> None:
        """Go on in memory with all that was said, where the transcript cannot be written any more."""
        from .chats.conversation import Unsaved  # noqa: PLC0415 - only in trouble

        kept: list[Message] = []
        with suppress(TranscriptError):
            kept = self.conversation.messages()
        unkept = _without(self.heard, kept[self._looked_back_at :])
        if unkept and unkept[-1].role == "user":  # nobody has answered it
            question = unkept.pop()
            self._next = {"text": question.text, "parts": question.parts, "role": "user"}
        self.take_up(Unsaved((*kept, *unkept), is_mishap=True))

    def begin_conversation(self) -> None:
        """Go on with a new conversation."""
        from .chats.opened import began  # noqa: PLC0415 - only here

        self.take_up(began(self.settings, self.plugins))

    def leave(self) -> None:
        """End the chat."""
        self.has_left = True

    def edit(self, place: int, question: Message) -> None:
        """Let the person change what they said; what they say next takes its place, in a branch."""
        from ..content import Text  # noqa: PLC0415 - only here

        self._edited = place
        self.attached = [part for part in question.parts if not isinstance(part, Text)]
        self.prompt.insert(question.text)

    def give_up_edit(self) -> None:
        """Leave the question as it is that was to be changed, if one was; what is said next is said in its turn."""
        if self._edited is not None:
            self._edited, self.attached = None, []
            self.screen.tell("the question stays as it was said")

    def _look_back(self) -> None:
        self._edited = None
        self.heard.clear()
        messages = self.conversation.messages()
        self._looked_back_at = len(messages)
        self.totals = Totals.of(messages)

    def hear(self, message: Message) -> None:
        """Take in what was answered."""
        self.heard.append(message)
        self.totals = self.totals.with_(message)

    def questions(self) -> list[tuple[int, Message]]:
        """Return what the person said, each with its place among the messages."""
        return [(at, said) for at, said in enumerate(self.conversation.messages()) if said.role == "user"]

    def answers(self) -> list[Message]:
        """Return what was answered."""
        return [said for said in self.conversation.messages() if said.role not in {"user", "system", "tool"}]

    def interrupt(self) -> bool:
        """End the answer that is awaited or arrives; say whether there is one."""
        if self._stop is not None:
            self._stop()
        elif self.prompt.queued:  # it was said, and nobody has heard it yet
            self._interrupt_soon()
        else:
            return False
        return True

    @contextmanager
    def answering(self, stop: Callable[[], object]) -> Iterator[None]:
        """Let an interruption do this meanwhile, and one that came too early for it too."""
        if self._stop is None:  # nothing was asked yet, so there is no answer to end
            yield
            return
        self._stop = stop
        if self._is_interrupted:
            stop()
        try:
            yield
        finally:
            self._stop, self._is_interrupted = None, False

    async def fetch(self) -> None:
        """See to it that the model is on this machine, if it is to be; the toolbar says how far that is."""

        def told(done: int, total: int) -> None:
            self._fetched = f"fetching {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
            self.prompt.invalidate()

        try:
            await self.cast.fetch(told)
        finally:
            self._fetched = ""

    def completed(self, word: str, prefix: str) -> Iterable[tuple[str, str]]:
        """Return what may stand behind a word and begins as it is typed, each with a few words about it."""
        from .words.catalogue import completed  # noqa: PLC0415 - the words know the session

        return completed(self, word, prefix)

    def _interrupt_soon(self) -> None:
        self._is_interrupted = True

    def toolbar(self) -> str:
        """Return what the person may like to see all the time."""
        where = self.conversation.path
        told = [self.cast.name, str(self.totals), where.name if where else "not kept" if not self.settings.save else ""]
        if self._is_asked:
            told.insert(0, ANSWERS)
        if self._fetched:
            told.insert(1, self._fetched)
        if self.attached:
            told.insert(1, f"{len(self.attached)} attached")
        return " · ".join(filter(None, told))

    async def _ask(self, question: str) -> str | None:
        """Ask about something that an answer waits for; what was typed ahead is no answer to it."""
        await self.screen.ask(f"{question} {ANSWERS}")
        self._is_asked = True
        self.prompt.invalidate()
        try:
            return await self.prompt.ask_now(is_answer)
        finally:
            self._is_asked = False
            self.prompt.invalidate()

    async def next_message(self) -> "Said | None":
        """Return what the person says to the model next; None where the dialog ends.

        It also ends where they say something to the program: `between_dialogs` does that, when the transcript is whole.
        """
        while self._next is None:
            self.screen.part()
            if (text := await self.prompt.ask()) is None:
                self.leave()
                return None
            self.screen.echo(text, is_there=not self.prompt.stays)
            if self._edited is not None or _is_word(text):
                self._for_us = text
                return None
            try:
                self._next = self._message(text)
            except MiniagentsError as error:
                self.screen.tell_error(error)
        said, self._next = self._next, None
        self.heard.append(Message(**said))
        self._stop = self._interrupt_soon
        return said

    async def between_dialogs(self) -> None:
        """Do what the person said to the program, if anything; what fails of it is shown."""
        self._stop, self._is_interrupted = None, False
        text, self._for_us = self._for_us, None
        if text is None:
            return
        try:
            if _is_word(text):
                from .words.catalogue import obey  # noqa: PLC0415 - the words know the session

                self._next = await obey(self, text) or self._next
            elif self._edited is not None:
                self.go_back(self._edited, then=self._message(text))
        except (MiniagentsError, OSError) as error:
            self.screen.tell_error(error)

    def _message(self, text: str) -> "Said":
        text, mentioned = from_prompt(text.removeprefix("/") if text.startswith("//") else text)
        attached, self.attached = [*self.attached, *mentioned], []
        return message_of(text, attached)


def _is_word(text: str) -> bool:
    """Say whether it is for the program: two slashes are one for the model."""
    return text.startswith("/") and not text.startswith("//")


def _without(heard: Iterable[Message], kept: Iterable[Message]) -> list[Message]:
    """Return what of `heard` is not in `kept`; what was said twice has to be kept twice."""
    times = Counter(message.content_hash for message in kept)
    unkept = []
    for message in heard:
        if times[message.content_hash]:
            times[message.content_hash] -= 1
        else:
            unkept.append(message)
    return unkept

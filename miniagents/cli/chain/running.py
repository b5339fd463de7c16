"""A chain run: who is shown it, where what is said is kept, how it ends.

In: an order, settings. Out: the reply, a transcript, a file. Never: what the agents do.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...chains.schema import USER
from ...errors import SettingsError
from ...ext.history_agents import in_memory_history_agent
from ...ext.transcript_keeping import as_far_as_it_came
from ...messages import Message, MessageSequencePromise
from ...miniagents import MiniAgents
from ..approval import Approval
from ..chats.conversation import discard_empty
from ..piped import prompt_from
from ..start import plugins_for
from ..tell import note
from ..usage import usage_line
from .choice import has_user, shown_by
from .following import as_they_begin, gather_messages, see_failures, together
from .keeping import conversation_of
from .opening import opened, preparing
from .records import Records
from .rehearsal import rehearse
from .showing import Showing, showing_for
from .written import Target, formed

if TYPE_CHECKING:
    from ...chains.loading import Chain
    from ...chains.run import Run
    from ..config.settings import Settings
    from .keeping import Kept
    from .order import Order

__all__ = ["run"]


def run(order: "Order", words: Sequence[str], settings: "Settings", *, is_dry: bool = False) -> None:
    """Run a chain, or say what would run.

    Args:
        order: What the command line says.
        words: What the chain is sent, beside what standard input brings.
        settings: What the command line, and files, say of all.
        is_dry: Whether to say it only.

    Raises:
        SettingsError: Something makes no sense, or is wrong with the file.
        LimitReachedError: The run has come to a limit; what it had is out.
        MiniagentsError: An agent has failed.
        ReaderGoneError: Nobody reads standard output any more.
    """
    plugins = plugins_for(settings)
    chain = opened(order, settings, plugins)
    if order.show is not None:
        shown_by(order.show, chain.file)
    text = _text(words, chain)
    if is_dry:
        rehearse(chain, text)
        return
    target = _target(order, chain, settings)
    kept = conversation_of(chain, settings, plugins, text)
    running = _Running(chain, text, kept=kept, target=target, settings=settings)
    try:
        asyncio.run(running.go(partial(showing_for, order, settings, plugins, chain)))
    except asyncio.CancelledError:  # by the person, with a key that is no signal
        raise KeyboardInterrupt from None


def _text(words: Sequence[str], chain: "Chain") -> str | None:
    """Return what a chain is sent; standard input is the person's, where one speaks in it."""
    text = prompt_from(words, note, reads=not has_user(chain.file), needs=not chain.file.inputs)
    if text is None and not chain.file.inputs and not has_user(chain.file):
        raise SettingsError("there is nothing to work on; give a text, or pipe it in")
    return text


def _target(order: "Order", chain: "Chain", settings: "Settings") -> Target | None:
    path = order.output
    if path is None and chain.file.output.file is not None:
        path = chain.described.located(chain.file.output.file, ("output", "file"))
    return None if path is None else Target(path, force=order.force, environment=settings.environment)


class _Running:
    """One run, from its beginning to its end."""

    def __init__(
        self,
        chain: "Chain",
        text: str | None,
        *,
        kept: "Kept",
        target: Target | None,
        settings: "Settings",
    ) -> None:
        self._chain = chain
        self._said = [] if text is None else [Message(text=text, role="user")]
        self._kept = kept
        self._target = target
        self._environment = settings.environment
        self._used: list[Message] | None = [] if settings.usage else None
        """All that is said, where somebody wants to know what it used."""

    async def go(self, show: Callable[[], Showing]) -> None:
        """Do it; `show` gives who shows it."""
        showing, form = show(), self._chain.file.output.format
        if self._target is not None and form != "text" and showing.records is None:
            showing.records = Records()
        self._kept.make()  # now, so that nobody is asked in vain
        reply = MessageSequencePromise()
        try:
            showing.start(self._chain.name, None if self._kept.path is None else str(self._kept.path))
            async with showing, MiniAgents():
                begun = self._begin(showing)
                reply = begun.reply
                await self._watch(begun, showing)
            whole = await reply
        except (Exception, asyncio.CancelledError) as error:
            if showing.records is not None:
                await showing.records.complete()
            showing.fail(error, await _came(reply), self._transcript())
            raise
        finally:
            discard_empty(self._kept.path)
            self._tell()
        showing.finish(whole, self._transcript())
        if self._target is not None:
            known = {} if showing.records is None else showing.records.as_object(whole, self._transcript())
            self._target.write(formed(whole, form, known))
            note(f"written to {self._target.path}")

    def _transcript(self) -> str | None:
        """Return the path of the transcript, if there is something in it."""
        return self._kept.kept_in if self._kept.path is not None and self._kept.kept_in else None

    def _tell(self) -> None:
        """Say what it used, if that is wanted, and where it is kept."""
        if self._used is not None:
            note(usage_line(self._used))
        if self._kept.kept_in:
            note(f"kept in {self._kept.kept_in}")

    def _begin(self, showing: Showing) -> "Run":
        return self._chain.run(
            self._said,
            user=showing.user,
            history=in_memory_history_agent.fork(start=self._said_before()),  # all that is said is kept below
            approve=None if showing.ask is None else Approval(showing.ask),
            prepare=preparing(self._environment),
        )

    def _said_before(self) -> list[Message]:
        """Return the dialog that goes on: of what is kept, what the person said and what came out at the end."""
        plan = self._chain.plan
        before = self._kept.messages() if plan.is_dialog else []
        return [message for message in before if message.metadata.get("agent", USER) in {USER, *plan.ends}]

    async def _watch(self, begun: "Run", showing: Showing) -> None:
        """Show and keep a run; what failed is kept as far as it came before the error is raised."""
        calls = begun.calls  # whose readers have to begin now
        history = self._kept.history_agent().inquire([*self._said, as_they_begin.inquire(calls=aiter(calls))])
        works = showing.works(begun)
        if not has_user(self._chain.file):  # who is told of failures, and goes on
            works.append(see_failures(aiter(calls)))
        if self._used is not None:
            works.append(gather_messages(aiter(calls), self._used))
        try:
            await together(*works)
        except Exception:
            begun.reply.cancel()
            await history.finished()
            raise
        await history


async def _came(reply: MessageSequencePromise) -> list[Message]:
    """Return what there is of a reply that is no more made."""
    came: list[Message] = []
    messages = aiter(reply)
    while True:
        try:
            promise = await anext(messages)
        except Exception:  # noqa: BLE001 - the end, or an error that is told
            return came
        if (message := await as_far_as_it_came(promise)) is not None:
            came.append(message)

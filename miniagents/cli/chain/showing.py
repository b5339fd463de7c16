"""Who shows a run, and how: through pipes, on a terminal, with a person at it, or to a program.

In: a run. Out: standard output, standard error. Never: a transcript; what the run is made of.
"""

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TextIO

from ..display.looks import is_dumb, look_of
from ..events import write_event
from ..output import Output, ReaderGoneError, as_json, reply_output, write
from .choice import has_user, shown_by
from .following import each
from .lines import Lines
from .person import Once, piped_user_agent
from .records import Records, error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Coroutine, Sequence

    from ...chains.calls import Call
    from ...chains.loading import Chain
    from ...chains.run import Run
    from ...messages import Message
    from ...miniagents import MiniAgent
    from ...plugins import Plugins
    from ..approval import Ask
    from ..config.settings import Settings
    from .order import Order

__all__ = ["Showing", "showing_for"]


class Showing:
    """Shows a run through pipes: the reply on standard output, what happens on standard error."""

    records: Records | None = None
    """What is made of all messages, where somebody wants it."""

    def __init__(self, output: Output, lines: Lines | None) -> None:
        """Make it; without `lines` nothing is told of what happens."""
        self._output = output
        self._once = Once(output)
        self._lines = lines

    ask: "Ask | None" = None
    """Asks a person whether a tool may be called; None where nobody can be asked."""

    @property
    def user(self) -> "MiniAgent":
        """Who speaks in a step `user`."""
        return piped_user_agent.fork(output=self._once)

    async def __aenter__(self) -> Self:
        """Be ready to show."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait until everything is shown."""
        self._output.finish(None)

    def start(self, chain: str, transcript: str | None) -> None:
        """Take note of which chain it is, and of where what is said is kept."""

    def works(self, run: "Run") -> "list[Coroutine[Any, Any, object]]":
        """Return what shows it, from its beginning to its end, if it is done all at once; it begins to read now.

        One of them raises what the run failed by, or `ReaderGoneError` where nobody reads standard output any more.
        """
        works: list[Coroutine[Any, Any, object]] = [self._show_reply(run), self._show_calls(aiter(run.calls))]
        if self.records is not None:
            works.append(self.records.follow(aiter(run.calls)))
        return works

    def finish(self, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Write what waits for the end."""

    def fail(self, error: BaseException, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Take note that there is no more, instead of `finish`."""

    async def _show_reply(self, run: "Run") -> None:
        await self._once.show_reply(run.reply)

    async def _show_calls(self, calls: "AsyncIterable[Call]") -> None:
        if self._lines is not None:
            await each(calls, self._lines.follow)


class _OnTerminal(Showing):
    """Shows a run on a terminal, in sections."""

    def __init__(self, settings: "Settings", plugins: "Plugins", is_shown: "Callable[[str], bool]") -> None:
        from .sections import Sections, Stage  # noqa: PLC0415 - imports what a pipe does without

        super().__init__(Output(), None)
        look = look_of(settings, plugins)
        self._stage = Stage(look)
        self._sections = Sections(self._stage.painter, look, is_shown)
        if _is_terminal(sys.stdin):
            self.ask = self._stage.ask

    async def __aexit__(self, *_: object) -> None:
        """Wait until all of it is on the terminal."""
        self._stage.close()

    async def _show_reply(self, run: "Run") -> None:
        await run.reply

    async def _show_calls(self, calls: "AsyncIterable[Call]") -> None:
        await self._sections.show(calls)


class _AtTerminal(Showing):
    """Shows a run to a person who has a part in it."""

    def __init__(self, settings: "Settings", plugins: "Plugins", is_shown: "Callable[[str], bool]") -> None:
        from .seat import Seat  # noqa: PLC0415 - imports prompt_toolkit

        super().__init__(Output(), None)
        self._seat = Seat(settings, plugins, is_shown)
        self.ask = self._seat.ask_about

    @property
    def user(self) -> "MiniAgent":
        """The person."""
        return self._seat.user

    async def __aenter__(self) -> Self:
        """Show the prompt."""
        await self._seat.terminal.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take the prompt away."""
        await self._seat.terminal.__aexit__(None, None, None)

    def works(self, run: "Run") -> "list[Coroutine[Any, Any, object]]":
        """Return the same; the person may stop whoever does it."""
        self._seat.run = asyncio.current_task()
        return super().works(run)

    async def _show_reply(self, run: "Run") -> None:
        await run.reply

    async def _show_calls(self, calls: "AsyncIterable[Call]") -> None:
        await self._seat.show(calls)


class _ForPrograms(Showing):
    """Shows a run to a program: as one object at its end."""

    def __init__(self, lines: Lines | None, records: Records) -> None:
        super().__init__(Output(), lines)
        self.records: Records = records

    def finish(self, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Write the object."""
        write(as_json(self.records.as_object(reply, transcript)))

    def fail(self, error: BaseException, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Write it with what there is, and with what went wrong."""
        with suppress(ReaderGoneError, OSError):
            write(as_json(self.records.as_object(reply, transcript) | error_of(error)))


class _AsEvents(_ForPrograms):
    """Shows a run to a program: as events, each when it happens."""

    def start(self, chain: str, transcript: str | None) -> None:
        """Write which chain it is."""
        write_event("start", chain=chain, transcript=transcript)

    def finish(self, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Write what is known in the end."""
        write_event("end", **self.records.summary(reply, transcript))

    def fail(self, error: BaseException, reply: "Sequence[Message]", transcript: str | None) -> None:
        """Write why there is no more."""
        with suppress(ReaderGoneError, OSError):
            write_event("error", **error_of(error), **self.records.summary(reply, transcript))


def showing_for(order: "Order", settings: "Settings", plugins: "Plugins", chain: "Chain") -> Showing:
    """Return who shows a run of a chain.

    Raises:
        SettingsError: `--show` names an agent that is not there.
    """
    environment, file = settings.environment, chain.file
    is_terminal = all(map(_is_terminal, (sys.stdout, sys.stderr))) and not is_dumb(environment)
    shown = shown_by(("last" if settings.quiet else "all") if order.show is None else order.show, file)
    form = file.output.format if file.output.file is None and not order.is_for_scripts else "text"
    if order.jsonl or form == "jsonl":
        return _AsEvents(None, Records(write_event))
    lines = None if settings.quiet else Lines(shown if order.show not in (None, "last") else lambda _: False)
    if order.as_json or form == "json":
        return _ForPrograms(lines, Records())
    if not is_terminal:
        return Showing(_reply_output(settings, plugins), lines)
    return (_AtTerminal if has_user(file) and _is_terminal(sys.stdin) else _OnTerminal)(settings, plugins, shown)


def _is_terminal(stream: "TextIO | None") -> bool:
    return stream is not None and stream.isatty()


def _reply_output(settings: "Settings", plugins: "Plugins") -> Output:
    if _is_terminal(sys.stdout) and not settings.plain and not is_dumb(settings.environment):
        from ..display.view_output import ViewOutput  # noqa: PLC0415 - imports what a pipe does without

        return ViewOutput(look_of(settings, plugins))
    return reply_output()

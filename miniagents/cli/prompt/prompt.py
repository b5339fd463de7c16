"""Keystrokes → text: one prompt that stays while answers are written above it, so that one can type ahead.

Enter sends; a backslash before it, Alt-Enter, Shift-Enter and Ctrl-J break the line; pasted text keeps its lines and
never sends by itself. On a dumb terminal, or where the prompt is not entered, it asks once at a time.

In: keys. Out: texts, in order. Never: what becomes of them, what an answer is.
Imports prompt_toolkit, so it is imported late.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, create_app_session, get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.utils import is_dumb_terminal

from ...safe_text import exact, one_line
from ..tell import tell
from .completion import Completions, LineCompleter
from .input_history import InputHistory
from .keys import key_bindings
from .terminal import Interrupted, given_back_when_killed, keep_typed_ahead, terminal_output
from .toolbar import KEYS, SafeLine, hint, style, surround

__all__ = ["Prompt"]

_PROMPT = "> "
_LEAVING = frozenset(["exit", "quit"])
_AGAIN_S = 2.0
"""Two Ctrl-C on an empty line that are further apart do not belong together."""
_ESCAPE_S = 0.05
"""When nothing follows for so long, Escape was the key, and no sequence begins; the usual 0.5 s are felt."""


class Prompt:
    """Asks a person, again and again; what they said before is a keystroke away."""

    def __init__(  # noqa: PLR0913 - one prompt has many sides
        self,
        *,
        history_file: Path | None = None,
        completions: Completions | None = None,
        toolbar: Callable[[], str] = str,
        vi: bool = False,
        keys: Sequence[str] = KEYS,
        source: Input | None = None,
        sink: Output | None = None,
        tell: Callable[[str], None] = tell,
    ) -> None:
        """Make it; `source` and `sink` are the terminal by default, and `tell` hears of a history that is not kept."""
        self.on_interrupt: Callable[[], bool] = bool
        """Called first at Ctrl-C and Escape: stops an answer, and says whether there was one."""
        self.on_clear: Callable[[], object] = bool
        """Called when a person has given up what they had typed."""
        self._toolbar, self._keys = toolbar, keys
        self._stays = sink is not None or not is_dumb_terminal()
        self._said: deque[str] = deque()
        self._is_answer: Callable[[str], bool] | None = None
        """Whether a text answers what is asked now; None if nothing is."""
        self._answered: str | None = None
        self._has_said = False
        self._has_left = False
        self._leaves_until_s = 0.0
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._is_entered = False
        self._inserted = ""
        completer = LineCompleter(completions or Completions())
        history = InputHistory(history_file, tell)
        # Left to itself it sends a dumb terminal sequences too, if only a few.
        with create_app_session(output=None if self._stays else PlainTextOutput(sys.stdout)):
            self._session = self._made(history, completer, vi=vi, source=source, sink=sink)
        self._line.accept_handler = self._accept
        # Said to the session, it would keep rows for a menu that may have nothing in it.
        self._line.complete_while_typing = Condition(lambda: completer.is_wanted(self._line.document))
        self.app.ttimeoutlen = _ESCAPE_S
        surround(self._session.layout, self._row)

    def _made(
        self, history: InputHistory, completer: LineCompleter, *, vi: bool, source: Input | None, sink: Output | None
    ) -> PromptSession[None]:
        return PromptSession(
            _PROMPT,
            multiline=True,
            prompt_continuation="  ",
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=completer,
            key_bindings=key_bindings(
                stop=lambda: bool(self.on_interrupt()),
                cleared=lambda: bool(self.on_clear()),
                leave=self._leave,
                leave_if_again=self._leave_if_again,
            ),
            input_processors=[SafeLine()],
            vi_mode=vi,
            enable_suspend=True,
            tempfile_suffix=".md",
            placeholder=self._hint,
            style=style(),
            include_default_pygments_style=False,  # nothing in the line is coloured by it
            input=source,
            output=sink or (terminal_output() if self._stays else None),
            interrupt_exception=Interrupted,
        )

    @property
    def app(self) -> Application[None]:
        """What draws it, for whoever writes above it."""
        return self._session.app

    @property
    def stays(self) -> bool:
        """Whether it stays below what is written, and what was said is gone from it; on a dumb terminal it is left."""
        return self._stays

    @property
    def queued(self) -> tuple[str, ...]:
        """What was said and not asked for yet."""
        return tuple(self._said)

    async def __aenter__(self) -> Self:
        """Show the prompt, which stays until the end; a dumb terminal has none that could."""
        if self._stays:
            is_up = asyncio.Event()
            self._running = asyncio.create_task(self._run(is_up.set))
            self._running.add_done_callback(lambda _: is_up.set())
            self._running.add_done_callback(lambda _: self._news.set())
            self._is_entered = True
            await is_up.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_entered = False
        if self._running is not None:
            self.app.erase_when_done = not self._line.text  # what was begun one may want to copy
            if self.app.future is not None and not self.app.future.done():
                self.app.exit()
            running, self._running = self._running, None
            await running

    async def ask(self) -> str | None:
        """Return what the person says next, perhaps said long ago; None if they leave. Never an empty text."""
        if not self._is_entered:
            return await self._ask_once()
        self.invalidate()  # who asks again may have done something that the toolbar tells
        while not (self._said or self._has_left):
            await self._hear_news()
        self.invalidate()
        return self._said.popleft() if self._said else None

    async def ask_now(self, is_answer: Callable[[str], bool]) -> str | None:
        """Return the next text that is an answer, before all that is queued; None if the person leaves.

        Texts that are none are queued, as ever; where one is asked for at a time, it is asked again.
        """
        if not self._is_entered:
            while (text := await self._ask_once()) is not None and not is_answer(text):
                pass
            return text
        self._expect(is_answer)
        try:
            while self._answered is None and not self._has_left:
                await self._hear_news()
            return self._answered
        finally:
            self._expect(None)

    def _expect(self, is_answer: Callable[[str], bool] | None) -> None:
        self._is_answer, self._answered = is_answer, None

    def leave(self) -> None:
        """Leave in the person's stead, if they are asked."""
        if self._running is not None:
            self._has_left = True
            self._news.set()
            if not self._is_entered:
                self._running.cancel()

    def insert(self, text: str) -> None:
        """Put a text into the line, where the cursor is."""
        if self._running is not None:
            self._line.insert_text(text)
        else:
            self._inserted += text

    def invalidate(self) -> None:
        """Draw it anew soon: what the toolbar shows has changed."""
        self.app.invalidate()

    @property
    def _line(self) -> Buffer:
        return self._session.default_buffer

    async def _run(self, is_up: Callable[[], None] | None = None) -> None:
        inserted, self._inserted = self._inserted, ""
        self._session.message = _PROMPT if self._stays else _PROMPT + one_line(inserted)  # else nothing would show it
        keep_typed_ahead(self.app.input)
        with given_back_when_killed(self.app.input):
            try:
                # Ctrl-C is a key here, and its signal the business of who asks: prompt_toolkit's own handler fails
                # where one comes in the moment after a text was sent and before the terminal is given back.
                await self._session.prompt_async(
                    default=inserted, pre_run=is_up, handle_sigint=False, set_exception_handler=False
                )
            except EOFError:  # the terminal is gone
                self._has_left = True
            except Interrupted:  # on a dumb terminal, where prompt_toolkit's own keys come before ours
                self._has_left = not self._line.text
                self._line.reset(append_to_history=True)
                self.on_clear()

    async def _hear_news(self) -> None:
        self._news.clear()
        await self._news.wait()
        if self._running is not None and self._running.done():
            self._running.result()  # an error, if there was one
            self._has_left = True

    async def _ask_once(self) -> str | None:
        self._has_left = False
        while not (self._said or self._has_left):
            self._running = asyncio.create_task(self._run())
            try:
                await self._running
            except asyncio.CancelledError:
                if not self._has_left:
                    raise
            finally:
                self._running = None
        return self._said.popleft() if self._said else None

    def _accept(self, line: Buffer) -> bool:
        """Take a text that is sent; say whether it stays in the line."""
        text = exact(line.text)
        if text.strip() in _LEAVING:
            self._leave()
        elif self._is_answer is not None and self._is_answer(text):
            self._answered, self._is_answer = text, None
            line.reset()  # so that it is not among what was said before
            self._answer()
        elif text.strip():
            self._said.append(text)
            self._has_said = True
            self._answer()
        elif not self._is_entered:
            self._answer()
        return not self._is_entered

    def _leave(self) -> None:
        self._has_left = True
        self._answer()

    def _leave_if_again(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if not self._is_entered or now_s < self._leaves_until_s:
            self._leave()
        else:
            self._leaves_until_s = now_s + _AGAIN_S
            self.app.create_background_task(self._draw_later())

    async def _draw_later(self) -> None:
        await asyncio.sleep(_AGAIN_S)
        self.invalidate()

    def _answer(self) -> None:
        if self._is_entered:
            self._news.set()
        else:
            get_app().exit()

    def _row(self) -> str:
        if self._has_left:
            return "leaving when the answer is there; Ctrl-C stops it"
        if asyncio.get_running_loop().time() < self._leaves_until_s:
            return "press Ctrl-C again to leave"
        queued = f"{len(self._said)} queued · " if self._said else ""
        return queued + self._toolbar()

    def _hint(self) -> StyleAndTextTuples:
        if self._has_said or not self._is_entered:
            return []
        return [("class:placeholder", hint(self._keys, get_app().output.get_size().columns - len(_PROMPT)))]

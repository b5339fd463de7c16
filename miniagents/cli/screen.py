"""A person's terminal: their prompt, the replies, and the lines that say what goes on, by Rich.

In: message promises, errors. Out: safe text on the terminal. Never: which model, which file.
"""

import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

from ..safe_text import SafeText, one_line
from .tell import in_words

if TYPE_CHECKING:
    from ..messages import MessagePromise
    from .prompt import Prompt

__all__ = ["Screen"]


class Screen:
    """What a chat shows and asks."""

    def __init__(self, prompt: "Prompt") -> None:
        from rich.console import Console  # noqa: PLC0415 - 45 ms that a pipe does not need

        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # what the terminal's encoding lacks ends no chat
        self._console = Console(highlight=False, markup=False)
        self._prompt = prompt
        self._last = ""
        """The last text of a reply that was shown, "" if the prompt came since."""

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as its tokens arrive; a blank line keeps it from the one before."""
        self._write("\n" if self._last else "")
        text = SafeText()
        try:
            async for token in promise:
                self._write(text.feed(token))
        finally:
            self._write(text.end())
            self._write("" if self._last.endswith("\n") or not self._last else "\n")

    def tell(self, line: str) -> None:
        """Say what goes on, in one quiet line, which the terminal itself folds so that it can be copied."""
        self._console.print(one_line(line), style="dim", soft_wrap=True)

    def tell_interruption(self) -> None:
        """Say that there is no more of the reply, below the ^C that the terminal shows."""
        if self._last:
            self.tell("interrupted; what came is kept")
        else:
            self._console.out("")
            self.tell("interrupted")

    def tell_error(self, error: Exception) -> None:
        """Say what went wrong, in one line."""
        self._console.print(one_line(in_words(error)), style="red")

    async def ask(self) -> str | None:
        """Return what the person says, None if they leave; a blank line keeps it from what is above."""
        self._console.out("")
        self._last = ""
        return await self._prompt.ask()

    def leave(self) -> None:
        """Let the question that is asked be answered by leaving."""
        self._prompt.leave()

    def _write(self, text: str) -> None:
        if text:
            self._console.out(text, end="", highlight=False)
            self._console.file.flush()
            self._last = text

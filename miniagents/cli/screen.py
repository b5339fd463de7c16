"""A person's terminal: their prompt, the replies, and the lines that say what goes on, by Rich.

In: message promises, errors. Out: safe text on the terminal. Never: which model, which file.
"""

from typing import TYPE_CHECKING

from ..safe_text import SafeText, one_line

if TYPE_CHECKING:
    from ..messages import MessagePromise
    from .prompt import Prompt

__all__ = ["Screen"]


class Screen:
    """What a chat shows and asks."""

    def __init__(self, prompt: "Prompt") -> None:
        from rich.console import Console  # noqa: PLC0415 - 45 ms that a pipe does not need

        self._console = Console(highlight=False, markup=False)
        self._prompt = prompt

    async def show(self, promise: "MessagePromise") -> None:
        """Write a message as its tokens arrive."""
        text = SafeText()
        try:
            async for token in promise:
                self._console.out(text.feed(token), end="", highlight=False)
                self._console.file.flush()
        finally:
            self._console.out(text.end() + "\n", highlight=False)

    def tell(self, line: str) -> None:
        """Say what goes on, in one quiet line."""
        self._console.print(one_line(line), style="dim")

    def tell_error(self, error: Exception) -> None:
        """Say what went wrong, in one line."""
        self._console.print(one_line(str(error)), style="red")

    async def ask(self) -> str | None:
        """Return what the person says, None if they leave."""
        return await self._prompt.ask()

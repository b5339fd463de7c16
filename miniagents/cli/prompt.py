"""Keystrokes → text. The only file that imports prompt_toolkit, and only when a prompt is first needed.

Enter sends; Alt-Enter and Ctrl-J break the line; pasted text keeps its lines and never sends by itself. Ctrl-C clears
what is typed and leaves on an empty line, as Ctrl-D does.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import Output

__all__ = ["Prompt"]


class Prompt:
    """Asks a person, again and again; what they said before is a keystroke away."""

    def __init__(self, *, source: "Input | None" = None, sink: "Output | None" = None) -> None:
        """Make it; `source` and `sink` are for tests, the terminal by default."""
        from prompt_toolkit import PromptSession  # noqa: PLC0415 - 100 ms that a pipe does not need
        from prompt_toolkit.application import create_app_session  # noqa: PLC0415
        from prompt_toolkit.layout.processors import TabsProcessor  # noqa: PLC0415
        from prompt_toolkit.output.plain_text import PlainTextOutput  # noqa: PLC0415
        from prompt_toolkit.utils import is_dumb_terminal  # noqa: PLC0415

        # Left to itself it sends a dumb terminal sequences too, if only a few.
        with create_app_session(output=PlainTextOutput(sys.stdout) if is_dumb_terminal() else None):
            self._session: PromptSession[str | None] = PromptSession(
                "> ",
                multiline=True,
                prompt_continuation="  ",
                key_bindings=_key_bindings(),
                input_processors=[TabsProcessor(char1=" ", char2=" ")],  # else a tab that is pasted shows as ^I
                input=source,
                output=sink,
            )

    async def ask(self) -> str | None:
        """Return what the person says, None if they leave; never an empty text."""
        while True:
            try:
                # Ctrl-C is a key here, and its signal the business of who asks: prompt_toolkit's own handler fails
                # where one comes in the moment after a text was sent and before the terminal is given back.
                text = await self._session.prompt_async(handle_sigint=False)
            except EOFError:
                return None
            if text is None or text.strip() in {"exit", "quit"}:
                return None
            if text.strip():
                return text

    def leave(self) -> None:
        """Answer the question that is asked, if one is, by leaving."""
        asked = self._session.app.future
        if asked is not None and not asked.done():
            self._session.app.exit(result=None)


def _key_bindings() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings  # noqa: PLC0415 - as above

    bindings = KeyBindings()

    @bindings.add("enter")
    def _send(event: "KeyPressEvent") -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    @bindings.add("c-j")
    def _break_line(event: "KeyPressEvent") -> None:
        event.current_buffer.insert_text("\n")

    @bindings.add("c-c")
    def _clear_or_leave(event: "KeyPressEvent") -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(result=None)

    return bindings

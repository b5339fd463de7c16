"""What keys do that prompt_toolkit would have do something else, or nothing.

In: key presses. Out: changes of the line; who made the bindings hears of the rest. Never: what an answer is.
Imports prompt_toolkit, so it is imported late.
"""

import asyncio
import signal
import sys
from collections.abc import Callable

from prompt_toolkit.application import get_app
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus, is_searching, vi_insert_mode, vi_navigation_mode
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.search import stop_search

__all__ = ["key_bindings"]

_SHIFT_ENTER = ("\x1b[13;2u", "\x1b[27;2;13~")
"""As terminals say it that tell it from Enter: by the kitty protocol, by xterm's modifyOtherKeys."""
_in_line = has_focus(DEFAULT_BUFFER)


def key_bindings(
    *,
    stop: Callable[[], bool],
    cleared: Callable[[], object],
    leave: Callable[[], None],
    leave_if_again: Callable[[], None],
) -> KeyBindings:
    """Return the bindings.

    Ctrl-C and Escape `stop` what goes on, if it returns that there was something. Else Ctrl-C clears the line, which is
    `cleared`; on an empty one it is `leave_if_again`, too. Ctrl-D on an empty line is `leave`.
    """
    bindings = KeyBindings()
    _bind_line_ends(bindings)
    _bind_the_rest(bindings)
    _bind_escape(bindings, stop)

    @bindings.add("c-c")
    @bindings.add("<sigint>")
    def _stop_or_clear_or_leave(event: KeyPressEvent) -> None:
        if stop():
            return
        if is_searching():
            stop_search()
            return
        cleared()
        if event.current_buffer.text:
            event.current_buffer.reset(append_to_history=True)  # by mistake, perhaps: one key brings it back
            event.app.renderer.erase()  # else the prompt would keep all rows that the line had
        else:
            leave_if_again()

    @bindings.add("c-d", filter=_in_line & Condition(lambda: not get_app().current_buffer.text))
    def _leave(_event: KeyPressEvent) -> None:
        leave()

    return bindings


def _bind_line_ends(bindings: KeyBindings) -> None:
    for sequence in _SHIFT_ENTER:
        ANSI_SEQUENCES[sequence] = (Keys.Escape, Keys.ControlM)  # the same as Alt-Enter

    @bindings.add("enter", filter=_in_line)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        before = buffer.document.current_line_before_cursor
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None  # it is chosen, and in the line already
            if before.endswith("/"):
                buffer.start_completion()  # into the folder
        elif (len(before) - len(before.rstrip("\\"))) % 2 and not buffer.document.current_line_after_cursor:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()
            event.app.renderer.erase()  # else the prompt would keep all rows that it and its menu had

    @bindings.add("escape", "enter", filter=_in_line)
    @bindings.add("c-j", filter=_in_line)
    def _break_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")


def _bind_the_rest(bindings: KeyBindings) -> None:
    @bindings.add("c-x", "c-e", filter=_in_line)
    @bindings.add("v", filter=_in_line & vi_navigation_mode)
    def _edit(event: KeyPressEvent) -> None:
        event.current_buffer.open_in_editor()  # prompt_toolkit's own binding would also send it

    @bindings.add("c-l")
    def _clear_screen(event: KeyPressEvent) -> None:
        event.app.renderer.clear()
        # tmux takes what is erased from the first row on into its history (its issue 3090): never draw there.
        event.app.output.write_raw("\r\n")
        event.app._on_resize()  # noqa: SLF001 - the only way to have what stands above the prompt drawn anew, too

    if sys.platform != "win32":

        @bindings.add("c-\\")
        def _kill(_event: KeyPressEvent) -> None:
            signal.raise_signal(signal.SIGQUIT)  # as the terminal does where no program reads its keys


def _bind_escape(bindings: KeyBindings, stop: Callable[[], bool]) -> None:
    """Let Escape stop at once, not when no key of a longer binding has come for a second."""
    is_passed_on = False

    def pass_on_no_more() -> None:
        nonlocal is_passed_on
        is_passed_on = False

    # What begins the sequence of another key has that key behind it in the queue.
    is_alone = Condition(lambda: not is_passed_on and not get_app().key_processor.input_queue)

    @bindings.add("escape", filter=is_alone & _in_line & ~vi_insert_mode, eager=True)
    def _stop(event: KeyPressEvent) -> None:
        nonlocal is_passed_on
        if event.current_buffer.complete_state is not None:
            event.current_buffer.cancel_completion()
        elif not stop():
            is_passed_on = True
            event.key_processor.feed(KeyPress(Keys.Escape), first=True)
            asyncio.get_running_loop().call_soon(pass_on_no_more)

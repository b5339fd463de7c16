"""The program's door: `miniagents`, and `python -m miniagents.cli`.

`--version` is answered here, and a shell that completes a word, before anything else is imported.
"""

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn

__all__ = ["main"]

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

_OBJECTS_BEFORE_A_LOOK = 100_000
"""Instead of CPython's 700: a tenth of a second's allocations, some 10 MB."""


def main() -> None:
    """Run the program."""
    try:
        _run()
    except KeyboardInterrupt:
        import signal  # noqa: PLC0415 - few runs are interrupted

        # The interpreter ends only when all threads have, and would tell of an impatient second one by a traceback.
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
        sys.exit(_INTERRUPTED)


def _run() -> None:
    if "_MINIAGENTS_COMPLETE" in os.environ:
        from .shell.completion import answer  # noqa: PLC0415 - a person waits for it at each Tab

        answer()
        return
    if sys.argv[1:] == ["--version"]:
        from .output import close_standard_output, print_version  # noqa: PLC0415 - only here

        try:
            print_version()
        except OSError as error:
            close_standard_output()
            sys.exit(f"miniagents: {error}")
        return
    # Importing Typer and an SDK makes 300,000 objects that all stay. To look among them for garbage again and again,
    # and once more when the interpreter ends, takes a fifth of the time of a short answer.
    gc.set_threshold(_OBJECTS_BEFORE_A_LOOK)
    try:
        _program()()
    finally:
        gc.freeze()


def _program() -> Callable[[], NoReturn]:
    """Return what does as the command line says, and ends."""
    command = _plain_command()
    if command is not None:
        from .plain_line import plainly_given  # noqa: PLC0415 - as above

        given = plainly_given(command, sys.argv[2:])
        if given is not None:
            from .exits import run  # noqa: PLC0415 - as above

            return partial(run, partial(command, **given))
    from .app import main  # noqa: PLC0415 - Typer takes longer than all else before a prompt

    return main


def _plain_command() -> Callable[..., None] | None:
    """Return the command that is called, if its line can be read without Typer."""
    if os.name == "nt":  # there Typer puts files in the place of patterns
        return None
    if sys.argv[1:2] == ["chat"]:
        from .chat_command import chat_command  # noqa: PLC0415 - as above

        return chat_command
    if sys.argv[1:2] == ["chain"] and len(sys.argv) > 2:  # noqa: PLR2004 - there is a file
        from .chain.run_command import OTHERS, run_command  # noqa: PLC0415 - as above

        return None if sys.argv[2] in OTHERS else run_command
    return None


if __name__ == "__main__":
    main()

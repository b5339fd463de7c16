"""The program's door: `miniagents`, and `python -m miniagents.cli`.

`--version` is answered here, and a shell that completes a word, before anything else is imported.
"""

import gc
import os
import sys

__all__ = ["main"]

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

_OBJECTS_BEFORE_A_LOOK = 100_000
"""Instead of CPython's 700: a tenth of a second's allocations, some 10 MB."""


def main() -> None:
    """Run the program."""
    try:
        _run()
    except KeyboardInterrupt:  # while it is still starting; later nobody lets it through
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
    from .app import main as run  # noqa: PLC0415 - Typer takes most of the time there is

    try:
        run()
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()

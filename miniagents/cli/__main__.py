"""The program's door: `miniagents`, and `python -m miniagents.cli`.

`--version` is answered here, before anything else is imported.
"""

import gc
import sys

__all__ = ["main"]

_OBJECTS_BEFORE_A_LOOK = 100_000
"""Instead of CPython's 700: a tenth of a second's allocations, some 10 MB."""


def main() -> None:
    """Run the program."""
    if sys.argv[1:] == ["--version"]:
        from .tell import print_version  # noqa: PLC0415 - only here

        print_version()
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

"""The program's door: `miniagents`, and `python -m miniagents.cli`.

`--version` is answered here, before anything else is imported.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the program."""
    if sys.argv[1:] == ["--version"]:
        from .tell import print_version  # noqa: PLC0415 - only here

        print_version()
        return
    from .app import main as run  # noqa: PLC0415 - Typer takes most of the time there is

    run()


if __name__ == "__main__":
    main()

"""The program's door: `miniagents`, and `python -m miniagents.cli`.

`--version` is answered here, before anything else is imported.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the program."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        print(f"miniagents {version('miniagents')}")  # noqa: T201 - it is what was asked for
        return
    from .app import main  # noqa: PLC0415 - Typer takes most of the time there is

    main()


if __name__ == "__main__":
    main()

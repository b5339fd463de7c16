"""What a program costs to end that does nothing: it imports the modules that are its arguments, and sleeps.

Without arguments it is a bare asyncio program.
"""
# ruff: noqa: T201 - it prints

import asyncio
import sys
from importlib import import_module


async def main() -> None:
    """Begin, and wait for Ctrl-C."""
    print("begun", flush=True)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        import_module(name)
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None

"""The floors of the terminal's cases: `python benchmarks/terminal_floors.py printed|prompt`."""

import asyncio
import sys

from answer import paced


async def printed() -> None:
    """Print the answer as it comes."""
    async for token in paced():
        sys.stdout.write(token)
        sys.stdout.flush()


async def prompt() -> None:
    """Show the least prompt that one can type into while the loop runs."""
    from prompt_toolkit import PromptSession  # noqa: PLC0415 - the other one does without it

    await PromptSession("> ", placeholder="Enter sends").prompt_async()


if __name__ == "__main__":
    asyncio.run({"printed": printed, "prompt": prompt}[sys.argv[1]]())

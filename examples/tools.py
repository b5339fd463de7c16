"""A model that calls Python: a typed function with a docstring is a tool, and so is an agent.

Needs OPENAI_API_KEY, or another server at OPENAI_BASE_URL. Run it: python examples/tools.py "How long is README.md?"
"""

import asyncio
import sys
from pathlib import Path

from miniagents import MiniAgents
from miniagents.ext.llm.openai import openai_agent

HERE = Path.cwd()


def length_of_file(name: str) -> int:
    """Return how many lines a file in the current folder has."""
    path = (HERE / name).resolve()
    if not path.is_relative_to(HERE):  # what a model says is not to be trusted
        raise ValueError(f"{name} is not in this folder")
    return len(path.read_text("utf-8").splitlines())


async def main(question: str) -> None:
    """Ask with the tool, and write the reply as it comes."""
    async with MiniAgents():
        async for promise in openai_agent.inquire(question, tools=[length_of_file]):
            async for token in promise:
                print(token, end="", flush=True)
    print()


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "How many lines has README.md?"))

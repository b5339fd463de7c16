"""A file of agents as one agent of your own program.

Needs a model, as the command line does. Run it: python examples/chain_in_code.py "Why is the sky blue?"
"""

import asyncio
import sys
from pathlib import Path

from miniagents import MiniAgents
from miniagents.chains import load

FILE = Path(__file__).parent / "chains" / "second-opinion.yaml"


async def main(question: str) -> None:
    """Ask twice at the same time: calls of a chain share nothing."""
    opinion = load(FILE)
    async with MiniAgents():
        short, long = opinion.inquire(question), opinion.inquire(f"{question} Answer in detail.")
        print(f"{await short}\n\n{await long}")


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Why is the sky blue?"))

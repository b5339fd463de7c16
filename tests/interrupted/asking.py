"""A user's program: one question to a model of the API that is its argument; nobody is there to answer it."""
# ruff: noqa: T201 - it prints

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from miniagents import MiniAgents

if TYPE_CHECKING:
    from miniagents import MiniAgent

ENVIRONMENT = {
    f"{api}_{what}": "http://127.0.0.1:9" for api in ("OPENAI", "ANTHROPIC") for what in ("BASE_URL", "API_KEY")
}


async def main(api: str) -> None:
    """Ask."""
    agent: MiniAgent = getattr(import_module(f"miniagents.ext.llm.{api}"), f"{api}_agent")
    async with MiniAgents():
        print("begun", flush=True)
        await agent.inquire("hello", model="m", environment=ENVIRONMENT, max_retries=99)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None

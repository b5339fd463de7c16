"""A plugin with tools, for programs that tests run."""

from __future__ import annotations

from tests.fakes.llm_server import Reply, ToolUse

__all__ = ["SHOP", "wants"]

SHOP = r'''
from contextlib import asynccontextmanager
from pathlib import Path
from miniagents.hookspecs import ToolSource, hookimpl
from miniagents.tools import tool

@tool(needs_approval=True)
async def buy(thing: str) -> str:
    """Buy something."""
    with Path("bought").open("a") as file:
        file.write(f"{thing}\n")
    return f"one {thing}"

@tool
async def look() -> str:
    """Look around."""
    return "all is there"

@asynccontextmanager
async def opened(argument, environment):
    if argument == "closed":
        raise LookupError("come back tomorrow")
    with Path("log").open("a") as log:
        log.write(f"opened {argument}\n")
    yield [buy, look]
    with Path("log").open("a") as log:
        log.write("closed\n")

@hookimpl
def register_tools(register):
    register(ToolSource(name="shop", help="Buy and look.", open=opened))
'''
"""To be installed as `shop`: one tool that a person is asked about, and one that is harmless."""


def wants(*things: str, text: str = "") -> Reply:
    """Return the reply of a model that wants to buy these things."""
    return Reply(text, tool_calls=[ToolUse("buy", {"thing": thing}) for thing in things])

"""The word of tools."""

from __future__ import annotations

import dataclasses
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.words.catalogue import completed
from miniagents.hookspecs import ToolSource
from miniagents.tools import tool
from tests.cli.seat import Seat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


@tool(needs_approval=True, description="Write \x1b it.")
async def write() -> None:
    """Write it."""


@tool
async def read() -> None:
    """Read it."""


@asynccontextmanager
async def opened(argument: str, environment: Mapping[str, str]) -> AsyncIterator[list[Any]]:
    """Give both, or the one that is named."""
    yield [write, read] if not argument else [{"write": write, "read": read}[argument]]


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    """Give a chat with a model that a source of tools is there for."""
    seat = Seat(tmp_path, agent=None, model="gpt-4o", environment={"OPENAI_API_KEY": "k"})
    sources = {"shop": ToolSource(name="shop", help="Both of them.", open=opened)}
    seat.session.plugins = dataclasses.replace(seat.session.plugins, tools=sources)
    seat.session.cast.toolset._open._sources = sources
    return seat


async def test_tools_are_given_and_taken(seat: Seat) -> None:
    """They are listed, each with whether one is asked; other sources take their place, and - is none."""
    async with seat.session.cast.toolset:
        lines = await seat.say("/tools", "/tools shop", "/tools shop:read", "/tools -")
    assert [line for line in lines if line and not line.startswith(">")] == [
        "the model has no tools; there is shop",
        "write  you are asked · Write ␛ it.",
        "read   not asked about · Read it.",
        "read  not asked about · Read it.",
        "the model has no tools; there is shop",
    ]
    assert seat.session.settings.tools == []


async def test_a_long_description_is_cut(seat: Seat) -> None:
    """What a server says of its tool in many lines, or in one without end, is a line of a list here."""
    pages = dataclasses.replace(read, name="pages", description=f"\nRead it.\n{'Really. ' * 1000}")
    flood = dataclasses.replace(read, name="flood", description="x" * 100_000)

    @asynccontextmanager
    async def opened(_argument: str, _environment: Mapping[str, str]) -> AsyncIterator[list[Any]]:
        yield [pages, flood]

    seat.session.cast.toolset._open._sources = {"shop": ToolSource(name="shop", help="Both.", open=opened)}
    async with seat.session.cast.toolset:
        lines = await seat.say("/tools shop")
    assert "pages  not asked about · Read it." in lines
    assert "".join(lines).count("x") == 159


async def test_tools_that_are_not_there(seat: Seat) -> None:
    """The nearest source is named, and the tools stay as they were."""
    async with seat.session.cast.toolset:
        lines = await seat.say("/tools shop:read", "/tools shob", "/tools shop:no", "/tools")
    assert "no tools are called 'shob'; did you mean shop?" in lines
    assert "tools shop: KeyError: 'no'" in lines
    assert lines[-1] == "read  not asked about · Read it."


async def test_what_was_always_allowed_is_asked_about_again(seat: Seat) -> None:
    """Other tools may have the same names."""
    seat.session.cast.toolset.approval._always.add("write")
    async with seat.session.cast.toolset:
        await seat.say("/tools shop")
    assert seat.session.cast.toolset.approval._always == set()


async def test_without_a_source(tmp_path: Path) -> None:
    """Then there is nothing to name."""
    assert (await Seat(tmp_path).say("/tools"))[-1] == "the model has no tools"


def test_sources_are_completed(seat: Seat) -> None:
    """Each has its help behind it."""
    assert [*completed(seat.session, "tools", "s")] == [("shop", "Both of them.")]
    assert [name for name, _ in completed(seat.session, "tools", "")] == ["-", "shop"]

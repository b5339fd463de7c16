"""What plugins show of messages of their own classes."""

from __future__ import annotations

from typing import Any

import pytest
from rich.control import Control
from rich.panel import Panel
from rich.segment import ControlType
from rich.table import Table
from rich.text import Text

from miniagents import Message
from miniagents.cli.display.live import Live
from miniagents.cli.display.renderers import Renderers
from miniagents.cli.display.reply_view import Look, ReplyView
from miniagents.miniagents import MiniAgents
from tests.cli.glass import Glass


class Weather(Message):
    """A message that is more than text."""

    degrees: int = 0


class Storm(Weather):
    """A worse one."""


NAME = f"{__name__}.Weather"


def rows(render: Any, message: Message | None = None, width_cells: int = 20, *, colours: bool = False) -> list[str]:
    """Return what is shown of a message."""
    made = Renderers({NAME: (Weather, render)}).rows(message or Weather(degrees=7), width_cells, colours=colours)
    assert all(row.cells <= width_cells for row in made)
    return [row.text for row in made]


def test_what_rich_makes_of_it() -> None:
    """A message of the class, or of a subclass, is shown in rows of at most the width; another one is not."""
    panel = ["╭──────────────────╮", "│ 7 °C             │", "╰──────────────────╯"]
    assert rows(lambda message: Panel(f"{message.degrees} °C")) == panel
    assert rows(lambda message: Panel(f"{message.degrees} °C"), Storm(degrees=7)) == panel
    assert rows(lambda message: "x", Message(text="a")) == []
    assert rows(lambda message: Text("red", style="red link https://example.org"), colours=True) == [
        "\x1b[31mred\x1b[0m"
    ]


def test_what_is_hostile() -> None:
    """Nothing in it can steer the terminal, and a row that is longer for it is cut."""
    table = Table("a\x1b[2J", box=None)
    assert rows(lambda message: table) == [" a␛[2J "]
    assert rows(lambda message: Control((ControlType.CLEAR,)), colours=True) in ([], [""])
    assert rows(lambda message: Text("\u202e" * 3), width_cells=10) == ["⟨U+202E⟩⟨…"]


def test_a_renderer_that_fails() -> None:
    """It is told in a quiet row, and the chat goes on."""
    (row,) = rows(lambda message: 1 / 0, width_cells=80)
    assert row.startswith("it cannot be shown as a Weather: ZeroDivisionError: division by zero")
    assert rows(lambda message: 3, width_cells=200)[0].startswith("it cannot be shown as a Weather: ")


@pytest.mark.parametrize("text", ["", "Oslo"])
async def test_it_is_shown_below_the_text(text: str) -> None:
    """On a terminal it comes below what the message says, when that is whole, and above the quiet line."""
    glass = Glass(40, 20)
    look = Look(colours=False, renderers=Renderers({NAME: (Weather, lambda message: f"{message.degrees} degrees")}))
    async with MiniAgents():
        await ReplyView(Live(glass.write, glass.size), look).show(
            Weather.promise([text] if text else [], degrees=7, metadata={"model": "m"})
        )
    assert [line for line in glass.lines if line] == [*([text] if text else []), "7 degrees", "m"]

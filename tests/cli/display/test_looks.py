"""How replies look on this terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import Message
from miniagents.cli.config.settings import Flags, settings_from
from miniagents.cli.display.looks import is_dumb, look_of
from miniagents.cli.display.reply_view import Look
from miniagents.plugins import load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environment", "flags", "look"),
    [
        ({"TERM": "xterm"}, {}, Look()),
        ({"TERM": "xterm", "NO_COLOR": ""}, {}, Look()),
        ({"TERM": "xterm", "NO_COLOR": "1"}, {}, Look(colours=False)),
        ({"TERM": "xterm"}, {"plain": True}, Look(plain=True)),
        ({"TERM": "dumb"}, {}, Look(colours=False, plain=True)),
        ({}, {}, Look(colours=False, plain=True)),
    ],
)
def test_a_look(environment: dict[str, str], flags: dict[str, Any], look: Look, tmp_path: Path) -> None:
    """Colours are there unless they are not wanted, Markdown unless it is not; a dumb terminal has neither."""
    environment = {**environment, "MINIAGENTS_CONFIG": str(tmp_path / "config.toml")}
    assert look_of(settings_from(Flags(**flags), environment, tmp_path)) == look
    assert is_dumb(environment) == (environment.get("TERM") != "xterm")


def test_what_plugins_show(tmp_path: Path) -> None:
    """Where plugins show messages of their own classes, the look knows them; else it has nothing to ask."""
    settings = settings_from(Flags(), {"TERM": "xterm"}, tmp_path)
    plugins = load([], [])
    assert look_of(settings, plugins).renderers is None
    assert look_of(settings, replace(plugins, renderers={"m.Weather": (Message, str)})).renderers is not None

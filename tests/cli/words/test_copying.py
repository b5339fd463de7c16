"""An answer on the clipboard."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.cli.seat import Seat

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = "Two:\n\n```py\nx = 1\n```\n\n- in a list\n  ~~~\n  y\n  ~~~\n"


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    """Give a chat on a machine without a tool for the clipboard."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    return Seat(tmp_path)


@pytest.mark.parametrize(
    ("word", "copied", "line"),
    [
        ("/copy", ANSWER, f"copied the answer, {len(ANSWER)} characters (by the terminal)"),
        ("/copy 1", "x = 1\n", "copied block 1, 6 characters (by the terminal)"),
        ("/copy 2", "y\n", "copied block 2, 2 characters (by the terminal)"),
    ],
)
async def test_copy(seat: Seat, word: str, copied: str, line: str) -> None:
    """The whole answer, or one of its blocks without the fences, goes to the terminal's clipboard."""
    assert (await seat.say(ANSWER, word))[-1] == line
    assert seat.sent == [f"\x1b]52;c;{b64encode(copied.encode()).decode()}\a"]


@pytest.mark.parametrize("number", ["3", "0", "x"])
async def test_no_such_block(seat: Seat, number: str) -> None:
    """A wrong number is answered with how many there are."""
    lines = await seat.say(ANSWER, f"/copy {number}")
    assert lines[-1] == f"/copy {number}: there is no such block of code; the answer has 2"
    assert seat.sent == []


async def test_nothing_to_copy(seat: Seat, tmp_path: Path) -> None:
    """Without an answer, and without a way to the clipboard, a line says so."""
    assert (await seat.say("/copy"))[-1] == "/copy: nothing was answered yet"
    lines = await Seat(tmp_path, sends=False).say("one", "/copy")
    assert "install wl-clipboard or xclip" in " ".join(lines[-2:])

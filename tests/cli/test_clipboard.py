"""A text on the clipboard, by real programs that stand where the system's tools would."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest

from miniagents.cli import clipboard
from miniagents.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Terminal:
    """A terminal that takes control sequences, or does not."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes
        self.sent: list[str] = []

    def send(self, sequence: str) -> bool:
        """Take one."""
        if self.takes:
            self.sent.append(sequence)
        return self.takes


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give an environment whose PATH begins with a folder for tools, on a screen with a display, and much patience."""
    monkeypatch.setattr(clipboard, "_PATIENCE_S", 50)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "DISPLAY": ":1"}


def install(folder: Path, name: str, *lines: str) -> None:
    """Put a tool there."""
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o700)


@pytest.mark.real_time
async def test_by_the_terminal_and_by_the_tool(
    tools: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both get the text, to the byte; half a surrogate pair does not hurt."""
    monkeypatch.setenv("PATH", tools["PATH"])
    install(tmp_path, "xclip", f"cat > {tmp_path}/copied; echo $@ > {tmp_path}/told")
    terminal = Terminal(takes=True)
    way = await clipboard.copy("é\n\x1b\ud800", terminal.send, tools, "linux")
    assert way == "by the terminal, by xclip"
    expected = "é\n\x1b\ufffd".encode()
    assert (tmp_path / "copied").read_bytes() == expected
    assert (tmp_path / "told").read_text() == "-selection clipboard\n"
    (sequence,) = terminal.sent
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\a")) == expected


@pytest.mark.real_time
async def test_a_tool_that_fails_is_followed_by_the_next(
    tools: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that cannot reach its display, and one that cannot be run, are passed over."""
    monkeypatch.setenv("PATH", tools["PATH"])
    install(tmp_path, "wl-copy", "exit 1")
    install(tmp_path, "xsel", f"cat > {tmp_path}/copied")
    (tmp_path / "xclip").write_text("#!/no/such/interpreter\n")
    (tmp_path / "xclip").chmod(0o700)
    way = await clipboard.copy("text", Terminal(takes=False).send, tools | {"WAYLAND_DISPLAY": "w"}, "linux")
    assert (way, (tmp_path / "copied").read_text()) == ("by xsel", "text")


@pytest.mark.real_time
async def test_a_tool_that_hangs_is_killed(
    tools: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some patience, and the copy is not said to be there."""
    monkeypatch.setattr(clipboard, "_PATIENCE_S", 0.05)
    monkeypatch.setenv("PATH", tools["PATH"])
    install(tmp_path, "clip.exe", "exec sleep 60")
    with pytest.raises(UsageError, match="no tool for the clipboard"):
        await clipboard.copy("x", Terminal(takes=False).send, {"PATH": tools["PATH"], "WSL_DISTRO_NAME": "d"}, "linux")


@pytest.mark.real_time
async def test_a_text_that_is_too_long_for_terminals(tmp_path: Path) -> None:
    """It is not cut: without a tool it is refused, with what to install."""
    terminal = Terminal(takes=True)
    with pytest.raises(UsageError, match=r"takes no 100,000 bytes .* install wl-clipboard or xclip"):
        await clipboard.copy("x" * 100_000, terminal.send, {"PATH": str(tmp_path)}, "darwin")
    assert terminal.sent == []

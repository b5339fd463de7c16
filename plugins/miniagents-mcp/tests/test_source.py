"""Several servers for one chat."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_mcp import register_tools
from miniagents_mcp.errors import ServerError
from miniagents_mcp.source import open_tools

from miniagents import MiniAgents
from miniagents.content import ToolCall
from miniagents.errors import SettingsError
from miniagents.tools import run_tools, toolbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from miniagents.hookspecs import ToolSource


async def test_all_servers_at_once(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The tools of all that can be used are there, and called; of those that cannot one line says why."""
    other = {**demo, "env": {"NAME": "${WHO}"}, "alwaysAllow": ["fail"]}
    write(one=demo, two=other, bad={"command": "no-such-program"}, lost={"command": "x", "args": ["${NONE}"]})
    async with MiniAgents(), open_tools("", environment | {"WHO": "the other"}) as tools:
        box = toolbox(tools)
        assert len(box) == 22
        assert box["one__fail"].needs_approval
        said = await run_tools(box, [ToolCall("1", name="two__fail", arguments="{}")])
        assert said.parts[0].text == "the other cannot"  # type: ignore[attr-defined]
    told = sorted(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert [line.rpartition("; ")[2] for line in told] == ["its tools are left out"] * 2
    assert told[0].endswith("mcp.json: lost: NONE is not set; export it; its tools are left out")
    assert told[1].startswith("MCP server bad: no-such-program cannot be started")


async def test_none_can_be_used(write: Callable[..., Path], environment: dict[str, str]) -> None:
    """Then that is the error; so is a name that nobody has."""
    write(bad={"command": "no-such-program"}, worse={"command": "no-such-either"})
    with pytest.raises(ServerError, match=r"^MCP server bad: .*; MCP server worse: .*$"):
        async with open_tools("", environment):
            pass
    with pytest.raises(SettingsError, match="no server is called bed; did you mean bad"):
        async with open_tools("bed", environment):
            pass


async def test_one_that_ends_is_started_anew(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], home: Path
) -> None:
    """The call that it dies of fails, and says so; the next one finds another server, or fails by its own reason."""
    path = write(one={**demo, "cwd": str(home / "here")})
    (home / "here").mkdir()

    async def call(name: str) -> tuple[str, bool]:
        (part,) = (await run_tools(box, [ToolCall("1", name=name, arguments='{"a": 1, "b": 2}')], approve=agree)).parts
        return part.text, part.is_error  # type: ignore[attr-defined]

    async with MiniAgents(), open_tools(str(path), environment) as tools:
        box = toolbox(tools)
        for _ in range(2):
            assert await call("die") == ("MCP server one: it has ended (it said: demo dies of None)", True)
        assert await call("add") == ("3", False)
        assert (await call("die"))[1]
        (home / "here").rmdir()
        assert (await call("add"))[0].endswith("cannot be started: no such file or directory")
        (home / "here").mkdir()
        assert await call("add") == ("3", False)


async def test_tools_become_others(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str]
) -> None:
    """What was opened holds the tools that the server offers now: after it said so, and after it was started anew."""
    path = write(one=demo)

    async def call(name: str) -> str:
        (part,) = (await run_tools(toolbox(tools), [ToolCall("1", name=name, arguments="{}")], approve=agree)).parts
        return part.text  # type: ignore[attr-defined]

    async with MiniAgents(), open_tools(str(path), environment) as tools:
        before = len(tools)
        assert tools[before - 2].name == "learn"
        assert await call("learn") == "learn"
        while "learnt" not in toolbox(tools):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
        assert len(tools) == before
        assert "learn" not in toolbox(tools)
        assert await call("learnt") == "learnt"
        await call("die")
        assert "there is no tool" not in await call("data")
        assert "learn" in toolbox(tools)
        assert "learnt" not in toolbox(tools)


def agree(_call: ToolCall) -> bool:
    """Allow everything."""
    return True


def test_the_hook() -> None:
    """The source is called `mcp`."""
    offered: list[ToolSource] = []
    register_tools(offered.append)
    assert [(source.name, source.open) for source in offered] == [("mcp", open_tools)]

"""Real servers: started, asked, called, interrupted, gone; and those that are none."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_mcp.connection import connected
from miniagents_mcp.content import parts_of
from miniagents_mcp.errors import ServerError
from miniagents_mcp.servers import Server

from miniagents.content import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVER = Path(__file__).with_name("server.py")
OLD = Server(name="old", command=sys.executable, args=(str(SERVER.with_name("old_server.py")),))


def demo(name: str = "demo", timeout_s: float | None = None, **env: str) -> Server:
    """Return the server of these tests, as it is started."""
    return Server(name=name, command=sys.executable, args=(str(SERVER),), env=env, timeout_s=timeout_s)


def shell(script: str, **env: str) -> Server:
    """Return a server that is a line of shell."""
    return Server(name="sh", command="/bin/sh", args=("-c", script), env=env)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    while not is_so():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)


async def told_by(server: Server, tool: str = "", arguments: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Return what a connection fails by, or a call of a tool."""
    with pytest.raises(ServerError) as caught:
        async with connected(server, **more) as connection:
            await connection.call(tool, arguments or {})
    return str(caught.value)


async def test_a_server_is_started_and_called() -> None:
    """All pages of its tools are read, with their schemas as they are; a call gives what the tool says."""
    async with connected(demo()) as connection:
        assert [tool.name for tool in connection.tools][:4] == ["add", "fail", "die", "wait"]
        assert connection.tools[0].input_schema["properties"]["b"] == {"type": "integer", "description": "the other"}
        assert parts_of(await connection.call("add", {"a": 1, "b": 2})) == (Text("3"),)
        result = await connection.call("fail", {})
        assert (result.is_error, parts_of(result)) == (True, (Text("demo cannot"),))


async def test_what_it_is_given() -> None:
    """It has the variables of its entry, and of ours only what every program needs."""
    os.environ["SECRET_OF_OURS"] = "x"
    try:
        async with connected(demo(SECRET="s3cret")) as connection:
            assert parts_of(await connection.call("environment", {})) == (Text("s3cret"),)
        async with connected(shell(f'test -z "$SECRET_OF_OURS" && exec {sys.executable} {SERVER}')) as connection:
            assert parts_of(await connection.call("environment", {})) == (Text("none"),)
    finally:
        del os.environ["SECRET_OF_OURS"]


async def test_a_server_over_http(http: str) -> None:
    """It is asked at its address, with the headers of its entry; without them it says who it wants."""
    server = Server(name="far", url=http, headers={"Authorization": "Bearer sesame"})
    async with connected(server) as connection:
        assert parts_of(await connection.call("add", {"a": 2, "b": 2})) == (Text("4"),)
    told = await told_by(Server(name="far", url=http, headers={"Authorization": "Bearer wrong!"}))
    assert told == ("MCP server far: Server returned an error response (401 Unauthorized); see to its headers")


async def test_nobody_is_at_the_address() -> None:
    """A server that cannot be reached is said to be one, in one line."""
    told = await told_by(Server(name="far", url="http://127.0.0.1:9/mcp"))
    assert told == "MCP server far: nobody answers at 127.0.0.1"


async def test_what_cannot_be_started() -> None:
    """The program is named, and why."""
    assert await told_by(Server(name="no", command="no-such-program")) == (
        "MCP server no: no-such-program cannot be started: no such file or directory"
    )


async def test_one_that_ends_at_once() -> None:
    """What it said last is told, safe to show and without what it was given."""
    told = await told_by(shell('printf "one\\n\\033[31m$KEY is wrong\\n" >&2; exit 1', KEY="s3cret"))
    assert told == "MCP server sh: it has ended (it said: ␛[31m… is wrong)"


async def test_one_that_talks_nonsense() -> None:
    """It is waited for no longer than it may take, and said to talk nonsense."""
    told = await told_by(shell("echo nonsense; while read -r line; do :; done"), start_s=3.0)
    assert told == "MCP server sh: it did not answer within 3 s, and it says what is no MCP"


async def test_one_that_says_a_word_before_it_begins() -> None:
    """A greeting on standard output, which is no MCP, does no harm."""
    async with connected(shell(f"echo Welcome; exec {sys.executable} {SERVER}")) as connection:
        assert parts_of(await connection.call("add", {"a": 1, "b": 1})) == (Text("2"),)


async def test_one_that_dies_in_the_middle() -> None:
    """The call fails in one line with what it said last, and so does the next."""
    async with connected(demo(SECRET="s3cret")) as connection:
        for _ in range(2):
            with pytest.raises(ServerError, match=r"^MCP server demo: it has ended \(it said: demo dies of …\)$"):
                await connection.call("die", {})


async def test_one_that_takes_too_long(tmp_path: Path) -> None:
    """A call ends after the time of its entry, and is cancelled there."""
    kept, timeout_s = tmp_path / "kept", 1.0
    while not kept.exists():  # the time is also that of its start, which takes long on a machine that does much else
        timeout_s *= 3
        told = await told_by(demo(timeout_s=timeout_s, KEPT=str(kept)), "wait")
    assert told.startswith(f"MCP server demo: it did not answer within {timeout_s:g} s")
    assert kept.read_text().split("\n")[:2] == ["waits", "was cancelled"]


async def test_a_cancelled_call_is_cancelled_there(tmp_path: Path) -> None:
    """Who cancels a call cancels the tool; the server goes on serving."""
    kept = tmp_path / "kept"
    async with connected(demo(KEPT=str(kept))) as connection:
        call = asyncio.create_task(connection.call("wait", {}))
        await until(kept.exists)
        call.cancel()
        with suppress(asyncio.CancelledError):
            await call
        assert parts_of(await connection.call("add", {"a": 1, "b": 1})) == (Text("2"),)
        assert kept.read_text() == "waits\nwas cancelled\n"


async def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """At the end a server is told to go, and one that does not is killed."""
    kept = tmp_path / "kept"
    async with connected(demo(KEPT=str(kept), STUBBORN="1")):
        pass
    ended, number = kept.read_text().split()
    assert ended == "ended"
    with pytest.raises(ProcessLookupError):
        os.kill(int(number), 0)


async def test_standard_error_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What a server says beside MCP is in our log, each line with its name, and not on the terminal."""
    caplog.set_level(logging.INFO, "miniagents.mcp")
    async with connected(shell(f"printf '%05000d\\nlast' 7 >&2; exec {sys.executable} {SERVER}")):
        pass
    told = [record.getMessage() for record in caplog.records if record.name == "miniagents.mcp"]
    assert told[0] == f"sh: {'0' * 4096}"
    assert told[1] == "sh: lastdemo is there"


@pytest.mark.parametrize("kind", ["new", "old", "http"])
async def test_a_server_whose_tools_become_others(kind: str, http: str) -> None:
    """Told so by the server, whatever it speaks and by whichever way, we ask again; until then nobody is asked."""
    far = Server(name="far", url=http, headers={"Authorization": "Bearer sesame"})
    async with connected({"new": demo(), "old": OLD, "http": far}[kind]) as connection:
        before = connection.tools
        assert parts_of(await connection.call("learn", {})) == (Text("learn"),)
        await until(lambda: connection.tools is not before)
        changed = {tool.name for tool in before} ^ {tool.name for tool in connection.tools}
        assert changed == {"learn", "learnt"}
        assert parts_of(await connection.call("learnt", {})) == (Text("learnt"),)


async def test_a_server_that_forgets_its_tools(caplog: pytest.LogCaptureFixture) -> None:
    """One that says that its tools have changed, and then cannot list them, has those that it told of before."""
    caplog.set_level(logging.INFO, "miniagents.mcp")
    async with connected(OLD) as connection:
        before = connection.tools
        assert parts_of(await connection.call("forget", {})) == (Text("forget"),)
        await until(lambda: bool(caplog.records))
        assert connection.tools is before
        assert parts_of(await connection.call("learn", {})) == (Text("learn"),)
    assert "old: it has other tools, and does not tell which: " in caplog.records[0].getMessage()


async def test_a_server_that_asks_us() -> None:
    """Neither a person nor a model nor a folder is at its service; it is told so, or its call fails in one line."""
    async with connected(OLD) as connection:
        told = parts_of(await connection.call("ask", {}))
    assert told == (Text("Elicitation not supported; Sampling not supported; List roots not supported"),)
    assert await told_by(demo(), "ask") == "MCP server demo: Elicitation not supported"

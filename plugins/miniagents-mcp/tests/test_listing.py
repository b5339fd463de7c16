"""What servers offer, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniagents_mcp.listing import Row, failed_in, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def test_a_row_a_tool(write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str]) -> None:
    """Each tool has its server, whether one is asked, and the first line of what it does; a failure has its reason."""
    write(one={**demo, "alwaysAllow": ["add"]}, bad={"command": "no-such-program"})
    rows = await listed("", environment)
    assert rows[0] == Row("one", "add", "allowed", "Add two numbers.")
    assert rows[1] == Row("one", "fail", "asked", "Fail.")
    assert Row("one", "nothing", "asked", f"Return nothing{'!' * 145}…") in rows
    assert rows[-1][:3] == ("bad", "", "failed")
    assert failed_in(rows)
    rows = await listed("one", environment)
    assert not failed_in(rows)


async def test_a_server_without_tools(write: Callable[..., Path], environment: dict[str, str], home: Path) -> None:
    """It has a row of its own, that says which program it is."""
    import sys  # noqa: PLC0415 - only here

    script = home / "empty.py"
    script.write_text(
        "import anyio\nfrom mcp.server import Server\nfrom mcp.server.stdio import stdio_server\n"
        "async def main():\n"
        "    server = Server('empty')\n"
        "    async with stdio_server() as streams:\n"
        "        await server.run(*streams, server.create_initialization_options())\n"
        "anyio.run(main)\n"
    )
    write(empty={"command": sys.executable, "args": [str(script)]})
    assert await listed("", environment) == [Row("empty", "", "no tools", sys.executable)]

"""An agent, or a chain of them, as an MCP server: a tool that is given a message, and says what comes of it.

    tools/call ─message→ agent ─tokens→ progress notifications, where the client wants them
                               └─messages→ the result

In: agents by name. Out: an MCP server, over standard input and output or over HTTP. Never: which agents there are.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from miniagents.cli.tell import in_words
from miniagents.content import Part, Text
from miniagents.errors import SettingsError
from miniagents.miniagents import MiniAgent
from miniagents.safe_text import one_line

from .content import blocks_of
from .offered import mended

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult

__all__ = ["LOOPBACK", "Served", "serve_http", "serve_stdio", "server_of"]

LOOPBACK: Final = "127.0.0.1"
_SCHEMA: Final = {
    "type": "object",
    "properties": {"message": {"type": "string", "description": "What is said to the agent."}},
    "required": ["message"],
    "additionalProperties": False,
}
_NOT_SAID: Final = frozenset(["tool", "user", "system"])
"""Roles of messages that an agent's reply may have among them, and that are no part of what it says."""


class Served(NamedTuple):
    """An agent, and what clients are told of it."""

    agent: MiniAgent
    description: str


def server_of(agents: Mapping[str, Served]) -> "Server[Any]":
    """Return a server with a tool for each agent, by its name.

    A call that is cancelled cancels the agent; a client that asks for progress is told of each token.
    """
    import mcp_types as mcp  # noqa: PLC0415 - takes a second
    from mcp.server import Server  # noqa: PLC0415 - as above

    from miniagents import __version__  # noqa: PLC0415 - as above

    tools = {mended(name): each for name, each in agents.items()}

    async def list_tools(_context: Any, _params: Any) -> "ListToolsResult":
        listed = [
            mcp.Tool(name=name, description=each.description, input_schema=_SCHEMA) for name, each in tools.items()
        ]
        return mcp.ListToolsResult(tools=listed)

    async def call_tool(context: "ServerRequestContext[Any]", params: "CallToolRequestParams") -> "CallToolResult":
        message = (params.arguments or {}).get("message")
        if params.name not in tools:
            return _failed(f"there is no tool {params.name!r}, only {', '.join(tools)}")
        if not isinstance(message, str):
            return _failed("it needs a `message`, which is a text")
        try:
            parts = await _answered(tools[params.name].agent, message, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
            return _failed(in_words(error))
        return mcp.CallToolResult(content=[*blocks_of(parts)])

    return Server("miniagents", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


async def serve_stdio(server: "Server[Any]") -> None:
    """Serve one client on standard input and output, until it goes; what agents print goes to standard error."""
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - as above

    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


async def serve_http(server: "Server[Any]", port: int) -> None:
    """Serve clients on this machine at `http://127.0.0.1:PORT/mcp`, until this is interrupted.

    Raises:
        SettingsError: The port is taken.
    """
    import socket  # noqa: PLC0415 - as above

    import uvicorn  # noqa: PLC0415 - as above

    from miniagents.cli.tell import tell  # noqa: PLC0415 - as above

    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise SettingsError(f"--http {port}: {os.strerror(error.errno or 0).lower()}; name another port") from error
    with listening:
        tell(f"serving at http://{LOOPBACK}:{listening.getsockname()[1]}/mcp until Ctrl-C")
        app = server.streamable_http_app(host=LOOPBACK)  # which so refuses what browsers send for other sites
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
        await uvicorn.Server(config).serve(sockets=[listening])


async def _answered(agent: MiniAgent, message: str, context: "ServerRequestContext[Any]") -> list[Part]:
    """Return what an agent says, and tell of each token meanwhile."""
    said = agent.inquire({"text": message, "role": "user"}, errors_as_messages=False)
    parts: list[Part] = []
    count = 0
    try:
        async for promise in said:
            is_said = promise.known_beforehand.get("role") not in _NOT_SAID
            async for token in promise:
                if is_said:
                    count += 1
                    await context.session.report_progress(count, message=token)
            whole = await promise
            if whole.role not in _NOT_SAID:
                parts += whole.parts or ([Text(whole.text)] if whole.text else [])
    finally:
        said.cancel()  # where this was cancelled, nobody wants the rest
    return parts


def _failed(why: str) -> "CallToolResult":
    import mcp_types as mcp  # noqa: PLC0415 - as above

    return mcp.CallToolResult(content=[mcp.TextContent(text=one_line(why))], is_error=True)

"""A server with tools of every kind: over standard input and output, or over HTTP with a port as its argument.

NAME is said by its tools, KEPT is a file in which it writes down what becomes of it, TOKEN is wanted over HTTP.
"""

import os
import signal
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import anyio
import mcp_types as mcp
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged

NAME = os.environ.get("NAME", "demo")
NUMBERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "description": "the other"}},
    "required": ["a", "b"],
}
TOOLS = {
    "add": ("Add two numbers.\nReally.", NUMBERS),
    "fail": ("Fail.", {"type": "object"}),
    "die": ("End the server.", {"type": "object"}),
    "wait": ("Wait.", {"type": "object"}),
    "show": ("Show \x1b[31mall\x1b[0m there is.", {"type": "object"}),
    "data": ("Return data.", {"type": "object"}),
    "nothing": ("Return nothing" + "!" * 1000, {"type": "object"}),
    "not.a/name": ("Be called strangely.", {"type": "object"}),
    "environment": ("Tell a variable.", {"type": "object"}),
    "learn": ("Become another tool.", {"type": "object"}),
    "ask": ("Ask the client's person.", {"type": "object"}),
}
CHANGES = InMemorySubscriptionBus()
PIXEL = b64encode(b"pixel").decode()


def kept(line: str) -> None:
    """Write down what happened."""
    if "KEPT" in os.environ:
        with Path(os.environ["KEPT"]).open("a") as file:
            file.write(f"{line}\n")


async def list_tools(_context: Any, params: Any) -> mcp.ListToolsResult:
    """Give them in two pages."""
    tools = [mcp.Tool(name=name, description=told, input_schema=schema) for name, (told, schema) in TOOLS.items()]
    if params is not None and params.cursor:
        return mcp.ListToolsResult(tools=tools[3:])
    return mcp.ListToolsResult(tools=tools[:3], next_cursor="more")


async def of_more_than_one_step(name: str) -> mcp.CallToolResult | mcp.InputRequiredResult:
    """Do as the tool's name says, if it is one after which something else comes."""
    if name == "ask":
        form: Any = {"type": "object", "properties": {}}
        asked = mcp.ElicitRequestFormParams(message="Your password?", requested_schema=form)
        return mcp.InputRequiredResult(input_requests={"it": mcp.ElicitRequest(params=asked)})
    if name == "learn":
        TOOLS["learnt"] = TOOLS.pop("learn")
        await CHANGES.publish(ToolsListChanged())
    return said(name)


async def call_tool(  # noqa: PLR0911 - one return a tool
    _context: Any, params: mcp.CallToolRequestParams
) -> mcp.CallToolResult | mcp.InputRequiredResult:
    """Do as the tool's name says."""
    given = params.arguments or {}
    match params.name:
        case "add":
            return said(str(given["a"] + given["b"]))
        case "fail":
            return mcp.CallToolResult(content=[mcp.TextContent(text=f"{NAME} cannot")], is_error=True)
        case "die":
            sys.stderr.write(f"{NAME} dies of {os.environ.get('SECRET')}\n")
            sys.stderr.flush()
            os._exit(3)
        case "wait":
            kept("waits")
            try:
                await anyio.sleep_forever()
            finally:
                kept("was cancelled")
        case "data":
            return mcp.CallToolResult(content=[], structured_content={"n": 1})
        case "nothing":
            return mcp.CallToolResult(content=[])
        case "environment":
            return said(os.environ.get("SECRET", "none"))
        case "learn" | "learnt" | "ask":
            return await of_more_than_one_step(params.name)
    return mcp.CallToolResult(
        content=[
            mcp.TextContent(text="text"),
            mcp.ImageContent(data=PIXEL, mime_type="image/png"),
            mcp.AudioContent(data="no base64!", mime_type="audio/wav"),
            mcp.ResourceLink(name="notes", uri="file:///notes.txt", description="yours"),
            mcp.EmbeddedResource(resource=mcp.TextResourceContents(uri="file:///a.txt", text="inside")),
            mcp.EmbeddedResource(
                resource=mcp.BlobResourceContents(uri="file:///a.pdf", blob=PIXEL, mime_type="application/pdf")
            ),
        ]
    )


def said(text: str) -> mcp.CallToolResult:
    """Return a text."""
    return mcp.CallToolResult(content=[mcp.TextContent(text=text)])


async def main() -> None:
    """Serve until the client goes, or for ever."""
    server: Server[Any] = Server(
        "demo", on_list_tools=list_tools, on_call_tool=call_tool, on_subscriptions_listen=ListenHandler(CHANGES)
    )
    if len(sys.argv) > 1:
        await serve_http(server)
        return
    sys.stderr.write(f"{NAME} is there\n")
    sys.stderr.flush()
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
    kept("ended")
    if "STUBBORN" in os.environ:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        kept(str(os.getpid()))
        await anyio.sleep_forever()


async def serve_http(server: "Server[Any]") -> None:
    """Serve at a port of its own, which is the first line of the output."""
    import socket  # noqa: PLC0415 - only here

    import uvicorn  # noqa: PLC0415 - as above

    app = server.streamable_http_app()

    async def with_token(scope: Any, receive: Any, send: Any) -> None:
        wanted = os.environ.get("TOKEN", "").encode()
        if scope["type"] == "http" and wanted and dict(scope["headers"]).get(b"authorization") != wanted:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"who are you?"})
            return
        await app(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
        sys.stdout.flush()
        await uvicorn.Server(uvicorn.Config(with_token, log_config=None)).serve(sockets=[listening])


if __name__ == "__main__":
    anyio.run(main)

"""A server as they were before 2026-07-28, line by line: it tells of other tools unasked, and asks the client things.

Wire format: https://modelcontextprotocol.io/specification/2025-06-18 (2026-11).
"""

import json
import sys
from typing import Any

ASKED = {
    "elicitation/create": {"message": "Your password?", "requestedSchema": {"type": "object", "properties": {}}},
    "sampling/createMessage": {"messages": [], "maxTokens": 1},
    "roots/list": {},
}
"""What the tool `ask` asks the client for, with its parameters."""
tools = ["learn", "ask", "forget"]


def say(**message: Any) -> None:
    """Send a message."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def heard() -> dict[str, Any]:
    """Return the next message; when there is none, the client has gone."""
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit()


def called(name: str) -> str:
    """Do as the tool's name says."""
    if name in ("learn", "forget"):
        tools.append(f"{name}t")
        tools.remove(name)
        say(method="notifications/tools/list_changed")
    if name != "ask":
        return name
    told = []
    for method, params in ASKED.items():
        say(id=method, method=method, params=params)
        told.append(heard().get("error", {}).get("message", "it was answered"))
    return "; ".join(told)


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a request is answered by."""
    match message["method"]:
        case "initialize":
            told = {"name": "old", "version": "1"}
            able = {"tools": {"listChanged": True}}
            return {"result": {"protocolVersion": "2025-06-18", "capabilities": able, "serverInfo": told}}
        case "tools/list" if "forget" in tools:
            return {"result": {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in tools]}}
        case "tools/call":
            return {"result": {"content": [{"type": "text", "text": called(message["params"]["name"])}]}}
    return {"error": {"code": -32601, "message": "Method not found"}}


if __name__ == "__main__":
    while True:
        message = heard()
        if "id" in message:
            say(id=message["id"], **answer(message))

"""The program: `miniagents mcp`, and `miniagents chat --tool mcp`."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client, StdioServerParameters

from miniagents.content import ToolResult
from miniagents.ext import transcript
from tests.fakes.llm_server import LLMServer, Reply, ToolUse

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sysconfig.get_path("scripts"), "miniagents"))
SLOW = """
import asyncio, pathlib
from miniagents import miniagent
from miniagents.hookspecs import hookimpl

@miniagent
async def slow_agent(ctx, *, kept=None):
    \"\"\"Be slow.

    Really.
    \"\"\"
    print("not for the client")
    (message,) = await ctx.message_promises
    pathlib.Path(message.text).write_text("begun")
    try:
        await asyncio.sleep(1000)
    finally:
        pathlib.Path(message.text).write_text("ended")

@hookimpl
def register_agents(register):
    register("slow", slow_agent)
"""
CHAIN = """
version: 1
name: two
description: Say it twice.
agents:
  one: {plugin: echo}
  two: {plugin: echo}
flow: [one, two]
"""


def run(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    """Run the program in its home; return code, output and standard error."""
    ran = subprocess.run(
        [PROGRAM, *words],
        cwd=environment["HOME"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    while not is_so():  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.02)


def test_list(write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], home: Path) -> None:
    """Servers and their tools are listed, hostile texts made safe; one that fails makes it a failure."""
    code, out, err = run(environment, "mcp", "list")
    assert (code, out) == (2, "")
    assert err.startswith(f"miniagents: {home}/mcp.json: there is no such file; write one: ")
    write(one={**demo, "alwaysAllow": ["show"]})
    code, out, err = run(environment, "mcp", "list")
    assert (code, err) == (0, "")
    assert "one\tadd\tasked\tAdd two numbers.\n" in out
    assert "one\tshow\tallowed\tShow ␛[31mall␛[0m there is.\n" in out
    write(one=demo, bad={"command": "no-such-program"})
    code, out, _ = run(environment, "mcp", "list", "bad")
    assert (code, out) == (
        1,
        "bad\t\tfailed\tMCP server bad: no-such-program cannot be started: no such file or directory\n",
    )
    assert run(environment, "mcp", "path") == (0, f"{home}/mcp.json\n", "")


def test_an_agent_is_served_to_who_starts_it(environment: dict[str, str]) -> None:
    """Over standard input and output there is an agent's tool; what is printed does not come between."""

    async def ask() -> tuple[str, list[str]]:
        parameters = StdioServerParameters(command=PROGRAM, args=["mcp", "serve", "--agent", "echo"], env=environment)
        async with Client(parameters) as client:
            (tool,) = (await client.list_tools()).tools
            result = await client.call_tool(tool.name, {"message": "hello"})
            return f"{tool.name}: {tool.description}", [block.text for block in result.content]  # type: ignore[union-attr]

    told, texts = asyncio.run(ask())
    assert told.startswith("echo: Reply with the last message it is sent")
    assert texts == ["hello"]


def test_an_agent_is_served_over_http(environment: dict[str, str], home: Path) -> None:
    """At a port of this machine there is the agent; a call that is cancelled cancels it; Ctrl-C ends the server."""
    (home / "plugins").mkdir()
    (home / "plugins" / "slow.py").write_text(SLOW)
    kept = home / "kept"

    async def ask(url: str) -> str:
        async with Client(url) as client:
            (tool,) = (await client.list_tools()).tools
            call = asyncio.create_task(client.call_tool(tool.name, {"message": str(kept)}))
            await until(lambda: kept.exists() and kept.read_text() == "begun")
            call.cancel()
            await until(lambda: kept.read_text() == "ended")
            return f"{tool.name}: {tool.description}"

    command = [PROGRAM, "mcp", "serve", "--agent", "slow", "--http", "0"]
    with subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline().decode()
            assert line.startswith("miniagents: serving at http://127.0.0.1:")
            assert asyncio.run(ask(line.split()[3])) == "slow: Be slow.\n\nReally."
            process.send_signal(signal.SIGINT)
            assert process.wait() in {130, -signal.SIGINT}
            assert process.stderr.read() == b""
            assert process.stdout is not None
            assert process.stdout.read() in {b"", b"not for the client\n"}
        finally:
            process.kill()


def test_nobody_to_serve(environment: dict[str, str]) -> None:
    """An agent that is not there, and a port that is taken, are said in one line."""
    code, _, err = run(environment, "mcp", "serve", "--agent", "nobody")
    assert (code, err) == (2, "miniagents: no agent is called 'nobody'; there is echo\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run(environment, "mcp", "serve", "--agent", "echo", "--http", port)
    assert (code, err) == (2, f"miniagents: --http {port}: address already in use; name another port\n")
    code, _, err = run(environment, "mcp", "serve", "--agent", "echo", "--chain", "x")
    assert (code, err) == (2, "miniagents: --chain says who answers; leave --agent, --model and --system out\n")


def test_a_chain_is_served(environment: dict[str, str], home: Path) -> None:
    """A file of agents is one tool, called as the chain is."""
    file = home / "two.yaml"
    file.write_text(CHAIN, encoding="utf-8")

    async def ask() -> tuple[str, str]:
        parameters = StdioServerParameters(
            command=PROGRAM, args=["mcp", "serve", "--chain", str(file)], env=environment
        )
        async with Client(parameters) as client:
            (tool,) = (await client.list_tools()).tools
            result = await client.call_tool(tool.name, {"message": "hello"})
            return f"{tool.name}: {tool.description}", result.content[-1].text  # type: ignore[union-attr]

    assert asyncio.run(ask()) == ("two: Say it twice.", "hello")


def results(home: Path) -> list[ToolResult]:
    """Return the results of tools that are in the only transcript."""
    (path,) = home.glob("chats/*.md")
    return [part for message in transcript.read(path) for part in message.parts if isinstance(part, ToolResult)]


def chat(environment: dict[str, str], *words: str) -> tuple[int, str, str, Any]:
    """Let a model that wants to add be asked; return also what it was sent first."""
    with LLMServer.in_thread() as provider:
        provider.script(Reply("Well.", tool_calls=[ToolUse("add", {"a": 1, "b": 2})]), "Three.")
        reach = {"OPENAI_BASE_URL": provider.openai_base_url, "OPENAI_API_KEY": "k"}
        ran = run(environment | reach, "chat", "--model", "gpt-4o", *words)
        return *ran, [request.body for request in provider.requests]


def test_a_model_calls_a_tool(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], home: Path
) -> None:
    """A tool that the entry of its server allows is called; the result is sent to the model, and kept."""
    write(one={**demo, "alwaysAllow": ["add"]})
    code, out, err, requests = chat(environment, "--tool", "mcp", "what is 1 + 2")
    assert (code, out, err) == (0, "Well.\n\nThree.", "")
    sent = {each["function"]["name"]: each["function"] for each in requests[0]["tools"]}
    assert len(sent) == 11
    assert sent["add"]["parameters"]["required"] == ["a", "b"]
    assert sent["show"]["parameters"] == {"type": "object", "properties": {}}
    assert requests[1]["messages"][-1]["content"] == "3"
    assert [(result.text, result.is_error) for result in results(home)] == [("3", False)]


def test_a_tool_that_nobody_allowed(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], home: Path
) -> None:
    """Without a terminal it is not called: the model is told so, and the person how to allow it, which does it."""
    write(one=demo)
    code, out, err, requests = chat(environment, "-T", "mcp:one", "what is 1 + 2")
    assert (code, out) == (0, "Well.\n\nThree.")
    assert err == "miniagents: add was not called, for nobody could be asked; allow it with --allow-tool add\n"
    assert requests[1]["messages"][-1]["content"].endswith("it needs a person's approval, and there is nobody to ask")
    assert [result.is_error for result in results(home)] == [True]
    code, _, err, requests = chat(environment, "-T", "mcp:one", "--no-save", "--allow-tool", "a*", "what is 1 + 2")
    assert (code, err, requests[1]["messages"][-1]["content"]) == (0, "", "3")


def test_servers_that_cannot_be_used(write: Callable[..., Path], environment: dict[str, str]) -> None:
    """Then nothing is asked, and one line says why."""
    write(bad={"command": "no-such-program"})
    code, out, err, requests = chat(environment, "-T", "mcp", "--no-save", "hello")
    assert (code, out, requests) == (1, "", [])
    assert err == "miniagents: MCP server bad: no-such-program cannot be started: no such file or directory\n"
    code, _, err, _ = chat(environment, "-T", "mpc", "--no-save", "hello")
    assert (code, err) == (2, "miniagents: no tools are called 'mpc'; did you mean mcp?\n")


def test_an_interruption_leaves_no_server(
    write: Callable[..., Path], demo: dict[str, Any], environment: dict[str, str], home: Path
) -> None:
    """Ctrl-C while a tool works ends program and server."""
    kept = home / "kept"
    write(one={**demo, "env": {"KEPT": str(kept)}, "alwaysAllow": ["*"]})
    with LLMServer.in_thread() as provider:
        provider.script(Reply("", tool_calls=[ToolUse("wait", {})]), "never")
        reach = {"OPENAI_BASE_URL": provider.openai_base_url, "OPENAI_API_KEY": "k"}
        command = [PROGRAM, "chat", "--model", "gpt-4o", "-T", "mcp", "wait"]
        with subprocess.Popen(
            command,
            cwd=home,
            env=environment | reach,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                asyncio.run(until(kept.exists))
                process.send_signal(signal.SIGINT)
                assert process.wait() in {130, -signal.SIGINT}
            finally:
                process.kill()
    assert kept.read_text() == "waits\nwas cancelled\nended\n"

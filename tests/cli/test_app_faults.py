"""Providers that fail, and what a person reads of it: one line that names the host, the cause and the cure."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from miniagents.ext.llm.openai import DEFAULT_MODEL
from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program, Ran

FAULTS = {
    "http_401": ("the key was refused", "check {API}_API_KEY"),
    "http_403": ("the key may not do this", "check {API}_API_KEY"),
    "http_404": ("no model", "choose another model"),
    "http_429": ("too many requests", "try again in 7 s"),
    "http_500": ("it failed (status 500)", "try again later"),
    "http_529": ("it failed (status 529)", "try again later"),
    "html_200": ("a web page", "check {API}_BASE_URL"),
    "html_502": ("a web page", "try again later"),
    "not_json": ("not JSON", "check {API}_BASE_URL"),
    "empty": ("an empty reply", "try again"),
    "cut_before": ("the connection failed", "check the network"),
    "cut": ("the connection broke in the middle of the answer", "ask again"),
    "error_event": ("it failed", "try again later"),
    "no_end": ("", "ask again"),
}
PARTIAL = {"cut": b"one two", "error_event": b"one two", "no_end": b"one two"}
OPENAI = tuple(FAULTS)
ANTHROPIC = ("http_401", "http_529", "cut")  # for the rest there are the tests of the agent: its SDK is slow


@pytest.mark.parametrize(("api", "faults"), [("openai", OPENAI), ("anthropic", ANTHROPIC)])
def test_every_fault_is_one_line(program: Program, api: str, faults: tuple[str, ...]) -> None:
    """Whatever goes wrong: exit code 1, one line, on standard output what came and nothing else; all of it is kept."""
    with ExitStack() as stack:
        servers = {}
        for fault in faults:
            breaking = {"text": "one two three four", "after": 2} if fault in PARTIAL else {}
            reply = Reply(fault=fault, retry_after_s=7, **breaking)
            servers[fault] = stack.enter_context(LLMServer.in_thread([reply]))

        def meet(fault: str) -> Ran:
            options = ("-m", f"{api}:asked", "-o", "max_retries=0", "--chats-dir", fault)
            environment = settings_for(servers[fault])
            return program.end(program.start("chat", *options, "hi", environment=environment, stdin=subprocess.DEVNULL))

        with ThreadPoolExecutor(3) as pool:
            met = dict(zip(faults, pool.map(meet, faults), strict=True))
    for fault, ran in met.items():
        cause, cure = FAULTS[fault]
        host = servers[fault].url.removeprefix("http://")
        assert ran.err.startswith(f"miniagents: {host}: "), fault
        assert cause in ran.err, fault
        assert cure.format(API=api.upper()) in ran.err, fault
        assert ran.err.count("\n") == 1, fault
        assert "sk-of-" not in ran.err, fault
        assert (ran.code, ran.out) == (1, PARTIAL.get(fault, b"")), fault
        (path,) = (program.folder / fault).glob("*.md")
        kept = path.read_text()
        assert "\n\nhi\n" in kept, fault
        assert ('"status":"' in kept) is (fault in PARTIAL), fault
        assert ("\n\none two\n" in kept) is (fault in PARTIAL), fault


def test_a_reply_that_is_whole_or_none(program: Program) -> None:
    """With `--json` a reply that was cut prints nothing, and what came is in the transcript."""
    with LLMServer.in_thread([Reply("one two three four", fault="cut", after=2)]) as server:
        ran = program.run("chat", "--json", "hi", environment=settings_for(server))
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"", 1)
    reply = program.said()[-1]
    assert (reply.text, reply.metadata["status"]) == ("one two", "cut")


def test_nobody_listens(program: Program) -> None:
    """A server that is not there is named with the cure, and so is an address that is none."""
    with LLMServer.in_thread() as server:
        gone = server.openai_base_url
    options = ("-m", "openai:x", "-o", "max_retries=0", "hi")
    for url, host, cause in (
        (gone, gone.removeprefix("http://").removesuffix("/v1"), "nobody listens there"),
        ("not a url", "", "OPENAI_BASE_URL is no URL"),
    ):
        ran = program.run("chat", *options, environment={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk"})
        assert (ran.code, ran.out) == (2 if cause.endswith("URL") else 1, b"")
        assert ran.err.startswith(f"miniagents: {host}: {cause}; " if host else f"miniagents: {cause}; ")
        assert ran.err.count("\n") == 1


def test_a_key_that_is_missing(program: Program) -> None:
    """A model without its key is one line that says which key to set; without any, that there are three ways out."""
    for arguments, words in (
        (("-m", "gpt-4o"), ("api.openai.com: there is no key", "set OPENAI_API_KEY")),
        (("-m", "claude-x"), ("api.anthropic.com: there is no key", "set ANTHROPIC_API_KEY")),
        ((), ("no model to talk to", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "install the plugin miniagents-llamacpp")),
        (("-m", "local"), ("--model: no model is called 'local'", "install the plugin miniagents-llamacpp")),
        (("-m", f"x{DEFAULT_MODEL}"), ("--model: no model is called 'x", f"did you mean {DEFAULT_MODEL}?")),
        (("-m", "zzz"), ("--model: no model is called 'zzz'", "openai:zzz", "miniagents models")),
    ):
        ran = program.run("chat", *arguments, "hi")
        expected = 2 if "--model" in words[0] else 1
        assert (ran.code, ran.out, ran.err.count("\n")) == (expected, b"", 1), ran.err
        for part in words:
            assert part in ran.err


@pytest.mark.usefixtures("measured")
def test_a_fault_of_ours_or_a_plugin_is_one_line_too(program: Program) -> None:
    """An error that nobody foresaw is named with its place, and shown in full only in Python's development mode."""
    program.install("failing", failing=FAILING)
    ran = program.run("chat", "-m", "failing", "hi")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"partial", 1)
    assert ran.err.startswith(
        "miniagents: unexpected ZeroDivisionError: division by zero (failing.py, line 9; through:"
    )
    ran = program.run("chat", "-m", "failing", "hi", environment={"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore"})
    assert ran.code == 1
    assert "Traceback" in ran.err


FAILING = """
from miniagents import miniagent
from miniagents.hookspecs import ModelProvider, hookimpl

@miniagent
async def failing_agent(ctx, **_):
    await ctx.message_promises
    ctx.reply("partial")
    1 / 0

@hookimpl
def register_models(register):
    register(ModelProvider(
        name="failing", agent=failing_agent, source="here", way_out="", default_model="f", ready=lambda _: "", rank=9,
    ))
"""

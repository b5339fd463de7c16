"""What a person is told of a reply beside its text: that it is not whole, that it is waited for, what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Program

ENDS = {
    "length": "the reply ends here because it may have no more tokens; raise max_tokens (-o max_tokens=…, or /set)",
    "content_filter": "the reply ends here because the provider's content filter stopped it; rephrase the request",
}


@pytest.mark.parametrize("reason", ENDS)
def test_a_reply_that_is_not_whole(program: Program, reason: str) -> None:
    """A reply that was ended by its length, or by a filter, is written as far as it came, and that is said."""
    with LLMServer.in_thread([Reply("one two", finish_reason=reason)]) as server:
        ran = program.run("chat", "-m", "openai:asked", "hi", environment=settings_for(server))
    assert (ran.code, ran.out.decode(), ran.err) == (0, "one two", f"miniagents: {ENDS[reason]}\n")


def test_a_reply_that_is_not_whole_on_a_terminal(program: Program) -> None:
    """In a chat the same is said below the reply, and the chat goes on."""
    with LLMServer.in_thread([Reply("one two", finish_reason="length"), "three"]) as server:
        terminal = program.terminal("chat", "-m", "openai:asked", environment=settings_for(server), columns=120)
        terminal.wait_for_prompt()
        terminal.send("hi\r")
        terminal.wait_for(ENDS["length"])
        terminal.wait_for_prompt(after=ENDS["length"])
        terminal.ask("on", "three")
        terminal.send("\x04")
        assert terminal.end() == 0


def test_what_is_waited_for(program: Program) -> None:
    """A request that is sent again is announced in one line: who, why, after how long, which try."""
    with LLMServer.in_thread([Reply(status=429, retry_after_s=0.05), "hello"]) as server:
        ran = program.run("chat", "-m", "openai:asked", "hi", environment=settings_for(server))
        host = server.url.removeprefix("http://")
    assert (ran.code, ran.out) == (0, b"hello")
    assert ran.err.startswith(f"miniagents: {host}: too many requests (status 429); trying again in 0.")
    assert ran.err.endswith(" s (try 2 of 3)\n")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_the_log(program: Program, way: str) -> None:
    """`--log FILE`, or `MINIAGENTS_LOG`, writes down what was asked and what came of it, for its owner, keyless."""
    with LLMServer.in_thread(["hello there"]) as server:
        environment = settings_for(server)
        flags = ("--log", "log.md") if way == "flag" else ()
        environment |= {} if flags else {"MINIAGENTS_LOG": "log.md"}
        ran = program.run("chat", "-m", "openai:asked", "-s", "Be kind.", *flags, "hi", environment=environment)
    assert (ran.code, ran.out, ran.err) == (0, b"hello there", "")
    path = program.folder / "log.md"
    log = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    for said in ("openai_agent → ", "Be kind.", "\nhi\n", "\nhello there\n"):
        assert said in log
    assert environment["OPENAI_API_KEY"] not in log


def test_the_log_on_standard_error(program: Program) -> None:
    """`--log debug` shows the same while standard output has the reply alone."""
    with LLMServer.in_thread(["hello there"]) as server:
        ran = program.run("chat", "-m", "openai:asked", "--log", "debug", "hi", environment=settings_for(server))
    assert (ran.code, ran.out) == (0, b"hello there")
    assert "openai_agent → " in ran.err

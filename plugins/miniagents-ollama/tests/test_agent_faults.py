"""The agent: every way in which a server fails, or is not wanted any longer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from miniagents_ollama import ollama_agent
from ollama_server import OllamaServer, Reply, said

from miniagents import MiniAgents
from miniagents.errors import (
    BadAnswerError,
    CallCancelledError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    ReplyCutError,
    RequestRefusedError,
    SettingsError,
)
from miniagents.ext.llm import retries
from miniagents.messages import Message, MessagePromise

Run = Callable[[Awaitable[Any]], Any]
Ask = Callable[..., list[Message]]


async def _read(promise: MessagePromise, tokens: list[str]) -> None:
    async for token in promise:
        tokens.append(token)  # noqa: PERF401 - what came before an error counts


ERROR = {"error": "an error was encountered while running the model"}


@pytest.mark.parametrize(
    ("reply", "error", "words", "came"),
    [
        (Reply([*said("Once", " upon")[:2], ERROR]), ProviderFailedError, "it failed: an error was encountered", 2),
        (Reply(said("Once", " upon")[:2], cut=True), ReplyCutError, "the connection broke in the middle", 2),
        (Reply(said("Once", " upon")[:2]), ReplyCutError, "ended without its end mark; ask again", 2),
        (Reply([said("Once")[0], b'{"model": "lla']), ReplyCutError, "ended without its end mark", 1),
        (Reply([said("Once")[0], b"<html>\n"]), ReplyCutError, "its answer is not JSON", 1),
        (Reply([b"<html>\n"], content_type="text/html"), BadAnswerError, "not JSON; check OLLAMA_HOST", 0),
        (Reply([b"[1, 2]\n"]), BadAnswerError, "its answer is not one of this API", 0),
        (Reply([{"message": {"content": 7}}]), BadAnswerError, "its answer is not one of this API", 0),
        (Reply(said()), BadAnswerError, "an empty reply", 0),
        (Reply([b'{"error": "no"}'], status=400), RequestRefusedError, r"refused \(status 400\): no", 0),
        (
            Reply([b'{"error": "llama3.2 does not support tools"}'], status=400),
            RequestRefusedError,
            "does not support tools; choose another model, or leave that out",
            0,
        ),
        (Reply([b"404 page not found"], status=404), BadAnswerError, "no such address .* check OLLAMA_HOST", 0),
        (Reply([b"x" * 200_000], status=500), ProviderFailedError, r"it failed \(status 500\): x{290,}…; try again", 0),
    ],
)
def test_what_fails_is_one_clear_error(  # noqa: PLR0913, PLR0917 - a table of failures
    server: OllamaServer, run: Run, reply: Reply, error: type[ModelError], words: str, came: int
) -> None:
    """Each failure is an error of our family in one line, and what came of the reply before it is there."""

    async def main() -> None:
        async with MiniAgents():
            asked = ollama_agent.inquire("hi", environment=server.environment, max_retries=0)
            promise = await anext(aiter(asked))
            tokens: list[str] = []
            with pytest.raises(error, match=words) as raised:
                await _read(promise, tokens)
            assert "\n" not in str(raised.value)
            assert raised.value.host == server.host
            assert len(tokens) == came

    server.script(reply)
    run(main())


def test_a_page_in_place_of_a_whole_answer_is_no_json(server: OllamaServer, ask: Ask) -> None:
    """What is no JSON at all is told from an answer that was cut."""
    server.script(Reply([b"<html>"], content_type="text/html"))
    with pytest.raises(BadAnswerError, match="its answer is not JSON; check OLLAMA_HOST"):
        ask()


def test_what_fails_before_its_first_token_is_asked_again(
    server: OllamaServer, ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that nobody has seen anything of is tried again by the walk, and a word says so."""
    for name in ("_SHORTEST_WAIT_S", "_LONGEST_WAIT_S"):
        monkeypatch.setattr(retries, name, 0.01)
    server.script(Reply([b'{"error": "loading"}'], status=503), Reply(said("Now."), cut=False))
    with caplog.at_level(logging.WARNING, logger="miniagents"):
        (message,) = ask()
    assert (message.text, message.metadata["tries"]) == ("Now.", 2)
    assert "it failed (status 503)" in caplog.text


def test_a_model_that_is_not_there_says_how_to_fetch_it(server: OllamaServer, ask: Ask) -> None:
    """An unknown model is refused once, with the words that would bring it; a second name is asked instead."""
    with pytest.raises(ModelNotFoundError) as raised:
        ask(model="gemma3:27b")
    assert str(raised.value) == (
        f"{server.host}: no model 'gemma3:27b' (status 404): model 'gemma3:27b' not found; fetch it: `ollama pull"
        " gemma3:27b`"
    )
    assert len(server.chats) == 1
    (message,) = ask(model=["gemma3:27b", "llama3.2"])
    assert message.metadata["instead_of"][0]["model"] == "gemma3:27b"


def test_where_nobody_listens_ollama_is_to_be_started(
    server: OllamaServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection to this machine is told at once, with Ollama's cure, and no proxy is asked for it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask()
    server.close()
    with pytest.raises(ProviderUnreachableError) as raised:
        ask()
    cure = "start Ollama (`ollama serve`, or its app), or set OLLAMA_HOST to where it runs"
    assert str(raised.value) == f"{server.host}: nobody listens there; {cure}"


def test_cancelling_closes_the_connection(server: OllamaServer, run: Run) -> None:
    """A reply that nobody wants any longer raises at its reader, and the server sees its client go."""

    async def main() -> None:
        async with MiniAgents():
            reply = ollama_agent.inquire("hi", environment=server.environment)
            promise = await anext(aiter(reply))
            assert await anext(aiter(promise)) == "Once"
            reply.cancel()
            with pytest.raises(CallCancelledError):
                await promise
            async with asyncio.timeout(50):
                while not server.gone.is_set():  # noqa: ASYNC110 - it is set by a thread
                    await asyncio.sleep(0.005)

    server.script(Reply(said("Once", " upon"), held=True))
    run(main())


@pytest.mark.parametrize("option", [{"seed": object()}, {"temperature": float("nan")}])
def test_what_is_no_json_is_not_sent(server: OllamaServer, ask: Ask, option: dict[str, Any]) -> None:
    """An option that no request can hold is refused before anybody is asked."""
    with pytest.raises(RequestRefusedError, match="the request cannot be sent"):
        ask(**option)
    assert not server.chats


def test_a_host_that_is_none_is_a_setting_to_mend(run: Run) -> None:
    """An OLLAMA_HOST that is no address is said to be none."""

    async def main() -> None:
        async with MiniAgents():
            await ollama_agent.inquire("hi", environment={"OLLAMA_HOST": "ftp://here"})

    with pytest.raises(SettingsError, match="OLLAMA_HOST is no address"):
        run(main())


def test_nothing_to_say_is_nothing_to_send(server: OllamaServer, ask: Ask) -> None:
    """Without a message nobody is asked."""
    with pytest.raises(RequestRefusedError, match="nothing to send"):
        ask([])
    assert not server.requests

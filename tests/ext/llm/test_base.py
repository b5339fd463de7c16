"""The walk that all providers share, with a provider that needs no network."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from miniagents import ErrorMessage, InteractionContext, Message, MessageSequencePromise, MiniAgents, miniagent
from miniagents.errors import (
    BadAnswerError,
    CallCancelledError,
    ModelError,
    ProviderFailedError,
    ProviderUnreachableError,
    ReplyCutError,
    RequestRefusedError,
)
from miniagents.ext.llm.base import Answer, Provider, Question, as_chat, nothing_to_send, reply_from, sendable
from miniagents.testing import streaming_agent


class Scripted(Provider[Any]):
    """A provider that says what it is told to, one token a second."""

    model = "scripted-1"
    host = "here"
    api = "scripted"

    def __init__(self, *tokens: str | Exception, **answer: Any) -> None:
        self.tokens = tokens
        self.answer = {"finish_reason": "stop", **answer}
        self.requests: list[Any] = []
        self.closed = 0

    def encode(self, question: Question) -> Any:
        """Give the conversation in the shape that most have."""
        turns = as_chat(question.messages, question.system)
        if not turns:
            raise nothing_to_send(self.host)
        return turns

    async def decode(self, request: Any, answer: Answer) -> AsyncGenerator[str, None]:
        """Say the tokens; raise what is an error among them."""
        self.requests.append(request)
        try:
            for token in self.tokens:
                await asyncio.sleep(1)
                if isinstance(token, Exception):
                    raise token
                yield token
            for name, value in self.answer.items():
                setattr(answer, name, value)
        finally:
            self.closed += 1

    def explain(self, error: Exception) -> ModelError | None:
        """Know what a network's errors mean, and nothing else."""
        if isinstance(error, ConnectionError):
            return ProviderUnreachableError(str(error), host=self.host)
        return BadAnswerError(str(error), host=self.host) if isinstance(error, ValueError) else None


@miniagent
async def model_agent(ctx: InteractionContext, provider: Provider[Any], system: Any = None) -> None:
    """Reply with what the provider says."""
    await reply_from(ctx, provider, system=system)


async def heard(provider: Scripted, said: Any = "hello", **parameters: Any) -> tuple[list[str], Any]:
    """Return the tokens that came, and then the message, or what was raised instead."""
    tokens: list[str] = []
    async with MiniAgents():
        try:
            async for promise in model_agent.inquire(said, provider=provider, **parameters):
                async for token in promise:
                    tokens.append(token)  # noqa: PERF401 - those before an error count
                return tokens, await promise
        except Exception as error:  # noqa: BLE001 - what it is, is what the tests are about
            return tokens, error
    raise AssertionError("there was neither a message nor an error")


async def test_a_reply_streams_and_says_how_it_came_about() -> None:
    """Tokens arrive one by one; the message has the role and what is known before and after them."""
    provider = Scripted("a", "b", model="scripted-1.2", id="x", usage={"in": 1, "out": 2, "cached": 0})
    provider.answer["more"] = {"seed": 7}
    async with MiniAgents():
        reply = model_agent.inquire("hello", provider=provider)
        async for promise in reply:
            assert promise.known_beforehand["metadata"] == {"model": "scripted-1", "agent": "model_agent"}
            started_s = asyncio.get_running_loop().time()
            times = [asyncio.get_running_loop().time() - started_s async for _ in promise]
            message = await promise
    assert times == [1, 2]
    assert (message.role, message.text) == ("assistant", "ab")
    assert message.metadata == {
        "model": "scripted-1.2",
        "agent": "model_agent",
        "id": "x",
        "finish_reason": "stop",
        "usage": {"in": 1, "out": 2, "cached": 0},
        "seed": 7,
        "first_token_s": 1,
        "latency_s": 2,
    }


async def test_what_is_not_known_is_not_said() -> None:
    """The metadata has no empty entries, and keeps the model's name that was asked for."""
    _, message = await heard(Scripted("a"))
    assert message.metadata.keys() == {"model", "agent", "finish_reason", "first_token_s", "latency_s"}
    assert message.metadata["model"] == "scripted-1"


async def test_the_whole_conversation_is_sent_when_it_is_there() -> None:
    """Messages that still arrive are waited for, and so are promises in the instructions."""
    provider = Scripted("a")
    async with MiniAgents():
        slow = streaming_agent(["late", "r"], delay_s=3).inquire()
        said: list[Any] = ["first", Message(text="then", role="assistant"), slow]
        await model_agent.inquire(said, provider=provider, system=f"Remember: {slow}")
    assert provider.requests == [
        [
            {"role": "system", "content": "Remember: later"},
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "then"},
            {"role": "assistant", "content": "later"},
        ]
    ]


async def test_an_error_of_a_message_is_not_sent() -> None:
    """A conversation that failed fails the call, and the provider is not asked."""
    provider = Scripted("a")
    async with MiniAgents():
        broken = streaming_agent(["so far"], error=OSError("gone")).inquire()
        with pytest.raises(OSError, match="gone"):
            await model_agent.inquire(broken, provider=provider)
    assert provider.requests == []


async def test_nothing_to_send() -> None:
    """An empty conversation is refused before anything is sent."""
    provider = Scripted("a")
    tokens, error = await heard(provider, None)
    assert isinstance(error, RequestRefusedError)
    assert str(error) == "here: nothing to send: there is no message of a user; give the model agent a message"
    assert (tokens, provider.requests) == ([], [])


async def test_errors_are_explained_without_what_caused_them() -> None:
    """A provider's error comes as one of ours; the SDK's, which knows the key, is nowhere near it."""
    tokens, error = await heard(Scripted(ConnectionError("no connection")))
    assert (tokens, type(error), str(error)) == ([], ProviderUnreachableError, "here: no connection")
    assert error.__cause__ is error.__context__ is None


async def test_errors_of_the_family_pass() -> None:
    """An error that is one of ours already keeps its words, and loses what it came from."""
    failure = ProviderFailedError("overloaded", host="there")
    failure.__context__ = ValueError("secret")
    tokens, error = await heard(Scripted("a", failure))
    assert (tokens, error) == (["a"], failure)
    assert error.__context__ is None


async def test_errors_that_nobody_can_explain_pass() -> None:
    """A mistake in the program is not put down to the provider."""
    _, error = await heard(Scripted(ZeroDivisionError("ours")))
    assert isinstance(error, ZeroDivisionError)


@pytest.mark.parametrize("error", [ConnectionError("reset"), ValueError("no JSON")])
async def test_a_reply_that_breaks_was_cut(error: Exception) -> None:
    """What breaks after the first token is a cut, whatever broke; the tokens before it stay."""
    tokens, failure = await heard(Scripted("a", "b", error))
    assert tokens == ["a", "b"]
    assert isinstance(failure, ReplyCutError)
    assert str(failure) == f"here: the reply was cut: {error}; ask again"


async def test_a_reply_without_its_end_was_cut() -> None:
    """A stream that ends without a finish reason is no whole reply."""
    tokens, failure = await heard(Scripted("a", finish_reason=None))
    assert tokens == ["a"]
    assert isinstance(failure, ReplyCutError)


@pytest.mark.parametrize(
    ("finish_reason", "kind", "words"),
    [
        (None, BadAnswerError, "an empty reply; try again"),
        ("stop", BadAnswerError, "finish reason: stop"),
        ("length", BadAnswerError, "raise max_tokens"),
        ("tool_calls", BadAnswerError, "tool"),
        ("content_filter", RequestRefusedError, "content filter"),
    ],
)
@pytest.mark.parametrize("tokens", [(), ("",)])
async def test_an_empty_reply_is_an_error(
    finish_reason: str | None, kind: type[ModelError], words: str, tokens: tuple[str, ...]
) -> None:
    """A reply without a text is never taken for a reply, and the reason is told."""
    said, error = await heard(Scripted(*tokens, finish_reason=finish_reason))
    assert said == []
    assert type(error) is kind
    assert words in str(error)


async def test_errors_as_messages() -> None:
    """Where errors are wanted as messages, one that breaks a reply becomes its end."""
    async with MiniAgents(errors_as_messages=True):
        (message,) = await model_agent.inquire("hello", provider=Scripted("a", ConnectionError("reset")))
    assert isinstance(message, ErrorMessage)
    assert message.text == "a\n\nReplyCutError: here: the reply was cut: reset; ask again"


async def test_cancelled_before_its_first_step() -> None:
    """A call that is cancelled at once sends nothing and leaves nothing."""
    provider = Scripted("a")
    async with MiniAgents():
        reply = model_agent.inquire("hello", provider=provider)
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
    assert (provider.requests, provider.closed) == ([], 0)


async def test_cancelled_in_mid_stream() -> None:
    """A reply that is cancelled closes what the provider opened, and keeps its tokens."""
    provider = Scripted("a", "b", "c")
    async with MiniAgents():
        reply = model_agent.inquire("hello", provider=provider)
        tokens = aiter(await anext(aiter(reply)))
        assert await anext(tokens) == "a"
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await anext(tokens)
    assert provider.closed == 1


def test_as_chat() -> None:
    """Who has no role is a user, and a message with more than text sends its text."""

    class Shouted(Message):
        volume: int = 11

        def __str__(self) -> str:
            return self.text.upper()

    said = [Message(text="a"), Message(text="b", role="system"), Shouted(text="c", role="assistant")]
    assert as_chat(said, "") == [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "assistant", "content": "C"},
    ]
    assert as_chat([], "rules") == [{"role": "system", "content": "rules"}]


def test_half_a_character_can_be_sent() -> None:
    """Text that UTF-8 cannot hold is sent with a question mark for what it cannot hold; all other text as it is."""
    assert sendable("caf\udce9 é 😀") == "caf? é 😀"


async def test_system_takes_whatever_can_be_a_message() -> None:
    """Instructions may be a message, a promise or several of them."""
    provider = Scripted("a")
    await heard(provider, system=[Message(text="be"), MessageSequencePromise(["brief"])])
    assert provider.requests[0][0] == {"role": "system", "content": "be\n\nbrief"}


def test_importing_an_agent_imports_no_sdk() -> None:
    """The SDKs and their HTTP libraries come with the first call, not with the import."""
    program = (
        "import sys, miniagents.ext.llm.openai, miniagents.ext.llm.anthropic\n"
        "heavy = {'openai', 'anthropic', 'httpx', 'httpx2', 'anyio', 'rich', 'typer', 'prompt_toolkit'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_other_agents_are_the_users_where_nobody_else_is() -> None:
    """What another agent said, in a chain, is asked as a user's; in a conversation with a user it stays as it is."""
    draft = Message(text="a draft", role="assistant")
    assert as_chat([draft], "") == [{"role": "user", "content": "a draft"}]
    assert [turn["role"] for turn in as_chat([Message(text="hi"), draft], "be kind")] == ["system", "user", "assistant"]

"""One reply, however often it has to be asked for, and of whom: on virtual time, with providers that play scripts."""

import asyncio
import logging
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from miniagents import InteractionContext, MiniAgents, miniagent
from miniagents.content import Thought, ToolCall
from miniagents.errors import (
    BadAnswerError,
    CallCancelledError,
    CallTimeoutError,
    KeyRefusedError,
    ModelError,
    ModelNotFoundError,
    ProviderFailedError,
    ProviderUnreachableError,
    RateLimitedError,
    ReplyCutError,
    RequestRefusedError,
    SchemaMismatchError,
    UsageError,
)
from miniagents.ext.llm.base import Question, Terms
from miniagents.ext.llm.retries import Backoff
from miniagents.ext.llm.turn import Asking, reply_to
from miniagents.messages import Message
from tests.ext.llm.playing import Playing, hear, playing_agent

FAILED = ProviderFailedError("it failed", host="here", cure="try again later")


@pytest.fixture(autouse=True)
def _shortest_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait be the shortest that it may be."""
    monkeypatch.setattr("miniagents.ext.llm.turn.Backoff", partial(Backoff, random=lambda: 0.0))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Return what gives the lines that a person was told."""
    caplog.set_level(logging.WARNING, "miniagents")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "miniagents"]


def again_after(seconds: float) -> RateLimitedError:
    """Return the error of a server that asks to wait."""
    return RateLimitedError("too many requests", host="here", retry_after_s=seconds)


def saying(error: ModelError, *, should_retry: bool) -> ModelError:
    """Return the error of a server that says itself whether another try makes sense."""
    error.should_retry = should_retry
    return error


async def test_what_failed_before_the_first_token_is_tried_again(lines: Any) -> None:
    """Each failed try waits, is told in one line and counted; what comes is one whole reply."""
    provider = Playing([FAILED], [1, "", ConnectionError("reset")], [1, "a", "b"])
    came = await hear(provider)
    assert (came.error, came.tokens, came.message.text) == (None, ["a", "b"], "ab")
    assert provider.asked_at_s == [0, 0.5, 2]
    assert provider.closed == 3
    assert (came.metadata["tries"], came.metadata["waited_s"]) == (3, 1)
    assert (came.metadata["first_token_s"], came.metadata["latency_s"]) == (1, 1)
    assert lines() == [
        "here: it failed; trying again in 0.5 s (try 2 of 3)",
        "here: reset; trying again in 0.5 s (try 3 of 3)",
    ]


async def test_a_first_try_that_succeeds_is_not_counted(lines: Any) -> None:
    """A reply that came at once says nothing of tries, and nobody is told anything."""
    came = await hear(Playing(["a"]))
    assert not {"tries", "waited_s", "instead_of"} & came.metadata.keys()
    assert lines() == []


@pytest.mark.parametrize("shown", ["a", Thought("hm"), ToolCall("1", name="f", arguments="{}")], ids=repr)
@pytest.mark.parametrize("error", [FAILED, ConnectionError("reset"), again_after(1)], ids=repr)
async def test_what_was_shown_is_not_asked_for_again(shown: Any, error: Exception, lines: Any) -> None:
    """After the first piece, whatever it is, a failure ends the reply, at once, with nobody else asked."""
    provider, other = Playing([shown, error]), Playing(["never"])
    came = await hear(provider, other)
    assert isinstance(came.error, ModelError)
    assert came.tokens == (["a"] if shown == "a" else [])
    assert (len(provider.requests), len(other.requests), came.after_s) == (1, 0, 0)
    assert lines() == []


@pytest.mark.parametrize(
    "error",
    [
        KeyRefusedError("no"),
        ModelNotFoundError("no"),
        RequestRefusedError("no"),
        BadAnswerError("no"),
        RateLimitedError("no", cure="check the account's plan and credit"),
        saying(ProviderFailedError("no"), should_retry=False),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_no_waiting_mends(error: ModelError, lines: Any) -> None:
    """Such a failure is raised at once, as it is."""
    provider = Playing([error])
    came = await hear(provider)
    assert (came.error, len(provider.requests), came.after_s, lines()) == (error, 1, 0, [])


async def test_the_server_says_that_it_is_worth_it() -> None:
    """What the server says of another try counts more than what its status means."""
    provider = Playing([saying(RequestRefusedError("busy"), should_retry=True)], ["a"])
    came = await hear(provider)
    assert (came.error, came.tokens, len(provider.requests)) == (None, ["a"], 2)


async def test_a_connection_that_broke_before_the_first_token() -> None:
    """A reply that was cut is asked for again where nothing of it was shown, and is a cut one if that is of no use."""
    cut = ReplyCutError("the connection broke", host="here", cure="ask again")
    provider = Playing([cut], ["a"])
    assert (await hear(provider)).tokens == ["a"]
    provider = Playing([cut])
    came = await hear(provider)
    assert (type(came.error), len(provider.requests)) == (ReplyCutError, 3)


async def test_the_servers_word_is_kept() -> None:
    """The next try comes when the server asked for it, not sooner."""
    provider = Playing([again_after(20)], ["a"])
    came = await hear(provider)
    assert provider.asked_at_s == [0, 20]
    assert came.metadata["waited_s"] == 20


@pytest.mark.parametrize(("terms", "asked_s"), [({}, 61), ({"retry_budget_s": 5}, 6)])
async def test_a_wait_beyond_the_budget_is_not_begun(terms: dict[str, Any], asked_s: float, lines: Any) -> None:
    """Where the server asks for more than a request may wait, its refusal is raised at once."""
    provider = Playing([again_after(asked_s)])
    came = await hear(provider, **terms)
    assert type(came.error) is RateLimitedError
    assert (len(provider.requests), came.after_s, lines()) == (1, 0, [])


@pytest.mark.parametrize(("terms", "tries"), [({}, 3), ({"max_retries": None}, 3), ({"max_retries": 0}, 1)])
async def test_how_often(terms: dict[str, Any], tries: int, lines: Any) -> None:
    """A request is sent three times at most, or as often as it is said; then the last failure is raised, alone."""
    provider = Playing([FAILED])
    came = await hear(provider, **terms)
    assert (came.error, len(provider.requests), len(lines())) == (FAILED, tries, tries - 1)
    assert came.error.__cause__ is came.error.__context__ is None


@pytest.mark.parametrize("terms", [{"max_retries": -1}, {"max_retries": "2"}, {"retry_budget_s": -1}])
async def test_terms_that_make_no_sense(terms: dict[str, Any]) -> None:
    """They are a mistake of the program, told before anything is sent."""
    provider = Playing(["a"])
    came = await hear(provider, **terms)
    assert isinstance(came.error, UsageError)
    assert provider.requests == []


async def test_the_next_provider(lines: Any) -> None:
    """Where one fails before its reply begins, the next is asked, in order; the reply says who answered, and why."""
    first = Playing([KeyRefusedError("no key", host="one")], model="m-1")
    second = Playing([1, FAILED], model="m-2")
    third = Playing([1, "a", {"model": "m-3-snapshot"}], model="m-3")
    came = await hear(first, second, third, max_retries=1)
    assert (came.tokens, came.metadata["model"]) == (["a"], "m-3-snapshot")
    assert came.metadata["instead_of"] == [
        {"model": "m-1", "error": "one: no key"},
        {"model": "m-2", "error": "here: it failed; try again later"},
    ]
    assert (first.asked_at_s, second.asked_at_s, third.asked_at_s) == ([0], [0, 1.5], [2.5])
    assert (came.metadata["tries"], came.metadata["waited_s"]) == (4, 0.5)
    assert lines() == [
        "one: no key; asking m-2 instead",
        "here: it failed; trying again in 0.5 s (try 2 of 2)",
        "here: it failed; try again later; asking m-3 instead",
    ]


async def test_each_provider_has_all_the_retries() -> None:
    """Those that one has used up are not the next one's loss."""
    first, second = Playing([FAILED]), Playing([FAILED], [FAILED], ["a"])
    came = await hear(first, second)
    assert (came.tokens, len(first.requests), len(second.requests)) == (["a"], 3, 3)


async def test_nobody_left_to_ask() -> None:
    """Where all fail, the last failure is raised."""
    last = ProviderUnreachableError("gone", host="there")
    came = await hear(Playing([FAILED]), Playing([last]), max_retries=0)
    assert came.error is last


async def test_a_mistake_of_the_program_is_nobodys_failure() -> None:
    """An error that no provider is to blame for is neither tried again nor asked of another."""
    provider, other = Playing([ZeroDivisionError("ours")]), Playing(["a"])
    with pytest.raises(ZeroDivisionError, match="ours"):
        await hear(provider, other)
    assert (len(provider.requests), other.requests) == (1, [])


async def test_cancelled_while_it_waits() -> None:
    """A call that is cancelled, or out of time, between two tries ends at once, and asks nobody any more."""
    provider = Playing([again_after(30)], ["a"])
    async with MiniAgents():
        reply = playing_agent.inquire("hello", providers=[provider])
        await asyncio.sleep(10)
        reply.cancel()
        with pytest.raises(CallCancelledError):
            await reply
        assert asyncio.get_running_loop().time() == 10
        await asyncio.sleep(100)
    assert (provider.asked_at_s, provider.closed) == ([0], 1)
    other = Playing([again_after(30)], ["a"])
    came = await hear(other, timeout_s=10)
    assert (type(came.error), came.after_s, len(other.requests)) == (CallTimeoutError, 10, 1)


async def test_no_two_lines_for_one_try(lines: Any) -> None:
    """However many calls fail, each wait is told once."""
    async with MiniAgents():
        replies = [playing_agent.inquire(str(i), providers=[Playing([FAILED], ["a"])]) for i in range(5)]
        assert [str(await reply) for reply in replies] == ["a"] * 5
    assert lines() == ["here: it failed; trying again in 0.5 s (try 2 of 3)"] * 5


async def test_waits_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those who fail at the same moment, no two come back at the same."""
    monkeypatch.setattr("miniagents.ext.llm.turn.Backoff", Backoff)
    provider = Playing(*[[FAILED]] * 10, ["a"])
    async with MiniAgents():
        replies = [playing_agent.inquire(str(i), providers=[provider]) for i in range(10)]
        for reply in replies:
            await reply
    came_again_s = sorted(provider.asked_at_s)[10:]
    assert len(came_again_s) == 10
    assert all(earlier < later for earlier, later in pairwise(came_again_s))


@pytest.mark.parametrize("fits", [True, False])
async def test_a_check_makes_the_data(*, fits: bool) -> None:
    """What checks a reply gets its text and pieces, and makes its `data`; a mismatch is kept for whoever asks again."""
    checked: list[Any] = []

    def check(text: str, pieces: Any) -> Any:
        checked.append((text, list(pieces)))
        if not fits:
            raise SchemaMismatchError("too short")
        return {"said": text}

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        question = Question(messages=[Message(text="hello")])
        ctx.reply(reply_to(Asking("me", [Playing([Thought("hm"), "a", "b"])], Terms(environment={})), question, check))

    async with MiniAgents():
        (message,) = await agent.inquire()
    assert checked == [("ab", [Thought("hm"), "a", "b"])]
    assert message.data == ({"said": "ab"} if fits else None)
    assert message.metadata.get("mismatch") == (None if fits else "too short")
    assert message.metadata["agent"] == "me"


@pytest.mark.parametrize("last", ["assistant", "user"])
async def test_going_on_where_a_reply_was_cut(last: str) -> None:
    """With `resume` a conversation that ends with a reply is sent with the wish to go on; any other as it is."""
    said = [Message(text="tell", role="user"), Message(text="once up", role=last)]
    provider = Playing(["on a time"])
    await hear(provider, said=said, resume=True)
    (request,) = provider.requests
    assert request[:2] == [{"role": "user", "content": "tell"}, {"role": last, "content": "once up"}]
    assert [turn["role"] for turn in request[2:]] == (["user"] if last == "assistant" else [])
    assert all("Go on exactly where it ends" in turn["content"] for turn in request[2:])
    await hear(provider, said=said)
    assert len(provider.requests[1]) == 2

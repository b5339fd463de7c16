"""Guesses of what a question uses, and what is set aside for it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from miniagents import Message, MiniAgents, tool
from miniagents.content import File, Image, Other, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import LimitReachedError
from miniagents.ext.llm.base import Question, Terms
from miniagents.ext.llm.costs import cost_usd, guessed_tokens, held, tokens_heard
from miniagents.ext.llm.limiter import Rate
from miniagents.ext.llm.limits import Limits
from miniagents.ext.llm.schema import Schema
from tests.ext.llm.asking import ask, environment, served
from tests.ext.llm.playing import Playing, hear, hear_here
from tests.fakes.llm_server import Reply, Usage


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ([Text("a" * 40), Thinking("b" * 40)], 20),
        ([ToolCall("1", name="find", arguments="{}" * 20)], 11),
        ([ToolResult("1", name="find", content=(Text("a" * 40), Image(b"x" * 40, media_type="image/png")))], 20),
        ([Image(b"x" * 10**6, media_type="image/png")], 1600),
        ([Image(url="https://pictures.test/1")], 1600),
        ([File(b"x" * 40_000, media_type="text/plain")], 10_000),
        ([File(b"x" * 40_000, media_type="application/pdf")], 1600),
        ([Other("api", block={})], 1600),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_parts_are_guessed_to_be(parts: Any, tokens: int) -> None:
    """A token for four bytes of text; no picture, sound or document is more than a large picture."""
    assert guessed_tokens(Question(messages=[Message(parts=parts)])) == tokens
    assert (
        guessed_tokens(Question(messages=[Message(parts=parts), Message(text="c" * 8)], system="d" * 8)) == tokens + 4
    )


@tool
async def find(what: str) -> str:
    """Find it."""
    return what


def test_tools_and_schemas_are_guessed_too() -> None:
    """What the model is told of its tools and of its reply's form counts, by the length of its JSON."""
    question = Question(messages=[Message(text="c" * 8)])
    own = {"type": "function", "name": "own", "parameters": {"description": "d" * 400}}
    parameters = len(json.dumps(find.parameters))
    with_tool, with_own = replace(question, tools=[find]), replace(question, tools=[own])
    with_schema = replace(question, schema=Schema.of({"type": "object", "description": "d" * 400}))
    assert parameters // 4 < guessed_tokens(with_tool) - 2 < parameters // 4 + 20
    assert 100 < guessed_tokens(with_own) - 2 < 140
    assert 100 < guessed_tokens(with_schema) - 2 < 140
    assert (
        guessed_tokens(replace(question, tools=[find, own])) == guessed_tokens(with_tool) + guessed_tokens(with_own) - 2
    )


async def test_tools_count_before_the_call() -> None:
    """Limits and rates see what a model is told of tools: the one refuses for it, the other waits."""
    own = {"type": "function", "name": "own", "parameters": {"description": "d" * 400}}
    provider = Playing(["a"])
    came = await hear(provider, tools=[own], limits=Limits(tokens=100))
    assert (type(came.error), provider.requests) == (LimitReachedError, [])
    rate = Rate(tokens_per_minute=300)
    async with MiniAgents():
        waits = [
            [(await hear_here(provider, tools=given, rate=rate)).after_s for _ in range(3)] for given in ([], [own])
        ]
    assert waits[0] == [0, 0, 0]
    assert waits[1][-1] > 0


@pytest.mark.real_time
async def test_a_server_that_borrows_a_name(tmp_path: Path) -> None:
    """A model called as OpenAI's on another server has no cost that is known, unless the user's file gives it one."""
    path = tmp_path / "prices.toml"
    async with served(Reply("hello", usage=Usage(1000, 0))) as server:
        host = server.url.removeprefix("http://")
        heard = await ask("openai", environment(server), model="gpt-5.4-mini")
        assert (heard.message.text, "cost_usd" in heard.metadata) == ("hello", False)
        limited = await ask("openai", environment(server), model="gpt-5.4-mini", limits=Limits(usd=1))
        assert f"the price of gpt-5.4-mini at {host} is not known" in str(limited.error)
        path.write_text(f'"{host}:gpt-*" = {{ input = 1000.0, output = 2000.0 }}')
        variables = environment(server, MINIAGENTS_PRICES=str(path))
        heard = await ask("openai", variables, model="gpt-5.4-mini", limits=Limits(usd=5))
        assert heard.metadata["cost_usd"] == 1.0


def test_what_was_heard() -> None:
    """Tokens of text and of thinking count, and whole parts; a thought that comes whole has come in tokens before."""
    pieces = [
        Thought("t" * 20),
        Thinking("t" * 20),
        "a" * 10,
        "b" * 10,
        ToolCall("1", name="find", arguments="{}" * 20),
    ]
    assert tokens_heard(pieces) == 10 + 11
    assert tokens_heard([]) == 0


def terms(tmp_path: Path, **limits: Any) -> Terms:
    """Return terms with limits, and a price."""
    path = tmp_path / "prices.toml"
    path.write_text('"playing-1" = { input = 1000.0, output = 2000.0 }\n')
    return Terms(limits=Limits(**limits), environment={"MINIAGENTS_PRICES": str(path)})


def test_what_is_set_aside(tmp_path: Path) -> None:
    """In tokens the request, in money a reply as long as it too."""
    agreed = terms(tmp_path, usd=0.3, tokens=100)
    hold = held(Playing([]), agreed, 100)
    assert hold is not None
    with hold:  # 100 tokens for 1,000 and 100 for 2,000 dollars a million are 0.3 dollars
        with pytest.raises(LimitReachedError):
            held(Playing([]), agreed, 1)
        with pytest.raises(LimitReachedError):
            held(Playing([]), terms(tmp_path, usd=0.29), 100)
    assert held(Playing([]), Terms(environment={}), 100) is None


def test_an_empty_question_passes_no_limit_that_is_used_up(tmp_path: Path) -> None:
    """What is guessed to be nothing is not let through for being free."""
    with pytest.raises(LimitReachedError):
        held(Playing([]), terms(tmp_path, usd=0), 0)


def test_what_a_call_cost(tmp_path: Path) -> None:
    """By the count of the provider; without one, or without a price, nobody knows."""
    agreed = terms(tmp_path)
    assert cost_usd(Playing([]), agreed, {"in": 100, "out": 50}) == 0.2
    assert cost_usd(Playing([]), agreed, None) is None
    assert cost_usd(Playing([], model="unheard-of"), agreed, {"in": 100, "out": 50}) is None

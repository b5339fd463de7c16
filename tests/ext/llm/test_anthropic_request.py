"""A question as a request to Anthropic's messages."""

from typing import Any

import pytest

from miniagents import Image, Message
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.anthropic_request import DEFAULT_MAX_TOKENS, headers_with, request_of, without_format
from miniagents.ext.llm.provider import Question
from miniagents.ext.llm.schema import Schema


def request(*messages: Message, options: dict[str, Any] | None = None, caching: Any = None, **terms: Any) -> Any:
    """Return the request."""
    question = Question(messages=messages, **terms)
    return request_of(question, "claude-haiku-5-5", options or {}, host="host", caching=caching)


HI = Message(text="hi", role="user")


def test_text_alone() -> None:
    """Neighbours of one role are one turn, instructions stand by themselves, and what says nothing is left out."""
    told = request(
        HI,
        Message(text="there", role="user"),
        Message(text="be", role="system"),
        Message(text=" ", role="user"),
        Message(text="so ", role="assistant"),
        system="first",
    )
    assert told == {
        "messages": [{"role": "user", "content": "hi\n\nthere"}, {"role": "assistant", "content": "so"}],
        "system": "first\n\nbe",
        "max_tokens": DEFAULT_MAX_TOKENS,
    }


def test_nothing_to_answer() -> None:
    """Without anything of a user there is no request."""
    with pytest.raises(RequestRefusedError, match="nothing to send"):
        request(Message(text=" ", role="user"))


def test_how_long_a_reply_may_be() -> None:
    """As long as the caller says; a budget for thinking is not taken from the usual length."""
    assert request(HI, options={"max_tokens": 5})["max_tokens"] == 5
    thinking = {"type": "enabled", "budget_tokens": 2000}
    assert request(HI, options={"thinking": thinking})["max_tokens"] == DEFAULT_MAX_TOKENS + 2000


def test_parts() -> None:
    """A conversation with parts is one of blocks."""
    told = request(Message(parts=("what?", Image(url="https://a.org/b"))), system="be")
    assert [block["type"] for block in told["messages"][0]["content"]] == ["text", "image"]
    assert told["system"] == "be"


def test_caching() -> None:
    """It is automatic, or by marks where a cloud sets none by itself."""
    assert request(HI, caching="automatic")["cache_control"] == {"type": "ephemeral"}
    marked = request(HI, caching="marks")
    assert marked["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}


def test_a_schema_in_words() -> None:
    """What a server does not know natively is told in words; the rest of its field stays."""
    told = request(HI, schema=Schema.of("name, age int"), effort="low")
    plain = without_format(told)
    assert plain["output_config"] == {"effort": "low"}
    assert '"age"' in plain["system"]
    assert "output_config" not in without_format(request(HI, schema=Schema.of("name, age int")))


def test_betas() -> None:
    """They join those that the caller's headers name, each once, whatever the case."""
    assert headers_with(["a", "b"], {"Anthropic-Beta": "b, c", "x": "1"}) == {"Anthropic-Beta": "b,c,a", "x": "1"}
    assert headers_with(["a"], None) == {"anthropic-beta": "a"}

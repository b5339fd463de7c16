"""Counts of tokens that are missing, or told twice, and the reasons why replies end."""

import pytest

from miniagents.errors import BadAnswerError, RequestRefusedError
from tests.ext.llm.asking import Api, asked, both_apis, both_ways
from tests.fakes.llm_server import Reply, Usage

pytestmark = pytest.mark.real_time


@both_apis
@both_ways
async def test_usage_that_is_missing(api: Api, *, stream: bool) -> None:
    """A reply without counts is a reply; nothing is made up."""
    heard, _ = await asked(api, Reply("hello", usage_times=0), stream=stream)
    assert (heard.error, heard.message.text) == (None, "hello")
    assert "cost_usd" not in heard.metadata
    usage = heard.metadata.get("usage") or {}
    assert not usage.get("out")


@both_apis
async def test_usage_that_is_told_twice(api: Api) -> None:
    """Counts that come more than once are counted once."""
    heard, _ = await asked(api, Reply("hello", usage=Usage(9, 7), usage_times=2))
    assert heard.metadata["usage"]["in"] == 9
    assert heard.metadata["usage"]["out"] == 7


@both_apis
@both_ways
@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_a_reply_that_was_ended(api: Api, reason: str, *, stream: bool) -> None:
    """What came is a reply, and its metadata says what ended it."""
    heard, _ = await asked(api, Reply("one two", finish_reason=reason), stream=stream)
    assert (heard.error, heard.message.text) == (None, "one two")
    assert heard.metadata["finish_reason"] == reason


@both_apis
@pytest.mark.parametrize(
    ("reason", "kind", "cure"),
    [("length", BadAnswerError, "raise max_tokens"), ("content_filter", RequestRefusedError, "rephrase the request")],
)
async def test_a_reply_that_was_ended_before_it_began(api: Api, reason: str, kind: type, cure: str) -> None:
    """Where nothing came, that is an error with its cure, and no empty answer."""
    heard, _ = await asked(api, Reply([], finish_reason=reason))
    assert isinstance(heard.error, kind)
    assert cure in str(heard.error)

"""A run for programs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from miniagents import Message, MiniAgents
from miniagents.chains.calls import Where, note
from miniagents.chains.faults import Place
from miniagents.cli.chain.records import Records, error_of
from miniagents.content import ToolCall
from miniagents.errors import ProviderFailedError, ReplyCutError
from miniagents.messages import MessageSequencePromise
from tests.cli.chain.rehearsed import Rehearsed, Words, saying

USED = {"usage": {"in": 3, "out": 2}, "cost_usd": 0.25, "finish_reason": "stop"}


class Heard:
    """Events, as they are told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, **fields: Any) -> None:
        """Take note of one."""
        self.events.append((event, fields))


async def test_a_record_of_each_message() -> None:
    """It says who said what to what, when, and what it used; of a call that began later, the same."""
    async with MiniAgents():
        records, run = Records(), Rehearsed()
        asked = Message(text="hi")
        await asyncio.sleep(1)
        first = run.call("writer", saying.fork(words=["one ", "two"], model="m", **USED), asked)
        run.call("echo", saying.fork(words=["x"]), first)
        run.close()
        await records.follow(run.calls)
        reply = await first
        assert records.all[0] == {
            "call": 1,
            "agent": "writer",
            "step": "1:5",
            "role": "assistant",
            "text": "one two",
            "hash": reply[0].content_hash,
            "parents": [asked.content_hash],
            "model": "m",
            **USED,
            "started_s": 1.0,
            "ended_s": 1.0,
        }
        assert records.all[1]["parents"] == [reply[0].content_hash]
        known = records.as_object(reply, "chats/x.md")
        assert known == {
            "text": "one two",
            "messages": records.all,
            "usage": {"calls": 1, "in": 3, "out": 2, "cached": 0},
            "cost_usd": 0.25,
            "seconds": 1.0,
            "hash": reply[0].content_hash,
            "transcript": "chats/x.md",
        }


async def test_a_cost_that_nobody_knows() -> None:
    """A sum is only given where all of it is known; of nothing, it is nothing."""
    async with MiniAgents():
        records, run = Records(), Rehearsed()
        run.call("a", saying.fork(words=["x"], usage={"in": 1}, cost_usd=0.5))
        run.call("b", saying.fork(words=["x"], usage={"in": 1}))
        run.close()
        await records.follow(run.calls)
        assert records.summary((), None)["cost_usd"] is None
        assert Records().summary((), None) == {
            "usage": {"calls": 0, "in": 0, "out": 0, "cached": 0},
            "cost_usd": 0,
            "seconds": 0.0,
            "hash": None,
            "transcript": None,
        }


async def test_data() -> None:
    """What a reply stands for is in its record, and in the object."""
    async with MiniAgents():
        records, run = Records(), Rehearsed()
        message = Message(text='{"a": 1}', data={"a": 1}, role="assistant")
        run.call("a", saying.fork(words=["x"]), message)
        run.close()
        await records.follow(run.calls)
        assert "data" not in records.all[0]
        assert records.as_object([message], None)["data"] == {"a": 1}


async def test_events_as_they_happen() -> None:
    """A call, each message with its tokens while they come, and what is known when it is whole."""
    async with MiniAgents():
        heard = Heard()
        records, run, words = Records(heard), Rehearsed(), Words()
        run.call("writer", saying.fork(words=words))
        following = asyncio.create_task(records.follow(run.calls))
        words.say("one", " two")
        await asyncio.sleep(1)
        who = {"call": 1, "agent": "writer"}
        assert heard.events == [
            ("call", {**who, "step": "1:5", "started_s": 0.0}),
            ("message", {**who, "role": "assistant"}),
            ("token", {**who, "text": "one"}),
            ("token", {**who, "text": " two"}),
        ]
        words.end()
        run.close()
        await following
        assert heard.events[4:] == [("message_end", records.all[0])]


async def test_other_parts() -> None:
    """A call of a tool is an event with its own fields."""
    async with MiniAgents():
        heard = Heard()
        records, run = Records(heard), Rehearsed()
        run.call("a", saying.fork(words=[ToolCall(id="1", name="look", arguments="{}")]), is_step=False)
        run.close()
        await records.follow(run.calls)
        assert [event for event, _ in heard.events] == ["call", "message", "tool_call", "message_end"]
        assert heard.events[0][1]["step"] is None
        assert heard.events[2][1]["name"] == "look"


@pytest.mark.parametrize(("error", "status"), [(ProviderFailedError("no"), "failed"), (ReplyCutError("cut"), "cut")])
async def test_what_came_of_a_message_that_broke(error: Exception, status: str) -> None:
    """It has a record as far as it came, which says what happened; one that never began has none."""
    async with MiniAgents():
        records, run = Records(), Rehearsed()
        words, silent = Words(), Words()
        run.call("writer", saying.fork(words=words))
        run.call("silent", saying.fork(words=silent))
        words.say("one")
        words.end(error)
        silent.end(error)
        run.close()
        await records.follow(run.calls)
        [record] = records.all
        assert (record["text"], record["status"], record["error"]) == ("one", status, str(error))


async def test_what_was_sent_and_broke() -> None:
    """Of what a call was sent, what came is told."""
    async with MiniAgents():
        records, run, words = Records(), Rehearsed(), Words()
        words.end(ProviderFailedError("no"))
        whole = Message(text="whole")
        sent = MessageSequencePromise([whole, saying.inquire(words=words)])
        run.call("writer", saying.fork(words=["x"]), sent)
        run.close()
        await records.follow(run.calls)
        assert records.all[0]["parents"] == [whole.content_hash]


async def test_nobody_reads_events() -> None:
    """What telling them fails by is raised."""

    def fail(event: str, **_: Any) -> None:
        raise BrokenPipeError(event)

    async with MiniAgents():
        records, run = Records(fail), Rehearsed()
        run.call("writer", saying.fork(words=["x"]))
        run.close()
        with pytest.raises(BrokenPipeError, match="call"):
            await records.follow(run.calls)


def test_errors() -> None:
    """A program is told the kind and the line, and in which step of whom it was."""
    assert error_of(ProviderFailedError("no\n\x1b")) == {"error": "ProviderFailedError", "message": "no ␛"}
    error = ReplyCutError("it broke")
    note(error, Where(object(), "writer", "c.yaml", Place(3, 5)))
    assert error_of(error) == {"error": "ReplyCutError", "message": "it broke", "agent": "writer", "step": "3:5"}
    assert error_of(KeyboardInterrupt()) == {"error": "interrupted", "message": "interrupted"}

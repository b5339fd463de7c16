"""What was said up to a step, and what will have been."""

import asyncio

import pytest

from miniagents import MiniAgents
from miniagents.chains.so_far import Outcome, Round, SoFar, merged, of_parts
from miniagents.errors import CallCancelledError
from miniagents.messages import MessageSequencePromise
from miniagents.testing import streaming_agent


def said(*texts: str) -> MessageSequencePromise:
    """Return a reply."""
    return MessageSequencePromise(list(texts))


async def test_an_outcome_is_waited_for() -> None:
    """What is said first holds; whoever waits gets it, early or late."""
    async with MiniAgents():
        outcome, so_far = Outcome(), SoFar(said("a"), Round())
        waiting = asyncio.ensure_future(outcome.wait())
        await asyncio.sleep(1)
        outcome.is_(so_far)
        outcome.is_(so_far.sending(said("b")))
        outcome.close()
        assert await waiting is await outcome.wait() is so_far


@pytest.mark.parametrize(("error", "kind"), [(ZeroDivisionError(), ZeroDivisionError), (None, CallCancelledError)])
async def test_an_outcome_that_never_comes_is_an_error(error: Exception | None, kind: type[Exception]) -> None:
    """What kept it from being known, or that it was cancelled."""
    async with MiniAgents():
        outcome = Outcome()
        outcome.close(error)
        with pytest.raises(kind):
            await outcome.wait()


async def test_branches_are_put_together_in_their_order() -> None:
    """What the last one has said last holds; the history is all of theirs."""
    before = SoFar(said("x"), Round(), {"a": said("0")}, (said("0"),))
    first = SoFar(said("1"), before.round, {"a": said("1")}, (*before.history, said("1")))
    second = SoFar(said("2"), before.round, {**first.said, "b": said("2")}, (*before.history, said("2")))
    end = merged(before, [first, second], said("all"))
    assert [str(await reply) for reply in (end.messages, *end.said.values(), *end.history)] == [
        "all", "1", "2", "0", "1", "2",
    ]  # fmt: skip


async def test_the_same_steps_for_several_parts_are_one_reply() -> None:
    """An agent's last reply is what it said in all of them."""
    before = SoFar(said("x"), Round())
    ends = [SoFar(said(text), before.round, {"a": said(text)}) for text in "12"]
    end = of_parts(before, ends, lambda before, after: MessageSequencePromise(["fresh", *after]))
    assert str(await end.said["a"]) == "1\n\n2"
    again = of_parts(end, [SoFar(said("3"), before.round, {"a": said("3")})], lambda _, after: after[0])
    assert str(await again.said["a"]) == "3"


async def test_flat_replies_are_as_before() -> None:
    """What is there is put together, what still comes and what has failed stays as it is."""
    async with MiniAgents():
        late = streaming_agent(["a"], delay_s=1).inquire()
        failed = streaming_agent([], error=ZeroDivisionError()).inquire()
        with pytest.raises(ZeroDivisionError):
            await failed
        nested = MessageSequencePromise([said("a"), MessageSequencePromise([said("b")])])
        so_far = SoFar(nested, Round(), {"nested": nested, "late": late, "failed": failed}).flat()
        assert all(not isinstance(part, MessageSequencePromise) for part in so_far.said["nested"].parts)
        assert str(await so_far.said["nested"]) == "a\n\nb"
        assert so_far.said["late"] is late
        assert so_far.said["failed"] is failed

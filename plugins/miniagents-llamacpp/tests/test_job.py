"""What a job makes of the engine's events."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from miniagents_llamacpp.job import Completion, Job

from miniagents.errors import ProviderFailedError

Run = Callable[[Awaitable[Any]], Any]


def feed(*events: bytes) -> Awaitable[list[str | Completion]]:
    """Have a job take these events; give what its reader reads."""

    async def main() -> Any:
        job = Job("m", "m.gguf")
        for event in events:
            job.receive(event)
        job.end()
        pieces = []
        while not any(isinstance(piece, Completion) for piece in pieces):
            pieces += await job.pieces()
        return pieces

    return main()


def test_thoughts_are_no_part_of_the_reply(run: Run) -> None:
    """What a reasoning model thinks is kept beside its reply."""
    *tokens, completion = run(
        feed(
            b'{"choices": [{"delta": {"reasoning_content": "Hm, "}}]}',
            b'{"choices": [{"delta": {"reasoning_content": "yes."}}]}',
            b'{"choices": [{"delta": {"content": "Yes"}, "finish_reason": "stop"}]}',
            b'{"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 3}}',
        )
    )
    assert tokens == ["Yes"]
    assert (completion.reasoning, completion.finish_reason) == ("Hm, yes.", "stop")


@pytest.mark.parametrize(
    ("events", "error"),
    [
        (
            [b'{"error": {"code": 500, "message": "Context size has been\\nexceeded."}}'],
            "Context size has been exceeded",
        ),
        ([], "the generation broke off"),
    ],
)
def test_what_came_before_a_failure_arrives(events: list[bytes], error: str, run: Run) -> None:
    """A generation that fails in the middle gives its tokens, then one error."""

    async def main() -> None:
        job = Job("m", "m.gguf")
        for event in (b'{"choices": [{"delta": {"content": "Once"}}]}', *events):
            job.receive(event)
        job.end()
        assert await job.pieces() == ["Once"]
        await job.pieces()

    with pytest.raises(ProviderFailedError, match=error):
        run(main())


def test_a_loop_that_was_closed_stops_the_engine() -> None:
    """Tokens for a loop that is gone are refused, so that the native code stops."""

    async def main() -> Any:
        return Job("m", "m.gguf")

    job = asyncio.run(main())
    assert job.receive(b'{"choices": [{"delta": {"content": "Once"}}]}')

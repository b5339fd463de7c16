"""Amazon's frames around the events of a model, taken off."""

import json
from collections.abc import AsyncIterator
from struct import pack
from types import SimpleNamespace
from zlib import crc32

import pytest

from miniagents.ext.llm.aws_frames import CONTENT_TYPE, FrameDecoder, Unframed
from tests.ext.llm.framing import chunk, failed

EVENT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "é"}}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_come_out_however_they_are_cut(size: int) -> None:
    """Each frame is one server-sent event, under its type's name; an unfinished one is none yet."""
    stream, decoder = chunk(EVENT) * 2 + chunk({"no": "type"}), FrameDecoder()
    found = b"".join(decoder.feed(stream[place : place + size]) for place in range(0, len(stream), size))
    assert found == b"event: content_block_delta\ndata: %b\n\n" % json.dumps(EVENT).encode() * 2
    assert FrameDecoder().feed(stream[:-1]) == found


@pytest.mark.parametrize(
    ("kind", "type_"), [("throttlingException", "rate_limit_error"), ("modelStreamErrorException", None)]
)
def test_exceptions_are_errors(kind: str, type_: str | None) -> None:
    """What Amazon says went wrong is an error event of Anthropic's, with its words."""
    said = FrameDecoder().feed(failed(kind))
    assert said.startswith(b"event: error\ndata: ")
    body = json.loads(said.partition(b"data: ")[2])
    assert body == {"type": "error", "error": {"type": type_ or kind, "message": "slow down"}}
    assert b'"message": ""' in FrameDecoder().feed(failed(kind, b""))


@pytest.mark.parametrize("place", [0, 9, 20, -1])
def test_what_is_no_frame(place: int) -> None:
    """A byte that is another one anywhere is found out by a checksum."""
    broken = bytearray(chunk(EVENT))
    broken[place] ^= 0xFF
    with pytest.raises(ValueError, match="no frame of Amazon's event stream"):
        FrameDecoder().feed(bytes(broken))
    with pytest.raises(ValueError, match="no frame"):
        FrameDecoder().feed(pack(">III", 3, 0, crc32(pack(">II", 3, 0))))


async def test_a_response_is_read_as_events() -> None:
    """The body is the events; closing it closes the response."""
    closed: list[bool] = []

    async def body() -> AsyncIterator[bytes]:
        for place in range(0, len(whole := chunk(EVENT)), 50):
            yield whole[place : place + 50]

    async def close() -> None:
        closed.append(True)

    response = Unframed(SimpleNamespace(headers={"content-type": CONTENT_TYPE}, stream=body(), aclose=close))
    assert response.headers["content-type"] == CONTENT_TYPE
    assert [event async for event in response.stream] == [FrameDecoder().feed(chunk(EVENT))]
    await response.aclose()
    assert closed == [True]

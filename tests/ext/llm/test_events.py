"""Server-sent events by the rules of WHATWG HTML, section 9.2, wherever they are cut; JSON read loosely."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents.ext.llm.events import EventDecoder, Loose, ServerSentEvent, keep, loose
from tests.clocks import TIMES, check_linear

STREAMS: dict[str, tuple[bytes, list[ServerSentEvent]]] = {
    "one event": (b"data: a\n\n", [(b"", b"a")]),
    "a name": (b"event: x\ndata: a\n\ndata: b\n\n", [(b"x", b"a"), (b"", b"b")]),
    "a name after the data": (b"data: a\nevent: x\n\n", [(b"x", b"a")]),
    "the last name counts": (
        b"event: x\nevent\ndata: a\n\nevent: x\nevent: y\ndata: b\n\n",
        [(b"", b"a"), (b"y", b"b")],
    ),
    "a name without data is no event": (b"event: x\n\ndata: a\n\n", [(b"", b"a")]),
    "lines of data": (b"data: a\ndata:b\ndata\ndata:  c\n\n", [(b"", b"a\nb\n\n c")]),
    "no data": (b"data:\n\ndata: \n\ndata\n\n\n\n", []),
    "CR": (b"event: x\rdata: a\r\rdata: b\r\r", [(b"x", b"a"), (b"", b"b")]),
    "CRLF": (b"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [(b"x", b"a"), (b"", b"b")]),
    "mixed": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", [(b"", b"a\nb\nc"), (b"", b"d")]),
    "a BOM": (b"\xef\xbb\xbfdata: a\n\n", [(b"", b"a")]),
    "a BOM later": (b"\n\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", []),
    "two BOMs": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [(b"", b"b")]),
    "comments": (b": hi\n:\ndata: a\n: there\ndata: b\n\n:\n\n", [(b"", b"a\nb")]),
    "other fields": (b"id: 1\nretry: 10\nbrand-new: x\ndatax: y\n data: z\nDATA: u\ndata: a\n\n", [(b"", b"a")]),
    "an id alone": (b"id: 1\n\nretry: 5\n\n", []),
    "colons": (b'data:{"a": ": "}\n\n', [(b"", b'{"a": ": "}')]),
    "characters": ("data: é😀\u2028x\x85y\x0b\x0c\x1c\n\n".encode(), [(b"", "é😀\u2028x\x85y\x0b\x0c\x1c".encode())]),
    "bytes that are no characters": (b"event: \xff\ndata: \xc3\n\n", [(b"\xff", b"\xc3")]),
    "an end that has not come": (b"data: a\n\ndata: b\n", [(b"", b"a")]),
    "a line that has not ended": (b"data: a\n\ndata: b", [(b"", b"a")]),
    "nothing": (b"", []),
}


def events(*chunks: bytes) -> list[ServerSentEvent]:
    """Decode a stream that comes in these chunks."""
    decoder = EventDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_by_the_rules(name: str) -> None:
    """Each rule holds for a stream in one piece, byte by byte, and cut in two anywhere, behind other events too."""
    stream, expected = STREAMS[name]
    assert events(stream) == expected
    assert events(*[stream[place : place + 1] for place in range(len(stream))]) == expected
    for place in range(len(stream) + 1):
        assert events(stream[:place], b"", stream[place:]) == expected
    if "BOM" not in name:
        before = b"event: ping\ndata: {}\n\n"
        assert events(before, before + stream)[2:] == expected
        assert events(before, before, *stream.replace(b"\n\n", b"\n\n\0").split(b"\0"))[2:] == expected


lines = st.sampled_from(
    [b"data: a", b"data:", b"data: b\xc3\xa9", b"event: x", b"event:", b": c", b"", b"", b"id: 1", b"x"]
)


@settings(deadline=None, database=None)
@given(st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=20), st.data())
def test_wherever_it_is_cut(written: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    """Where the chunks of a stream begin and end makes no difference to its events."""
    stream = b"".join(line + end for line, end in written)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    chunks = [stream[begin:end] for begin, end in pairwise([0, *cuts, len(stream)])]
    assert events(*chunks) == events(stream)


@pytest.mark.parametrize("size", [16, 4096])
def test_a_line_of_a_megabyte(size: int) -> None:
    """The time is linear in the length, however small the pieces are in which one line comes."""

    def whole(length: int) -> None:
        stream = b"data: " + b"x" * length + b"\n\n"
        assert events(*[stream[place : place + size] for place in range(0, len(stream), size)]) == [(b"", stream[6:-2])]

    check_linear(whole, 2**20 // TIMES)


def test_an_object_is_read_by_attributes() -> None:
    """What is not there is None, at any depth, as in the SDKs' objects; the rest is JSON."""
    found = loose(b'{"a": {"b": [{"c": 1}]}, "d": null}')
    assert (found.a.b[0].c, found.a.x, found.d, found.e) == (1, None, None, None)
    assert found == {"a": {"b": [{"c": 1}]}, "d": None}


@pytest.mark.parametrize("data", [b"[]", b"3", b'"text"', b"null", b"NaN", b'"\\ud83d"', b'{"a": 1, "a": 2}'])
def test_json_as_the_sdks_take_it(data: bytes) -> None:
    """Whatever the standard library takes for JSON is taken, half a surrogate pair included."""
    assert repr(loose(data)) == repr(json.loads(data))


def test_bytes_that_are_no_characters() -> None:
    """As WHATWG has it, they become U+FFFD: they cost a character, not the reply."""
    assert loose(b'{"a": "x\xffy"}') == {"a": "x\ufffdy"}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"<html>", b"[" * 200_000])
def test_what_is_no_json(data: bytes) -> None:
    """It is told by one error, whatever is wrong with it."""
    with pytest.raises(json.JSONDecodeError):
        loose(data)


def test_what_is_kept() -> None:
    """Of what nobody knows the latest is kept, but nothing that is null, long, too much, or cannot be written."""
    kept: dict[str, Any] = {}
    said = Loose(known=1, new=Loose(deep=[1]), null=None, long="x" * 5000, nan=float("nan"), half="\ud83d")
    keep(kept, said, frozenset({"known"}))
    assert kept == {"new": {"deep": [1]}}
    assert type(kept["new"]) is dict
    keep(kept, {"new": 2}, frozenset())
    assert kept == {"new": 2}
    keep(kept, {f"name {number}": number for number in range(100)}, frozenset())
    keep(kept, {"new": 3}, frozenset())
    assert (len(kept), kept["new"]) == (32, 3)

"""The file of a recording: what is in it, and what is said where something else is."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents.content import Image, Other, Text, Thinking, Thought, ToolCall, ToolResult
from miniagents.errors import KeyRefusedError, ModelError, TranscriptError
from miniagents.ext.llm.recording_file import Exchange, append, load
from tests.ext.test_transcript import file_size_limit

HEADER = '{"miniagents": "recording", "version": 1}'
ASKED = {"api": "openai", "model": "m", "options": {}, "request": [{"role": "user", "content": "Grüße 😀"}]}
LINE = json.dumps({"asked": ASKED, "reply": [[1, "a"]]})


def exchange(*pieces: Any, **more: Any) -> Exchange:
    """Make one with these pieces, 5 ms apart."""
    told = {"number": 1, "asked": ASKED, "end_ms": 2, "answer": {"finish_reason": "stop"}, **more}
    return Exchange(pieces=tuple((5, piece) for piece in pieces), **told)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a path with nothing there."""
    return tmp_path / "hello.jsonl"


def test_a_recording_can_be_read_by_a_person(path: Path) -> None:
    """The file is JSON Lines: a header, then one line an exchange, in UTF-8, what was asked before what was replied."""
    append(path, exchange("Grü", Thought("hm"), "ße", ToolCall("1", name="f", arguments="{}")), anew=False)
    append(path, exchange(error=KeyRefusedError("refused", host="there")), anew=False)
    header, first, second = path.read_text("utf-8").splitlines()
    assert header == HEADER
    assert first == (
        '{"number": 1, "asked": {"api": "openai", "model": "m", "options": {},'
        ' "request": [{"role": "user", "content": "Grüße 😀"}]},'
        ' "reply": [[5, "Grü"], [5, {"thought": "hm"}], [5, "ße"],'
        ' [5, {"kind": "tool_call", "id": "1", "name": "f", "arguments": "{}"}]], "end_ms": 2,'
        ' "answer": {"finish_reason": "stop"}}'
    )
    assert second.endswith('"error": {"kind": "KeyRefusedError", "cause": "refused", "host": "there"}}')


def test_what_is_read_is_what_was_written(path: Path) -> None:
    """Every kind of piece, and an error, come back equal, with the line that they stand in."""
    parts = [
        Image(b"\x00\xff", media_type="image/png"),
        Thinking("hm", signature="s", extra={"anthropic": {"a": [1]}}),
        ToolResult("1", name="f", content=(Text("x"),), is_error=True),
        Other("anthropic", block={"type": "odd"}),
    ]
    append(path, exchange("a", Thought("b"), *parts), anew=False)
    append(path, exchange(error=KeyRefusedError("no", cure="check", retry_after_s=0.0)), anew=False)
    first, second = load(path) or ()
    assert (first, first.line) == (exchange("a", Thought("b"), *parts), 2)
    assert type(first.pieces[1][1]) is Thought
    assert type(second.error) is KeyRefusedError
    assert vars(second.error) == vars(KeyRefusedError("no", cure="check", retry_after_s=0.0))


@given(text=st.text(st.characters(codec=None), max_size=12))
def test_any_text_is_kept_and_none_can_steer_a_terminal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a model says comes back as it was; the file can be shown and split into lines."""
    path = tmp_path_factory.mktemp("recording") / "x.jsonl"
    append(path, exchange(text), anew=False)
    assert (load(path) or [])[0].pieces == ((5, text),)
    written = path.read_text("utf-8")
    assert all(line.isprintable() for line in written.split("\n"))
    assert len(written.splitlines()) == 2


def test_control_characters_are_escaped(path: Path) -> None:
    """An escape sequence in eight bits, an override of the direction and a hidden tag are there as their numbers."""
    append(path, exchange("\x9b2J\u202e\U000e0041é"), anew=False)
    assert r'"\u009b2J\u202e\udb40\udc41é"' in path.read_text("utf-8")


def test_no_secret_is_in_an_error(path: Path) -> None:
    """A key that a provider quotes in an error is not written down."""
    append(path, exchange(error=KeyRefusedError("Incorrect key: sk-proj-0123456789abcdefghij")), anew=False)
    assert "0123456789" not in path.read_text()


@pytest.mark.parametrize("content", [None, "", "\n \n"])
def test_nothing_is_no_recording(path: Path, content: str | None) -> None:
    """Where there is no file, or nothing in it, there is no recording."""
    if content is not None:
        path.write_text(content)
    assert load(path) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_may_be_changed_by_hand(path: Path, end: str) -> None:
    """Empty lines, other line ends, a byte order mark, keys left out and a last line without an end are taken."""
    path.write_bytes(("\ufeff" + end.join([HEADER, "", LINE, "  ", LINE])).encode())
    [first, second] = load(path) or ()
    assert (first.line, second.line, first.pieces, first.end_ms, first.answer) == (3, 5, ((1, "a"),), 0, {})
    append(path, exchange("b"), anew=False)
    assert [each.pieces[0][1] for each in load(path) or ()] == ["a", "a", "b"]


def test_the_order_is_that_of_the_numbers(path: Path) -> None:
    """Exchanges are read in the order in which they were asked, and those with one number in that of the lines."""
    for number, token in [(3, "c"), (1, "a"), (2, "b"), (3, "d")]:
        append(path, exchange(token, number=number), anew=False)
    assert [each.pieces[0][1] for each in load(path) or ()] == ["a", "b", "c", "d"]


def test_anew(path: Path) -> None:
    """Writing anew leaves nothing of what was there, whatever it was."""
    path.write_text("junk\n" * 1000)
    append(path, exchange("a"), anew=True)
    assert len(load(path) or ()) == 1


@pytest.mark.parametrize("kept", [1, 20, len(HEADER) - 1, len(HEADER) + 2, len(HEADER) + len(LINE)])
def test_a_line_that_breaks_off_is_named(path: Path, kept: int) -> None:
    """A recording that was killed in the middle of a write is an error with the line and the cure."""
    path.write_bytes(f"{HEADER}\n{LINE}\n".encode()[:kept])
    line = 1 if kept < len(HEADER) else 2
    with pytest.raises(TranscriptError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:{line}: the line breaks off, as when a recording is killed;"
        " delete that line, and record the rest with MINIAGENTS_RECORD=append"
    )


def test_half_a_character_is_a_line_that_breaks_off(path: Path) -> None:
    """So is one that ends in the middle of a character."""
    whole = f"{HEADER}\n{json.dumps(ASKED, ensure_ascii=False)}".encode()
    path.write_bytes(whole[: whole.index("😀".encode()) + 2])
    with pytest.raises(TranscriptError, match=":2: the line breaks off"):
        load(path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<<<<<<< ours", "is no JSON (Expecting value at column 1)"),
        ("[" * 100_000, "is no JSON ("),
        ("[]", "is no exchange (Input should be a valid dictionary"),
        ("{}", "is no exchange (asked: Field required)"),
        ('{"asked": {}, "rely": []}', "is no exchange (rely: Extra inputs are not permitted)"),
        ('{"asked": {}, "reply": ["a"]}', "is no exchange (reply.0: Input should be a valid list)"),
        ('{"asked": {}, "reply": [[1, "a", "b"]]}', "is no exchange (reply.0: List should have at most 2 items"),
        ('{"asked": {}, "reply": [["1", "a"]]}', "is no exchange (reply: '1' is no number of milliseconds)"),
        ('{"asked": {}, "reply": [[true, "a"]]}', "is no exchange (reply: True is no number of milliseconds)"),
        ('{"asked": {}, "reply": [[-1, "a"]]}', "is no exchange (reply: -1 is no number of milliseconds)"),
        ('{"asked": {}, "reply": [[NaN, "a"]]}', "is no exchange (reply: nan is no number of milliseconds)"),
        ('{"asked": {}, "reply": [[1, 2]]}', "is no exchange (reply: 2 is neither a token nor a part)"),
        ('{"asked": {}, "reply": [[1, {"kind": "odd"}]]}', "is no exchange (reply: an object of kind 'odd'"),
        ('{"asked": {}, "reply": [[1, {"thought": 1}]]}', "is no exchange (reply: an object of kind None"),
        ('{"asked": {}, "end_ms": -1}', "is no exchange (end_ms: Input should be greater than or equal to 0)"),
        ('{"asked": {}, "error": {}}', "is no exchange (error.kind: Field required)"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(path: Path, line: str, words: str) -> None:
    """A mistake that was made by hand is an error of one line: the file, the line, the reason, the cure."""
    path.write_text(f"{HEADER}\n{LINE}\n{line}\n{LINE}\n")
    with pytest.raises(TranscriptError) as caught:
        load(path)
    told = str(caught.value)
    assert told.startswith(f"{path}:3: {words}")
    assert told.endswith("; mend that line, or record it anew with MINIAGENTS_RECORD=record")
    assert told.isprintable()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("[]", f"is no recording (no {HEADER}); name another file"),
        (LINE, f"is no recording (no {HEADER}); name another file"),
        (HEADER.replace("1", "2"), "is of version 2, not 1; read it with a newer miniagents, or record it anew"),
    ],
)
def test_another_file_is_no_recording(path: Path, header: str, words: str) -> None:
    """A file of something else, or of a newer release, is refused with the reason."""
    path.write_text(f"{header}\n{LINE}\n")
    with pytest.raises(TranscriptError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:1: {words}")


@pytest.mark.parametrize("kind", ["OddError", "ModelError", "UsageError", "__name__", "annotations"])
def test_an_error_of_an_unknown_kind_is_a_models(path: Path, kind: str) -> None:
    """Only the errors of models are made by the names in a file; any other name makes the one above them."""
    path.write_text(f"{HEADER}\n{json.dumps({'asked': {}, 'error': {'kind': kind, 'cause': 'c'}})}\n")
    [each] = load(path) or ()
    assert type(each.error) is ModelError


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """What cannot be read, or written, is an error of the family with the reason."""
    with pytest.raises(TranscriptError, match="name another file for the recording"):
        load(tmp_path)
    with pytest.raises(TranscriptError, match="name another file for the recording"):
        append(tmp_path, exchange("a"), anew=False)


def test_a_write_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    """There is no half of an exchange in the file, where the disk is full."""
    append(path, exchange("a"), anew=False)
    before = path.read_bytes()
    with file_size_limit(1000), pytest.raises(TranscriptError, match="File too large"):
        append(path, exchange("b" * 2000), anew=False)
    assert path.read_bytes() == before

"""Standard output, in the process itself; the tests of the app have the rest, through real pipes and a terminal."""

from __future__ import annotations

import errno
import io
import json
import sys
from typing import Any, NoReturn

import pytest

from miniagents import Message
from miniagents.cli.output import (
    DataOutput,
    ReaderGoneError,
    ReplyOutput,
    TerminalOutput,
    WholeReply,
    as_json,
    close_standard_output,
    reply_output,
    write,
)
from miniagents.cli.output import (
    Output as AnyOutput,
)
from miniagents.errors import SchemaMismatchError
from miniagents.ext.llm.schema import Schema
from miniagents.messages import MessagePromise
from miniagents.miniagents import MiniAgents


class Output(io.TextIOWrapper):
    """A standard output that is a terminal, or none, and that may fail."""

    def __init__(self, *, terminal: bool = False, error: OSError | None = None) -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding="ascii")
        self._terminal = terminal
        if error is not None:
            self.written.flush = lambda: _raise(error)

    def close(self) -> None:
        """End it like any other: the interpreter says so if that fails."""
        vars(self.written).pop("flush", None)
        super().close()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._terminal


def _raise(error: OSError) -> NoReturn:
    raise error


def streamed(*tokens: str, error: Exception | None = None) -> MessagePromise:
    """Return a message that arrives in these tokens."""

    async def arriving() -> Any:
        for token in tokens:
            yield token
        if error is not None:
            raise error

    return Message.promise(arriving())


async def shown(monkeypatch: pytest.MonkeyPatch, *promises: MessagePromise, terminal: bool = False) -> str:
    """Return what a standard output was given of messages."""
    output = Output(terminal=terminal)
    monkeypatch.setattr(sys, "stdout", output)
    replies = reply_output()
    assert type(replies) is (TerminalOutput if terminal else ReplyOutput)
    for promise in promises:
        await replies.show(promise)
    return output.written.getvalue().decode()


async def test_a_pipe_gets_the_text_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe nothing is changed but halves of a surrogate pair, which are joined or replaced."""
    async with MiniAgents():
        text = await shown(monkeypatch, streamed("a\r", "\n\x1b", "", "\ud83d", "\ude00\ud83d"))
    assert text == "a\r\n\x1b😀\ufffd"


async def test_a_blank_line_parts_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply of several messages has a blank line between them, and none around them."""
    async with MiniAgents():
        assert await shown(monkeypatch, streamed("one"), streamed("two")) == "one\n\ntwo"
        assert await shown(monkeypatch, streamed("one\n"), streamed(), streamed("\r")) == "one\n\n\n\r"
        assert await shown(monkeypatch, streamed("one"), streamed("two\n"), terminal=True) == "one\n\ntwo\n"
        assert await shown(monkeypatch, streamed("one\n"), streamed(), streamed("\r"), terminal=True) == "one\n\n␍\n"


@pytest.mark.parametrize(
    ("tokens", "text"), [(["a"], "a\n"), (["a\n"], "a\n"), (["a", "\r"], "a␍\n"), ([], ""), ([""], "")]
)
async def test_a_terminal_is_left_at_the_start_of_a_line(
    tokens: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a line that is open is ended, and one that is not stays as it is."""
    async with MiniAgents():
        assert await shown(monkeypatch, streamed(*tokens), terminal=True) == text


@pytest.mark.parametrize(("tokens", "text"), [(["a"], "a\n"), ([], "")])
async def test_a_reply_that_breaks_ends_its_line_too(
    tokens: list[str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before an error is shown, and the error has a line of its own."""
    output = Output(terminal=True)
    monkeypatch.setattr(sys, "stdout", output)
    async with MiniAgents():
        with pytest.raises(ValueError, match="broken"):
            await TerminalOutput().show(streamed(*tokens, error=ValueError("broken")))
    assert output.written.getvalue().decode() == text


def test_what_goes_wrong_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that is gone is told apart from an output that fails or is closed, and both are explained."""
    monkeypatch.setattr(sys, "stdout", Output(error=BrokenPipeError()))
    with pytest.raises(ReaderGoneError):
        write("x")
    monkeypatch.setattr(sys, "stdout", Output(error=OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match=r"\Astandard output: Input/output error\Z"):
        write("x")
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError, match=r"\Astandard output is closed\Z"):
        write("x")
    write("")
    close_standard_output()


async def test_a_whole_reply_as_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several messages are one text, what is known is that of the last, and without any there is nothing."""
    monkeypatch.setattr(sys, "stdout", Output())
    reply = WholeReply()
    assert json.loads(as_json(reply.as_object())) == {"text": "", "model": None, "usage": None, "hash": None}
    async with MiniAgents():
        await reply.show(streamed("\ud83d"))
        last = Message(text="two", metadata={"model": "m", "usage": {"in": 1, "out": 2, "cached": 0}})
        await reply.show(MessagePromise.of(last))
    assert json.loads(as_json(reply.as_object())) == {
        "text": "\ufffd\n\ntwo",
        "model": "m",
        "usage": {"in": 1, "out": 2, "cached": 0},
        "hash": last.content_hash,
    }


def test_json_carries_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone half of a surrogate pair, from the name of a file, survives as JSON's escape; all else is itself."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    write(as_json({"path": "é\udcff\u2028"}))
    assert output.written.getvalue() == '{"path": "é\\udcff\u2028"}\n'.encode()
    assert json.loads(output.written.getvalue()) == {"path": "é\udcff\u2028"}


async def test_an_output_that_shows_nothing() -> None:
    """What becomes of a reply may be nothing; it is read to its end all the same, and its error raised."""
    output = AnyOutput()
    output.start("m", None)
    async with MiniAgents():
        await output.show(whole := streamed("a"))
        assert whole.is_done
        with pytest.raises(ValueError, match="broken"):
            await output.show(streamed(error=ValueError("broken")))
    output.fail(ValueError("broken"))
    output.finish(None)


SCHEMA = Schema.of("name, age int")
ANN = {"name": "Ann", "age": 3}
ASKED_AGAIN = (
    Message(text="nothing", role="assistant", metadata={"mismatch": "$: it is no JSON"}),
    Message(text="again!", role="user"),
    Message(text='```json\n{"name": "Ann", "age": 3}\n```', role="assistant", metadata={"model": "m"}),
)


@pytest.mark.parametrize("reply", [ASKED_AGAIN, ASKED_AGAIN[2:], (Message(text="{}", data=ANN),)])
async def test_the_json_that_fits_is_all_there_is(monkeypatch: pytest.MonkeyPatch, reply: tuple[Message, ...]) -> None:
    """With a schema standard output is the last object in one line, whatever was said before or stands around it."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    data = DataOutput(SCHEMA)
    for message in reply:
        await data.show(MessagePromise.of(message))
    assert output.written.getvalue() == b""
    data.finish("chats/x.md")
    assert output.written.getvalue() == b'{"name": "Ann", "age": 3}\n'


async def test_an_agent_that_knows_of_no_schema_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that does not fit, or none, is an error of one line, and nothing is written."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    for reply, fault in (((), "it is empty"), ((Message(text='{"name": "Ann"}'),), "age")):
        for kind in (DataOutput, WholeReply):
            data = kind(SCHEMA)
            for message in reply:
                await data.show(MessagePromise.of(message))
            with pytest.raises(SchemaMismatchError, match=f"the reply does not fit the schema: .*{fault}"):
                data.finish(None)
    assert output.written.getvalue() == b""


async def test_the_whole_reply_has_the_data_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a schema the object has its data, the text of the reply that fits alone, and where all of it is kept."""
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    reply = WholeReply(SCHEMA)
    for message in ASKED_AGAIN:
        await reply.show(MessagePromise.of(message))
    reply.finish("chats/x.md")
    told = json.loads(output.written.getvalue())
    assert (told["text"], told["data"], told["model"]) == (ASKED_AGAIN[2].text, ANN, "m")
    assert told["transcript"] == "chats/x.md"

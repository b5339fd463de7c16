"""What a script may have instead of the reply's text, and what goes with the prompt: the whole program, in pipes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from miniagents.ext import transcript
from tests.fakes.llm_server import Reply, Usage

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

CODE = "Here:\n\n```py\na = 1\n```\n\nand\n\n```sh\nls\n```\n"
PNG = b"\x89PNG\r\n\x1a\n\0"


def events(out: bytes) -> list[dict[str, object]]:
    """Return the events of an output."""
    return [json.loads(line) for line in out.splitlines()]


def test_one_block_of_code(program: Program, provider: LLMServer) -> None:
    """`-x` gives the first block, `--xl` the last, exactly; the transcript has all of the reply."""
    provider.script(CODE, CODE, "no code")
    assert program.run("chat", "-x", "--no-save", "hi").out == b"a = 1\n"
    ran = program.run("chat", "--xl", "hi")
    assert (ran.code, ran.out, ran.err) == (0, b"ls\n", "")
    assert program.said()[-1].text == CODE
    ran = program.run("chat", "-x", "--no-save", "hi")
    reason = "the reply has no fenced code block; ask without --extract to see it"
    assert (ran.code, ran.out, ran.err) == (1, b"", f"miniagents: {reason}\n")


def test_json_that_fits(program: Program, provider: LLMServer) -> None:
    """`--schema` asks for JSON, and standard output is nothing else, also where the model is asked twice."""
    provider.script("no", '```json\n{"name": "Ann", "age": 3}\n```')
    ran = program.run("chat", "--schema", "name, age int", "who?")
    assert (ran.code, ran.out, ran.err) == (0, b'{"name": "Ann", "age": 3}\n', "")
    assert provider.requests[0].body["response_format"]["type"] == "json_schema"


@pytest.mark.usefixtures("echo")
def test_json_that_does_not_fit(program: Program) -> None:
    """A reply that does not fit is exit code 1 and one line with the place; a schema that is none is exit code 2."""
    (program.folder / "s.json").write_text('{"type": "object", "required": ["age"]}')
    ran = program.run("chat", "--schema", "s.json", "hi")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"", 1)
    assert ran.err.startswith("miniagents: the reply does not fit the schema: $")
    assert program.run("chat", "--schema", "a what", "hi").code == 2


def test_events_as_they_come(program: Program, provider: LLMServer) -> None:
    """`--jsonl` writes each event at once; the last says what is known."""
    provider.script(Reply("first second", fault="stall", after=1), Reply("a\x1b b", usage=Usage(9, 7)))
    process = program.start("chat", "--jsonl", "hi", stdin=subprocess.DEVNULL)
    assert process.stdout
    begun = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert [event["event"] for event in begun] == ["start", "message", "token"]
    assert begun[2]["text"] == "first"
    process.kill()
    ran = program.run("chat", "--jsonl", "--no-save", "hi")
    first, message, *tokens, end = events(ran.out)
    assert (first["event"], first["transcript"], message["role"]) == ("start", None, "assistant")
    assert "".join(str(event["text"]) for event in tokens) == "a\x1b b"
    assert (end["event"], end["finish_reason"], end["usage"]) == ("end", "stop", {"in": 9, "out": 7, "cached": 0})


def test_an_error_among_events(program: Program, provider: LLMServer) -> None:
    """What went wrong is the last event, and still a line on standard error and exit code 1."""
    provider.script(Reply("one two", fault="cut"))
    ran = program.run("chat", "--jsonl", "hi")
    last = events(ran.out)[-1]
    assert (ran.code, last["event"], last["error"]) == (1, "error", "ReplyCutError")
    assert ran.err == f"miniagents: {last['message']}\n"


def test_an_interruption_among_events(program: Program, provider: LLMServer) -> None:
    """Ctrl-C is the last event, and exit code 130."""
    provider.script(Reply("one two", fault="stall", after=1))
    process = program.start("chat", "--jsonl", "hi", stdin=subprocess.DEVNULL)
    assert process.stdout
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    ran = program.end(process)
    assert (ran.code, ran.err) == (130, "")
    assert events(ran.out) == [{"event": "error", "error": "interrupted", "message": "interrupted"}]


def test_an_answer_that_takes_too_long(program: Program, provider: LLMServer) -> None:
    """`--timeout` ends the reply, with exit code 1 and one line; the connection is closed and what came is kept."""
    provider.script(Reply("one two", fault="stall", after=1))
    ran = program.run("chat", "--timeout", "4", "hi")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.endswith("took longer than 4 s; give it longer (--timeout)\n")
    for request in provider.requests:  # none, where the machine takes longer than that to get so far
        request.wait_closed(50)
    assert len(program.transcripts) == 1


def test_how_often_it_is_asked_again(program: Program, provider: LLMServer) -> None:
    """`--retries 0` gives up at once; `--quiet` says nothing of a second try, nor that the reply is not whole."""
    provider.script(Reply(status=429), Reply(status=429, retry_after_s=0.01), Reply("x", finish_reason="length"))
    ran = program.run("chat", "--retries", "0", "hi")
    assert (ran.code, len(provider.requests), ran.err.count("\n")) == (1, 1, 1)
    ran = program.run("chat", "--quiet", "hi")
    assert (ran.code, ran.out, ran.err, len(provider.requests)) == (0, b"x", "", 3)


def test_what_was_used(program: Program, provider: LLMServer) -> None:
    """`--usage` is one line on standard error: tokens, speed, cost."""
    provider.script(Reply("x", usage=Usage(9, 7, cached_tokens=4)))
    ran = program.run("chat", "--usage", "hi")
    assert (ran.code, ran.out) == (0, b"x")
    line = r"miniagents: 9 tokens in \(4 cached\), 7 out in [\d.]+ s \([\d.,]+ tokens/s\), (\$[\d.]+|cost unknown)\n"
    assert re.fullmatch(line, ran.err)


def test_files_and_addresses_go_along(program: Program, provider: LLMServer) -> None:
    """`-a` sends texts in the prompt, pictures and addresses as parts of their own, standard input among them."""
    (program.folder / "a.py").write_text("x = 1\n")
    ran = program.run("chat", "-a", "a.py", "-a", "-", "-a", "https://host/b.png", "see", input=PNG)
    assert (ran.code, ran.err) == (0, "")
    text, image, address = provider.requests[0].body["messages"][0]["content"]
    assert text["text"] == "see\n\n### a.py\n\n```py\nx = 1\n```"
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert address["image_url"]["url"] == "https://host/b.png"
    assert [part.kind for part in program.said()[0].parts] == ["text", "image", "image"]


@pytest.mark.usefixtures("echo")
def test_a_file_is_enough_to_say(program: Program) -> None:
    """Without a prompt a file is what is said; one that is not there is named, and nothing is asked or kept."""
    (program.folder / "a").write_text("x")
    ran = program.run("chat", "--no-save", "-a", "a")
    assert (ran.code, ran.out, ran.err) == (0, b"You said: ### a\n\n```\nx\n```", "")
    ran = program.run("chat", "-a", "gone", "hi")
    assert (ran.code, ran.out, ran.err) == (2, b"", "miniagents: gone: cannot be attached: there is no such file\n")
    assert not program.transcripts


@pytest.mark.usefixtures("echo")
def test_a_chat_goes_on(program: Program) -> None:
    """`-c` goes on with the newest chat and says so, `--resume` with the one that is named, `--at` as a branch."""
    program.run("chat", "first")
    (path,) = program.transcripts
    ran = program.run("chat", "-c", "second")
    assert (ran.code, ran.out, ran.err) == (0, b"You said: second", f"miniagents: going on with {path}\n")
    assert [message.text for message in transcript.read(path)][::2] == ["first", "second"]
    ran = program.run("chat", "--quiet", "--resume", path.stem, "--at", "1", "other")
    assert (ran.code, ran.err) == (0, "")
    assert [message.text for message in transcript.read(path)][::2] == ["first", "other"]
    assert program.transcripts == [path]
    ran = program.run("chat", "--resume", "nosuch", "hi")
    assert (ran.code, ran.out) == (2, b"")


@pytest.mark.usefixtures("echo")
def test_a_template(program: Program) -> None:
    """`-t` says what is kept under a name, with `-p` and the prompt in its places."""
    folder = program.home / ".config" / "miniagents" / "templates"
    folder.mkdir(parents=True)
    (folder / "review.md").write_text("In {{ language }}: {{ input }}")
    ran = program.run("chat", "-t", "review", "-p", "language=French", input=b"the code")
    assert (ran.code, ran.out, ran.err) == (0, b"You said: In French: the code", "")
    ran = program.run("chat", "-t", "review", "hi")
    assert (ran.code, ran.out) == (2, b"")
    assert "-p language=" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--json", "--jsonl"), "--json and --jsonl exclude each other; leave one of them out"),
        (("-a", "-", "-"), "- and --attach - exclude each other: standard input can be read once"),
        (("-p", "a=b"), "--param: there is no template to fill; name one with --template"),
    ],
)
def test_what_contradicts_itself(program: Program, options: tuple[str, ...], said: str) -> None:
    """Options that exclude each other are exit code 2 and one line that names both."""
    ran = program.run("chat", *options, "hi")
    assert (ran.code, ran.out, ran.err) == (2, b"", f"miniagents: {said}\n")


def test_a_script_is_never_asked(program: Program, provider: LLMServer) -> None:
    """A form for scripts without a prompt holds no chat, not even at a terminal."""
    terminal = program.terminal("chat", "--jsonl")
    assert terminal.end() == 2
    assert "there is nothing to say" in terminal.text
    assert not provider.requests

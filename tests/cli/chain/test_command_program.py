"""The program itself: on a terminal, through pipes, interrupted."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply
from tests.fakes.replies import ToolUse

if TYPE_CHECKING:
    from tests.cli.conftest import Program

CHAIN = """
version: 1
agents:
  writer: {python: "slow:says", with: {text: "what was **written**"}}
  waiting: {python: "slow:says", with: {text: "", waits: true}}
  editor: {plugin: echo}
flow:
  - parallel: [writer, waiting]
  - editor
"""
QUICK = CHAIN.replace(", waits: true", "").replace('text: ""', 'text: "and read"')
CODE = """
import asyncio
from miniagents import Message, miniagent

@miniagent
async def says(ctx, *, text, waits=False):
    ctx.reply(Message.promise(words(text, waits), role="assistant"))

async def words(text, waits):
    yield text
    if waits:
        await asyncio.sleep(3600)
"""
TOOLS = """
version: 1
agents: {helper: {instructions: Help., tools: ["tooling:delete"]}}
"""
TOOLING = """
from miniagents import tool

@tool(needs_approval=True)
def delete(path: str) -> str:
    \"\"\"Delete a file.\"\"\"
    return f"{path} is deleted"
"""
MODELS = """
version: 1
agents:
  writer: {instructions: Write., model: "openai:first"}
  critic: {instructions: Criticize., model: "openai:second"}
"""


def given(program: Program, text: str) -> None:
    """Write a chain and its code."""
    (program.folder / "c.yaml").write_text(text)
    (program.folder / "slow.py").write_text(CODE)


def test_a_wrong_option(program: Program) -> None:
    """The usage that is told with it is the one of the help: nobody sees that there is a command of another name."""
    ran = program.run("chain", "c.yaml", "--shw", "all")
    assert ran.code == 2
    assert ran.err.splitlines()[0] == "Usage: miniagents chain [OPTIONS] FILE [TEXT]..."


@pytest.mark.parametrize("columns", [40, 200])
@pytest.mark.usefixtures("measured")
def test_on_a_terminal(program: Program, columns: int) -> None:
    """Each agent has its section with Markdown's looks, and where it is kept is said below."""
    given(program, QUICK)
    terminal = program.terminal("chain", "c.yaml", "--allow-code", "hi", columns=columns)
    assert terminal.end() == 0
    rows = [row for row in terminal.lines if row]
    shown = rows[: next(number for number, row in enumerate(rows) if row.startswith("miniagents:"))]
    assert set(shown[::2]) == {"writer", "waiting", "editor"}
    assert shown[shown.index("writer") + 1] == "what was written"
    assert "\x1b[1m" in terminal.raw.decode()


@pytest.mark.usefixtures("measured")
def test_an_interruption_on_a_terminal(program: Program) -> None:
    """Ctrl-C leaves what came on the screen and in the transcript, and no row of those who worked."""
    given(program, CHAIN)
    terminal = program.terminal("chain", "c.yaml", "--allow-code", "hi", columns=120)
    terminal.wait_for("waiting · waiting")
    terminal.wait_for("what was written")
    terminal.send("\x03")
    assert terminal.end() == 130
    rows = [row for row in terminal.lines if row]
    assert rows[:2] == ["writer", "what was written"]
    assert rows[2].startswith("miniagents: kept in")
    assert "· waiting" not in terminal.text
    assert [message.text for message in program.said()] == ["hi", "what was **written**"]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colours(program: Program, name: str, value: str) -> None:
    """Nothing is coloured; a dumb terminal gets lines, with no control sequence in them."""
    given(program, QUICK)
    terminal = program.terminal("chain", "c.yaml", "--allow-code", "hi", environment={name: value}, columns=120)
    assert terminal.end() == 0
    written = terminal.raw.decode()
    assert "\x1b[1m" not in written
    if name == "TERM":
        assert "\x1b" not in written
        assert "writer: started" in written
        assert "and read" in written


def test_only_one_of_the_two_is_a_terminal(program: Program) -> None:
    """What goes elsewhere is exact, and what happens is told in lines."""
    given(program, QUICK)
    line = "miniagents chain c.yaml --allow-code hi > out.txt"
    terminal = program.terminal(shell=line, columns=120)
    assert terminal.end() == 0
    assert "writer: started" in terminal.text
    assert (program.folder / "out.txt").read_text() == "and read"


@pytest.mark.parametrize("form", ["", "--json", "--jsonl"])
def test_an_interruption_in_a_pipe(program: Program, form: str) -> None:
    """What came is out and kept; the exit code says what happened."""
    given(program, CHAIN)
    options = [form] if form else []
    process = program.start("chain", "c.yaml", "--allow-code", "--show", "writer", *options, "hi")
    assert process.stderr is not None
    assert process.stdout is not None
    stream = process.stdout if form == "--jsonl" else process.stderr
    for line in stream:
        if b"written" in line:
            break
    process.send_signal(signal.SIGINT)
    ran = program.end(process)
    assert ran.code == 130
    assert [message.text for message in program.said()] == ["hi", "what was **written**"]
    assert "Traceback" not in ran.err
    if form:
        known = json.loads(ran.out.splitlines()[-1])
        assert (known["error"], known["usage"]["calls"]) == ("interrupted", 0)
    if form == "--json":
        assert {message["agent"]: message["text"] for message in known["messages"]} == {
            "writer": "what was **written**"
        }


def test_a_reader_that_leaves(program: Program) -> None:
    """`| head -1` ends it, and nothing is said about that."""
    given(program, CHAIN)
    [ran] = program.shell("miniagents chain c.yaml --allow-code --jsonl --quiet hi < /dev/null | head -1")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["event"] == "start"


def test_models(program: Program, provider: LLMServer) -> None:
    """Each agent's model is asked with its instructions; the second is sent what the first replied."""
    (program.folder / "c.yaml").write_text(MODELS)
    ran = program.run("chain", "c.yaml", "--usage", "hi")
    assert (ran.code, ran.out) == (0, b"You said: You said: hi")
    first, second = (request.body for request in provider.requests)
    assert (first["model"], second["model"]) == ("first", "second")
    assert [message["content"] for message in first["messages"]] == ["Write.", "hi"]
    assert [message["content"] for message in second["messages"]] == ["Criticize.", "You said: hi"]
    assert re.search(r"^miniagents: \d+ tokens in, \d+ out in ", ran.err, re.MULTILINE)


@pytest.mark.usefixtures("measured")
def test_a_tool_that_needs_approval(program: Program) -> None:
    """At a terminal the person is asked, until they answer; where nobody could be asked, it is not called."""
    (program.folder / "c.yaml").write_text(TOOLS)
    (program.folder / "tooling.py").write_text(TOOLING)
    uses = Reply("", tool_calls=[ToolUse("delete", {"path": "x"})])
    with LLMServer.in_thread([uses, "It is gone.", uses, "It is not."]) as server:
        environment = settings_for(server) | {"MINIAGENTS_MODEL": "openai:m"}
        words = ("chain", "c.yaml", "--allow-code", "hi")
        terminal = program.terminal(*words, environment=environment, columns=120)
        terminal.wait_for('May delete be called with {"path": "x"}? (y yes · a always · n no)')
        terminal.send("well\r")
        terminal.wait_for(lambda: terminal.text.count("May delete be called") > 1)
        terminal.send("y\r")
        assert terminal.end() == 0
        assert "It is gone." in terminal.text
        assert program.run(*words, environment=environment).out == b"It is not."
    assert "x is deleted" in str(server.requests[1].body)
    assert "nobody to ask" in str(server.requests[3].body)


@pytest.mark.usefixtures("measured")
def test_standard_error_elsewhere(program: Program) -> None:
    """The reply is shown on the terminal with Markdown's looks, and what happens goes to the file."""
    given(program, QUICK.replace("and read", "*and* read"))
    terminal = program.terminal(shell="miniagents chain c.yaml --allow-code hi 2> err.txt", columns=120)
    assert terminal.end() == 0
    assert terminal.lines == ["and read"]
    assert "writer: started" in (program.folder / "err.txt").read_text()


def test_a_limit_of_calls(program: Program, provider: LLMServer) -> None:
    """The call that would be too many is not made; what there is comes out."""
    (program.folder / "c.yaml").write_text(MODELS + "limits: {calls: 1}\n")
    ran = program.run("chain", "c.yaml", "hi")
    assert (ran.code, ran.out, len(provider.requests)) == (3, b"You said: hi", 1)
    assert "the limit of 1 calls is reached" in ran.err.splitlines()[-1]


def test_full_and_closed(program: Program) -> None:
    """A disk that is full, a standard output that is closed: one line each."""
    given(program, QUICK)
    full, closed = program.shell(
        "miniagents chain c.yaml --allow-code --quiet hi < /dev/null > /dev/full",
        "miniagents chain c.yaml --allow-code --quiet hi < /dev/null >&-",
    )
    assert (full.code, full.err) == (1, "miniagents: standard output: No space left on device\n")
    assert (closed.code, closed.err.count("\n")) == (1, 1)


def test_a_crowd(program: Program) -> None:
    """A hundred agents at once are seen and heard, more than a run waits for before somebody looks."""
    names = [f"a{number}" for number in range(100)]
    agents = "".join(f"  {name}: {{python: 'slow:says', with: {{text: I am {name}}}}}\n" for name in names)
    given(program, f"version: 1\nagents:\n{agents}flow:\n  - parallel: [{', '.join(names)}]\n")
    terminal = program.terminal("chain", "c.yaml", "--allow-code", "hi", columns=120)
    assert terminal.end() == 0
    ran = program.run("chain", "c.yaml", "--allow-code", "--jsonl", "hi")
    ends = [json.loads(line) for line in ran.out.splitlines() if b'"message_end"' in line]
    assert (ran.code, {message["agent"] for message in ends}) == (0, {*names})

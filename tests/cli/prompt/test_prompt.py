"""Keystrokes become text: prompt_toolkit with keys from a pipe, and in a terminal; `test_keys.py` has the keys."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from miniagents.cli.prompt.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.real_time

ENTER, ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, UP = "\r", "\x1b\r", "\x03", "\x04", "\n", "\x1b[A"
CHATTING = """
import asyncio, sys
from pathlib import Path
from miniagents.cli.prompt.prompt import Prompt

async def chat():
    prompt = Prompt(history_file=Path("history"), toolbar=lambda: "a model \\x1b[31m of 3 tokens")
    async with prompt:
        while (text := await prompt.ask()) is not None:
            if text == "fail":
                raise SystemExit("failed")
            while text == "slowly" and not Path("go on").exists():
                await asyncio.sleep(0.01)
            said.append(text)

said = []
print("welcome")
try:
    asyncio.run(chat())
finally:
    print("said", said)
"""

WRITING_ABOVE = """
import asyncio, sys
from miniagents.cli.display.above_prompt import AbovePrompt, BatchedOutput
from miniagents.cli.markdown.rows import Row
from miniagents.cli.prompt.prompt import Prompt
from miniagents.cli.display.terminal_writer import TerminalWriter

async def chat():
    async with Prompt(sink=BatchedOutput(TerminalWriter(sys.stdout)), toolbar=lambda: "a model") as prompt:
        painter = AbovePrompt(prompt.app)
        painter.paint([Row("finished", 8)], [Row("live 1", 6), Row("live 2", 6)])
        while text := await prompt.ask():
            painter.paint([], [Row("live 1", 6), Row(f"live {text}", 40)])

asyncio.run(chat())
"""


async def asked(*keys: str) -> list[str | None]:
    """Return what comes of each of several questions, asked one at a time, that are answered with these keys."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        answers = []
        for pressed in keys:
            source.send_bytes(pressed.encode(errors="surrogateescape"))
            answers.append(await asyncio.wait_for(prompt.ask(), timeout=50))
        return answers


@asynccontextmanager
async def staying(**options: object) -> AsyncIterator[tuple[Prompt, Callable[[str], None]]]:
    """Give a prompt that stays, and its keys."""
    with create_pipe_input() as source:
        async with asyncio.timeout(50), Prompt(source=source, sink=DummyOutput(), **options) as prompt:
            yield prompt, lambda keys: source.send_bytes(keys.encode(errors="surrogateescape"))


async def until(holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(50):
        while not holds():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f"hello{ENTER}", "hello"),
        (f"one{ALT_ENTER}two{CTRL_J}three{ENTER}", "one\ntwo\nthree"),
        (f"\x1b[200~a\r\nb\rc\n\tand exit\n\x1b[201~!{ENTER}", "a\nb\nc\n\tand exit\n!"),
        (f"  indented {ENTER}", "  indented "),
        (f"{ENTER}  {ENTER}at last{ENTER}", "at last"),
        (f"wrong{CTRL_C}right{ENTER}", "right"),
        (f"exit now{ENTER}", "exit now"),
        (f"é😀{ENTER}", "é😀"),
        (f"half \udce2\udc82{ENTER}", "half \ufffd\ufffd"),
        (f"text{CTRL_D}{ENTER}", "text"),
    ],
)
async def test_what_is_typed_is_what_is_said(keys: str, said: str) -> None:
    """Enter sends what was typed, never an empty text and never what is no UTF-8, also where the prompt stays."""
    assert await asked(keys) == [said]
    async with staying() as (prompt, press):
        press(keys)
        assert await prompt.ask() == said


@pytest.mark.parametrize("keys", [CTRL_D, CTRL_C, f"exit{ENTER}", f" quit {ENTER}", f"x{CTRL_C}{CTRL_C}"])
async def test_how_one_leaves_a_prompt_that_does_not_stay(keys: str) -> None:
    """Ctrl-D and Ctrl-C on an empty line leave, and so do the words `exit` and `quit` by themselves."""
    assert await asked(keys) == [None]


@pytest.mark.parametrize(
    "keys", [CTRL_D, CTRL_C + CTRL_C, f"exit{ENTER}", f" quit {ENTER}", f"x{CTRL_C}{CTRL_C}{CTRL_C}"]
)
async def test_how_one_leaves_a_prompt_that_stays(keys: str) -> None:
    """Ctrl-D leaves, Ctrl-C twice, and a word; it stays left."""
    async with staying() as (prompt, press):
        press(keys)
        assert await prompt.ask() is None
        assert await prompt.ask() is None


async def test_ctrl_c_twice_within_two_seconds() -> None:
    """The first one says so below the line; after two seconds it says nothing any more, and is forgotten."""
    loop = asyncio.get_running_loop()
    async with staying(toolbar=lambda: "a model") as (prompt, press):
        press(CTRL_C)
        await until(lambda: prompt._row() == "press Ctrl-C again to leave")
        before_s, drawn = loop.time(), prompt.app.render_counter
        await until(lambda: prompt._row() == "a model" and prompt.app.render_counter > drawn)
        assert loop.time() - before_s > 1
        press(f"{CTRL_C}said{ENTER}")
        assert await prompt.ask() == "said"
        press(CTRL_C)
        assert await prompt.ask() is None


async def test_one_types_ahead() -> None:
    """What is sent while nobody asks waits in order, is counted below the line, and comes before the leaving."""
    async with staying(toolbar=lambda: "a model") as (prompt, press):
        press(f"one{ENTER}two{ENTER}half")
        await until(lambda: prompt.app.current_buffer.text == "half")
        assert prompt.queued == ("one", "two")
        assert prompt._row() == "2 queued · a model"
        assert [await prompt.ask(), await prompt.ask()] == ["one", "two"]
        assert prompt.queued == ()
        assert prompt._row() == "a model"
        press(f" and half{ENTER}{CTRL_D}")
        await until(lambda: prompt._has_left)
        assert "leaving" in prompt._row()
        assert [await prompt.ask(), await prompt.ask()] == ["half and half", None]


async def test_the_row_below_is_drawn_for_each_question() -> None:
    """Whoever asks may have done something before that it tells."""
    row, drawn = ["before"], list[str]()
    async with staying(toolbar=lambda: drawn.append(row[0]) or row[0]) as (prompt, press):
        await until(lambda: "before" in drawn)
        row[0] = "after"
        asking = asyncio.create_task(prompt.ask())
        await until(lambda: "after" in drawn)
        press(f"x{ENTER}")
        assert await asking == "x"


async def test_what_is_put_into_the_line_is_not_said_yet() -> None:
    """A text for the person to change is there with the cursor behind it, whether the prompt stays or is to come."""
    async with staying() as (prompt, press):
        prompt.insert("one\ntwo")
        press(f"!{ENTER}")
        assert await prompt.ask() == "one\ntwo!"
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        prompt.insert("once")
        source.send_text(f"!{ENTER}{ENTER}again{ENTER}")
        assert [await prompt.ask(), await prompt.ask()] == ["once!", "again"]


async def test_leaving_from_elsewhere() -> None:
    """Whoever has the prompt can leave in the person's stead; before and after a question that does nothing."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        prompt.leave()
        asking = asyncio.ensure_future(prompt.ask())
        await until(lambda: prompt.app.is_running)
        source.send_text("typed")
        prompt.leave()
        prompt.leave()
        assert await asking is None
        prompt.leave()
    async with staying() as (prompt, _):
        asyncio.get_running_loop().call_soon(prompt.leave)
        assert await prompt.ask() is None


async def test_a_question_that_is_cancelled_gives_the_terminal_back() -> None:
    """Nobody reads the keys any more."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        asking = asyncio.ensure_future(prompt.ask())
        await until(lambda: prompt.app.is_running)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not prompt.app.is_running


async def test_a_terminal_that_is_gone_is_left() -> None:
    """The end of the keys is no error."""
    async with asyncio.timeout(50):
        with create_pipe_input() as source:
            async with Prompt(source=source, sink=DummyOutput()) as prompt:
                source.close()
                assert await prompt.ask() is None


async def test_a_prompt_that_fails_says_so_to_who_asks() -> None:
    """What goes wrong while it is drawn does not leave anybody waiting."""

    def broken() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with staying(toolbar=broken) as (prompt, _):
            await prompt.ask()


async def test_what_was_said_before_is_a_keystroke_away() -> None:
    """The arrow upwards brings back what was said, lines and all."""
    assert await asked(f"one{CTRL_J}two{ENTER}", f"three{ENTER}", f"{UP}{UP}{UP}!{ENTER}") == [
        "one\ntwo",
        "three",
        "one!\ntwo",
    ]


async def test_the_hint_is_there_until_something_is_said() -> None:
    """It names the keys; a prompt that does not stay has none."""
    async with staying() as (prompt, press):
        await until(lambda: prompt.app.render_counter)
        assert "Enter sends" in prompt._hint()[0][1]
        press(f"said{ENTER}")
        assert await prompt.ask() == "said"
        assert prompt._hint() == []
    assert Prompt(sink=DummyOutput())._hint() == []


@pytest.fixture
def chatting(program: object, tmp_path: Path) -> Callable[..., object]:
    """Give what starts a small program with a prompt, in a terminal."""
    script = tmp_path / "chatting.py"

    def start(code: str = CHATTING, **environment: str) -> object:
        script.write_text(code)
        return program.terminal(shell=f"exec {sys.executable} {script}", environment=environment)

    return start


@pytest.mark.usefixtures("measured")
def test_a_whole_walk_in_a_terminal(chatting: Callable[..., object], program: object) -> None:
    """A person sees the hint, what they type and the row below it; they type ahead, and at the end all is gone."""
    terminal = chatting(PYTHONPATH=os.pathsep.join(sys.path))
    terminal.wait_for("of 3 tokens")
    keys = "Enter sends · Alt-Enter breaks the line · / words · @ files · Ctrl-D leaves"
    assert terminal.lines[:2] == ["welcome", f"> {keys}"]
    assert terminal.lines[2] == "a model ␛[31m of 3 tokens"
    terminal.send(f"slowly{ENTER}and{CTRL_J}more{ENTER}typing")
    terminal.wait_for("1 queued · a model")
    assert "> typing" in terminal.lines
    (program.folder / "go on").touch()
    terminal.wait_for(lambda: "queued" not in terminal.text)
    terminal.send(f"{CTRL_C}{CTRL_C}")
    terminal.wait_for("press Ctrl-C again to leave")
    terminal.send(CTRL_C)
    assert terminal.end() == 0
    assert terminal.lines == ["welcome", "said ['slowly', 'and\\nmore']"]
    assert b"\x1b[6n" not in terminal.raw
    assert (program.folder / "history").stat().st_mode & 0o777 == 0o600


def test_what_is_written_above_stays_above(chatting: Callable[..., object], program: object) -> None:
    """Also when the screen is cleared, and when a menu takes the rows below the line and gives them back."""
    (program.folder / "a file").touch()
    terminal = chatting(WRITING_ABOVE, PYTHONPATH=os.pathsep.join(sys.path))
    terminal.wait_for("a model")
    terminal.wait_for("live 2")
    terminal.send("text\x0c")
    terminal.wait_for(lambda: terminal.lines == ["live 1", "live 2", "> text", "a model"])
    terminal.send(f"{ENTER}@")
    terminal.wait_for(lambda: terminal.lines[:3] == ["live 1", "live text", "> @"] and "a file" in terminal.text)
    terminal.send("nothing")
    terminal.wait_for(lambda: terminal.lines[2] == "> @nothing" and "a file" not in terminal.text)
    terminal.send(f"{ENTER}{CTRL_D}")
    assert terminal.end() == 0
    assert terminal.lines == ["live 1", "live @nothing"]


def test_a_long_text_leaves_room_above(chatting: Callable[..., object]) -> None:
    """However many lines a person types, what is live stands above them; when they give it up, its rows are free."""
    terminal = chatting(WRITING_ABOVE, PYTHONPATH=os.pathsep.join(sys.path))
    terminal.wait_for("live 2")
    terminal.send("\x1b[200~" + "\n".join(f"line {number}." for number in range(100)) + "\x1b[201~")
    terminal.wait_for("line 99.")
    terminal.wait_for(lambda: terminal.lines[-1] == "a model")
    above = ["finished", "live 1", "live 2"]
    assert terminal.lines[:4] == [*above, "  line 67."]
    terminal.send(f"{CTRL_C}typed")
    terminal.wait_for(lambda: terminal.lines == [*above, "> typed", "a model"])
    terminal.send(f"{CTRL_C}{CTRL_C}{CTRL_C}")
    assert terminal.end() == 0


def test_a_terminal_without_colours(chatting: Callable[..., object]) -> None:
    """With NO_COLOR no colour is set, and a suggestion still looks like none of the person's words."""
    terminal = chatting(PYTHONPATH=os.pathsep.join(sys.path), NO_COLOR="1", TERM="xterm-256color")
    terminal.wait_for("of 3 tokens")
    terminal.send(f"hello{ENTER}hel")
    terminal.wait_for("> hello")
    terminal.send(CTRL_C + CTRL_D)
    assert terminal.end() == 0
    assert b"\x1b[0;2mlo" in terminal.raw
    assert b"38;5" not in terminal.raw
    assert b"\x1b[0;3" not in terminal.raw


@pytest.mark.usefixtures("measured")
def test_a_dumb_terminal_gets_a_line_without_sequences(chatting: Callable[..., object]) -> None:
    """It asks once at a time, and nothing but text is written."""
    terminal = chatting(PYTHONPATH=os.pathsep.join(sys.path), TERM="dumb")
    terminal.wait_for(lambda: terminal.lines[-1] == ">" and not terminal.sends_signals())
    terminal.send(f"hello{ENTER}")
    terminal.wait_for(lambda: terminal.lines[-2:] == ["> hello", ">"] and not terminal.sends_signals())
    terminal.send(f"begun{CTRL_C}")
    terminal.wait_for(lambda: terminal.lines[-2:] == ["> begun", ">"] and not terminal.sends_signals())
    terminal.send(CTRL_D)
    assert terminal.end() == 0
    assert "said ['hello']" in terminal.text
    assert b"\x1b" not in terminal.raw


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_what_was_typed_before_the_prompt_came(kind: str, chatting: Callable[..., object]) -> None:
    """Enter sends there, too: each line is a text of its own, and what has no Enter behind it is in the line."""
    terminal = chatting(PYTHONPATH=os.pathsep.join(sys.path), TERM=kind)
    terminal.send("one\rtwo\rthr")
    terminal.wait_for(lambda: not terminal.sends_signals() and terminal.lines[-1 if kind == "dumb" else -2] == "> thr")
    terminal.send("ee\r")
    terminal.wait_for(lambda: not terminal.sends_signals() and terminal.lines[-1 if kind == "dumb" else -2] == ">")
    terminal.send(CTRL_D)
    assert terminal.end() == 0
    assert "said ['one', 'two', 'three']" in terminal.text


@pytest.mark.parametrize(
    ("end", "code"),
    [("fail\r", 1), (signal.SIGTERM, -signal.SIGTERM), ("\x1c", -signal.SIGQUIT), (signal.SIGINT, None)],
)
def test_the_terminal_is_given_back_however_it_ends(
    end: str | signal.Signals, code: int | None, chatting: Callable[..., object]
) -> None:
    """An error, a signal, Ctrl-backslash: the terminal is as it was, and what was begun is still to be seen."""
    terminal = chatting(PYTHONPATH=os.pathsep.join(sys.path))
    terminal.wait_for("of 3 tokens")
    assert not terminal.sends_signals()
    if isinstance(end, str):
        terminal.send(end)
    else:
        terminal.send("begun")
        terminal.wait_for("> begun")
        os.kill(terminal.process.pid, end)
    terminal.wait_for(terminal.sends_signals)
    assert termios.tcgetattr(terminal.process.child_fd)[3] & termios.ECHO
    ended = terminal.end()
    assert ended == code or code is None
    assert terminal.raw.rindex(b"\x1b[?2004l") > terminal.raw.rindex(b"\x1b[?2004h")
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")
    if not isinstance(end, str):
        assert "> begun" in terminal.text


async def test_a_question_in_between() -> None:
    """The next text that is an answer is one, before what is queued; others are queued, as ever, and so is it later."""
    async with staying() as (prompt, press):
        press(f"yes{ENTER}early{ENTER}")
        await until(lambda: len(prompt.queued) == 2)
        asking = asyncio.create_task(prompt.ask_now(lambda text: text == "yes"))
        await asyncio.sleep(0)
        press(f"no{ENTER}yes{ENTER}yes{ENTER}")
        assert await asking == "yes"
        await until(lambda: len(prompt.queued) == 4)
        assert [await prompt.ask() for _ in range(4)] == ["yes", "early", "no", "yes"]


async def test_who_leaves_answers_nothing() -> None:
    """Then there is no answer, whatever is said later; a question that is cancelled takes none either."""
    async with staying() as (prompt, press):
        asking = asyncio.create_task(prompt.ask_now(lambda _: True))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        press(f"yes{ENTER}")
        assert await prompt.ask() == "yes"
        press(CTRL_D)
        assert await prompt.ask_now(lambda _: True) is None


async def test_a_question_where_the_prompt_does_not_stay() -> None:
    """It is asked again until there is an answer, or the person leaves."""
    with create_pipe_input() as source:
        prompt = Prompt(source=source, sink=DummyOutput())
        source.send_text(f"what{ENTER}")
        asking = asyncio.create_task(prompt.ask_now(lambda text: text == "yes"))
        await asyncio.sleep(0.05)
        assert not asking.done()
        source.send_text(f"yes{ENTER}")
        assert await asyncio.wait_for(asking, timeout=50) == "yes"
        source.send_text(CTRL_D)
        assert await asyncio.wait_for(prompt.ask_now(lambda _: True), timeout=50) is None


async def test_an_answer_is_nothing_that_was_said() -> None:
    """What was said before is a keystroke away, and an answer in between is not."""
    async with staying() as (prompt, press):
        press(f"early{ENTER}")
        assert await prompt.ask() == "early"
        asking = asyncio.create_task(prompt.ask_now(lambda text: text == "yes"))
        await asyncio.sleep(0)
        press(f"yes{ENTER}")
        assert await asking == "yes"
        await until(lambda: len(prompt._line._working_lines) == 2)  # what was said is fetched by a task
        press(f"{UP}{ENTER}")
        assert await prompt.ask() == "early"

"""The installed program in a world of its own: through pipes, and in a real pseudo-terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
import termios
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pyte
import pytest

from miniagents.ext import transcript
from tests.fakes.llm_server import LLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from miniagents import Message

PROGRAM = Path(sysconfig.get_path("scripts"), "miniagents")
SOON_S = 150.0
"""A hundred times what a program takes, for machines that do much else; what is met earlier is not waited for."""
SHIPPED = tuple(f"miniagents_{name}" for name in ("echo", "llamacpp", "mcp", "ollama", "sqlite"))
ECHOING = """
from miniagents import miniagent
from miniagents.hookspecs import ModelProvider, hookimpl

@miniagent
async def echo_agent(ctx, model, **_):
    *_, last = await ctx.message_promises
    ctx.reply({"text": f"You said: {last}", "role": "assistant", "metadata": {"model": model}})

@hookimpl
def register_models(register):
    register(ModelProvider(
        name="echo", agent=echo_agent, source="here", way_out="", default_model="e", ready=lambda _: "always", rank=90,
    ))
"""
FOREIGN = (
    "OPENAI_",
    "ANTHROPIC_",
    "MINIAGENTS_",
    "XDG_",
    "PYTHON",
    "HTTP",
    "http",
    "ALL_PROXY",
    "all_proxy",
    "COVERAGE_",
)
TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")


@dataclass(frozen=True)
class Ran:
    """What a run of the program left: its exit code, standard output and standard error."""

    code: int
    out: bytes
    err: str


class Program:
    """The program, with a home, a folder and an environment of its own, and without the plugins that we ship."""

    def __init__(self, place: Path) -> None:
        self.home, self.folder, self.site = (place / name for name in ("home", "folder", "site"))
        for folder in (self.home, self.folder, self.site):
            folder.mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN + TERMINAL)}
        self.environment = {**inherited, "HOME": str(self.home), "PYTHONPATH": str(self.site), "TERM": "xterm"}
        for name in SHIPPED:
            self.install(name)  # the first distribution of a name hides those behind it
        self.left = ExitStack()

    def install(self, distribution: str, **plugins: str) -> None:
        """Install a distribution whose plugins, by their names, have this code."""
        for name, code in plugins.items():
            (self.site / f"{name}.py").write_text(code, encoding="utf-8")
        info = self.site / f"{distribution}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        points = "".join(f"{name} = {name}\n" for name in plugins)
        (info / "entry_points.txt").write_text(f"[miniagents]\n{points}" if points else "")

    def start(self, *arguments: str, environment: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[bytes]:
        """Start it, with pipes where `more` says nothing else; it is killed when the test is over."""
        return self._start([str(PROGRAM), *arguments], env=self.environment | (environment or {}), **more)

    def run(self, *arguments: str, input: bytes = b"", **more: Any) -> Ran:  # noqa: A002 - as subprocess has it
        """Run it to its end."""
        return self.end(self.start(*arguments, **more), input)

    def end(self, process: subprocess.Popen[bytes], input: bytes | None = None) -> Ran:  # noqa: A002
        """Wait for the end of one that was started."""
        out, err = process.communicate(input, timeout=SOON_S)
        return Ran(process.returncode, out or b"", (err or b"").decode())

    def terminal(
        self, *arguments: str, columns: int = 80, environment: dict[str, str] | None = None, shell: str = ""
    ) -> Terminal:
        """Start it, or a line of shell, in a terminal."""
        command = self._shell(shell) if shell else [str(PROGRAM), *arguments]
        terminal = Terminal(command, self.folder, self.environment | (environment or {}), columns)
        self.left.callback(terminal.close)
        return terminal

    def shell(self, *lines: str) -> list[Ran]:
        """Run lines of shell, in which `miniagents` is the program, side by side."""
        processes = [self._start(self._shell(line), stdin=subprocess.DEVNULL) for line in lines]
        return [self.end(process) for process in processes]

    def _start(self, command: list[str], **more: Any) -> subprocess.Popen[bytes]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(command, **{"cwd": self.folder, "env": self.environment, **pipes, **more})
        self.left.callback(_end, process)
        return process

    def _shell(self, line: str) -> list[str]:
        return ["/bin/bash", "-c", f'miniagents() {{ "{PROGRAM}" "$@"; }}\n{line}']

    @property
    def transcripts(self) -> list[Path]:
        """The transcripts in the default folder, in order."""
        return sorted(self.folder.glob("chats/*.md"))

    def said(self) -> list[Message]:
        """Return the messages of the only transcript."""
        (path,) = self.transcripts
        return list(transcript.read(path))


class Terminal:
    """A program in a pseudo-terminal, and what a person would see on it."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], columns: int = 80) -> None:
        self._screen = pyte.HistoryScreen(columns, 50)
        self._stream = pyte.ByteStream(self._screen)
        self._lines: list[str] = []
        self.raw = b""
        with warnings.catch_warnings():  # a thread of the tests answers as the provider; the child only runs a program
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process = pexpect.spawn(
                command[0], command[1:], cwd=folder, env=environment, dimensions=(50, columns), timeout=SOON_S
            )
        self.process.delaybeforesend = None

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, without the empty ones at its end."""
        if not self._lines:  # to make them takes longer than to wait for the next ones
            self._lines = "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")
        return self._lines

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def send(self, keys: str) -> None:
        """Press keys."""
        self.process.send(keys)

    def wait_for(self, what: str | Callable[[], bool]) -> None:
        """Wait until a text is on the screen, or a condition holds."""
        deadline = time.monotonic() + SOON_S
        while not (what in self.text if isinstance(what, str) else what()):
            assert self._read(), f"{what} never came; the program ended with this on the screen:\n{self.text}"
            assert time.monotonic() < deadline, f"{what} never came; on the screen:\n{self.text}"

    def sends_signals(self) -> bool:
        """Say whether Ctrl-C is a signal now, and not a key that the program reads."""
        return bool(termios.tcgetattr(self.process.child_fd)[3] & termios.ISIG)

    def wait_for_prompt(self, after: str = "") -> None:
        """Wait until the program asks, with this above the question; a chat has its toolbar below it."""
        self.wait_for(lambda: after in self.text and any(_is_prompt(line) for line in self.lines[-2:]))

    def ask(self, text: str, answer: str) -> None:
        """Say something, and wait for the answer and the next prompt."""
        self.send(f"{text}\r")
        self.wait_for_prompt(answer)

    def end(self) -> int:
        """Wait for the program's end and return its exit code."""
        deadline = time.monotonic() + SOON_S
        while self._read():
            assert time.monotonic() < deadline, f"it does not end; on the screen:\n{self.text}"
        self.process.close()
        return self.process.exitstatus if self.process.signalstatus is None else -self.process.signalstatus

    def close(self) -> None:
        """Kill it if it still lives."""
        self.process.close(force=True)

    def _read(self) -> bool:
        """Take in what was written, if anything was; say whether there may be more."""
        try:
            written = self.process.read_nonblocking(65536, timeout=0.02)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += written
        self._stream.feed(written)
        self._lines = []
        if b"\x1b[6n" in written:  # where is the cursor?
            self.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
        return True


def _is_prompt(line: str) -> bool:
    """Say whether it is the prompt with nothing typed, but perhaps with its hint."""
    return line == ">" or line.startswith("> Enter sends")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Undo what a shell does to programs that it starts in the background: they and their children ignore SIGINT."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Give the program in a world of its own."""
    program = Program(tmp_path)
    with program.left:
        yield program


@pytest.fixture
def provider(program: Program) -> Iterator[LLMServer]:
    """Give a provider that echoes until it is scripted, and let the program know it."""
    with LLMServer.in_thread() as server:
        program.environment |= settings_for(server)
        yield server


@pytest.fixture
def measured(program: Program) -> None:
    """Let coverage be measured inside the program; that nearly doubles its time, so only where nothing else sees it."""
    program.environment |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


@pytest.fixture
def echo(program: Program) -> None:
    """Let the program talk to a plugin that answers as the provider does but needs no SDK, so that it starts sooner."""
    program.install("echoing", echoing=ECHOING)
    program.environment["MINIAGENTS_MODEL"] = "echo"


def settings_for(server: LLMServer) -> dict[str, str]:
    """Return what a program's environment says of a provider."""
    return {
        "OPENAI_API_KEY": "sk-of-openai",
        "OPENAI_BASE_URL": server.openai_base_url,
        "ANTHROPIC_API_KEY": "sk-of-anthropic",
        "ANTHROPIC_BASE_URL": server.anthropic_base_url,
    }

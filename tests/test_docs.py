"""README and docs say what is true: their Python runs, and prints what the block behind it says."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from miniagents import Message
from miniagents.chains.chain_file import read
from miniagents.cli.chats.resume import newest
from miniagents.cli.chats.search import chats_in
from miniagents.errors import SettingsError
from miniagents.ext.transcript import append, read_records
from tests.cli.conftest import ECHOING
from tests.cli.conftest import PROGRAM as INSTALLED
from tests.cli.conftest import Program as Installed
from tests.fakes.llm_server import LLMServer, Reply

HOUSE = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "docs/library.md",
    "plugins/README.md",
    "plugins/miniagents-echo/README.md",
    "plugins/miniagents-llamacpp/README.md",
    "plugins/miniagents-sqlite/README.md",
)
PROGRAM = re.compile(
    r"(?:^<!-- the model replies: ([^\n]*) -->\n)?^```python\n(.*?)^```\n(?:```text\n(.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
SHELL = re.compile(
    r"(?:^<!-- the model replies: ([^\n]*) -->\n)?^```sh\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
CHAINS = re.compile(r"^```(yaml|python|sh)\n(?:# (\S+\.(?:yaml|py))\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL_PAGES = ("README.md", "docs/chat.md")
NOTE = re.compile(r"miniagents: (going on with |kept in |\d+ tokens in, )|\w+( \d)?: (started$|done, )")
"""What a command may tell besides: which chat goes on, where it is kept, what was used, who works in a chain."""
PNG = b"\x89PNG\r\n\x1a\n"


class Program(NamedTuple):
    """A block of Python on a page."""

    page: str
    code: str
    prints: str | None
    replies: list[Any]
    """What the models reply that it asks, in order; with none, they echo."""


def programs() -> Iterator[object]:
    """Give each Python block of each page, with what it prints and what models reply, by the line it begins at."""
    for page in PAGES:
        text = (HOUSE / page).read_text(encoding="utf-8")
        for block in PROGRAM.finditer(text):
            line = text.count("\n", 0, block.start(2)) + 1
            replies = json.loads(f"[{block[1] or ''}]")
            yield pytest.param(Program(page, "\n" * (line - 1) + block[2], block[3], replies), id=f"{page}:{line}")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """A loopback provider where every model agent looks for one."""
    with LLMServer.in_thread() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.anthropic_base_url)
        yield server


@pytest.mark.parametrize("program", list(programs()))
def test_each_program_in_the_docs_runs_and_prints_what_they_say(
    provider: LLMServer, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who copies a program out of the docs gets what the docs say."""
    provider.script(*(Reply(said) if isinstance(said, str) else Reply.from_json(said) for said in program.replies))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hello\n"))
    monkeypatch.setattr(sys, "stdout", printed := io.StringIO())
    exec(compile(program.code, str(HOUSE / program.page), "exec"), {"__name__": "__main__"})
    if program.prints is not None:
        assert printed.getvalue() == program.prints


def commands() -> Iterator[object]:
    """Give each command of each page, with what the model replies to it; None if it echoes."""
    for page in SHELL_PAGES:
        for block in SHELL.finditer((HOUSE / page).read_text(encoding="utf-8")):
            replies = json.loads(f"[{block[1] or ''}]")
            lines = [line.partition("  #")[0].strip() for line in block[2].splitlines()]
            for line in lines:
                if line.startswith(("miniagents ", "git diff")):
                    yield pytest.param(line, replies.pop(0) if replies else None, id=line)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with what the commands speak of: files, a template, a chat."""
    (tmp_path / "picture.png").write_bytes(PNG)
    (tmp_path / "README.md").write_text("# A project")
    (tmp_path / "notes.txt").write_text("Some notes.")
    (tmp_path / "patch.diff").write_text("-old\n+new\n")
    for kind, name, code in CHAINS.findall((HOUSE / "README.md").read_text(encoding="utf-8")):
        if kind == "yaml":
            (tmp_path / name).write_text(code)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "review.md").write_text("Review this {{ language }}:\n\n{{ input }}")
    question = Message(text="Tell me of a river.", role="user")
    append(
        tmp_path / "chats" / "2026-11-26T00-00-00.000Z-0000.md", question, Message(text="It flows.", role="assistant")
    )
    return tmp_path


@pytest.mark.parametrize(("command", "reply"), list(commands()))
def test_each_command_in_the_docs_runs(provider: LLMServer, command: str, reply: str | None, folder: Path) -> None:
    """A reader who copies a command out of the docs gets an answer, not an error."""
    if reply is not None:
        provider.script(Reply(reply))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MINIAGENTS_CONFIG": str(folder / "config.toml"),
    }
    command = command.replace("git diff", "echo a diff").replace("| jq .usage", "").replace("path/to/any.gguf", "local")
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        input="Hello",
        timeout=250,
    )
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stderr.splitlines() if not NOTE.match(line)] == []
    assert ran.stdout.strip()


TUTORIAL = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def test_the_tutorial_of_plugins(tmp_path: Path) -> None:
    """An author who follows it line by line gets a plugin that works; only what installs a package is done by hand."""
    program = Installed(tmp_path)
    program.environment["PATH"] = f"{INSTALLED.parent}{os.pathsep}{os.environ['PATH']}"
    ran = 0
    for kind, code, prints in TUTORIAL.findall((HOUSE / "plugins" / "README.md").read_text(encoding="utf-8")):
        named = re.match(r"# (\w+\.py)\n", code)
        if kind == "python" and named:
            (program.folder / named[1]).write_text(code)
        if kind != "sh":
            continue
        before, install, after = code.partition("miniagents plugins install ./miniagents-whisper\n")
        said = _told(program, before)
        if install:
            package = program.folder / "miniagents-whisper"
            program.environment["PYTHONPATH"] += f"{os.pathsep}{package}"
            program.install("miniagents_whisper", miniagents_whisper="")
            (program.site / "miniagents_whisper.py").unlink()
            points = "[miniagents]\nwhisper = miniagents_whisper\n"
            (program.site / "miniagents_whisper-1.0.dist-info" / "entry_points.txt").write_text(points)
            said += _told(program, after)
        assert said
        ran += 1
        if prints:
            assert said.rstrip("\n") == prints.rstrip("\n")
    assert ran == 4
    assert said.count("shout:loud") == 1


EVERYBODY = "version: 1\nagents: {writer: {}, critic: {}, slow: {}, fast: {}, second: {}}\n"
"""What stands before a flow that the page shows alone."""


def test_the_page_of_chains(tmp_path: Path) -> None:
    """Whoever writes the files of the page finds nothing wrong with them, and every command and program works."""
    program = Installed(tmp_path)
    program.install("echoing", echoing=ECHOING)
    program.environment |= {"MINIAGENTS_MODEL": "echo", "PATH": f"{INSTALLED.parent}{os.pathsep}{os.environ['PATH']}"}
    (program.folder / "notes").mkdir()
    for name in ("notes.txt", "notes/a.md"):
        (program.folder / name).write_text("Some notes.")
    ran = {"yaml": 0, "python": 0, "sh": 0}
    for kind, name, code in CHAINS.findall((HOUSE / "docs" / "chains.md").read_text(encoding="utf-8")):
        path = program.folder / (name or f"block.{kind}")
        path.write_text(code if kind != "yaml" or name else EVERYBODY + code)
        if kind == "yaml":
            read(path, needs_inputs=False)
        elif not name:
            lines = code.splitlines() if kind == "sh" else [f"{sys.executable} {path}"]
            for line in lines:
                assert _answered(program, line.partition("  #")[0]), line
        ran[kind] += 1
    assert ran == {"yaml": 7, "python": 2, "sh": 6}


def test_the_page_of_transcripts(tmp_path: Path) -> None:
    """Its example is a transcript, and the page, which stands where chats are kept, is none: nobody goes on with it."""
    page = (HOUSE / "chats" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "README.md").write_text(page)
    assert chats_in(tmp_path) == []
    with pytest.raises(SettingsError, match="there is no chat to go on with"):
        newest(tmp_path)
    example = "".join(re.findall(r"^(?: {4}.*)?\n", page, re.MULTILINE))
    (tmp_path / "chat.md").write_text(dedent(example).strip() + "\n")
    said = [(each.message.role, each.message.text) for each in read_records(tmp_path / "chat.md")]
    assert said == [("user", "Write an endless loop."), ("assistant", "Here it is:\n\n~~~py\nwhile True:")]


def _answered(program: Installed, line: str) -> str:
    environment = program.environment
    command = ["bash", "-euo", "pipefail", "-c", line]
    ran = subprocess.run(
        command, cwd=program.folder, env=environment, capture_output=True, text=True, input="", check=False
    )
    assert ran.returncode == 0, f"{line}: {ran.stderr}"
    assert "Traceback" not in ran.stderr
    return ran.stdout.strip()


def _told(program: Installed, code: str) -> str:
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), code
    return ran.stdout

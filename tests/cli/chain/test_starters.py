"""The templates of `chain new`, each run as it is begun: it does what it says of itself."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.chain.conftest import Shell
    from tests.cli.conftest import Program

GREET = 'def greet(name):\n    return f"Hey {name}"\n'
POLITE = GREET.replace("Hey", "Good day,")
TREE = {"greet.py": GREET, "check.py": 'from greet import greet\nassert greet("Ann") == "Good day, Ann"\n'}
CHECK = f"--set=agents.trial.with.command={shlex.join([sys.executable, '-B', 'check.py'])}"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """Give a provider that echoes until it is scripted."""
    with LLMServer.in_thread() as server:
        for name, value in settings_for(server).items():
            monkeypatch.setenv(name, value)
        yield server


def heard(model: LLMServer, number: int) -> list[tuple[str, str]]:
    """Return who said what, in one of the requests, but for its instructions."""
    return [(message["role"], message["content"]) for message in model.requests[number].body["messages"][1:]]


def told(model: LLMServer, number: int) -> str:
    """Return the instructions of a request."""
    return str(model.requests[number].body["messages"][0]["content"])


def run(shell: Shell, template: str, *words: str, given: str = "") -> str:
    """Begin a template and run it; return what comes out."""
    assert shell("new", "-t", template).code == 0
    ran = shell(f"{template}.yaml", *words, "--no-save", given=given)
    assert ran.code == 0, ran.err
    return ran.out


def proposing(text: str) -> Reply:
    """Make a model's reply that proposes this text for the file."""
    return Reply(f"So be it.\n\nFILE: greet.py\n```python\n{text}```\n")


def tracked(folder: Path) -> None:
    """Make a repository of the small program, with a file beside it that git does not know."""
    for name, text in {**TREE, "secret.txt": "nobody's business"}.items():
        (folder / name).write_text(text)
    for words in (["init", "-q"], ["add", *TREE]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def test_critique(shell: Shell, model: LLMServer) -> None:
    """The writer writes until the critic approves; the text comes out, not the approval."""
    model.script("a draft", "too short", "a longer draft", "APPROVED")
    assert run(shell, "critique", "a poem") == "a longer draft"
    assert heard(model, 2) == [("user", "a poem"), ("assistant", "a draft"), ("user", "too short")]
    assert len(model.requests) == 4


def test_debate(shell: Shell, model: LLMServer) -> None:
    """Each answers what the other one said, twice; the judge has heard all of it."""
    model.script("for 1", "against 1", "for 2", "against 2", "a draw")
    assert run(shell, "debate", "Tea!") == "a draw"
    said = ["Tea!", "for 1", "against 1", "for 2", "against 2"]
    assert [text for _, text in heard(model, 4)] == said
    assert heard(model, 3)[1:] == [("user", "for 1"), ("assistant", "against 1"), ("user", "for 2")]


def test_map_reduce(shell: Shell, model: LLMServer) -> None:
    """Each file is read by itself, with the task; the writer is sent what was found, in the order of the files."""
    for name in ("one", "two", "three"):
        shell.write(f"{name}.md", f"file {name}")
    said = run(shell, "map-reduce", "-i", "files=*.md", "-i", "task=Count it.")
    assert said == "You said: You said: file two"
    assert [text for _, text in heard(model, 3)] == [f"You said: file {name}" for name in ("one", "three", "two")]
    assert sum("Count it." in told(model, number) for number in range(3)) == 3
    assert shell("map-reduce.yaml").lines[0].endswith("which ones, as a pattern); add --input files=…")


def test_review(shell: Shell, model: LLMServer) -> None:
    """Three reviewers are sent the change, the editor what all three found."""
    assert run(shell, "review", given="a change") == "You said: You said: a change"
    assert [heard(model, number) for number in range(3)] == [[("user", "a change")]] * 3
    assert len({told(model, number) for number in range(3)}) == 3
    assert heard(model, 3) == [("user", "You said: a change")] * 3


def test_translate(shell: Shell, model: LLMServer) -> None:
    """It is translated there and back, and the checker sees all three texts."""
    model.script("Guten Tag", "Good day", "OK")
    assert run(shell, "translate", "-i", "language=German", "Hello") == "OK"
    assert heard(model, 2) == [("user", "Hello"), ("user", "Guten Tag"), ("user", "Good day")]
    assert "into German." in told(model, 0)
    assert "into English." in told(model, 1)


@pytest.mark.parametrize("given", ["", "no\n", "yes, perhaps\n"])
def test_improve_without_a_yes(shell: Shell, model: LLMServer, given: str) -> None:
    """Through pipes the difference comes out, and nothing is written; only what git tracks was read."""
    tracked(shell.folder)
    model.script(proposing(POLITE))
    said = run(shell, "improve", "--allow-code", CHECK, "make it polite", given=given)
    assert '-    return f"Hey {name}"\n+    return f"Good day, {name}"\n' in said
    assert (shell.folder / "greet.py").read_text() == GREET
    texts = [text for _, text in heard(model, 0)]
    assert [text.partition("\n")[0] for text in texts] == ["FILE: check.py", "FILE: greet.py", "make it polite"]


def test_improve_needs_leave_to_run_code(shell: Shell, model: LLMServer) -> None:
    """Without `--allow-code` nothing is read, asked or run."""
    tracked(shell.folder)
    shell("new", "-t", "improve")
    ran = shell("improve.yaml", CHECK, "make it polite")
    assert (ran.code, ran.out, model.requests) == (2, "", [])
    assert "--allow-code" in ran.err


def test_improve_at_a_terminal(program: Program, provider: LLMServer) -> None:
    """Two models propose side by side; the one whose tests pass is shown as a difference, and a yes applies it."""
    tracked(program.folder)
    provider.script(proposing(GREET + "\n\nvery = None\n"), proposing(POLITE))
    assert program.run("chain", "new", "-t", "improve").code == 0
    terminal = program.terminal("chain", "improve.yaml", "--allow-code", CHECK, "make it polite")
    terminal.wait_for_prompt('+    return f"Good day, {name}"')
    assert (program.folder / "greet.py").read_text() == GREET
    terminal.send("yes\r")
    assert terminal.end() == 0
    assert "Changed." in terminal.text
    assert (program.folder / "greet.py").read_text() == POLITE
    assert sum("fails with exit code 1" in message.text for message in program.said()) == 1
    assert len(provider.requests) == 2

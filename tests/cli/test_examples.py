"""The examples are whole programs, and do what they say; `chain/test_examples.py` runs the chains among them."""

import io
import json
import logging
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer, Reply
from tests.fakes.replies import ToolUse

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
Ran = Callable[..., str]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """Give a provider that echoes until it is scripted."""
    with LLMServer.in_thread() as server:
        for name, value in settings_for(server).items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def ran(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Ran:
    """Give a function that runs one of the programs in an empty folder, and returns what it writes."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.WARNING)

    def run(name: str, *words: str, said: str = "") -> str:
        monkeypatch.setattr(sys, "argv", [name, *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        written = capsys.readouterr()
        assert (written.err, caplog.text) == ("", "")
        return written.out

    return run


def heard(model: LLMServer, number: int) -> list[str]:
    """Return the texts of one of the requests, from 0."""
    return [message["content"] for message in model.requests[number].body["messages"]]


def test_there_are_five_of_each() -> None:
    """Five chains and five programs; each is run by a test that names it."""
    here = Path(__file__).parent
    said = "".join(path.read_text("utf-8") for path in (here / "test_examples.py", here / "chain" / "test_examples.py"))
    names = [path.name for path in (*EXAMPLES.glob("*.py"), *(EXAMPLES / "chains").iterdir())]
    assert len(names) == 10
    assert [name for name in names if f'"{name}"' not in said] == []


def test_streaming(ran: Ran, model: LLMServer) -> None:
    """What the model says comes out in capitals and quotes."""
    model.script("it is light")
    assert ran("streaming.py", "why?") == "“IT IS LIGHT”\n"


def test_fastest(ran: Ran, model: LLMServer) -> None:
    """The model that begins first is heard, though another one is asked first and never ends; nothing is logged."""
    model.script(Reply("too late", first_delay_s=60), Reply("light"))
    name, _, answer = ran("fastest.py", "one", "two").partition(": ")
    assert answer == "light\n"
    assert name in {"one", "two"}


def test_tools(ran: Ran, model: LLMServer, tmp_path: Path) -> None:
    """The model calls the function, and a file outside the folder is refused."""
    (tmp_path / "a.txt").write_text("1\n2\n3\n")
    calls = [ToolUse("length_of_file", {"name": name}, id=name) for name in ("a.txt", "../b")]
    model.script(Reply(tool_calls=calls), Reply("three"))
    assert ran("tools.py", "how long?") == "three\n"
    told = json.dumps(model.requests[1].body["messages"][-2:])
    assert '"3"' in told
    assert "is not in this folder" in told


def test_minutes(ran: Ran, model: LLMServer) -> None:
    """What is said in the dialog is in the file, and goes on from there."""
    model.script("hello you", "what else")
    assert "hello you" in ran("minutes.py", "talk.md", said="hi\nexit\n")
    assert "what else" in ran("minutes.py", "talk.md", said="and now\nexit\n")
    assert heard(model, 1) == ["Be brief.", "hi", "hello you", "and now"]


def test_a_chain_in_code(ran: Ran, model: LLMServer) -> None:
    """A file of agents answers twice at the same time."""
    short, _, long = ran("chain_in_code.py", "why?").partition("\n\n")
    assert (short, long) == ("You said: You said: why?", "You said: You said: why? Answer in detail.\n")
    assert len(model.requests) == 6

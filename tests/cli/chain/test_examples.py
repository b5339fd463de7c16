"""The chains among the examples do what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import settings_for
from tests.fakes.llm_server import LLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.chain.conftest import Shell

CHAINS = Path(__file__).parent.parent.parent.parent / "examples" / "chains"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMServer]:
    """Give a provider that echoes until it is scripted."""
    with LLMServer.in_thread() as server:
        for name, value in settings_for(server).items():
            monkeypatch.setenv(name, value)
        yield server


def run(shell: Shell, name: str, *words: str, given: str = "") -> str:
    """Run one of the chains; return what comes out."""
    ran = shell(str(CHAINS / name), *words, "--quiet", "--no-save", given=given)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def heard(model: LLMServer, number: int) -> list[str]:
    """Return the texts of one of the requests, from 0, but for the instructions."""
    return [message["content"] for message in model.requests[number].body["messages"][1:]]


def test_commit(shell: Shell, model: LLMServer) -> None:
    """A message with a long first line is made shorter, a short one is kept."""
    model.script("x" * 61 + "\n\nWhy.", "Short\n\nWhy.")
    assert run(shell, "commit.yaml", given="a diff") == "Short\n\nWhy."
    model.script("Short at once")
    assert run(shell, "commit.yaml", given="a diff") == "Short at once"
    assert len(model.requests) == 3


def test_interview(shell: Shell, model: LLMServer) -> None:
    """The agent asks, a line answers, the end of the input ends it, and what was said is summed up."""
    model.script("Where?", "With whom?", "A trip.")
    assert run(shell, "interview.yaml", "begin", given="Rome\n").endswith("A trip.")
    assert heard(model, 2) == ["begin", "Where?", "Rome", "With whom?"]


def test_people(shell: Shell, model: LLMServer) -> None:
    """Each line becomes an object that fits."""
    model.script(json.dumps({"name": "Ann", "age": 30}))
    said = run(shell, "people.yaml", given="Ann is thirty.\n\nAnn was twenty-nine.\n")
    assert said.count('"Ann"') == 2
    assert len(model.requests) == 2


def test_second_opinion(shell: Shell, model: LLMServer) -> None:
    """The referee is sent the question and both answers, in the order of the file."""
    assert run(shell, "second-opinion.yaml", "why?") == "You said: You said: why?"
    assert heard(model, 2) == ["why?", "You said: why?", "You said: why?"]


def test_story(shell: Shell, model: LLMServer) -> None:
    """It is told until the critic has nothing to add; the story comes out, not the praise."""
    model.script("once", "weak", "once more", "DONE")
    assert run(shell, "story.yaml", "--input", "hero=a fox", "tell it") == "once more"
    assert len(model.requests) == 4
    assert "a fox" in json.dumps(model.requests[0].body)
    again = [message["content"] for message in model.requests[2].body["messages"][1:]]
    assert again == ["tell it", "once", "weak"]  # it knows what to make better

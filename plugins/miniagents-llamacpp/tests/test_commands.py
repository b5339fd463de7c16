"""`miniagents embed`, as a person would use it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give a function that runs `miniagents embed` in a folder of its own, with pipes."""

    def run(*words: str, said: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {"MINIAGENTS_CONFIG": str(tmp_path / "none.toml"), **environment}
        command = [sys.executable, "-m", "miniagents.cli", "embed", *words]
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, input=said, cwd=tmp_path, env=os.environ | own
        )
        assert "Traceback" not in ran.stderr
        return ran

    return run


@pytest.mark.usefixtures("model")
def test_a_vector_is_a_line(program: Program) -> None:
    """For each text, and for each line that is not blank, there is a line of JSON."""
    ran = program("a cat", "a dog")
    assert (ran.returncode, ran.stderr) == (0, "")
    cat, dog = map(json.loads, ran.stdout.splitlines())
    assert len(cat) == len(dog) == 576
    ran = program("-m", "local", said="a cat\n\na dog\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.splitlines()) == 2


def test_what_cannot_be_embedded_is_one_line(program: Program, tmp_path: Path) -> None:
    """Nothing to embed, a model that is not here yet, one that does not exist: what it is and what to do."""
    data = str(tmp_path / "data")
    ran = program("hi", XDG_DATA_HOME=data, HOME=data)
    assert ran.stderr == "miniagents: local: it is not here yet; `miniagents models pull local` fetches it\n"
    ran = program("hi", "-m", "local:some/model:Q8_0", XDG_DATA_HOME=data, HOME=data)
    assert (
        "some/model:Q8_0: it is not here yet; `miniagents models pull local:some/model:Q8_0` fetches it" in ran.stderr
    )
    ran = program("hi", "-m", "./no.gguf")
    assert "./no.gguf: there is no such model" in ran.stderr
    assert (ran.returncode, ran.stdout) == (1, "")


@pytest.mark.usefixtures("model")
def test_nothing_to_embed(program: Program) -> None:
    """Without a text and without a line there is nothing to do, and how to do it."""
    ran = program()
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "miniagents: there is nothing to embed; give a TEXT, or lines on standard input\n"

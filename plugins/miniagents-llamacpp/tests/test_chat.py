"""Models of a hub in the chat program, as a person would use them: pulled, listed, asked, removed."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hub_server import CONTENT, REPOSITORY, HubServer, files_in

Program = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model


@pytest.fixture
def program(hub: HubServer, tmp_path: Path) -> Program:
    """Give a function that runs the program in a folder of its own, with pipes, an empty store and the hub."""

    def run(*words: str, said: str = "") -> "subprocess.CompletedProcess[str]":
        own = {"MINIAGENTS_CONFIG": str(tmp_path / "none.toml"), "XDG_DATA_HOME": str(tmp_path / "data")}
        own |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), **hub.environment}
        command = [sys.executable, "-m", "miniagents.cli", *words]
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, input=said, cwd=tmp_path, env=os.environ | own
        )
        assert "Traceback" not in ran.stderr
        return ran

    return run


@pytest.mark.usefixtures("files")
def test_a_model_comes_and_goes(program: Program, tmp_path: Path) -> None:
    """Pulled by its name with one line, listed with its size, removed with one line that says how much that frees."""
    where = tmp_path / "data/miniagents/models/someone/Tiny-GGUF/tiny-Q4_K_M.gguf"
    ran = program("models", "pull", f"local:{REPOSITORY}")
    assert (ran.returncode, ran.stdout) == (0, f"{where}\n")
    assert ran.stderr == f"miniagents: fetching {REPOSITORY} (1 MB), once…\n"
    assert where.read_bytes() == CONTENT
    ran = program("models", "list", "--local", "tiny")
    assert ran.stdout == f"local:{REPOSITORY}:Q4_K_M\t1.0 MB\t{where}\n"
    ran = program("models", "list", REPOSITORY)
    assert ran.stdout.startswith(f"local:{REPOSITORY}:Q4_K_M\t")
    ran = program("models", "remove", f"local:{REPOSITORY}:Q4_K_M")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"removed local:{REPOSITORY}:Q4_K_M (1.0 MB)\n", "")
    assert files_in(tmp_path / "data") == []
    ran = program("models", "remove", f"local:{REPOSITORY}")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(r"miniagents: no model .* was fetched; `miniagents models list --local` .*\n", ran.stderr)


def test_a_chat_fetches_the_model_that_it_names(hub: HubServer, program: Program, model: Path, tmp_path: Path) -> None:
    """A repository's name behind `local:` is all that it takes; the second time nobody is asked for it."""
    hub.repositories["real/SmolLM2-GGUF"] = {"SmolLM2-135M-Q4_1.gguf": model.read_bytes()}
    ask = ("chat", "-m", "local:real/SmolLM2-GGUF", "-o", "temperature=0", "-o", "max_tokens=8", "Say hello.")
    ran = program(*ask)
    assert (ran.returncode, bool(ran.stdout)) == (0, True)
    assert ran.stderr.startswith("miniagents: fetching real/SmolLM2-GGUF (98 MB), once…\n")
    asked = len(hub.requests)
    assert program(*ask).stdout == ran.stdout
    assert len(hub.requests) == asked
    path = next((tmp_path / "data").rglob("*.gguf"))
    assert program(*[f"local:{path}" if word == ask[2] else word for word in ask]).stdout == ran.stdout


@pytest.mark.usefixtures("files")
def test_a_key_that_is_kept_opens_what_is_not_for_everybody(hub: HubServer, program: Program) -> None:
    """What `keys set huggingface` keeps is the hub's token; without it one line says how to get in."""
    hub.gated.add(REPOSITORY)
    ran = program("models", "pull", f"local:{REPOSITORY}")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "only for those who have accepted its terms; accept its terms at http" in ran.stderr
    assert program("keys", "set", "huggingface", said=hub.token).returncode == 0
    ran = program("models", "pull", f"local:{REPOSITORY}")
    assert ran.returncode == 0
    assert hub.token not in ran.stdout + ran.stderr


@pytest.mark.usefixtures("files")
def test_what_cannot_be_fetched_is_one_line(hub: HubServer, program: Program) -> None:
    """A repository that is not there, a quantisation that it has not, a file that is no model."""
    ran = program("chat", "-m", "local:no/body", "hi")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"miniagents: {hub.host}: there is no repository no/body ")
    ran = program("models", "pull", f"local:{REPOSITORY}:Q5_0")
    assert ran.stderr.endswith(" has no model 'Q5_0', or several; there is Q2_K, Q4_K_M\n")
    ran = program("chat", "-m", f"local:{REPOSITORY}", "hi")
    assert ran.returncode == 1
    assert "llama.cpp cannot load it" in ran.stderr
    ran = program("chat", "-m", "local", "-o", "parallel=0", "hi")
    assert "-o parallel: it must be a whole number, 1 or more for local:" in ran.stderr
    ran = program("chat", "-m", "./no.gguf", "hi")
    assert ran.stderr.startswith("miniagents: ./no.gguf: there is no such model; give the path of a .gguf file, ")

"""The plugin in the chat program, as a person would use it: found, asked, and with one line where it fails."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from miniagents_ollama import glance, host, register_keys, register_models
from ollama_server import OllamaServer, Reply, said

if TYPE_CHECKING:
    from miniagents.hookspecs import Key, ModelProvider

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Give a function that runs the program in a folder of its own, with pipes."""

    def run(*arguments: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        own = {"MINIAGENTS_CONFIG": str(tmp_path / "none.toml"), "HOME": str(tmp_path), **environment}
        command = [sys.executable, "-m", "miniagents.cli", *arguments]
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            input="",
            cwd=tmp_path,
            env=os.environ | own,
            timeout=50,
        )

    return run


def offered() -> "ModelProvider":
    """Return what the plugin registers."""
    providers: list[ModelProvider] = []
    register_models(providers.append)
    (provider,) = providers
    return provider


def test_nobody_is_asked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registering asks no server and imports no HTTP library; whether one is there is asked when somebody asks."""
    code = (
        "import sys; from miniagents_ollama import register_models; register_models(lambda provider: None);"
        "sys.exit(sum(name in sys.modules for name in ('httpx2', 'http.client', 'openai')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=50).returncode == 0
    monkeypatch.setattr(glance, "_connect", pytest.fail)
    provider = offered()
    assert (provider.name, provider.default_model) == ("ollama", "llama3.2")
    assert provider.ready({"OLLAMA_HOST": "box"}) == "OLLAMA_HOST"


def test_it_is_ready_where_a_server_answers(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a setting, a server at the usual place makes it ready, and none there does not."""
    monkeypatch.setattr(host, "_PORT", int(server.host.partition(":")[2]))
    assert offered().ready({}) == "Ollama answers"
    server.close()
    assert offered().ready({}) is None


def test_the_key_of_the_cloud_has_a_name() -> None:
    """A person who needs a key is told which, and where it is to be had."""
    keys: list[Key] = []
    register_keys(keys.append)
    assert [(key.name, key.variable) for key in keys] == [("ollama", "OLLAMA_API_KEY")]


def test_a_prompt_is_answered_in_a_pipe(server: OllamaServer, program: Program) -> None:
    """`chat -m ollama:llama3.2 "hi"` writes the reply and nothing else."""
    ran = program("chat", "-m", "ollama:llama3.2", "hi", environment=server.environment)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "You said: hi", "")
    assert [asked.path for asked in server.requests] == ["/api/tags", "/api/chat"]


def test_options_reach_the_server_and_usage_the_person(server: OllamaServer, program: Program) -> None:
    """Options of the command line are the model's, and `--json` has what the reply cost."""
    options = ["-o", "temperature=0.5", "-o", "keep_alive=1h"]
    ran = program("chat", "-m", "ollama:qwen3:0.6b", "--json", *options, "hi", environment=server.environment)
    reply = json.loads(ran.stdout)
    assert (reply["text"], reply["usage"]) == ("You said: hi", {"in": 26, "out": 282})
    (chat,) = server.chats
    assert (chat["model"], chat["options"], chat["keep_alive"]) == ("qwen3:0.6b", {"temperature": 0.5}, "1h")


def test_the_default_model_is_fetched_first(server: OllamaServer, program: Program) -> None:
    """A server that lacks the default model gets it before it is asked, and `models pull` does it by itself."""
    server.models.clear()
    ran = program("chat", "-m", "ollama", "hi", environment=server.environment)
    assert (ran.returncode, ran.stdout) == (0, "You said: hi")
    assert [asked.path for asked in server.requests] == ["/api/tags", "/api/pull", "/api/chat"]
    ran = program("models", "pull", "ollama", environment=server.environment)
    assert (ran.returncode, ran.stdout) == (0, "llama3.2\n")


def test_any_model_is_fetched_and_taken_away_by_its_name(server: OllamaServer, program: Program) -> None:
    """`models pull ollama:NAME` and `models remove ollama:NAME` do it, and `models list --local` has what is there."""
    ran = program("models", "pull", "ollama:gemma3", environment=server.environment)
    assert (ran.returncode, ran.stdout) == (0, "gemma3\n")
    ran = program("models", "list", "--local", "ollama:", environment=server.environment)
    names = ["gemma3", "llama3.2", "qwen3:0.6b"]
    assert ran.stdout == "".join(f"ollama:{name}\t3,825.8 MB\tOllama\n" for name in names)
    ran = program("models", "remove", "ollama:gemma3", environment=server.environment)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "removed ollama:gemma3 (3,825.8 MB)\n", "")
    assert "gemma3:latest" not in server.models


def test_its_models_are_listed(server: OllamaServer, program: Program) -> None:
    """`miniagents models` has those that the server has, and says why they can be asked."""
    ran = program("models", environment=server.environment)
    rows = [line.split("\t") for line in ran.stdout.splitlines() if line.startswith("ollama:")]
    assert [row[0] for row in rows] == ["ollama:llama3.2", "ollama:qwen3:0.6b"]
    assert all("ready: OLLAMA_HOST" in row[1] for row in rows)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("ollama:gone", "no model 'gone' (status 404): model 'gone' not found; fetch it: `ollama pull gone`"),
        ("ollama:qwen3:0.6b", "it failed: out of memory; try again later"),
    ],
)
def test_what_fails_is_one_line(server: OllamaServer, program: Program, model: str, words: str) -> None:
    """What cannot be answered is one line on standard error, and exit code 1."""
    server.script(Reply([*said("Once")[:1], {"error": "out of memory"}]))
    ran = program("chat", "-m", model, "hi", environment=server.environment)
    assert ran.returncode == 1
    assert f"{server.host}: {words}\n" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_where_nobody_listens_a_person_is_told_what_to_start(server: OllamaServer, program: Program) -> None:
    """Without a server there is one line, at once."""
    server.close()
    ran = program("chat", "-m", "ollama:llama3.2", "hi", environment=server.environment)
    assert (ran.returncode, ran.stdout) == (1, "")
    cure = "start Ollama (`ollama serve`, or its app), or set OLLAMA_HOST to where it runs"
    assert ran.stderr == f"miniagents: {server.host}: nobody listens there; {cure}\n"

"""A chain that is not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.cli.chain.conftest import Shell

CHAIN = """
version: 1
name: rehearsed
description: What a dress rehearsal is.
inputs: {topic: {default: bees}}
defaults: {model: openai:gpt-5, temperature: 0.5}
models: {mine: {provider: openai, model: own, api_key: "${env:MY_KEY}", base_url: "http://127.0.0.1:9/v1"}}
agents:
  writer: {instructions: "On {{ topic }}."}
  critic: {model: [mine, "anthropic:claude-x"], max_tokens: 50}
  echo: {plugin: echo}
limits: {tokens: 20000, usd: 1.5}
output: {from: writer}
"""


def test_what_would_run(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents with their models and terms, inputs, limits and the flow; nobody is asked, and no key is told."""
    monkeypatch.setenv("MY_KEY", "sk-made-up-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another-secret")
    shell.write("c.yaml", CHAIN)
    told = shell("c.yaml", "--dry-run", "hello " * 20)
    assert (told.code, told.err) == (0, "")
    rows = [line.split("\t") for line in told.out.partition("\n\n")[0].splitlines()]
    assert rows == [
        ["chain", "rehearsed", "What a dress rehearsal is."],
        ["text", "120 characters", ("hello " * 10)[:59] + "…"],
        ["agent", "writer", "openai:gpt-5 · temperature 0.5"],
        ["agent", "critic", "openai:own, anthropic:claude-x · temperature 0.5 · max_tokens 50"],
        ["agent", "echo", "echo"],
        ["input", "topic", "bees"],
        ["limit", "tokens", "20,000"],
        ["limit", "usd", "1.5"],
        ["output", "from", "writer"],
        ["output", "format", "text"],
    ]
    assert told.out.endswith("\n\nrehearsed\n├── writer\n├── critic\n└── echo (echo)\n")
    assert "secret" not in told.out
    assert not (shell.folder / "chats").exists()


def test_what_could_not_run(shell: Shell) -> None:
    """What a run would be refused for, a rehearsal is too."""
    shell.write("c.yaml", "version: 1\nagents: {a: {plugin: nobody}}\n")
    told = shell("c.yaml", "--dry-run", "hi")
    assert (told.code, told.out) == (2, "")
    assert told.lines[0].startswith("miniagents: c.yaml:2:14: no plugin has an agent nobody")


def test_the_model_of_the_command_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--model` comes before the file's default; the settings' model is for files that name none."""
    monkeypatch.setenv("MINIAGENTS_MODEL", "openai:from-settings")
    monkeypatch.setenv("MY_KEY", "sk-made-up")
    shell.write("c.yaml", CHAIN)
    assert "writer\topenai:gpt-5 " in shell("c.yaml", "--dry-run", "hi").out
    assert "writer\topenai:from-flag " in shell("c.yaml", "--dry-run", "-m", "openai:from-flag", "hi").out
    shell.write("d.yaml", "version: 1\nagents: {a: {}}\n")
    assert "a\topenai:from-settings\n" in shell("d.yaml", "--dry-run", "hi").out

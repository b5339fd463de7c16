"""Agents of a file: which models they ask, with which parameters. What is refused is in `test_loading`."""

from pathlib import Path
from typing import Any

import pytest

from miniagents import InteractionContext, miniagent
from miniagents.chains.speakers import Model
from miniagents.errors import SettingsError
from tests.chains.played import chain_from, plugins_with


def asked(folder: Path, text: str, environment: dict[str, str] | None = None, **given: Any) -> list[dict[str, Any]]:
    """Return the parameters of each model that agent `a` asks."""
    model = chain_from(folder, text, environment or {}, **given).agents["a"]
    assert isinstance(model, Model)
    return [dict(each.agent.parameters) for each in model.asked]


def test_an_agent_says_more_than_the_defaults(tmp_path: Path) -> None:
    """What it says holds, then what its model has, then the defaults."""
    text = """
defaults: {model: m, temperature: 0.1, retries: 5, timeout: 9, options: {top_p: 0.1, seed: 1, verbosity: low}}
models: {m: {model: gpt-4o, options: {top_p: 0.2, seed: 2}}}
agents:
  a: {temperature: 0.9, max_tokens: 5, options: {top_p: 0.3}, max_rounds: 2, instructions: "Be {{ how }}."}
vars: {how: brief}
"""
    [given] = asked(tmp_path, text)
    expected = {"temperature": 0.9, "max_retries": 5, "top_p": 0.3, "seed": 2, "verbosity": "low", "max_rounds": 2}
    assert {name: given[name] for name in expected} == expected
    assert (given["model"], given["system"], given["max_completion_tokens"]) == ("gpt-4o", "Be brief.", 5)
    chain = chain_from(tmp_path, text, {})
    assert chain.agents["a"].timeout_s == 9  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "environment", "name"),
    [
        ("gpt-4o", {}, "max_completion_tokens"),
        ("gpt-4o", {"OPENAI_BASE_URL": "http://127.0.0.1:1"}, "max_tokens"),
        ("haiku", {}, "max_tokens"),
    ],
)
def test_the_longest_reply_goes_by_the_name_that_its_api_has(
    tmp_path: Path, model: str, environment: dict[str, str], name: str
) -> None:
    """OpenAI's own calls it otherwise than the servers that are like it."""
    [given] = asked(tmp_path, f"agents: {{a: {{model: {model}, max_tokens: 5}}}}\n", environment)
    assert {key: value for key, value in given.items() if "tokens" in key} == {name: 5}


def test_without_a_model_in_the_file_that_of_the_settings_is_asked(tmp_path: Path) -> None:
    """What the program was told; without that, the first that is ready."""
    text = "agents: {a: {instructions: hi}}\n"
    assert asked(tmp_path, text, model="gpt-4o-mini", model_from="--model")[0]["model"] == "gpt-4o-mini"
    [given] = asked(tmp_path, text, {"ANTHROPIC_API_KEY": "key"}, terms={"log": "requests.md"})
    assert given["model"].startswith("claude")
    assert given["log"] == "requests.md"


def test_a_secret_shows_nowhere(tmp_path: Path) -> None:
    """A key of the environment is in no text of a chain."""
    text = """
models: {m: {provider: openai, model: x, base_url: "http://127.0.0.1:1", api_key: "${env:MINE}"}}
agents: {a: {model: m, options: {extra_headers: {x-key: "${env:MINE}"}}}}
"""
    chain = chain_from(tmp_path, text, {"MINE": "sk-very-secret"})
    model: Any = chain.agents["a"]
    assert "secret" not in f"{chain!r} {chain.agents!r} {model} {model!r} {model.asked!r} {model.asked[0].agent!r}"
    environment = model.asked[0].agent.parameters["environment"]
    assert (environment["OPENAI_API_KEY"], environment["OPENAI_BASE_URL"]) == ("sk-very-secret", "http://127.0.0.1:1")


def test_a_parameter_that_is_needed_is_missed_before_the_run(tmp_path: Path) -> None:
    """An agent that could not be called is no agent; what was given with it already need not be given again."""

    @miniagent
    async def loud(ctx: InteractionContext, *, mark: str, times: int = 1) -> None:
        """Do nothing."""

    plugins = plugins_with({"loud": loud, "louder": loud.fork(mark="!")})
    chain_from(tmp_path, "agents: {a: {plugin: loud, with: {mark: '?'}}, b: {plugin: louder}}\n", {}, plugins=plugins)
    with pytest.raises(SettingsError, match=r"tale.yaml:3:10: the agent needs mark; write `with: {mark: …}` in it"):
        chain_from(tmp_path, "agents: {a: {plugin: loud}}\n", {}, plugins=plugins)
    with pytest.raises(SettingsError, match="the agent has no parameter mrk; did you mean mark"):
        chain_from(tmp_path, "agents: {a: {plugin: loud, with: {mrk: '?'}}}\n", {}, plugins=plugins)

"""Replies that fit a schema because the engine lets the model write nothing else; with the real model."""

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp import llamacpp_agent, native, register_models
from miniagents_llamacpp.engine import Engine

from miniagents import MiniAgents
from miniagents.errors import RequestRefusedError

Run = Callable[[Awaitable[Any]], Any]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model

SHORT = {"type": "string", "maxLength": 8}
SCHEMAS: dict[str, Any] = {
    "names of fields": "warm bool, wet bool",
    "a value of few": {
        "type": "object",
        "properties": {"mood": {"enum": ["blue", "grey"]}},
        "required": ["mood"],
        "additionalProperties": False,
    },
    "numbers in a range": {
        "type": "object",
        "properties": {
            "share": {"type": "number", "minimum": 0.25, "maximum": 0.75},
            "dice": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1, "maximum": 6},
                "minItems": 2,
                "maxItems": 2,
            },
        },
        "required": ["share", "dice"],
        "additionalProperties": False,
    },
    "a pattern": {"type": "string", "pattern": "^[A-Z]{2}-\\d{3}$"},
    "a date": {"type": "string", "format": "date"},
    "one of two": {"anyOf": [SHORT, {"type": "null"}]},
    "a tree": {
        "$defs": {
            "Leaf": {"type": "object", "properties": {"n": SHORT}, "required": ["n"], "additionalProperties": False}
        },
        "type": "object",
        "properties": {"left": {"$ref": "#/$defs/Leaf"}, "right": {"$ref": "#/$defs/Leaf"}},
        "required": ["left", "right"],
        "additionalProperties": False,
    },
    "what no grammar holds beside what one does": {
        "type": "array",
        "items": {"type": "boolean"},
        "minItems": 1,
        "maxItems": 2,
        "contains": {"type": "boolean"},
    },
}


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_kept_by_the_engine(name: str, run: Run) -> None:
    """Even a small and hot model replies JSON that fits, at the first try."""

    async def main() -> Any:
        async with MiniAgents():
            asked = {"schema": SCHEMAS[name], "max_tokens": 120, "seed": 7, "temperature": 1.5}
            return await llamacpp_agent.inquire("Tell me about the weather in Spain.", **asked)

    [message] = run(main())
    assert message.data is not None
    assert json.loads(message.text) == message.data
    assert message.metadata["finish_reason"] == "stop"


@pytest.mark.usefixtures("model")
def test_a_pattern_that_no_grammar_knows_spoils_nothing_else(run: Run) -> None:
    """The rest of the schema holds, and what does not fit is asked for again as with any model."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^\b(?:x|y)", "maxLength": 4}}}
    schema |= {"required": ["a"], "additionalProperties": False}
    held = native.held_to(schema)["grammar"]
    assert "pattern" not in held
    assert "maxLength" in held or "%llguidance" not in held
    reply, _ = run(
        Engine.shared(local(), context_tokens=512).complete(user("Hi"), schema=schema, max_tokens=30, seed=1)
    )
    assert list(json.loads(reply)) == ["a"]


def local() -> Path:
    """Return the path of the default model."""
    from miniagents_llamacpp import store  # noqa: PLC0415 - by then it is fetched

    path = store.find("local")
    assert path is not None
    return path


def user(text: str) -> list[Mapping[str, str]]:
    """Make a conversation of one message."""
    return [{"role": "user", "content": text}]


@pytest.mark.usefixtures("model")
def test_a_schema_that_cannot_be_held_is_refused(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """What llama.cpp makes no grammar of is an error of our family in one line."""

    def refuse(_schema: Mapping[str, Any]) -> dict[str, str]:
        raise ValueError("no grammar\nfor this")

    monkeypatch.setattr(native, "held_to", refuse)
    with pytest.raises(RequestRefusedError, match="no grammar for this"):
        run(Engine.shared(local(), context_tokens=512).complete(user("Hi"), schema={"type": "string"}))


def test_models_say_that_they_keep_a_schema() -> None:
    """Their abilities tell of it, and of how much they can read at once."""
    offered: list[Any] = []
    register_models(offered.append)
    able = offered[0].abilities("local")
    assert (able.schema, able.streaming, able.tools, able.context_tokens) == (True, True, False, 8192)


@pytest.mark.usefixtures("model")
def test_the_program_keeps_a_schema(tmp_path: Path) -> None:
    """`chat --schema` writes JSON that fits, and nothing else."""
    command = [
        sys.executable,
        "-m",
        "miniagents.cli",
        "chat",
        "-m",
        "local",
        "--schema",
        "wet bool, warm bool",
        "Rome?",
    ]
    settings = {"MINIAGENTS_CONFIG": str(tmp_path / "none.toml")}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=os.environ | settings)
    assert (ran.returncode, ran.stderr) == (0, "")
    reply = json.loads(ran.stdout)
    assert set(reply) == {"wet", "warm"}
    assert isinstance(reply["warm"], bool)

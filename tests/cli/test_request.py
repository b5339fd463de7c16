"""What a command line asks, in the process itself."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from miniagents.cli.config.settings import Flags, Settings, settings_from
from miniagents.cli.request import Request, requested
from miniagents.cli.wish import Wish
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """+++
system = "Be brief."
model = "openai:of-the-template"
[options]
temperature = 0.5
seed = 1
+++
Review: {{ input }}"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a config folder in it, and no standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", None)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "review.md").write_text(TEMPLATE)
    (tmp_path / "templates" / "system.md").write_text("+++\nsystem = 'S'\n+++\n")
    return tmp_path


def settings(place: Path, **flags: Any) -> Settings:
    """Return settings of a command line with these flags."""
    return settings_from(Flags(**flags), {"MINIAGENTS_CONFIG": str(place / "config.toml")}, place)


def asked(place: Path, *words: str, flags: dict[str, Any] | None = None, **wish: Any) -> Request:
    """Return what is asked with these words and this wish."""
    return requested(words, Wish(**wish), settings(place, **flags or {}), print)


def test_words_are_what_is_said(place: Path) -> None:
    """Without anything else the words are what is said, and the settings stay as they are."""
    request = asked(place, "a", "b")
    assert (request.said, request.prompt, request.attached, request.schema) == ("a b", "a b", (), None)
    assert request.settings == settings(place)


def test_nothing_to_say(place: Path) -> None:
    """Nothing at all is an error, and only where it is to be said."""
    request = asked(place)
    assert request.prompt is None
    with pytest.raises(SettingsError, match=r"\Athere is nothing to say; give a prompt, or pipe it in\Z"):
        _ = request.said


def test_what_is_attached_is_said_too(place: Path) -> None:
    """Attachments make a message of the prompt, and are one without it."""
    (place / "a").write_text("x")
    assert asked(place, "see", attach=["a"]).said == {"text": "see\n\n### a\n\n```\nx\n```", "role": "user"}
    assert asked(place, attach=["a"]).said == {"text": "### a\n\n```\nx\n```", "role": "user"}


def test_standard_input_is_read_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is attached from standard input is no part of the prompt, and cannot be."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"in")))
    request = asked(place, "a", attach=["-"])
    assert (request.prompt, len(request.attached)) == ("a", 1)
    with pytest.raises(SettingsError, match="- and --attach - exclude each other"):
        asked(place, "-", attach=["-"])


def test_a_template_is_filled_and_heard(place: Path) -> None:
    """A template has its text filled with the prompt, and its system text, model and options taken."""
    request = asked(place, "x = 1", template="review")
    assert request.said == "Review: x = 1"
    assert (request.settings.model, request.settings.system) == ("openai:of-the-template", "Be brief.")
    assert request.settings.options == {"temperature": 0.5, "seed": 1}
    assert request.settings.model_from == "template review"


def test_the_command_line_comes_before_a_template(place: Path) -> None:
    """What a flag says stands, also an option of the API's."""
    flags = {"model": "openai:mine", "system": "Mine", "options": ["seed=2"], "chats_dir": place / "other"}
    changed = asked(place, "x", template="review", flags=flags).settings
    assert (changed.model, changed.system) == ("openai:mine", "Mine")
    assert changed.options == {"temperature": 0.5, "seed": 2}
    assert (changed.model_from, changed.chats_dir) == ("--model", place / "other")


def test_a_template_comes_before_files(place: Path) -> None:
    """What a config file says is what a template has not said."""
    (place / "config.toml").write_text('system = "File"\nmodel = "openai:file"\n[options]\nseed = 3\ntop_p = 0.5\n')
    changed = asked(place, "x", template="system").settings
    assert (changed.model, changed.system) == ("openai:file", "S")
    assert asked(place, "x", template="review").settings.options == {"temperature": 0.5, "seed": 1, "top_p": 0.5}


def test_a_template_without_a_text_says_nothing(place: Path) -> None:
    """A template that is no text leaves it to the person to say something."""
    assert asked(place, template="system").prompt is None
    assert asked(place, "hi", template="system").prompt == "hi"


@pytest.mark.parametrize("way", ["words", "json", "file"])
def test_a_schema_is_told_to_the_model(place: Path, way: str) -> None:
    """A schema is names of fields, JSON, or a file with either; the model agent gets it as an option."""
    told = {"words": "name", "json": '{"type": "object", "required": ["name"]}', "file": "schema.json"}[way]
    (place / "schema.json").write_text('\ufeff{"type": "object", "required": ["name"]}')
    request = asked(place, "hi", schema=told)
    assert request.schema is not None
    assert request.schema.json_schema["required"] == ["name"]
    assert request.settings.options["schema"] is request.schema


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("gone.json", "gone.json: there is no such file"),
        ("latin.json", "latin.json: it is not UTF-8; a JSON Schema must be"),
        ("x" * 300 + ".json", "File name too long"),
        ("a what", "no type 'what'"),
        ("{", "the schema is no JSON"),
        ('{"x": "' + "y" * 5000, "the schema is no JSON"),
        ("", "the schema is empty"),
    ],
)
def test_a_schema_that_is_none(place: Path, told: str, reason: str) -> None:
    """What cannot be read, or is no schema, is named with the option."""
    (place / "latin.json").write_bytes(b"\xe9")
    with pytest.raises(SettingsError) as caught:
        asked(place, "hi", schema=told)
    assert str(caught.value).startswith("--schema: ")
    assert reason in str(caught.value)

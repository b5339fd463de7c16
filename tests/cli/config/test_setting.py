"""The settings there are, and what a word of a shell or a value of TOML means for each."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from miniagents.cli.config.setting import SETTINGS, Layer, checked_option, json_or_text, nearest, option_from
from miniagents.cli.config.settings import Flags, Settings
from miniagents.errors import SettingsError


def test_each_setting_is_a_field_and_may_be_a_flag() -> None:
    """`Settings` has a field of each setting's name, and `Flags` too, so that every place can say it."""
    assert {each.name for each in fields(Settings)} >= set(SETTINGS)
    assert {each.name for each in fields(Flags)} == {*SETTINGS, "options"}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("model", "m", "m"),
        ("vi", "1", True),
        ("vi", " Yes ", True),
        ("vi", "off", False),
        ("retries", "0", 0),
        ("timeout_s", "2", 2.0),
        ("timeout_s", "0.5", 0.5),
        ("timeout_s", "inf", float("inf")),
        ("tools", "mcp, shop:x,", ["mcp", "shop:x"]),
    ],
)
def test_what_text_means(name: str, text: str, value: Any) -> None:
    """Text of a shell is read as the kind of its setting."""
    parsed = SETTINGS[name].parsed(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "cure"),
    [
        ("vi", "perhaps", "vi must be true or false"),
        ("retries", "-1", "retries must be a whole number, 0 or more"),
        ("retries", "1.5", "retries must be a whole number, 0 or more"),
        ("timeout_s", "0", "timeout_s must be a number of seconds above 0"),
        ("timeout_s", "nan", "timeout_s must be a number of seconds above 0"),
        ("timeout_s", "soon", "timeout_s must be a number of seconds above 0"),
    ],
)
def test_text_that_means_nothing(name: str, text: str, cure: str) -> None:
    """Text that is not of the setting's kind is an error that says what would be."""
    with pytest.raises(SettingsError) as caught:
        SETTINGS[name].parsed(text)
    assert str(caught.value) == cure


@pytest.mark.parametrize(
    ("name", "value"),
    [("model", 5), ("vi", 1), ("retries", True), ("timeout_s", "1"), ("tools", "mcp"), ("tools", [1])],
)
def test_a_value_of_another_kind(name: str, value: Any) -> None:
    """A value of TOML is never turned into another kind: true is no number, and 1 is not true."""
    with pytest.raises(SettingsError, match=f"^{name} must be "):
        SETTINGS[name].checked(value)


def test_json_or_else_text() -> None:
    """What is JSON is its value; everything else is text."""
    assert [json_or_text(text) for text in ("1", "[true]", '"1"', "free text", "")] == [1, [True], "1", "free text", ""]
    assert json_or_text("[" * 100_000) == "[" * 100_000


def test_an_option_is_said_another_way_in_a_file() -> None:
    """The cure for an option that is a setting of ours is a flag in a shell, and a key in a file."""
    with pytest.raises(SettingsError, match=r"\A-o stream=true: use --no-stream for it\Z"):
        option_from("stream=true")
    with pytest.raises(SettingsError, match=r"\Ause stream for it\Z"):
        checked_option("stream", value=True, in_file=True)


def test_a_value_that_no_api_takes() -> None:
    """A value that JSON does not have, such as a day of TOML, is refused."""
    for value in (object(), float("inf"), [{"x": float("nan")}]):
        with pytest.raises(SettingsError, match="no API takes such a value; write it as text in quotes"):
            checked_option("day", value)


def test_the_nearest_name() -> None:
    """A name that is none gets the one that was meant, or what there is, or what to do where there is nothing."""
    assert nearest("modle", ["model", "system"]) == "did you mean model?"
    assert nearest("x", ["model", "system"]) == "there are model, system"
    assert nearest("x", ["model"]) == "there is model"
    assert nearest("x", [], "write one") == "write one"


def test_where_a_value_of_a_layer_comes_from() -> None:
    """What can be said more closely is; the rest comes from the layer's place."""
    layer = Layer(origin="a file", origins={"model": "line 1"})
    assert (layer.origin_of("model"), layer.origin_of("system")) == ("line 1", "a file")

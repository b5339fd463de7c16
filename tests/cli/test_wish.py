"""What options say together."""

from __future__ import annotations

from typing import Any

import pytest

from miniagents.cli.wish import Wish
from miniagents.errors import SettingsError


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"as_json": True, "jsonl": True}, ("--json and --jsonl",)),
        ({"as_json": True, "extract": True}, ("--json and --extract",)),
        ({"jsonl": True, "extract_last": True}, ("--jsonl and --extract-last",)),
        ({"extract": True, "extract_last": True}, ("--extract and --extract-last",)),
        ({"extract": True, "schema": "a"}, ("--extract and --schema",)),
        ({"extract_last": True, "schema": "a"}, ("--extract-last and --schema",)),
        ({"newest": True, "resume": "x"}, ("--continue and --resume",)),
        ({"at": "1"}, ("--at", "--resume", "--continue")),
        ({"params": ["a=b"]}, ("--param", "--template")),
        ({"attach": ["-", "a", "-"]}, ("--attach -",)),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], named: tuple[str, ...]) -> None:
    """Two options that exclude each other, or one that is nothing without another, are named."""
    with pytest.raises(SettingsError) as caught:
        Wish(**options)
    assert all(name in str(caught.value) for name in named)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"as_json": True, "schema": "a"},
        {"jsonl": True, "schema": "a"},
        {"resume": "", "at": "1"},
        {"newest": True, "at": "-1"},
        {"template": "t", "params": ["a=b"]},
        {"attach": ["-", "a", "a"]},
    ],
)
def test_what_goes_together(options: dict[str, Any]) -> None:
    """All else is taken as it is."""
    wish = Wish(**options)
    assert all(getattr(wish, name) == value for name, value in options.items())


def test_what_a_wish_is_about() -> None:
    """A wish knows whether it is about a chat that is there, and whether its output is for a script."""
    assert [Wish(**{name: value}).goes_on for name, value in (("newest", True), ("resume", ""), ("schema", "a"))] == [
        True,
        True,
        False,
    ]
    for name in ("as_json", "jsonl", "extract", "extract_last"):
        assert Wish(**{name: True}).is_for_scripts
    assert Wish(schema="a").is_for_scripts
    assert not Wish(newest=True, attach=["a"]).is_for_scripts

"""Whose words are shown."""

from __future__ import annotations

from typing import Any

import pytest

from miniagents.chains.schema import ChainFile
from miniagents.cli.chain.choice import has_user, shown_by, speak_last
from miniagents.errors import SettingsError


def chain(*flow: Any, **more: Any) -> ChainFile:
    """Return a file with three agents and this flow, or none."""
    agents = {"a": {}, "b": {}, "c": {}}
    return ChainFile.model_validate({"version": 1, "agents": agents, **({"flow": [*flow]} if flow else {}), **more})


@pytest.mark.parametrize(
    ("flow", "last"),
    [
        ([], "c"),
        (["a", "b"], "b"),
        (["a", {"agent": "b", "input": "text"}, "await", "clear", "user"], "b"),
        ([{"parallel": ["a", ["c", "b"]]}], "ab"),
        (["c", {"loop": {"do": ["a", "b"], "max": 2}}], "b"),
        (["c", {"if": {"matches": "x", "then": ["a"], "else": ["b"]}}], "ab"),
        (["c", {"map": {"over": "lines", "do": ["a"]}}], "a"),
        (["user"], ""),
    ],
)
def test_who_speaks_last(flow: list[Any], last: str) -> None:
    """They are the agents whose reply may be what comes out."""
    assert speak_last(chain(*flow)) == frozenset(last)


def test_who_is_named_speaks_last() -> None:
    """`output.from` comes before the order of the steps."""
    assert speak_last(chain("a", "b", output={"from": "a"})) == {"a"}


@pytest.mark.parametrize(("show", "shown"), [("all", "abc"), ("last", "c"), ("a, b", "ab"), ("c", "c")])
def test_whose_words_are_shown(show: str, shown: str) -> None:
    """Everybody's, those who speak last, or those that are named."""
    is_shown = shown_by(show, chain())
    assert "".join(filter(is_shown, "abc")) == shown


def test_nobody_of_that_name() -> None:
    """A name that is none is refused with those that there are."""
    with pytest.raises(SettingsError, match=r"--show d: no agent is called that; there are all, last, a, b, c"):
        shown_by("a,d", chain())


@pytest.mark.parametrize(
    ("flow", "is_there"),
    [
        (["a"], False),
        (["user", "a"], True),
        ([{"loop": {"do": ["a", "user"]}}], True),
        ([{"if": {"matches": "x", "then": ["a"], "else": [{"parallel": ["b", ["user"]]}]}}], True),
        ([{"map": {"over": "lines", "do": [{"agent": "a", "input": "text"}]}}], False),
    ],
)
def test_whether_a_person_speaks(flow: list[Any], is_there: bool) -> None:
    """A step `user` is found wherever it stands."""
    assert has_user(chain(*flow)) == is_there

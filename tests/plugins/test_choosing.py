"""Which model a name means; what the command line adds is in `cli/test_models`."""

from dataclasses import replace

import pytest

from miniagents.errors import KeyMissingError, SettingsError
from miniagents.hookspecs import ModelProvider, Option
from miniagents.plugins.choosing import choose, fits, wanted
from miniagents.testing import scripted_agent

ONE = ModelProvider(
    name="one",
    agent=scripted_agent(),
    source="somewhere",
    way_out="set ONE",
    patterns=("one-*",),
    default_model="one-1",
    ready=lambda _: None,
    rank=20,
    aliases={"small": "one-s"},
)
TWO = replace(ONE, name="two", patterns=(), default_model="two-1", rank=10, aliases={}, models=lambda: ["two-2"])
PROVIDERS = {"one": ONE, "two": TWO}


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("one:anything", "one:anything"),
        ("one:small", "one:one-s"),
        ("small", "one:one-s"),
        ("two", "two:two-1"),
        ("one-9", "one:one-9"),
        ("two-2", "two:two-2"),
    ],
)
def test_a_name_means_one_model(name: str, choice: str) -> None:
    """With its provider before it, alone, short, or a provider's own."""
    assert str(choose(name, "here", PROVIDERS, lambda _: None)) == choice


def test_without_a_name_the_first_that_is_ready_is_asked() -> None:
    """By rank; where none is, all ways out are named."""
    assert str(choose(None, "", PROVIDERS, lambda provider: provider.name)) == "two:two-1"
    assert str(choose(None, "", PROVIDERS, lambda provider: "key" if provider is ONE else None)) == "one:one-1"
    with pytest.raises(KeyMissingError, match="set ONE"):
        choose(None, "", PROVIDERS, lambda _: None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one_1", "did you mean one-1"),
        ("local", "install"),
        ("qqq", "write openai:qqq"),
        ("onee:x", "did you mean one:x"),
    ],
)
def test_a_name_that_means_nothing_is_refused(name: str, words: str) -> None:
    """Who said it, and what was meant."""
    with pytest.raises(SettingsError, match=f"here: no model is called .*{words}"):
        choose(name, "here", PROVIDERS, lambda _: None)


def test_an_option_is_of_its_kind_and_in_its_range() -> None:
    """True is no number, a whole number is a number; another server may take any number."""
    heat = Option(kind=float, least=0, most=2)
    assert [fits(value, heat) for value in (0, 1.5, 3, True, "1")] == [True, True, False, False, False]
    assert fits(3, heat, any_number=True)
    assert fits("low", Option(kind=str, one_of=("low", "high")))
    assert not fits("hot", Option(kind=str, one_of=("low", "high")))
    assert [fits(value, Option(kind=float, above=0)) for value in (0, -1, 0.1)] == [False, False, True]
    several = (
        heat,
        Option(kind=int, least=1),
        Option(kind=str, one_of=("a", "b")),
        Option(kind=float, above=0, most=9),
    )
    assert [wanted(each) for each in several] == [
        "a number from 0 to 2", "a whole number, 1 or more", "a or b", "a number above 0, 9 or less",
    ]  # fmt: skip

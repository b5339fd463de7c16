"""What a command line asks of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from miniagents.cli.chain.order import Order, pairs
from miniagents.errors import SettingsError

FILE = Path("c.yaml")


def test_pairs() -> None:
    """A value may have equals signs in it, and be empty; the later of two counts."""
    assert pairs(["a=1", "b=x=y", "a=", "c.d=2"]) == {"a": "", "b": "x=y", "c.d": "2"}


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"inputs": ["topic"]}, "--input topic: write it as name=value"),
        ({"variables": ["=x"]}, "--var =x: write it as name=value"),
        ({"sets": ["a.b"]}, "--set a.b: write it as name=value"),
        ({"as_json": True, "jsonl": True}, "--json and --jsonl exclude each other; leave one of them out"),
    ],
)
def test_what_makes_no_sense(options: dict[str, Any], line: str) -> None:
    """It is refused with what to write instead."""
    with pytest.raises(SettingsError) as error:
        Order(file=FILE, **options)
    assert str(error.value) == line


def test_who_reads_standard_output() -> None:
    """It is for programs where it is to be JSON."""
    assert not Order(file=FILE).is_for_scripts
    assert Order(file=FILE, jsonl=True).is_for_scripts

"""A price list of the user's that cannot be used: where it is wrong, what is, and the cure."""

from pathlib import Path

import pytest

from miniagents.errors import SettingsError
from miniagents.ext.llm.prices import Prices


def complaint(path: Path, content: str | bytes) -> str:
    """Return what is said of a file with this in it, without its path."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        Prices.load({"MINIAGENTS_PRICES": str(path)})
    line = str(caught.value)
    assert line.startswith(str(path))
    assert line.isprintable()
    return line.removeprefix(str(path))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('"a" = { input = 1, output = 2 }\n"b" = { input = }', ":2:17: Invalid value"),
        ('"a" = { input = 1, output = 2 }\ngpt 5 = 1\n', ":2:5: Expected '=' after a key in a key/value pair"),
        ("\n\nname", ":3:5: "),
        ('"a" = { input = 1, output = 2 }\n"a" = { input = 1, output = 2 }\n', ":2:"),
        ('"a\x1b[2J" = 1', ":1:3: "),
    ],
)
def test_what_is_no_toml_is_found_to_the_column(tmp_path: Path, text: str, place: str) -> None:
    """The error begins as editors know places, and ends with how an entry looks."""
    said = complaint(tmp_path / "mine.toml", text)
    assert said.startswith(place)
    assert said.endswith('; it must be TOML, such as: "some-model" = { input = 1.00, output = 2.00 }')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"m" = 5', '"m" is no table; write it as in: "some-model"'),
        ('"m" = { input = 1 }', '"m": output is missing; write it as in: '),
        ('"m" = { output = 1 }', '"m": input is missing; '),
        (
            '"m" = { input = "1", output = 2 }',
            '"m": input is no price; write US dollars per million tokens as a number',
        ),
        ('"m" = { input = 1, output = true }', '"m": output is no price; '),
        ('"m" = { input = 1, output = -1 }', '"m": output is no price; '),
        ('"m" = { input = 1, output = nan }', '"m": output is no price; '),
        ('"m" = { input = 1, output = inf }', '"m": output is no price; '),
        ('"m" = { input = 1, output = 1, cached_input = 1e7 }', '"m": cached_input is no price; '),
        (
            '"m" = { input = 1, output = 2, cached = 3 }',
            '"m": cached means nothing here; there are input, output, cached_input, cache_write, long',
        ),
        ('"m" = { input = 1, output = 2, long = 3 }', '"m": long is no table; '),
        ('"m" = { input = 1, output = 2, long = { input = 1, output = 2 } }', '"m": long: above is missing; '),
        (
            '"m" = { input = 1, output = 2, long = { above = 0, input = 1, output = 2 } }',
            '"m": long: above is no count of tokens; write a whole number, such as 100_000',
        ),
        (
            '"m" = { input = 1, output = 2, long = { above = 1.5, input = 1, output = 2 } }',
            '"m": long: above is no count of tokens; ',
        ),
        (
            '"m" = { input = 1, output = 2, long = { above = 1, input = 1, output = "" } }',
            '"m": long: output is no price; ',
        ),
        (
            '"m" = { input = 1, output = 2, long = { above = 1, input = 1, output = 1, long = 1 } }',
            '"m": long: long means',
        ),
        ('"m\\u001b\\n" = 5', '"m\u241b" is no table; '),
    ],
)
def test_an_entry_that_makes_no_sense_is_named(tmp_path: Path, text: str, words: str) -> None:
    """The error says which entry, which of its values, and how it should be; nothing in it can steer a terminal."""
    assert complaint(tmp_path / "mine.toml", text).startswith(f": {words}")


def test_a_name_that_should_be_in_quotes(tmp_path: Path) -> None:
    """Who writes `[gpt-5.4-mini]`, which TOML takes for a table in a table, is told of the quotes."""
    said = complaint(tmp_path / "mine.toml", "[gpt-5.4-mini]\ninput = 1\noutput = 2\n")
    assert said.startswith(': "gpt-5": 4-mini is a table, and no price; put a name with a dot into quotes')


@pytest.mark.parametrize("content", [b"\xff\xfe", b"m = " + b"1" * 5_000, b"m = " + b"[" * 5_000])
def test_a_file_that_nobody_can_read(tmp_path: Path, content: bytes) -> None:
    """What is no text, and what is too much for the reader, is an error of ours and no other."""
    assert complaint(tmp_path / "mine.toml", content).startswith(": cannot be read (")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder where the file should be is an error, and names it."""
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        Prices.load({"MINIAGENTS_PRICES": str(tmp_path)})
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_cannot_be_reached(tmp_path: Path) -> None:
    """Where the system cannot even say whether there is a file, that is an error: it may hold what a run may cost."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(SettingsError, match="cannot be read"):
        Prices.load({"MINIAGENTS_PRICES": str(loop / "prices.toml")})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """Who names a file, and mistypes its name, hears of it instead of getting other prices."""
    path = tmp_path / "none.toml"
    with pytest.raises(SettingsError) as caught:
        Prices.load({"MINIAGENTS_PRICES": str(path)})
    cure = "write it, or unset the variable"
    assert str(caught.value) == f"{path}: MINIAGENTS_PRICES names this file, and there is none; {cure}"


def test_a_mended_file_is_read(tmp_path: Path) -> None:
    """An error is not remembered: after the cure the prices are there."""
    path = tmp_path / "mine.toml"
    assert complaint(path, '"m" = { input = 1 }')
    path.write_text('"m" = { input = 1, output = 2 }', encoding="utf-8")
    assert Prices.load({"MINIAGENTS_PRICES": str(path)}).cost_usd("m", {"in": 0, "out": 1_000_000}) == 2.0

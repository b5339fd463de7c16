"""What a plugin did wrong, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.errors import PluginError
from miniagents.plugins.fault import in_one_line
from miniagents.plugins.found import in_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("\n\nraise ValueError('a\\nb \x1b[2J')", r"ValueError: a b ␛[2J (mine.py, line 3)"),
        ("raise ValueError", "ValueError (mine.py, line 1)"),
        ("def f():\n    1 / 0\n\nf()", "ZeroDivisionError: division by zero (mine.py, line 2)"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module' (mine.py, line 1)"),
        ("(", "SyntaxError: '(' was never closed (mine.py, line 1)"),
        ("from miniagents.tools import tool\ntool(3)", "(mine.py, line 2)"),
    ],
)
def test_the_line_of_the_plugin(code: str, said: str, tmp_path: Path) -> None:
    """It says which line of the plugin it was, not which of ours; of what is no Python, Python has said it."""
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    (found,) = in_folder(tmp_path)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one, the case says
        found.get()
    line = in_one_line(caught.value)
    assert line.endswith(said)
    assert line.count("line ") == 1


def test_no_plugin_is_to_blame() -> None:
    """Where no code of a plugin was run there is no line of it; our own words need no name of an error."""
    assert in_one_line(PluginError("it is none")) == "it is none"
    assert in_one_line(KeyError("x")) == "KeyError: 'x'"

"""What type checkers say of a user's program that puts strings where parts may be: mypy, in its strict mode."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
GIVEN = """
from dataclasses import replace

from miniagents import Image, Message, Part, Text, ToolResult

class Topical(Message):
    topic: str = ""

IMAGE = Image(b"x", media_type="image/png")
said = [
    Message(parts="look"),
    Message(parts=IMAGE),
    Message(parts=("look", IMAGE), role="user"),
    Message(parts=["look", IMAGE]),
    Topical(text="a", topic="b", parts=[IMAGE]),
]
results = [
    ToolResult("1", name="f", content="rain"),
    ToolResult("1", name="f", content=["rain", IMAGE], is_error=True, extra={"openai": {}}),
    replace(ToolResult("1", name="f"), content="snow"),
]
parts: tuple[Part, ...] = said[0].parts + results[0].content
again = Message.promise(["a", Text("b")], parts=["x", IMAGE])
"""
REFUSED = """
from miniagents import Message, ToolResult

Message(parts=3)
ToolResult("1", name="f", content=[3])
ToolResult("1", content="rain")
"""


def checked(path: Path, program: str) -> list[str]:
    """Return what mypy has against a program."""
    path.write_text(program)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(path)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=HOUSE)
    assert ran.stderr == ""
    return [line.partition(": error: ")[2] for line in ran.stdout.splitlines() if ": error: " in line]


@pytest.mark.timeout(300)
def test_strings_may_be_given_for_parts(tmp_path: Path) -> None:
    """A program may give one part or several, strings among them, and gets a tuple of parts; nothing else passes."""
    assert checked(tmp_path / "given.py", GIVEN) == []
    wanted = "Part | str | Sequence[Part | str]"
    assert checked(tmp_path / "refused.py", REFUSED) == [
        f'Argument "parts" to "Message" has incompatible type "int"; expected "{wanted}"  [arg-type]',
        'List item 0 has incompatible type "int"; expected "Part | str"  [list-item]',
        'Missing named argument "name" for "ToolResult"  [call-arg]',
    ]


def test_what_passes_runs() -> None:
    """The program that type checkers accept does what it says."""
    names: dict[str, object] = {}
    with pytest.raises(Exception, match="scope"):  # what streams needs one
        exec(GIVEN, names)
    kinds = [[part.kind for part in message.parts] for message in names["said"]]  # type: ignore[attr-defined]  # a list
    assert kinds == [[], ["image"], ["text", "image"], ["text", "image"], ["text", "image"]]
    assert [result.text for result in names["results"]] == ["rain", "rain", "snow"]  # type: ignore[attr-defined]  # a list

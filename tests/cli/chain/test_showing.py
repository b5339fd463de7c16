"""Who shows a run: through pipes, to a program, on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.chain.test_running import BROKEN, HEAD, WRITER

if TYPE_CHECKING:
    from tests.cli.chain.conftest import Shell

TWO = HEAD + WRITER + "  last: {python: 'spoken:says', with: {text: at last}}\n"


def test_one_object(shell: Shell) -> None:
    """`--json` writes the reply with all messages, what they used, and where it is kept."""
    shell.write("c.yaml", TWO)
    told = shell("c.yaml", "--allow-code", "--json", "hi")
    known = json.loads(told.out)
    assert (told.code, known["text"]) == (0, "at last")
    assert [message["agent"] for message in known["messages"]] == ["writer", "last"]
    assert known["messages"][1]["parents"] == [known["messages"][0]["hash"]]
    assert known["messages"][1]["hash"] == known["hash"]
    assert known["usage"] == {"calls": 2, "in": 6, "out": 4, "cached": 0}
    assert (known["cost_usd"], known["transcript"][-3:]) == (0.5, ".md")
    assert "writer: done, 2 tokens" in told.lines


def test_events(shell: Shell) -> None:
    """`--jsonl` writes what happens as it happens, from a start to an end, and nothing else is told of it."""
    shell.write("c.yaml", TWO)
    told = shell("c.yaml", "--allow-code", "--jsonl", "hi")
    events = [json.loads(line) for line in told.out.splitlines()]
    assert (told.code, told.lines) == (0, [])
    assert (events[0]["event"], events[0]["chain"], events[-1]["event"]) == ("start", "spoken", "end")
    tokens = [event["text"] for event in events if event["event"] == "token" and event["agent"] == "writer"]
    assert "".join(tokens) == "what was written"
    assert [event["agent"] for event in events if event["event"] == "message_end"] == ["writer", "last"]
    assert events[-1]["usage"]["calls"] == 2


@pytest.mark.parametrize("form", ["--json", "--jsonl"])
def test_a_failure_for_programs(shell: Shell, form: str) -> None:
    """What the others said is there, and what went wrong."""
    shell.write("c.yaml", HEAD + WRITER + BROKEN % ("provider", '""'))
    told = shell("c.yaml", "--allow-code", form, "hi")
    known = json.loads(told.out.splitlines()[-1])
    assert (told.code, known["error"]) == (1, "ProviderFailedError")
    assert known["message"].startswith("example.com: the provider failed; try again later")
    assert known["usage"]["calls"] == 1
    assert "what was written" in told.out or '" written"' in told.out


def test_whose_words_are_shown(shell: Shell) -> None:
    """In a pipe nobody's are, unless `--show` names them: then line by line on standard error."""
    shell.write("c.yaml", TWO)
    assert "|" not in shell("c.yaml", "--allow-code", "hi").err
    assert "|" not in shell("c.yaml", "--allow-code", "--show", "last", "hi").err
    told = shell("c.yaml", "--allow-code", "--show", "writer", "hi")
    assert told.out == "at last"
    assert [line for line in told.lines if "|" in line] == ["writer | what was written"]
    assert "last | at last" in shell("c.yaml", "--allow-code", "--show", "all", "hi").lines
    assert shell("c.yaml", "--show", "writr", "--allow-code", "hi").code == 2

"""Who allows the calls of tools."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from miniagents.cli.approval import Approval, is_answer, question_about
from miniagents.content import ToolCall, ToolResult
from miniagents.errors import CallCancelledError
from miniagents.miniagents import MiniAgents
from miniagents.tools import Tool, run_tools, tool, toolbox


@tool(needs_approval=True)
async def remove(path: str = "") -> str:
    """Remove a file."""
    return f"removed {path}"


@tool
async def look() -> str:
    """Look."""
    return "seen"


class Person:
    """Answers questions, one after the other."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    async def __call__(self, question: str) -> str | None:
        """Answer the next one."""
        self.asked.append(question)
        await asyncio.sleep(0)
        return self.answers.pop(0)


async def results(approval: Approval, *names: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return what comes of calls of these tools, at once."""
    tools = toolbox(approval.prepared(each, allowed) for each in (remove, look))
    calls = [ToolCall(str(number), name=name, arguments="{}") for number, name in enumerate(names)]
    async with MiniAgents():
        said = await run_tools(tools, calls, approve=approval)
    return [part.text for part in said.parts if isinstance(part, ToolResult)]


async def test_yes_and_no() -> None:
    """A person is asked about each call of a tool that needs it, and about no other; the model hears of a refusal."""
    person = Person("y", "No", "n, use the bin", "YES")
    approval = Approval(person)
    told = await results(approval, "remove", "look", "remove", "remove", "remove")
    refused = "refused by the person: "
    assert told == ["removed ", "seen", f"{refused}no reason given", f"{refused}n, use the bin", "removed "]
    assert person.asked == ["May remove be called?"] * 4


async def test_always() -> None:
    """A tool that is always allowed is asked about no more, until that is forgotten."""
    person = Person("always", "a")
    approval = Approval(person)
    assert await results(approval, "remove", "remove") == ["removed "] * 2
    assert len(person.asked) == 1
    approval.forget()
    assert await results(approval, "remove", "remove") == ["removed "] * 2
    assert len(person.asked) == 2


async def test_a_tool_that_has_become_another_is_asked_about_again() -> None:
    """What a person has always allowed is a tool as it was told of; by its name another one gets nothing from that."""
    approval = Approval(Person("always", "n"))
    call = ToolCall("1", name="remove", arguments="")
    for described, answer in (("Remove it.", True), ("Remove it.", True), ("Remove all.", False)):
        approval.prepared(replace(remove, description=described), ())
        assert await approval(call) is answer


async def test_one_question_at_a_time() -> None:
    """Two answers that want to know something do not ask at once."""
    person = Person("y", "n")
    approval = Approval(person)
    call = ToolCall("1", name="remove", arguments="")
    assert await asyncio.gather(approval(call), approval(call)) == [True, False]


async def test_who_leaves_allows_nothing() -> None:
    """Then the answer ends."""
    with pytest.raises(CallCancelledError):
        await results(Approval(Person(None)), "remove")


async def test_what_was_allowed_beforehand() -> None:
    """Nobody is asked about tools whose names match; the others are asked about."""
    person = Person("n")
    assert await results(Approval(person), "remove", allowed=("x", "rem*")) == ["removed "]
    assert (await results(Approval(person), "remove", allowed=("Rem*", "emove")))[0].startswith("refused")
    assert len(person.asked) == 1


async def test_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A tool that needs to be asked about is not called; the model is told so, and the person what to do."""
    told = await results(Approval(), "remove", "look")
    assert told == ["refused: it needs a person's approval, and there is nobody to ask", "seen"]
    assert capsys.readouterr().err == (
        "miniagents: remove was not called, for nobody could be asked; allow it with --allow-tool remove\n"
    )
    assert await results(Approval(), "remove", allowed=("*",)) == ["removed "]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *((text, True) for text in ("y", " Yes ", "a", "ALWAYS", "n", "no", "no, later", "n not that", "No,no")),
        *((text, False) for text in ("", "yes please", "ye", "a b", "not now", "nothing", "always ask", "?")),
    ],
)
def test_what_an_answer_is(text: str, is_one: bool) -> None:
    """Only what is clearly one: yes and always by themselves, no also with a reason."""
    assert is_answer(text) is is_one


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", ""),
        ("{}", ""),
        ('{"a": "\\u00e4\\u001b[31m\\n"}', ' with {"a": "ä\\u001b[31m\\n"}'),
        ('{"a": "\\u202e"}', ' with {"a": "⟨U+202E⟩"}'),
        ("{broken\n\x1b", " with {broken ␛"),
    ],
)
def test_the_question(arguments: str, told: str) -> None:
    """It is one line, and safe, with the characters that the tool gets, whatever the model wrote."""
    assert question_about(ToolCall("1", name="x\x1b", arguments=arguments)) == f"May x␛ be called{told}?"


def test_a_long_question() -> None:
    """Of much, beginning and end are shown, and how much it is."""
    given: dict[str, Any] = {"text": "x" * 10_000, "path": "/etc/passwd"}
    question = question_about(ToolCall("1", name="write", arguments=json.dumps(given)))
    assert len(question) < 700
    assert question.startswith('May write be called with {"text": "xxx')
    assert question.endswith('/etc/passwd"} (10,035 characters)?')


def test_a_tool_that_needs_no_question_stays_as_it_is() -> None:
    """What needs no approval is not touched."""
    assert Approval().prepared(look, ()) is look
    assert isinstance(look, Tool)

"""What messages are cut into, for steps that are taken for each part."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniagents import Message, MiniAgents
from miniagents.chains.parts import parts_of
from miniagents.errors import SchemaMismatchError
from miniagents.messages import MessageSequencePromise


async def cut(messages: Any, over: Any) -> list[str]:
    """Return the texts of the parts."""
    return [str(await part) async for part in parts_of(MessageSequencePromise(messages), over)]


@given(st.lists(st.text(alphabet="ab \n", max_size=6), max_size=8))
def test_lines_are_the_same_however_they_come(tokens: Iterable[str]) -> None:
    """Those of the text that are not empty, without the space around them."""
    text = "".join(tokens)

    async def check() -> None:
        assert await cut(Message.promise(tokens), "lines") == [
            line.strip() for line in text.split("\n") if line.strip()
        ]

    asyncio.run(check())


async def test_a_line_does_not_go_on_in_the_next_message() -> None:
    """Each message has lines of its own."""
    assert await cut(["a\nb", "c"], "lines") == ["a", "b", "c"]


async def test_messages_are_parts_as_they_are() -> None:
    """With all that is in them."""
    message = Message(text="a", role="assistant", metadata={"agent": "x"})
    [part] = [part async for part in parts_of(MessageSequencePromise([message]), "messages")]
    assert (await part)[0] is message


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ('["a", 1, {"b": [2]}, null]', ["a", "1", '{"b": [2]}', "null"]),
        ("[]", []),
        ('{"items": ["a", "b"], "count": 2}', ["a", "b"]),
        (Message(text="whatever", data={"items": ["a"]}), ["a"]),
        (Message(text="whatever", data=["ä"]), ["ä"]),
    ],
)
async def test_elements_of_an_array_are_parts(said: Any, parts: list[str]) -> None:
    """Texts as they are, the others as JSON; what a schema was asked for is taken as it is."""
    assert await cut(said, "json") == parts


@pytest.mark.parametrize("said", ["no", "1", '{"a": [], "b": []}', "{}"])
async def test_what_has_no_array_is_refused(said: str) -> None:
    """The error is one line, and says what to do."""
    with pytest.raises(SchemaMismatchError):
        await cut(said, "json")


async def test_parts_come_while_the_rest_is_being_said() -> None:
    """A message is a part when it begins."""

    async def tokens() -> Any:
        await asyncio.sleep(1)
        yield "a"

    async with MiniAgents():
        parts = aiter(parts_of(MessageSequencePromise(Message.promise(tokens())), "messages"))
        await anext(parts)
        assert asyncio.get_running_loop().time() == 0

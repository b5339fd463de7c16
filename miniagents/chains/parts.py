"""What messages are cut into, for steps that are taken for each part of them: as they arrive.

In: messages. Out: parts, each as soon as it is there. Never: the steps.
"""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Literal

from ..errors import SchemaMismatchError
from ..messages import Message, MessageSequencePromise

__all__ = ["parts_of"]


def parts_of(
    messages: MessageSequencePromise, over: Literal["lines", "json", "messages"]
) -> AsyncIterator[MessageSequencePromise]:
    """Give the parts: lines that are not empty, as each is whole; messages, as each begins; elements of a JSON array.

    Raises:
        SchemaMismatchError: There is no JSON array, in JSON as a whole or as the only array of an object.
    """
    return {"lines": _lines, "json": _elements, "messages": _messages}[over](messages)


async def _lines(messages: MessageSequencePromise) -> AsyncIterator[MessageSequencePromise]:
    async for promise in messages:
        begun: list[str] = []
        async for token in promise:
            *whole, rest = token.split("\n")
            for line in whole:
                if text := "".join([*begun, line]).strip():
                    yield _said(text)
                begun.clear()
            begun.append(rest)
        if text := "".join(begun).strip():
            yield _said(text)


async def _messages(messages: MessageSequencePromise) -> AsyncIterator[MessageSequencePromise]:
    async for promise in messages:
        yield MessageSequencePromise([promise])


async def _elements(messages: MessageSequencePromise) -> AsyncIterator[MessageSequencePromise]:
    whole = await messages
    found = whole.data
    if found is None:
        with suppress(SchemaMismatchError):
            found = _read(str(whole))
    if isinstance(found, dict):
        arrays = [value for value in found.values() if isinstance(value, list | tuple)]
        found = arrays[0] if len(arrays) == 1 else None
    if not isinstance(found, list | tuple):
        raise SchemaMismatchError(
            "map over json: what it was sent is no JSON array", cure="give the agent before it an `output: {schema: …}`"
        )
    for element in found:
        yield _said(element if isinstance(element, str) else json.dumps(element, ensure_ascii=False))


def _read(text: str) -> Any:
    from ..ext.llm.schema import Schema  # noqa: PLC0415 - few maps are over JSON

    return Schema.of({"type": ["array", "object"]}).check(text)


def _said(text: str) -> MessageSequencePromise:
    return MessageSequencePromise(Message(text=text, role="user"))

"""Messages: immutable values."""

import asyncio
import copy
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ConfigDict, Field, ValidationError

from miniagents.frozen import EMPTY
from miniagents.messages import ErrorMessage, Message, MessageSequencePromise, MessageTuple


class CustomMessage(Message):
    """The specification's own example."""

    custom_field: str


class Rich(Message):
    """A message with containers of every kind."""

    tags: list[str] = []  # noqa: RUF012 - that is how people write it
    scores: dict[str, list[int]] = Field(default_factory=dict)
    seen: set[int] = Field(default_factory=set)
    rows: tuple[list[int], ...] = ()
    raw: Any = None
    anything: Any = None
    quoted: Message | None = None


class Open(Message):
    """A message that takes any field."""

    model_config = ConfigDict(extra="allow")


def test_custom_message() -> None:
    """The specification's custom message has its fields, and its text is what is printed."""
    message = CustomMessage(text="Hello", custom_field="Custom Value")
    assert message.text == "Hello"
    assert message.custom_field == "Custom Value"
    assert str(message) == f"{message}" == "Hello"
    assert repr(message) == "CustomMessage(text='Hello', role=None, metadata={}, custom_field='Custom Value')"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Message(text=5),
        lambda: Message(text=None),
        lambda: Message(txt="typo"),
        lambda: Message(metadata=5),
        lambda: CustomMessage(text="no custom field"),
        lambda: CustomMessage(text="wrong type", custom_field=5),
        lambda: ErrorMessage(error=5),
    ],
)
def test_fields_are_validated(make: Callable[[], Message]) -> None:
    """A missing field, a field too many and a value of the wrong type are refused."""
    with pytest.raises(ValidationError):
        make()


@pytest.mark.parametrize("text", ["", "é😀\n\r\0\x1b", "\u2028", "\ud83d"], ids=ascii)
def test_any_text_is_a_text(text: str) -> None:
    """Every string Python knows is kept as it is, control characters and half a surrogate pair too."""
    assert Message(text=text).text == text
    assert str(Message(text=text)) == text
    assert len(Message(text=text).content_hash) == 64


def test_fields_cannot_be_set_or_deleted() -> None:
    """No field can be assigned, added or deleted."""
    message = CustomMessage(text="Hello", custom_field="a")
    for name in ("text", "role", "metadata", "custom_field", "new"):
        with pytest.raises(ValidationError, match=r"frozen|extra"):
            setattr(message, name, "b")
    for name in ("text", "custom_field"):
        with pytest.raises(ValidationError, match="frozen"):
            delattr(message, name)
    assert message == CustomMessage(text="Hello", custom_field="a")


CHANGES: dict[str, Callable[[Rich], Any]] = {
    "metadata": lambda message: message.metadata.update(a=2),
    "inside metadata": lambda message: message.metadata["a"].append(2),
    "deep inside metadata": lambda message: message.metadata["b"]["c"][0].append(2),
    "list": lambda message: message.tags.append("b"),
    "dict": lambda message: message.scores.update(a=[2]),
    "inside a dict": lambda message: message.scores["a"].append(2),
    "set": lambda message: message.seen.add(2),
    "inside a tuple": lambda message: message.rows[0].append(2),
    "bytearray": lambda message: message.raw.append(2),
    "ordered dict": lambda message: message.anything.update(a=2),
    "inside a quoted message": lambda message: message.quoted.metadata.update(a=2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_immutable_all_the_way_down(change: Callable[[Rich], Any]) -> None:
    """Nothing that a message holds can be changed, however deep it lies."""

    def make() -> Rich:
        return Rich(
            text="text",
            metadata={"a": [1], "b": {"c": ([1],)}},
            tags=["a"],
            scores={"a": [1]},
            seen={1},
            rows=([1],),
            raw=bytearray(b"a"),
            anything=OrderedDict(a=[1]),
            quoted=Message(text="quoted", metadata={"a": [1]}),
        )

    message = make()
    before = message.content_hash, repr(message)
    with pytest.raises((TypeError, AttributeError)):
        change(message)
    assert (message.content_hash, repr(message)) == before
    assert message == make()


def test_defaults_are_immutable() -> None:
    """What a message has by default cannot be changed either, and no two messages share what could be."""
    for message in (Rich(), Rich()):
        for container in (message.metadata, message.tags, message.scores):
            with pytest.raises(TypeError):
                container.clear()  # type: ignore[attr-defined]


def test_extra_fields_are_immutable() -> None:
    """A class that allows any field freezes those too."""
    message = Open(text="text", extra=[1], deep={"a": [1]})
    assert message.extra == [1]
    for change in (lambda: message.extra.append(2), lambda: message.deep["a"].append(2)):
        with pytest.raises(TypeError):
            change()


def test_the_makers_values_stay_the_makers() -> None:
    """What a message was made of can be changed afterwards without changing the message."""
    tags, metadata, raw = ["a"], {"a": [1]}, bytearray(b"a")
    message = Rich(tags=tags, metadata=metadata, raw=raw, anything=tags)
    tags.append("b")
    metadata["a"].append(2)
    raw.append(2)
    assert message == Rich(tags=["a"], metadata={"a": [1]}, raw=bytearray(b"a"), anything=["a"])
    assert message.metadata == {"a": [1]}


def test_reads_like_what_it_was_made_of() -> None:
    """Frozen fields still are lists and dicts for whoever reads them, and can be written out and read back."""
    message = Rich(text="text", tags=["a"], scores={"a": [1]}, seen={1, 2}, rows=([1],), quoted=Message(text="q"))
    assert message.tags == ["a"]
    assert isinstance(message.tags, list)
    assert isinstance(message.scores, dict)
    assert message.model_dump()["scores"] == {"a": [1]}
    assert Rich.model_validate(message.model_dump()) == message
    assert Rich.model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("hashed", [False, True], ids=["not hashed yet", "hashed"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, Message.model_copy, pickle.dumps])
def test_copies_are_equal(copied: Callable[[Any], Any], hashed: bool) -> None:
    """A message can be copied and pickled, and what comes out is equal to it and as immutable."""
    message = Message(text="text", role="user", metadata={"a": [1, {"b": 2}]})
    assert not hashed or message.content_hash
    other = copied(message)
    other = pickle.loads(other) if isinstance(other, bytes) else other
    assert other == message
    assert other.metadata == message.metadata
    with pytest.raises(TypeError):
        other.metadata["a"].append(2)


@pytest.mark.parametrize("hashed", [False, True], ids=["not hashed yet", "hashed"])
def test_a_changed_copy_is_another_message(hashed: bool) -> None:
    """`model_copy(update=…)` gives a message with the new content's hash, checked and frozen like any other."""
    message = CustomMessage(text="text", custom_field="a")
    assert not hashed or message.content_hash
    other = message.model_copy(update={"custom_field": "b"})
    assert other == CustomMessage(text="text", custom_field="b")
    assert other != message
    assert other.content_hash != message.content_hash
    changed = message.model_copy(update={"metadata": {"a": [1]}})
    assert changed == message
    with pytest.raises(TypeError):
        changed.metadata["a"].append(2)  # type: ignore[index]
    with pytest.raises(ValidationError):
        message.model_copy(update={"custom_field": 5})


def test_equality_is_by_class_and_content() -> None:
    """Messages are equal if class and content are; metadata is no content; nothing else is equal to a message."""
    message = Message(text="a", role="user")
    assert message == Message(text="a", role="user", metadata={"model": "x"})
    assert hash(message) == hash(Message(text="a", role="user"))
    assert len({message, Message(text="a", role="user"), Message(text="b", role="user")}) == 2
    for other in (Message(text="a"), Message(text="b", role="user"), ErrorMessage(text="a", role="user"), "a", None, 5):
        assert message != other
        assert other != message


def test_classes_of_one_name_are_not_one_class() -> None:
    """Two classes that happen to have the same name make messages that are not equal."""

    def make() -> type[Message]:
        class Note(Message):
            """One of several of this name."""

        return Note

    one, other = make(), make()
    assert one(text="a") == one(text="a")
    assert one(text="a") != other(text="a")


async def test_a_message_is_its_own_promise() -> None:
    """Where a promise could stand a message can: awaited it is itself, iterated its text is one token."""
    message = Message(text="text")
    assert await message is message
    assert await asyncio.gather(message, message) == [message, message]
    assert [token async for token in message] == ["text"]
    assert [token async for token in Message()] == []


def test_error_message() -> None:
    """An error becomes a message with its class and text in one line, and its class by name."""
    message = ErrorMessage.of(ZeroDivisionError("none left"))
    assert message.text == "ZeroDivisionError: none left"
    assert message.error == "ZeroDivisionError"
    assert ErrorMessage.of(TimeoutError()).text == "TimeoutError"
    assert isinstance(message, Message)


async def test_message_tuple() -> None:
    """All messages of a sequence are a tuple whose text is theirs, with a blank line between them."""
    messages = await MessageSequencePromise(["a", Message(text="b"), "c\nd"])
    assert type(messages) is MessageTuple
    assert messages == (Message(text="a"), Message(text="b"), Message(text="c\nd"))
    assert str(messages) == f"{messages}" == "a\n\nb\n\nc\nd"
    assert str(MessageTuple()) == ""
    assert str(MessageTuple([Message(text="only")])) == "only"


def test_the_messages_inside_a_message() -> None:
    """`inside` gives the messages in its fields, in order, not those in its metadata, nor those inside them."""

    class Thread(Message):
        """A message with answers."""

        answers: tuple[Message, ...] = ()
        by_name: Mapping[str, Message] = EMPTY

    inner = Thread(text="inner", answers=(Message(text="innermost"),))
    thread = Thread(answers=(Message(text="a"), inner), by_name={"x": Message(text="b")}, metadata={"m": Message()})
    assert [message.text for message in thread.inside] == ["a", "inner", "b"]
    assert Message(text="alone").inside == ()

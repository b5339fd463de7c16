"""The Markdown of a conversation: what a message looks like in it, and how messages are read back from it.

In: messages. Out: text that is pleasant to read and safe to `cat`; from that text, the same messages. Never: a file.
chats/README.md describes the format for people. Its one rule: a line that begins with `<!-- msg ` or `<!-- end ` is
ours. Nothing else of the Markdown is looked at, so nothing that is said in a message can be taken for the format.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ..errors import TranscriptError
from ..frozen import EMPTY, by_field_names
from ..messages import ErrorMessage, Message
from ..safe_text import one_line, safe

__all__ = ["MessageClasses", "Record", "front_matter", "one_json_line", "parse", "partial", "written"]

MessageClasses = Mapping[str, type[Message]]
"""Classes of messages by the names that they have in a transcript."""

_VERSION = "1"
_DELIMITER = re.compile(r"\n<!-- (msg|end) (.*)")
_LIKE_A_DELIMITER = re.compile(r"^(?=\\*<!-- (?:msg|end) )", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(?=\\*<!-- (?:msg|end) )", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\n---\n(.*?\n)---(?:\n|\Z)", re.DOTALL)
_VERSION_LINE = re.compile(r"^miniagents: *(\S+)", re.MULTILINE)
_OPENING_FENCE = re.compile(r"( {0,3}(?:(?:[-*+]|\d{1,9}[.)]) {1,4})*)(~{3,}|`{3,}(?!.*`))")
_BETWEEN_SURROGATES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
_HEADING_CHARACTERS = 100
_OWN_FIELDS = frozenset({"text", "role", "metadata", "parts", "data"})
_OUR_CLASSES: MessageClasses = {"ErrorMessage": ErrorMessage}
_NAMES: Mapping[str | None, str] = {"user": "you"}


class Record(NamedTuple):
    """A message as it stands in a transcript."""

    key: str
    """What it is known by in this transcript; `#` and its number in the file where its first line does not say."""
    message: Message
    parent: str | None = None
    """The key of the message that it goes on from, "" if nothing was said before; None: the one before it."""
    time: str = ""
    """When it began, as its first line says."""


def front_matter(created: str) -> str:
    """Return the first lines of a transcript."""
    return f"---\nminiagents: {_VERSION}\ncreated: {created}\n---\n"


def partial(known: Mapping[str, Any], text: str, parts: Sequence[Any] = (), **status: Any) -> Message:
    """Return what there is of a message that broke: its content so far, what was known beforehand, and why it broke."""
    fields = {name: value for name, value in known.items() if name not in _OWN_FIELDS}
    metadata = {**known.get("metadata", EMPTY), **({"fields": fields} if fields else EMPTY), **status}
    return Message(text=text, role=known.get("role"), metadata=metadata, parts=tuple(parts))


def written(message: Message, key: str, time: str) -> str:
    """Return `message` as it is to stand in a transcript, to be known by `key` there."""
    metadata = dict(message.metadata)
    head: dict[str, Any] = {"id": key, "time": time}
    if message.role is not None:
        head["role"] = _exact(message.role)
    for name in "agent", "model":
        if isinstance(metadata.get(name), str):
            head[name] = metadata.pop(name)
    tail = {f"${name}" if name.startswith("$") else name: value for name, value in metadata.items()}
    if type(message) is not Message:
        head["class"] = type(message).__name__
        tail["$fields"] = _own_fields_of(message)
    said, beside = message.text, ""
    if message.parts:
        from .transcript_parts import described, parts_to_json  # noqa: PLC0415 - most transcripts have none

        tail["$parts"] = parts_to_json(message.parts)
        beside = described(part for part in message.parts if part.kind != "thinking") if said else ""
        said = said or described(message.parts)
    if message.data is not None:
        tail["$data"] = by_field_names(message.data)
    body = safe(said)
    if body != message.text:
        tail["$text"] = _exact(message.text)
    body = _LIKE_A_DELIMITER.sub(r"\\", body) if "<!-- " in body else body
    fence = _open_fence(body)
    if fence:
        tail["$fence"] = 1
        body += f"\n{fence}"
    return f"\n<!-- msg {_comment(head)} -->\n## {_heading(message, beside)}\n\n{body}\n<!-- end {_comment(tail)} -->\n"


def parse(text: str, name: str = "transcript", message_classes: MessageClasses = EMPTY) -> list[Record]:
    """Read a transcript.

    What a person may do to it is tolerated: text before and between the messages is no part of them, a body may be
    edited, a heading may be gone. A message without an end was interrupted; one whose first line is broken has the role
    `unknown`.

    Args:
        text: The whole of it.
        name: What errors are to call it.
        message_classes: What to make messages of other classes of. One that is not among them becomes a plain `Message`
            with `class` and `fields` in its metadata.

    Raises:
        TranscriptError: It is none, or of a version that is not known here.
    """
    text = "\n" + text.removeprefix("\ufeff").replace("\r\n", "\n")
    is_ours = text.isspace() or _has_front_matter(text, name)
    blocks = (
        (head, block, tail)
        for head, block, tail in _blocks_in(text)
        # else its writer was killed while it wrote the first line
        if tail is not None or block.strip() or _from_comment(head) is not None
    )
    records = [_read(*block, message_classes, f"#{number}") for number, block in enumerate(blocks, 1)]
    if not records and not is_ours:
        raise TranscriptError(f"{name}:1: is no transcript (no `miniagents: {_VERSION}`); name another file")
    return records


def one_json_line(value: Any) -> str:
    """Return `value` as one line of ASCII; of what has no JSON, the name of its class."""
    try:
        return _encode(value)
    except (TypeError, ValueError):  # a key that is no string, a number of more digits than Python writes
        if isinstance(value, Mapping):
            items = (f"{json.dumps(str(name))}:{one_json_line(item)}" for name, item in value.items())
            return "{" + ",".join(items) + "}"
        return json.dumps(f"<{type(value).__name__}>")


def _has_front_matter(text: str, name: str) -> bool:
    front = _FRONT_MATTER.match(text)
    line = front and _VERSION_LINE.search(text, front.start(1), front.end(1))
    if line and line[1] != _VERSION:
        where = f"{name}:{text.count(chr(10), 0, line.start())}"
        raise TranscriptError(f"{where}: is of version {line[1]}, not {_VERSION}; read it with a newer miniagents")
    return bool(line)


def _blocks_in(text: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield what is in the first line, between the lines, and in the last line, if there is one, of each message."""
    head, start = None, 0
    for delimiter in _DELIMITER.finditer(text):
        kind, comment = delimiter.groups()
        if head is not None:
            yield head, text[start : delimiter.start()], comment if kind == "end" else None
        head, start = (comment if kind == "msg" else None), delimiter.end() + 1
    if head is not None:
        yield head, text[start:], None


def _read(
    head_json: str, block: str, tail_json: str | None, message_classes: MessageClasses, default_key: str
) -> Record:
    head, tail = _from_comment(head_json), _from_comment(tail_json or "")
    body = block
    if block.startswith("## "):
        body = block.partition("\n")[2].removeprefix("\n")
    if tail_json is None:
        body, tail = body.rstrip("\n"), {"status": "interrupted"}
    tail = tail or {}
    if tail.pop("$fence", None):
        above, _, last = body.rpartition("\n")
        body = above if last.lstrip().startswith(("```", "~~~")) else body
    text = _ESCAPED.sub("", body) if "\\<!-- " in body else body
    exact = _text(tail.pop("$text", None))
    if exact is not None and safe(exact or _shown(tail)) == text:  # else a person has edited the body
        text = exact
    if head is None:
        return Record(default_key, Message(text=text, role="unknown"))
    key, parent, time = (_text(head.get(name)) for name in ("id", "parent", "time"))
    return Record(key or default_key, _message(head, tail, text, message_classes), parent, time or "")


def _message(head: dict[str, Any], tail: dict[str, Any], text: str, message_classes: MessageClasses) -> Message:
    role = _text(head.get("role"))
    if role is None and head.get("role") is not None:
        role = "unknown"
    fields = tail.pop("$fields", None)
    content: dict[str, Any] = {"text": text, "role": role, "data": tail.pop("$data", None)}
    if (told := tail.pop("$parts", None)) is not None:
        from .transcript_parts import content_of  # noqa: PLC0415 - most transcripts have none

        content |= content_of(told, text)
    metadata: dict[str, Any] = {name: value for name, value in head.items() if name in {"agent", "model"}}
    metadata.update((name.removeprefix("$"), value) for name, value in tail.items())
    class_name = head.get("class")
    if class_name is None:
        return Message(**content, metadata=metadata)
    fields = fields if isinstance(fields, dict) else {}
    message_class = message_classes.get(str(class_name), _OUR_CLASSES.get(str(class_name)))
    if message_class is not None:
        try:
            return message_class(**{**content, **fields, "metadata": metadata})
        except (ValidationError, TypeError):  # the class has changed since
            pass
    return Message(**content, metadata={"class": class_name, "fields": fields, **metadata})


def _shown(tail: Mapping[str, Any]) -> str:
    if "$parts" not in tail:
        return ""
    from .transcript_parts import shown  # noqa: PLC0415 - most transcripts have none

    return shown(tail["$parts"])


def _heading(message: Message, beside: str) -> str:
    agent, model, status = map(message.metadata.get, ("agent", "model", "status"))
    names = [agent or _NAMES.get(message.role, message.role), model, status and f"({status})", beside]
    return one_line(" · ".join(str(name) for name in names if name))[:_HEADING_CHARACTERS] or "message"


def _own_fields_of(message: Message) -> Mapping[str, Any]:
    try:
        return message.model_dump(mode="json", exclude=set(_OWN_FIELDS), serialize_as_any=True)
    except (PydanticSerializationError, ValueError, TypeError):
        return {name: value for name, value in message.__dict__.items() if name not in _OWN_FIELDS}


def _exact(text: str) -> str | list[str]:
    """Return what JSON keeps as it is: two halves of a surrogate pair, side by side, would be read back as one."""
    parts = _BETWEEN_SURROGATES.split(text)
    return text if len(parts) == 1 else parts


def _text(exact: Any) -> str | None:
    if isinstance(exact, list) and all(isinstance(part, str) for part in exact):
        return "".join(exact)
    return exact if isinstance(exact, str) else None


def _comment(value: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the comment which it stands in."""
    return one_json_line(value).replace("--", "-\\u002d").replace(">", "\\u003e")


def _from_comment(comment: str) -> dict[str, Any] | None:
    try:
        value = json.loads(comment.rstrip().removesuffix("-->"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _plain(value: Any) -> Any:
    return to_jsonable_python(value, fallback=lambda other: f"<{type(other).__name__}>")


_encode = json.JSONEncoder(separators=(",", ":"), default=_plain).encode


def _open_fence(text: str) -> str:
    """Return the line that closes the code fence that is open at the end of `text`, "" if there is none.

    A fence inside a list ends with the list, which our own line behind the text always ends.
    """
    if "```" not in text and "~~~" not in text:
        return ""
    marks, indent, in_list = "", 0, False
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        if marks:
            if bare and len(line) - len(bare) < indent:
                marks = ""  # it was in a list, which has ended
            else:
                if bare.startswith(marks) and not bare.strip().strip(marks[0]) and len(line) - len(bare) <= indent + 3:
                    marks = ""
                continue
        fence = _OPENING_FENCE.match(line)
        if fence:
            marks, indent, in_list = fence[2], len(fence[1]), bool(fence[1].strip())
    return "" if in_list or not marks else " " * indent + marks

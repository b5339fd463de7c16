"""The parts of a message that is more than text: what people, models and tools say to each other.

In: text, bytes, addresses, what a model calls and thinks. Out: frozen parts, and their JSON. Never: how an API writes
them; the file or the network that a part points to.

    Text  Thinking  Image  Audio  File  ToolCall  ToolResult  Other

A message that is text and nothing else has no parts at all.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from .errors import PendingPromiseError, UnsupportedPieceError, UsageError
from .frozen import EMPTY, freeze_json
from .promising.marks import has_mark
from .safe_text import one_line

if TYPE_CHECKING:
    from .recipe import PartsField

__all__ = [
    "Audio",
    "File",
    "Image",
    "Other",
    "Part",
    "Text",
    "Thinking",
    "Thought",
    "ToolCall",
    "ToolResult",
    "described",
    "part_from_json",
    "part_to_json",
    "parts_of",
    "text_in",
    "to_hash",
]


class Thought(str):
    """A token of what a model thinks, where a message is read by part; its text is no part of the message's."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message's content. Immutable, all the way down."""

    kind: ClassVar[str] = ""
    extra: Mapping[str, Any] = field(default_factory=lambda: EMPTY, kw_only=True, hash=False)
    """What one API says of it that has no field here, by the API's name ("openai", "responses", "anthropic").

    It is sent back to that API and to no other: `Text("…", extra={"anthropic": {"cache_control": {…}}})`.
    """

    def __post_init__(self) -> None:
        """Freeze what is inside, and refuse what is of a wrong kind.

        Raises:
            PendingPromiseError: A text was made from a promise that is still arriving.
            UsageError: There is something where text, or plain JSON, should be.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            wanted = _WANTED.get(each.type)
            if wanted and not isinstance(value, wanted[0]):
                given = type(value).__qualname__
                raise UsageError(f"{type(self).__name__}: {each.name} must be {wanted[1]}, not {given}")
            if isinstance(value, str) and has_mark(value):
                raise PendingPromiseError("a part needs its whole text; `await` the promise first")
            if isinstance(value, Mapping) and value is not EMPTY:
                try:
                    object.__setattr__(self, each.name, freeze_json(value))
                except ValueError as error:
                    raise UsageError(f"{type(self).__name__}: {each.name} must be JSON; {error}") from None


_WANTED: Final[Mapping[Any, tuple[Any, str]]] = {
    str: (str, "text"),
    str | None: (str | None, "text"),
    bytes | None: (bytes | None, "bytes"),
    bool: (bool, "true or false"),
    Mapping[str, Any]: (Mapping, "an object"),
}


@dataclass(frozen=True, slots=True)
class Text(Part):
    """What is said."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Thinking(Part):
    """What a model thought before it went on; goes back to an API only where that wants it back."""

    kind: ClassVar[str] = "thinking"
    text: str = ""
    signature: str | None = field(default=None, kw_only=True)
    """Proves to the API that the text is its own."""


@dataclass(frozen=True, slots=True)
class _Media(Part):
    data: bytes | None = field(default=None, repr=False)
    url: str | None = field(default=None, kw_only=True)
    """Where the API is to fetch it; nobody here does."""
    media_type: str = field(default="", kw_only=True)
    """Such as `image/png`; an API that gets `data` wants to be told."""

    def __post_init__(self) -> None:
        if isinstance(self.data, bytearray | memoryview):
            object.__setattr__(self, "data", bytes(self.data))
        Part.__post_init__(self)
        if self.data is not None and self.url is not None:
            raise UsageError(f"{type(self).__name__}: give its data or a URL, not both")

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read it from a file, whose name says what type it has.

        Raises:
            OSError: The file cannot be read.
        """
        import mimetypes  # noqa: PLC0415 - few messages have files in them

        media_type = mimetypes.guess_type(str(path))[0] or "application/octet-stream"
        return cls(Path(path).read_bytes(), media_type=media_type)


@dataclass(frozen=True, slots=True)
class Image(_Media):
    """A picture."""

    kind: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class Audio(_Media):
    """Something to listen to."""

    kind: ClassVar[str] = "audio"


@dataclass(frozen=True, slots=True)
class File(_Media):
    """A document."""

    kind: ClassVar[str] = "file"
    name: str = field(default="", kw_only=True)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read it from a file as any media, and keep the file's name."""
        return replace(super(File, cls).from_file(path), name=Path(path).name)


@dataclass(frozen=True, slots=True)
class ToolCall(Part):
    """A model wants a tool to be called."""

    kind: ClassVar[str] = "tool_call"
    id: str
    """What its result refers to."""
    name: str = field(kw_only=True)
    arguments: str = field(kw_only=True)
    """JSON as the model wrote it, which may be broken."""


@dataclass(frozen=True, slots=True)
class ToolResult(Part):
    """What came of the call of a tool."""

    kind: ClassVar[str] = "tool_result"
    call_id: str
    name: str = field(kw_only=True)
    if TYPE_CHECKING:
        content: PartsField = field(default=PartsField(), kw_only=True)
    else:
        content: tuple[Part, ...] = field(default=(), kw_only=True)
    """Texts, images and files; a string becomes a `Text`."""
    is_error: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", parts_of(self.content))
        Part.__post_init__(self)

    @property
    def text(self) -> str:
        """What it says in words."""
        return text_in(self.content)


@dataclass(frozen=True, slots=True)
class Other(Part):
    """What an API said in a block that nobody here knows: kept as it is, and sent back to that API only."""

    kind: ClassVar[str] = "other"
    api: str
    block: Mapping[str, Any] = field(kw_only=True, hash=False)


_KINDS: Final[Mapping[str, type[Part]]] = {
    kind.kind: kind for kind in (Text, Thinking, Image, Audio, File, ToolCall, ToolResult, Other)
}


def parts_of(parts: Part | str | Sequence[Part | str]) -> tuple[Part, ...]:
    """Return the part, or those in a list or tuple: a string as a `Text`, a dict as the part whose JSON it is.

    Raises:
        UnsupportedPieceError: There is something else among them.
    """
    given: Iterable[Any] = parts if isinstance(parts, list | tuple) else [parts]
    return tuple(part if isinstance(part, Part) else _part(part) for part in given)


def _part(part: Any) -> Part:
    if isinstance(part, str):
        return Thinking(str(part)) if isinstance(part, Thought) else Text(str(part))
    if isinstance(part, Mapping):
        return part_from_json(part)
    raise UnsupportedPieceError(f"{type(part).__qualname__} is no part of a message; give text or a Part")


def text_in(parts: Iterable[Part]) -> str:
    """Return what the parts say in words: their texts, joined as they are."""
    return "".join(part.text for part in parts if isinstance(part, Text))


def to_hash(value: Any) -> dict[str, Any] | None:
    """Return what of a part is content: all but what one API alone says of it (`extra`); None for what is no part."""
    if not isinstance(value, Part):
        return None
    return {"$part": _without_extra(part_to_json(value))}


def _without_extra(told: Mapping[str, Any]) -> dict[str, Any]:
    content = {"content": [_without_extra(part) for part in told["content"]]} if "content" in told else {}
    return {name: value for name, value in told.items() if name != "extra"} | content


def described(parts: Iterable[Part]) -> str:
    """Return what there is beside text in a message, for people: a line a part, a thought whole."""
    return "\n".join(_described(part) for part in parts if not isinstance(part, Text))


def _described(part: Part) -> str:
    match part:
        case Thinking():
            return f"({part.text or 'thoughts that the API keeps to itself'})"
        case ToolCall():
            return f"→ {part.name} {part.arguments}"
        case ToolResult():
            return f"← {part.name}{' failed' if part.is_error else ''}: {part.text or described(part.content)}"
        case _Media():
            size = "" if part.data is None else f", {len(part.data) / 1e3:.1f} KB"
            return f"[{part.kind}: {part.media_type or part.url or 'kept by the API'}{size}]"
        case _:
            return f"[{part.kind}]"


def part_to_json(part: Part) -> dict[str, Any]:
    """Return the part as an object of plain JSON values, without what has its default; bytes in base64."""
    told: dict[str, Any] = {"kind": part.kind}
    for each in fields(part):
        value = getattr(part, each.name)
        if value == each.default or (each.name == "extra" and not value):
            continue
        if isinstance(value, bytes):
            value = b64encode(value).decode()
        elif isinstance(value, tuple):
            value = [part_to_json(inside) for inside in value]
        told[each.name] = value
    return told


def part_from_json(told: Mapping[str, Any]) -> Part:
    """Return the part that `part_to_json` made this of.

    Raises:
        UnsupportedPieceError: It is none.
    """
    try:
        arguments = {name: value for name, value in told.items() if name != "kind"}
        if isinstance(arguments.get("data"), str):
            arguments["data"] = b64decode(arguments["data"], validate=True)
        return _KINDS[told["kind"]](**arguments)
    except (KeyError, TypeError, ValueError, UsageError, RecursionError) as error:
        why = one_line(f"an object of kind {told.get('kind')!r} is no part of a message ({error})")
        raise UnsupportedPieceError(why) from None

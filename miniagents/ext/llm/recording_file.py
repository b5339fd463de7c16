"""The file of a recording: JSON Lines that a person can read, compare and change.

    {"miniagents": "recording", "version": 1}
    {"number": 1,
     "asked": {"api": "openai", "model": "…", "options": {…}, "request": […]},
     "reply": [[812, "Hel"], [20, "lo"], [0, {"thought": "hm"}], [3, {"kind": "tool_call", …}]], "end_ms": 5,
     "answer": {"model": "…", "id": "…", "finish_reason": "stop", "usage": {…}}}

One line an exchange (broken here to be read): a piece of the reply is a token, a token of thinking or a part, after as
many milliseconds as it was waited for. An exchange that failed has an `error` as well. It is found by what was asked:
whoever changes `asked` changes the question that it answers. What was asked several times is answered in the order of
`number`, which counts the questions as they were asked; a line stands where its answer ended.

In: exchanges. Out: a file, at each moment whole, and its exchanges. Never: a provider, a clock.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import SEEK_END, FileIO
from os import strerror
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ... import errors
from ...content import Part, Thought, part_from_json, part_to_json
from ...errors import ModelError, TranscriptError, UnsupportedPieceError
from ...safe_text import one_line
from .recording_asked import normal
from .redaction import MASK, redact_value

__all__ = ["Exchange", "Piece", "again", "append", "load"]

Piece = str | Thought | Part
"""What a provider's `decode` gives."""

_VERSION: Final = 1
_HEADER: Final = {"miniagents": "recording", "version": _VERSION}
_ANEW: Final = "record it anew with MINIAGENTS_RECORD=record"
_SHORTEST_SECRET: Final = 8
"""As for endpoints: "ollama" or "x", which local servers take, are no secrets."""
_HIDDEN = re.compile(r"[^\x20-\x7e]")
_Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked once, and what came of it."""

    number: int
    """Its place among the questions, in the order in which they were asked."""
    asked: Mapping[str, Any]
    pieces: tuple[tuple[float, Piece], ...]
    """Each with the milliseconds that it was waited for."""
    end_ms: float
    """How long the end was waited for."""
    answer: Mapping[str, Any]
    """What is known of the reply beside its text, by the names of the fields of `Answer`."""
    error: ModelError | None = None
    line: int = field(default=0, compare=False)
    """Where it stands in its file; 0 where it stands in none yet."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Error(_Strict):
    kind: str
    cause: str
    host: str = ""
    cure: str = ""
    retry_after_s: float | None = None
    should_retry: bool | None = None


class _Line(_Strict):
    number: int = 0
    asked: dict[str, Any]
    reply: list[Annotated[list[Any], Field(min_length=2, max_length=2)]] = []
    end_ms: _Milliseconds = 0.0
    answer: dict[str, Any] = {}
    error: _Error | None = None


def load(path: Path) -> list[Exchange] | None:
    """Return the exchanges of a recording in the order of their numbers; None where there is no file, or an empty one.

    Raises:
        TranscriptError: It cannot be read, or a line of it is none; it says which.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from None
    found = {number: line for number, line in enumerate(lines, 1) if line.strip()}
    if not found:
        return None
    exchanges, last = [], max(found)
    for number, line in found.items():
        where = f"{path}:{number}"
        try:
            told = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _no_json(where, error, torn=number == last and bool(lines[-1].strip())) from None
        if number == min(found):
            _check_header(told, where)
        else:
            exchanges.append(_exchange(told, where, number))
    return sorted(exchanges, key=lambda exchange: exchange.number)


def _no_json(where: str, error: Exception, *, torn: bool) -> TranscriptError:
    if torn:
        cure = "delete that line, and record the rest with MINIAGENTS_RECORD=append"
        return TranscriptError(f"{where}: the line breaks off, as when a recording is killed; {cure}")
    reason = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else one_line(str(error))
    return TranscriptError(f"{where}: is no JSON ({reason}); mend that line, or {_ANEW}")


def _check_header(told: Any, where: str) -> None:
    if not isinstance(told, dict) or told.get("miniagents") != _HEADER["miniagents"]:
        raise TranscriptError(f"{where}: is no recording (no {json.dumps(_HEADER)}); name another file")
    version = told.get("version")
    if version != _VERSION:
        cure = f"read it with a newer miniagents, or {_ANEW}"
        raise TranscriptError(f"{where}: is of version {one_line(str(version))}, not {_VERSION}; {cure}")


def _exchange(told: Any, where: str, number: int) -> Exchange:
    try:
        line = _Line.model_validate(told)
        pieces = tuple(_piece(*each) for each in line.reply)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        raise TranscriptError(f"{where}: is no exchange ({one_line(reason)}); mend that line, or {_ANEW}") from None
    except UnsupportedPieceError as error:
        reason = one_line(str(error))
        raise TranscriptError(f"{where}: is no exchange (reply: {reason}); mend that line, or {_ANEW}") from None
    return Exchange(
        number=line.number,
        asked=normal(line.asked),
        pieces=pieces,
        end_ms=line.end_ms,
        answer=line.answer,
        error=None if line.error is None else _error(line.error),
        line=number,
    )


def _piece(gap_ms: Any, piece: Any) -> tuple[float, Piece]:
    if isinstance(gap_ms, bool) or not isinstance(gap_ms, int | float) or not 0 <= gap_ms < float("inf"):
        raise UnsupportedPieceError(f"{gap_ms!r} is no number of milliseconds")
    if isinstance(piece, str):
        return gap_ms, piece
    if isinstance(piece, dict):
        thought = piece.get("thought")
        return gap_ms, Thought(thought) if isinstance(thought, str) else part_from_json(piece)
    raise UnsupportedPieceError(f"{piece!r} is neither a token nor a part")


def _error(told: _Error) -> ModelError:
    kind = getattr(errors, told.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, ModelError)):
        kind = ModelError
    return _made(kind, told.model_dump(exclude={"kind"}, exclude_none=True))


def again(error: ModelError) -> ModelError:
    """Return an error that says the same: whoever reads one writes on it."""
    return _made(type(error), _facts(error))


def _made(kind: type[ModelError], facts: dict[str, Any]) -> ModelError:
    error = kind(facts["cause"])
    vars(error).update(facts)
    return error


def _facts(error: ModelError) -> dict[str, Any]:
    names = [name for name in _Error.model_fields if name != "kind"]
    facts = {name: getattr(error, name, None) for name in names}
    return {name: fact for name, fact in facts.items() if name == "cause" or fact not in {None, ""}}


def append(path: Path, exchange: Exchange, *, anew: bool, secrets: Iterable[str] = ()) -> None:
    """Write an exchange at the end of a recording, all of it or nothing.

    Args:
        path: The file; made, with its folder and its header, where there is none.
        exchange: What is added.
        anew: Whether it replaces what is there.
        secrets: What must not be written, wherever it is.

    Raises:
        TranscriptError: It cannot be written.
    """
    line = _written(_told(exchange), secrets)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w+b" if anew else "a+b", buffering=0) as file:
            size = file.seek(0, SEEK_END)
            if not size:
                line = _written(_HEADER) + line
            elif (file.seek(-1, SEEK_END), file.read())[1] != b"\n":
                line = b"\n" + line  # an editor has left its last line without an end
            _write_whole(file, line, size)
    except OSError as error:
        raise _unusable(path, error) from None


def _write_whole(file: FileIO, line: bytes, size: int) -> None:
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.truncate(size)
        raise


def _told(exchange: Exchange) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": exchange.number,
        "asked": exchange.asked,
        "reply": [[gap_ms, _told_piece(piece)] for gap_ms, piece in exchange.pieces],
        "end_ms": exchange.end_ms,
    }
    if exchange.answer:
        told["answer"] = exchange.answer
    if exchange.error is not None:
        told["error"] = {"kind": _kind(exchange.error)} | redact_value(_facts(exchange.error))
    return told


def _told_piece(piece: Piece) -> Any:
    if isinstance(piece, Part):
        return part_to_json(piece)
    return {"thought": str(piece)} if isinstance(piece, Thought) else piece


def _kind(error: ModelError) -> str:
    """Return the name of the error's class, or of the first above it that is one of ours."""
    return next(str(kind.__name__) for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)


def _written(told: Any, secrets: Iterable[str] = ()) -> bytes:
    """Write a line; what shows nothing, or could steer a terminal, is escaped."""
    text = json.dumps(told, ensure_ascii=False)
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], MASK)
    if not text.isprintable():
        text = _HIDDEN.sub(lambda hidden: hidden[0] if hidden[0].isprintable() else json.dumps(hidden[0])[1:-1], text)
    return text.encode() + b"\n"


def _unusable(path: Path, error: OSError) -> TranscriptError:
    reason = strerror(error.errno) if error.errno else str(error)
    return TranscriptError(f"{path}: {reason}; name another file for the recording")

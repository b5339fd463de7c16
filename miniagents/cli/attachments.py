"""What goes with a prompt: files, addresses, what standard input brings, as parts of a message.

A text becomes a heading with its name and a code block; what else a file is, its first bytes say, or else its name. An
address is passed on as it is: the provider fetches it, nobody here does.

In: paths, URLs, bytes. Out: parts; the message that they make with a prompt. Never: a network, a terminal.
"""

import errno
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

from .. import content
from ..content import Audio, File, Image, Part, Text
from ..errors import SettingsError
from ..safe_text import one_line

__all__ = ["LIMIT_BYTES", "described", "from_prompt", "message_of", "part_of"]

LIMIT_BYTES: Final = 20_000_000
"""How long one attachment may be. In base64 that is 27 MB; APIs take requests of some 30 MB (2026-11)."""

_HERE: Final = Path()
_STANDARD_INPUT: Final = "-"
_HEADING: Final = "### "
_URL: Final = re.compile(r"https?://[^\s/]+(?P<path>[^?#]*)", re.IGNORECASE)
_FENCE: Final = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)
_MENTION: Final = re.compile(r"""(?<![^\s(\["'])@(?:"(?P<quoted>[^"\n]+)"|(?P<bare>[^\s"]+))""")
_ENDS_OF_SENTENCES: Final = ".,;:!?)]}'"
_BEGINNINGS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
"""How files of the kinds begin that APIs take, whatever they are called."""
_REASONS: Final = {
    errno.ENOENT: "there is no such file",
    errno.ENOTDIR: "there is no such file",
    errno.EISDIR: "it is a folder; attach the files in it, one by one",
    errno.EACCES: "it may not be read; change its permissions",
    errno.ESPIPE: "it is a pipe or a device; write what comes of it to a file",
}


def part_of(name: str, folder: Path = _HERE, *, may_wait: bool = True) -> Part:
    """Return the part that a name stands for.

    Args:
        name: A path, an address (`http://…`, `https://…`), or "-" for all of standard input.
        folder: Where relative paths count from.
        may_wait: Whether it may be a pipe or a device, for whose data one has to wait.

    Raises:
        SettingsError: It is missing, a folder, unreadable, longer than `LIMIT_BYTES`, or of a kind that nobody knows.
    """
    return _of_url(name) or _of_bytes(name, _read(name, folder, may_wait=may_wait))


def from_prompt(text: str, folder: Path = _HERE) -> tuple[str, tuple[Part, ...]]:
    """Return the text of a prompt as it is to be said, and the files that it mentions: `@path`, or `@"a path"`.

    Only what is a file is a mention; an e-mail address, a name of a person, a folder stay text. The text keeps its
    mentions, so that it can be understood.

    Raises:
        SettingsError: A file cannot be read, is longer than `LIMIT_BYTES`, or of a kind that nobody knows.
    """
    names: dict[str, None] = {}
    for mention in _MENTION.finditer(text):
        if name := _file_in(mention["quoted"] or mention["bare"], folder, is_quoted=mention["quoted"] is not None):
            names[name] = None
    return text, tuple(part_of(name, folder) for name in names)


def message_of(text: str, parts: Sequence[Part]) -> dict[str, Any]:
    """Return the fields of what a person says with these attachments: the text, the texts among them, then all else."""
    said = "\n\n".join(each for each in (text, *(part.text for part in parts if isinstance(part, Text))) if each)
    media = [part for part in parts if not isinstance(part, Text)]
    fields = {"text": said, "role": "user"}
    return fields | {"parts": (*([Text(said)] if said else []), *media)} if media else fields


def described(part: Part) -> str:
    """Return what an attachment is, in a few words on one line, safe to show."""
    if isinstance(part, Text):
        return one_line(part.text.partition("\n")[0].removeprefix(_HEADING))
    kind = one_line(content.described([part]).strip("[]"))
    return f"{one_line(part.name)} ({kind})" if isinstance(part, File) and part.name else kind


def _of_url(name: str) -> Part | None:
    if (url := _URL.match(name)) is None:
        return None
    media_type = _guessed(url["path"])
    if media_type.startswith("image/") or not media_type:  # most addresses that do not say what they are are pictures'
        return Image(url=name, media_type=media_type)
    if media_type.startswith("audio/"):
        return Audio(url=name, media_type=media_type)
    return File(url=name, media_type=media_type, name=url["path"].rpartition("/")[2])


def _read(name: str, folder: Path, *, may_wait: bool) -> bytes:
    try:
        if name == _STANDARD_INPUT:
            if sys.stdin is None or sys.stdin.closed:
                raise SettingsError("--attach -: standard input is closed")
            data = _up_to_limit(sys.stdin.buffer)
        else:
            with _opened(folder / Path(name).expanduser(), may_wait=may_wait) as file:
                data = _up_to_limit(file)
    except (OSError, RuntimeError, ValueError) as error:  # no such home; a name with a NUL in it
        code = error.errno if isinstance(error, OSError) else errno.ENOENT
        reason = _REASONS.get(code or 0) or getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"{one_line(name)}: cannot be attached: {reason}") from error
    if len(data) > LIMIT_BYTES:
        raise SettingsError(f"{one_line(name)}: cannot be attached: it is longer than {LIMIT_BYTES // 10**6} MB")
    return data


def _opened(path: Path, *, may_wait: bool) -> IO[bytes]:
    if not (may_wait or path.is_file() or path.is_dir()) and path.exists():
        raise OSError(errno.ESPIPE, "it is a pipe or a device")
    return path.open("rb")


def _up_to_limit(file: IO[bytes]) -> bytes:
    return file.read(LIMIT_BYTES + 1)


def _of_bytes(name: str, data: bytes) -> Part:
    media_type = next((kind for beginning, kind in _BEGINNINGS if beginning.match(data)), "")
    if not media_type:
        if (text := _decoded(data)) is not None:
            return _of_text("standard input" if name == _STANDARD_INPUT else name, text)
        media_type = _guessed(name)
    if media_type.startswith("image/"):
        return Image(data, media_type=media_type)
    if media_type.startswith("audio/"):
        return Audio(data, media_type=media_type)
    if not media_type or media_type.startswith("text/"):
        raise SettingsError(
            f"{one_line(name)}: cannot be attached: it is neither UTF-8 text nor of a kind that is known"
        )
    return File(data, media_type=media_type, name="" if name == _STANDARD_INPUT else Path(name).name)


def _decoded(data: bytes) -> str | None:
    """Return the text that the bytes are, None if they are none."""
    is_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _of_text(name: str, text: str) -> Text:
    fence = "`" * max(3, *(len(found) + 1 for found in _FENCE.findall(text)), 3)
    language = Path(name).suffix[1:]
    end = "" if text.endswith("\n") or not text else "\n"
    return Text(f"{_HEADING}{one_line(name)}\n\n{fence}{language if language.isalnum() else ''}\n{text}{end}{fence}")


def _guessed(name: str) -> str:
    """Return the media type that a name says, "" if none."""
    import mimetypes  # noqa: PLC0415 - few prompts have files with them

    media_type, encoding = mimetypes.guess_type(name)
    return {"gzip": "application/gzip"}.get(encoding, "application/octet-stream") if encoding else media_type or ""


def _file_in(name: str, folder: Path, *, is_quoted: bool) -> str | None:
    """Return the name of the file that is meant, without the end of a sentence behind it; None if it is none."""
    while name:
        try:
            if (folder / Path(name).expanduser()).is_file():
                return name
        except (OSError, RuntimeError):  # too long for a name; no such home
            return None
        if is_quoted or name[-1] not in _ENDS_OF_SENTENCES:
            return None
        name = name[:-1]
    return None

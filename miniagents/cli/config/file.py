"""A config file: where it is, what it says, and at which line and column it is wrong.

In: a path, or a folder. Out: a `Layer`. Never: which layer wins.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ...errors import SettingsError
from .setting import SETTINGS, Layer, checked_option, nearest

__all__ = [
    "PROJECT_FILE",
    "Statement",
    "config_path",
    "found_project_file",
    "layer_of",
    "option_complaints",
    "place_of",
    "read",
    "statements",
    "text_of",
    "toml_from",
]

PROJECT_FILE: Final = ".miniagents.toml"
_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
"""How tomllib ends its errors, in every version; only 3.14 says the place by attributes too."""
_TABLES: Final = ("options", "models")


@dataclass(frozen=True, slots=True)
class Statement:
    """One key with its value, one table's head, or a blank line or a comment, with the lines that it takes."""

    start: int
    """Its first line, from 0."""
    text: str
    """With its line ends."""
    table: tuple[str, ...]
    """The table it stands in; of a head, the table that it opens."""
    content: Mapping[str, Any]
    """What it says, from the file's root."""

    @property
    def is_head(self) -> bool:
        """Say whether it opens a table."""
        return self.text.lstrip().startswith("[")


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the user's file is, or would be; `MINIAGENTS_CONFIG` says otherwise than the platform's custom."""
    if environment.get("MINIAGENTS_CONFIG"):
        return Path(environment["MINIAGENTS_CONFIG"])
    from platformdirs import user_config_path  # noqa: PLC0415 - not on the way of `--help`

    return user_config_path("miniagents", appauthor=False) / "config.toml"


def found_project_file(folder: Path) -> Path | None:
    """Return the nearest project file, in `folder` or above it."""
    return next((path for above in (folder, *folder.parents) if (path := above / PROJECT_FILE).is_file()), None)


def read(path: Path) -> Layer:
    """Return what a file says; nothing, if there is none.

    Raises:
        SettingsError: It cannot be read, or something in it makes no sense; the line begins with path, line and column.
    """
    text = text_of(path)
    return Layer(origin=str(path)) if text is None else layer_of(text, path)


def text_of(path: Path) -> str | None:
    """Return a file's text, with its own line ends; None if there is no such file.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); mend it or move it away"
        ) from error


def layer_of(text: str, path: Path) -> Layer:
    """Return what a file of this text says.

    Raises:
        SettingsError: As `read`.
    """
    content = toml_from(text, path)
    for where, complaint in _complaints(content):
        line, column = place_of(text, where)
        raise SettingsError(f"{path}:{line}:{column}: {complaint}")
    values = {name: SETTINGS[name].checked(value) for name, value in content.items() if name in SETTINGS}
    options, models = content.get("options", {}), content.get("models", {})
    return Layer(origin=str(path), values=values, options=options, models=models, text=text)


def toml_from(text: str, path: Path) -> dict[str, Any]:
    """Return what TOML says; the error names path, line and column.

    Raises:
        SettingsError: It is no TOML.
    """
    import tomllib  # noqa: PLC0415 - most people have no such file

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of too many digits, and tables in tables without an end
        place = _PLACE.search(str(error))
        before, feed, last = text.rstrip("\r\n").rpartition("\n")
        line, column = (
            (place[1], place[2]) if place and place[1] else (before.count("\n") + 1 + bool(feed), len(last) + 1)
        )
        what = _PLACE.sub("", str(error))
        raise SettingsError(f'{path}:{line}:{column}: {what}; it must be TOML, such as: model = "local"') from error


def _complaints(content: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], str]]:
    """Say of each key that is wrong where it is, and what to do about it."""
    for name, value in content.items():
        if name in _TABLES and not isinstance(value, dict):
            yield (name,), f"{name} must be a table, such as: [options] and below it temperature = 0.2"
        elif name == "options":
            yield from option_complaints(("options",), value)
        elif name == "models":
            for model, options in value.items():
                if isinstance(options, dict):
                    yield from option_complaints(("models", model), options)
                else:
                    yield ("models", model), f'{model} must be a table, such as: [models."gpt-4o"]'
        elif name not in SETTINGS:
            yield (name,), f"{name} is no setting; {nearest(name, [*SETTINGS, *_TABLES])}"
        else:
            try:
                SETTINGS[name].checked(value)
            except SettingsError as error:
                yield (name,), str(error)


def option_complaints(where: tuple[str, ...], options: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], str]]:
    """Say of each option that is none where it is, below `where`, and what to do about it."""
    for name, value in options.items():
        try:
            checked_option(name, value, in_file=True)
        except SettingsError as error:
            yield (*where, name), f"{name}: {error}"


def statements(text: str) -> Iterator[Statement]:
    """Take valid TOML apart; the texts of all statements together are the text.

    A statement ends at the first line's end up to which it is TOML by itself.
    """
    import tomllib  # noqa: PLC0415 - as above

    start, lines = 0, ""
    table: tuple[str, ...] = ()
    for number, line in enumerate(re.split(r"(?<=\n)", text)):
        lines += line
        try:
            content: dict[str, Any] = tomllib.loads(lines)
        except tomllib.TOMLDecodeError:
            continue
        if lines.lstrip().startswith("["):
            table = _path(content)
        else:
            for name in reversed(table):
                content = {name: content}
        yield Statement(start, lines, table, content)
        start, lines = number + 1, ""


def _path(content: Any) -> tuple[str, ...]:
    """Return the names of a table's head, which is parsed to tables of one table each."""
    path: list[str] = []
    while isinstance(content, dict) and content:
        ((name, content),) = content.items()
        path.append(name)
    return tuple(path)


def place_of(text: str, where: Sequence[str]) -> tuple[int, int]:
    """Return line and column, from 1, of a key that is in the text."""
    for statement in statements(text):
        content: Any = statement.content
        for name in where:
            content = content.get(name, _NOWHERE) if isinstance(content, dict) else _NOWHERE
        if content is not _NOWHERE:
            line = statement.text.split("\n", 1)[0]
            key = re.search(rf"(?<![\w-]){re.escape(where[-1])}(?![\w-])", line)
            return statement.start + 1, key.start() + 1 if key else 1
    return 1, 1


_NOWHERE: Final = object()

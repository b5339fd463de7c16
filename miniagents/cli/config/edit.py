"""One value of a config file changed or taken out, and nothing else of it: comments, order and line ends stay.

In: a file's text, a name, a value. Out: the text with it; a file, written whole. Never: whether the value makes sense.
"""

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ...errors import SettingsError
from .file import Statement, statements

__all__ = ["changed", "without", "write_whole"]

_BARE: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
"""What a key of TOML 1.0 may be made of without quotes."""
_PRIVATE, _SHARED, _FOLDER_MODE = 0o600, 0o666, 0o700


def changed(text: str, where: Sequence[str], value: Any) -> str:
    """Return valid TOML with one value changed, or added to the end of its table.

    Args:
        text: As it is.
        where: The key, after the names of the tables it is in.
        value: The new value.

    Raises:
        SettingsError: The value is none of TOML's, or the key is in a table on one line.
    """
    expected = _with(tomllib.loads(text), where, value)
    end = "\r\n" if "\r\n" in text else "\n"
    parts = [*statements(text)]
    number = next((number for number, part in enumerate(parts) if _says(part, where)), None)
    if number is None:
        _insert(parts, where[:-1], f"{_key(where[-1])} = {_written(value)}", end)
    else:
        old = parts[number]
        key = ".".join(map(_key, where[len(old.table) :]))
        parts[number] = _of_text(f"{_indent(old.text)}{key} = {_written(value)}{_comment(old.text)}")
    return _checked(parts, expected, where)


def without(text: str, where: Sequence[str]) -> str:
    """Return valid TOML with one key taken out, with the comment behind it; as it is if it has no such key.

    Raises:
        SettingsError: The key is in a table on one line.
    """
    kept = [part for part in statements(text) if not _says(part, where)]
    return _checked(kept, _less(tomllib.loads(text), where), where)


def _checked(parts: Sequence[Statement], expected: Mapping[str, Any], where: Sequence[str]) -> str:
    """Return the text of the statements, if it says what it is to say."""
    text = "".join(part.text for part in parts)
    with suppress(tomllib.TOMLDecodeError):
        if _filled(tomllib.loads(text)) == _filled(expected):
            return text
    raise SettingsError(f"{'.'.join(where)}: stands in a line with others; change it there (miniagents config edit)")


def _filled(content: Any) -> Any:
    """Return it without empty tables, which say nothing."""
    if not isinstance(content, dict):
        return content
    return {name: value for name, each in content.items() if (value := _filled(each)) != {}}


def _with(content: Mapping[str, Any], where: Sequence[str], value: Any) -> dict[str, Any]:
    name, *rest = where
    return {**content, name: _with(content.get(name, {}), rest, value) if rest else value}


def _less(content: Any, where: Sequence[str]) -> Any:
    name, *rest = where
    if not isinstance(content, dict) or name not in content:
        return content
    others = {each: value for each, value in content.items() if each != name}
    return {**others, name: _less(content[name], rest)} if rest else others


def _says(part: Statement, where: Sequence[str]) -> bool:
    """Say whether a statement is this key's, and only its."""
    content: Any = part.content
    for name in where:
        if not isinstance(content, dict) or name not in content:
            return False
        content = content[name]
    return not part.is_head


def _insert(parts: list[Statement], table: Sequence[str], line: str, end: str) -> None:
    """Add a line after the last key of a table, or with a table of its own at the end."""
    heads = [number for number, part in enumerate(parts) if part.is_head]
    start = next((number for number in heads if parts[number].table == tuple(table)), None) if table else -1
    if start is None:
        before = "".join(part.text for part in parts)
        gap = "" if not before else end if before.endswith("\n") else 2 * end
        parts.append(_of_text(f"{gap}[{'.'.join(map(_key, table))}]{end}{line}{end}"))
        return
    stop = next((number for number in heads if number > start), len(parts))
    last = next((number for number in range(stop - 1, start, -1) if _is_key(parts[number])), start)
    if last >= 0 and not parts[last].text.endswith("\n"):
        parts[last] = _of_text(parts[last].text + end)
    gap = end if last < 0 and parts and parts[0].text.strip() else ""
    parts.insert(last + 1, _of_text(line + end + gap))


def _is_key(part: Statement) -> bool:
    return bool(part.text.strip()) and not part.text.lstrip().startswith("#")


def _of_text(text: str) -> Statement:
    return Statement(0, text, (), {})


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _comment(text: str) -> str:
    """Return what follows the value of a statement: white space, a comment, the line's end."""
    content = tomllib.loads(text)
    for position, character in enumerate(text):
        if character == "#":
            with suppress(tomllib.TOMLDecodeError):
                if tomllib.loads(text[:position]) == content:
                    return text[len(text[:position].rstrip()) :]
    return text[len(text.rstrip()) :]


def _key(name: str) -> str:
    return name if name and _BARE.issuperset(name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _written(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case dict():
            return f"{{ {', '.join(f'{_key(name)} = {_written(each)}' for name, each in value.items())} }}"
    raise SettingsError("TOML has no null; leave it out (miniagents config edit)")


def write_whole(path: Path, text: str, *, private: bool) -> None:
    """Write a file so that it is there whole or as it was; what a link points to is written, and the link stays.

    Args:
        path: Where; its folder is made if there is none.
        text: With its line ends.
        private: Whether only the user may read it; otherwise a new file gets the usual mode and an old one keeps its.

    Raises:
        SettingsError: It cannot be written.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(draft, "wb", opener=lambda name, _: os.open(name, flags, _PRIVATE if private else _SHARED)) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if not private and target.exists():
            draft.chmod(target.stat().st_mode & 0o777)
        draft.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        with suppress(OSError):
            draft.unlink()
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{path}: cannot be written ({reason}); mend that, or name another (MINIAGENTS_CONFIG)"
        ) from error

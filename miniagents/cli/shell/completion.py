"""What may come next on a command line, for the shell that asks: answered before Typer or an SDK is imported.

The scripts of `completion_command` set `ASKING` to the shell's name and call the program with the words so far. The
answer is a first line that says what follows ("values") or what the shell shall offer itself ("files", "folders"), then
a line for each value, a tab and a description after it.

In: words. Out: lines on standard output. Never: an error; a shell that waits for a Tab has no place for it.
"""

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...safe_text import one_line
from .known_words import Command, Known, command_from, recalled, remember

if TYPE_CHECKING:
    from ..config.settings import Settings

__all__ = ["ASKING", "answer", "completed"]

ASKING: Final = "_MINIAGENTS_COMPLETE"
_BREAKS: Final = "_MINIAGENTS_BREAKS"
_MOST: Final = 500
"""Values to offer at once: more are no help, and take shells long to show."""
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")
_TITLE: Final = re.compile(rb"\A---\r?\n(?:.*\n)*?title:(.*)\n(?:.*\n)*?---")
_HEAD_BYTES: Final = 1024
"""More than the front matter of a transcript is long."""
_OF_OURS: Final = ("markdown", "memory")
"""Histories whose chats are in a folder, if they are anywhere."""
_WITH_TITLE: Final = 50
"""How many of the newest are looked into, at some 50 µs each."""
_SPECIAL: Final = re.compile(r"([^\w@%+=:,./-])")


class _Asked(NamedTuple):
    """What is to be completed."""

    kind: str
    word: str
    command: Command
    before: str = ""
    """What stands before the word in the same piece, such as `--model=`."""
    last: str = ""
    """The word before it."""
    typed: Sequence[str] = ()
    """All words before it."""


def answer() -> None:
    """Answer the shell that asks."""
    shell = os.environ[ASKING]
    with suppress(Exception):  # whatever it is, the person goes on typing
        words, is_quoted = sys.argv[1:], True
        if shell == "bash":
            words, is_quoted = _words_of(sys.argv[1])
        elif shell == "fish":  # which gives them as they were typed
            words = [(_split(word) or [""])[0] for word in words]
        lines = completed(words, os.environ)
        if shell == "bash":
            lines = _for_bash(lines, words[-1], "" if is_quoted else os.environ.get(_BREAKS, ""), is_quoted=is_quoted)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()


def completed(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the answer, in lines.

    Args:
        words: Those after the program's name; the last one, perhaps empty, is to be completed.
        environment: The process's own.
    """
    known = recalled() or _learnt()
    asked = _asked(known["root"], words)
    if asked.kind in ("files", "folders"):
        return [asked.kind]
    lines = ["values"]
    for value, description in _values(asked, known, environment):
        full = asked.before + value
        if len(lines) > _MOST:
            break
        is_new = value != asked.word or not value.endswith("=")
        if value.startswith(asked.word) and is_new and full == one_line(full):  # what cannot be shown is not offered
            lines.append(f"{full}\t{one_line(description)}".rstrip("\t"))
    return lines


def _learnt() -> Known:
    from typer.main import get_command  # noqa: PLC0415 - only when something has changed

    from ..app import app  # noqa: PLC0415 - as above
    from ..config.file import config_path  # noqa: PLC0415 - as above
    from ..plugins.gathering import gathered  # noqa: PLC0415 - as above

    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # a plugin that prints is no answer
        config_dir = config_path(os.environ).parent
        found = gathered(os.environ, config_dir, None)  # what is remembered is for all folders
        names = [*found.providers]
        for name, each in found.providers.items():
            names += [f"{name}:{model}" for model in dict.fromkeys((each.default_model, *each.models()))]
    keys = [each for key in found.keys.values() for each in (key.variable, key.name)]
    others = {"histories": [*found.histories], "agents": [*found.agents], "keys": keys, "tools": [*found.tools]}
    root: Any = get_command(app)
    root.commands = {**found.commands, **root.commands}
    watched = [str(config_dir / "plugins"), str(config_dir / "plugins.json")]
    return remember(command_from(root), {"models": names, **others}, watched)


def _asked(command: Command, words: Sequence[str]) -> _Asked:
    """Walk along the words to what may stand in the place of the last one."""
    *before, word = words
    place, kind, only_arguments = 0, None, False
    for each in before:
        if kind is not None:
            kind = None
        elif only_arguments or not each.startswith("-") or each == "-":
            if each in command["commands"]:
                command = command["commands"][each]
            else:
                place += 1
        elif each == "--":
            only_arguments = True
        else:
            kind = _kind_of(command, each)
    last = before[-1] if before else ""
    if kind is not None:
        return _Asked(kind, word, command, last=last, typed=before)
    name, equals, value = word.partition("=")
    if word.startswith("-") and not only_arguments:
        kind = _kind_of(command, name)
        if equals and kind is not None:
            return _Asked(kind, value, command, f"{name}=", typed=before)
        return _Asked("names of options", word, command)
    kinds = command["arguments"]
    if command["commands"] and not (kinds and place):  # a group that does something without a command takes arguments
        return _Asked("commands", word, command)
    kind = kinds[min(place, len(kinds) - 1)] if kinds else ""
    return _Asked(kind, word, command, last=last, typed=before)


def _kind_of(command: Command, option: str) -> str | None:
    return command["options"][option]["value"] if option in command["options"] else None


def _values(asked: _Asked, known: Known, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what there is of the kind that is asked for, each with a description."""
    kind = asked.kind
    if kind == "commands":
        yield from ((name, each["help"]) for name, each in asked.command["commands"].items())
        for argument in asked.command["arguments"][:1]:
            yield from _values(asked._replace(kind=argument), known, environment)
    elif kind.startswith("chain "):
        from .chain_words import offered  # noqa: PLC0415 - only where they are asked for

        yield from offered(kind, asked.word, asked.typed)
    elif kind == "names of options":
        yield from ((name, each["help"]) for name, each in asked.command["options"].items())
    elif kind == "setting values":
        yield from _values(asked._replace(kind=_kind_of_setting(asked.last)), known, environment)
    elif kind in known["names"]:
        yield from ((name, "") for name in known["names"][kind])
    elif kind in _GIVEN:
        yield from _GIVEN[kind](environment)
    else:
        yield from ((each, "") for each in kind.split("|") if each)


def _kind_of_setting(name: str) -> str:
    from ..config.setting import SETTINGS  # noqa: PLC0415 - only where it is asked for

    if name in SETTINGS and SETTINGS[name].kind is bool:
        return "true|false"
    kinds = {"agent": "agents", "model": "models", "role": "roles", "history": "histories", "tools": "tools"}
    return kinds.get(name, "")


def _settings(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as the others have it
    from ..config.setting import SETTINGS  # noqa: PLC0415 - as above

    yield from ((each.name, each.help) for each in SETTINGS.values())
    yield from (("options.", "A parameter of the API."), ("models.", "A parameter for one model."))


def _options(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as the others have it
    from ..config.project_file import HARMLESS_OPTIONS  # noqa: PLC0415 - as above

    yield from ((f"{name}=", "") for name in sorted(HARMLESS_OPTIONS))


def _plugins(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from ...plugins.found import in_folder, installed  # noqa: PLC0415 - as above
    from ..config.file import config_path  # noqa: PLC0415 - as above

    found = [*installed(), *in_folder(config_path(environment).parent / "plugins")]
    yield from ((each.name, each.package or each.origin) for each in found)


def _roles(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from ..config import roles  # noqa: PLC0415 - as above
    from ..config.file import config_path  # noqa: PLC0415 - as above

    yield from ((name, "") for name in roles.names(config_path(environment).parent))


def _templates(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    from ..config import templates  # noqa: PLC0415 - as above
    from ..config.file import config_path  # noqa: PLC0415 - as above

    yield from ((name, "") for name in templates.names(config_path(environment).parent))


def _chats(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give the newest first, and of some of them the title."""
    from ..config.settings import Flags, settings_from  # noqa: PLC0415 - as above

    settings = settings_from(Flags(), environment, Path.cwd())
    if settings.save and settings.history.partition(":")[0] not in _OF_OURS:
        yield from _chats_elsewhere(settings, environment)
        return
    folder = settings.chats_dir
    found = sorted((name for name in os.listdir(folder) if name.endswith(".md")), reverse=True)  # noqa: PTH208 - 10,000
    for number, name in enumerate(found):
        if name != "README.md":
            yield name[:-3], _title(folder / name) if number < _WITH_TITLE else ""


def _chats_elsewhere(settings: "Settings", environment: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Give the chats that a plugin keeps; to ask it takes longer than to look into a folder."""
    from ..chats.opened import shelf_of  # noqa: PLC0415 - as above
    from ..plugins.gathering import gathered  # noqa: PLC0415 - as above

    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # as above
        shelf = shelf_of(settings, gathered(environment, settings.config_dir, None))
        return () if shelf is None else [*shelf.listed(_MOST)]


def _title(chat: Path) -> str:
    """Return the title in a transcript's first lines, as it is written there; what made it needs longer to import."""
    with suppress(OSError), chat.open("rb") as file:
        found = _TITLE.search(file.read(_HEAD_BYTES))
        return found[1].decode(errors="replace").strip().strip('"') if found else ""
    return ""


_GIVEN: Final[Mapping[str, Callable[[Mapping[str, str]], Iterator[tuple[str, str]]]]] = {
    "chats": _chats,
    "options": _options,
    "plugins": _plugins,
    "roles": _roles,
    "settings": _settings,
    "templates": _templates,
}


def _words_of(line: str) -> tuple[list[str], bool]:
    """Return the words of a line of bash after the command's name, and whether the last one's quotes are open."""
    if (len(line) - len(line.rstrip("\\"))) % 2:
        line = line[:-1]  # what it quotes is not there yet
    words, is_quoted = _split(line), True
    with suppress(ValueError):
        shlex.split(line)
        is_quoted = False
    if line[-1:].isspace() and not is_quoted and not line.endswith("\\ "):
        words.append("")
    while _ASSIGNMENT.match(words[0]):  # `NAME=value miniagents …`
        del words[0]
    return words[1:], is_quoted


def _split(line: str) -> list[str]:
    """Return the words of a line; quotes that are open end with it."""
    for end in ("", '"'):
        with suppress(ValueError):
            return shlex.split(line + end)
    return shlex.split(f"{line}'")


def _for_bash(lines: list[str], word: str, breaks: str, *, is_quoted: bool) -> list[str]:
    """Return values as bash puts them in: only what comes after the last of its breaks in the word, and quoted."""
    kept = max((word.rfind(character) + 1 for character in ":=" if character in breaks), default=0)
    first, *values = lines
    values = [value.partition("\t")[0][kept:] for value in values]
    return [first, *(values if is_quoted else [_SPECIAL.sub(r"\\\1", value) for value in values])]

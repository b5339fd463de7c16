"""Which servers there are: the JSON that clients of MCP share, `{"mcpServers": {"name": {…}}}`.

`${env:NAME}`, `${NAME}` and `${NAME:-otherwise}` stand for variables, so that no secret has to be in the file. What a
server is started with is known only when it is started: a variable that one of them lacks harms no other.

In: a file. Out: `Entry`s; a `Server`, with its variables. Never: a process; a value of a variable in any text.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import urlsplit

from miniagents.cli.config.file import config_path
from miniagents.errors import SettingsError
from miniagents.safe_text import one_line

__all__ = ["FILE_NAME", "Entry", "Server", "chosen", "file_in_config", "read"]

FILE_NAME: Final = "mcp.json"
_VARIABLE: Final = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_TEXT, _TEXTS, _NAMED_TEXTS = "text in quotes", "a list of texts", "an object of texts"
_FIELDS: Final[Mapping[str, str]] = {
    "command": _TEXT,
    "args": _TEXTS,
    "env": _NAMED_TEXTS,
    "cwd": _TEXT,
    "url": _TEXT,
    "headers": _NAMED_TEXTS,
    "alwaysAllow": _TEXTS,
    "type": _TEXT,
}
_TYPES: Final = {"stdio": "command", "http": "url", "streamable-http": "url", "streamableHttp": "url"}
"""What a server's `type` may be, and what it then needs."""
_SHOWN_AT_LEAST: Final = 4
"""A secret that is shorter than this is none: to hide every "1" would hide too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, as it is started or asked."""

    name: str
    command: str = ""
    """A program; "" where it is at a `url`."""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed: tuple[str, ...] = ()
    """Shell patterns of the tools that nobody need be asked about."""
    timeout_s: float | None = None
    """How long a call of a tool may take; None is no end."""

    def without_secrets(self, text: str) -> str:
        """Return a text in one line, without the values that this server alone was given."""
        for secret in sorted((*self.env.values(), *self.headers.values()), key=len, reverse=True):
            if len(secret) >= _SHOWN_AT_LEAST:
                text = text.replace(secret, "…")
        return one_line(text)


@dataclass(frozen=True, slots=True)
class Entry:
    """A server as it stands in a file, checked."""

    name: str
    origin: str
    """Where it stands, for people."""
    told: Mapping[str, Any] = field(repr=False)

    @property
    def where(self) -> str:
        """What it runs or whom it asks, without what may be secret."""
        if "command" in self.told:
            return one_line(self.told["command"])
        host = urlsplit(_VARIABLE.sub("…", self.told["url"])).hostname
        return one_line(host or "an address")

    def resolved(self, environment: Mapping[str, str]) -> Server:
        """Return the server with the values of its variables; to look at one may run a program of the person's.

        Raises:
            SettingsError: There is no such variable.
            MiniagentsError: A key that is kept elsewhere is not to be had.
        """

        def value(found: re.Match[str]) -> str:
            name, otherwise = found[1], found[2]
            if known := environment.get(name):
                return known
            if otherwise is None:
                raise SettingsError(f"{self.origin}: {one_line(self.name)}: {name} is not set; export it")
            return str(otherwise)

        def filled(told: Any) -> Any:
            match told:
                case str():
                    return _VARIABLE.sub(value, told)
                case list():
                    return tuple(filled(each) for each in told)
                case dict():
                    return {name: filled(each) for name, each in told.items()}
            return told

        names = ("command", "args", "env", "cwd", "url", "headers")
        given = {name: filled(self.told[name]) for name in names if name in self.told}
        if given.get("cwd"):
            given["cwd"] = str(Path(given["cwd"]).expanduser())
        allowed = tuple(self.told.get("alwaysAllow", ()))
        return Server(name=self.name, **given, allowed=allowed, timeout_s=self.told.get("timeout"))


def file_in_config(environment: Mapping[str, str]) -> Path:
    """Return where the person's own file is, or would be."""
    return config_path(environment).parent / FILE_NAME


def read(path: Path) -> dict[str, Entry]:
    """Return the servers of a file by name, but for those that it says are disabled.

    Raises:
        SettingsError: It cannot be read, or something in it makes no sense; the line begins with its path.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        cure = 'write one: {"mcpServers": {"name": {"command": "…", "args": []}}}'
        raise SettingsError(f"{path}: there is no such file; {cure}") from None
    except json.JSONDecodeError as error:
        place = f"{path}:{error.lineno}:{error.colno}"
        raise SettingsError(f"{place}: {one_line(error.msg)}; it must be JSON") from None
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); mend it") from None
    told = content.get("mcpServers", content.get("servers")) if isinstance(content, dict) else None
    if not isinstance(told, dict):
        raise SettingsError(f'{path}: there are no servers in it; write them as {{"mcpServers": {{"name": {{…}}}}}}')
    entries = [_checked(name, str(path), entry) for name, entry in told.items()]
    return {entry.name: entry for entry in entries if entry.told.get("disabled") is not True}


def _checked(name: str, origin: str, told: Any) -> Entry:
    if fault := _fault_in(told):
        raise SettingsError(f"{origin}: {one_line(name)}: {fault}")
    return Entry(name, origin, told)


def _written_out(argument: str) -> Entry:
    """Return a server that is described where it is named; its program's name, or its host's, is its own."""
    try:
        told = json.loads(argument)
    except (ValueError, RecursionError) as error:
        raise SettingsError(one_line(f"mcp: {argument[:60]}: it must be JSON ({error})")) from None
    entry = _checked("a server", "mcp", told)
    return replace(entry, name=PurePath(entry.where).name)


def chosen(argument: str, environment: Mapping[str, str]) -> list[Entry]:
    """Return the servers that are meant: all of the person's if "", all of a file if it is a path, else the one.

    What begins with a brace is a server by itself, as it would stand in a file. A file that the person has not named is
    never read but their own: to start a server runs a program.

    Raises:
        SettingsError: As `read`; or there is no such server, or none at all.
    """
    if argument.startswith("{"):
        return [_written_out(argument)]
    is_path = argument.endswith(".json") or "/" in argument or "\\" in argument
    path = Path(argument).expanduser() if is_path else file_in_config(environment)
    servers = read(path)
    if argument and not is_path:
        if argument not in servers:
            near = get_close_matches(argument, servers, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(servers) or 'none'}"
            raise SettingsError(one_line(f"{path}: no server is called {argument}; {hint}"))
        return [servers[argument]]
    if not servers:
        raise SettingsError(f"{path}: there is no server in it; add one")
    return [*servers.values()]


def _fault_in(entry: Any) -> str | None:
    """Return what is wrong with a server, and what to do, or None."""
    if not isinstance(entry, dict):
        return 'it must be an object, such as {"command": "…"}'
    for name, wanted in _FIELDS.items():
        if name in entry and not _IS[wanted](entry[name]):
            return f"{name} must be {wanted}"
    if "timeout" in entry and not _is_time(entry["timeout"]):
        return "timeout must be a number of seconds above 0"
    if "command" in entry and "url" in entry:
        return "it has both a command and a url; leave one of them out"
    kind = entry.get("type")
    if kind is not None and kind not in _TYPES:
        return f"type {one_line(kind)} is none that is spoken here; use stdio or http"
    needed = _TYPES[kind] if kind else "command" if "command" in entry else "url"
    return None if entry.get(needed) else "it needs a command, or the url where it is"


def _is_time(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value > 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_IS: Final[Mapping[str, Callable[[Any], bool]]] = {
    _TEXT: _is_text,
    _TEXTS: lambda value: isinstance(value, list) and all(map(_is_text, value)),
    _NAMED_TEXTS: lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
}

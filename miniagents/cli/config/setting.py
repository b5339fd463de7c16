"""The settings there are: what each is called, what it may be, what it is without a word from anybody.

In: a value as a person wrote it, in a shell or in TOML. Out: the value, checked. Never: where it was written.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ...errors import SettingsError

__all__ = ["SETTINGS", "Layer", "Setting", "checked_option", "json_or_text", "nearest", "option_from"]

_TRUTHS: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_MUST_BE: Final = {
    str: 'text in quotes, such as: {} = "…"',
    bool: "true or false",
    int: "a whole number, 0 or more",
    float: "a number of seconds above 0",
    list: 'texts in a list, such as: {} = ["…"]',
}
_OURS: Final = {
    "model": ("--model", "model"),
    "system": ("--system", "system"),
    "stream": ("--no-stream", "stream"),
    "environment": ("environment variables", "environment variables"),
    "log": ("--log", "log"),
}
"""Parameters of every model agent that are no options of an API, and how to say them: in a shell, in a file."""
_OF_AGENTS: Final = frozenset({"alias", "description", "errors_as_messages", "keep", "timeout_s"})
"""What `fork` and `inquire` keep for themselves."""
_OF_PROGRAMS: Final = frozenset({"approve", "client", "limits", "rate", "tools"})
"""Parameters of model agents that are objects of a program, which no command line can give."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One of them."""

    name: str
    """In files and in `Settings`; in the environment, `MINIAGENTS_` and the same in capitals."""
    kind: type
    """`str`, `bool`, `int` (0 or more), `float` (above 0) or `list` (of texts); a path is `str`."""
    flag: str
    """How a command line says it, for people; "" where none does."""
    help: str
    default: Any = None
    of_projects: bool = False
    """Whether a file that comes with a project, which may be a stranger's, may set it."""

    @property
    def variable(self) -> str:
        """What it is called in the environment."""
        return f"MINIAGENTS_{self.name.upper()}"

    def checked(self, value: Any) -> Any:
        """Return a value of TOML, or of a flag, if it may be one of this setting.

        Raises:
            SettingsError: It may not; the line begins with the setting's name.
        """
        if self.kind is float and type(value) is int:
            value = float(value)
        is_of_kind = type(value) is self.kind  # which true is not, where a number is wanted
        if is_of_kind and self.kind is list:
            is_of_kind = all(isinstance(each, str) for each in value)
        if not is_of_kind or (self.kind is int and value < 0) or (self.kind is float and not value > 0):
            raise SettingsError(f"{self.name} must be {_MUST_BE[self.kind].format(self.name)}")
        return value

    def parsed(self, text: str) -> Any:
        """Return the value that text of a shell or of the environment means.

        Raises:
            SettingsError: It means none; the line begins with the setting's name.
        """
        if self.kind is str:
            return text
        if self.kind is list:
            return [each.strip() for each in text.split(",") if each.strip()]
        value: object = _TRUTHS.get(text.strip().lower()) if self.kind is bool else _number(text)
        return self.checked(value)


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType(
    {
        setting.name: setting
        for setting in (
            Setting("model", str, "--model", "Which model answers.", of_projects=True),
            Setting("agent", str, "--agent", "Who answers in the model's place."),
            Setting("system", str, "--system", "What the model is told beforehand.", of_projects=True),
            Setting("role", str, "--role", "The role it plays: roles/NAME.md.", of_projects=True),
            Setting("stream", bool, "--no-stream", "Show replies as they come.", default=True, of_projects=True),
            Setting("timeout_s", float, "--timeout", "How long a reply may take.", of_projects=True),
            Setting("retries", int, "--retries", "How often a request is sent again.", of_projects=True),
            Setting("plain", bool, "--plain", "Show replies as they are written.", default=False, of_projects=True),
            Setting("usage", bool, "--usage", "Show tokens and cost.", default=False, of_projects=True),
            Setting("titles", bool, "--titles", "Give chats a title.", default=True, of_projects=True),
            Setting("vi", bool, "--vi", "Edit the prompt with the keys of vi.", default=False),
            Setting("quiet", bool, "--quiet", "Say nothing but the reply and errors.", default=False),
            Setting("save", bool, "--no-save", "Keep transcripts.", default=True),
            Setting("chats_dir", str, "--chats-dir", "Where transcripts go.", default="chats", of_projects=True),
            Setting("history", str, "--history", "Who keeps what was said.", default="markdown"),
            Setting("tools", list, "--tool", "Which tools the model is given.", default=()),
            Setting("allow_tools", list, "--allow-tool", "Which tools nobody is asked about.", default=()),
            Setting("log", str, "--log", "Where requests and replies are written down."),
        )
    }
)
"""By name, in the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one place says: a command line, an environment, a file."""

    origin: str
    """The place, for people."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """By the names of `SETTINGS`, checked."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where single ones of the values come from, if that can be said more closely."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of whichever model's API."""
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameters for one model, by its name, with `provider:` or without; they come before `options`."""
    text: str = field(default="", repr=False)
    """Of a file, to find the place of what turns out to be wrong later."""

    def origin_of(self, name: str) -> str:
        """Return where the value of a setting comes from."""
        return self.origins.get(name, self.origin)


def option_from(written: str) -> tuple[str, Any]:
    """Return what `-o NAME=VALUE` says; the value is the JSON that it is, or else the text that it is.

    Raises:
        SettingsError: It says nothing, or something that is ours to say otherwise.
    """
    name, equals, text = written.partition("=")
    if not equals or not name.isidentifier():
        raise SettingsError(f"-o {written}: write it as name=value, such as -o temperature=0.2")
    try:
        return name, checked_option(name, json_or_text(text))
    except SettingsError as error:
        raise SettingsError(f"-o {written}: {error}") from None


def json_or_text(text: str) -> Any:
    """Return the JSON that a text is, or else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def checked_option(name: str, value: object, *, in_file: bool = False) -> Any:
    """Return the value of an option of a model's API, if it may be one.

    Raises:
        SettingsError: It may not; the line is only what to do about it.
    """
    if name in _OURS:
        raise SettingsError(f"use {_OURS[name][in_file]} for it")
    if name in _OF_AGENTS | _OF_PROGRAMS:
        raise SettingsError("no model has such an option; leave it out")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise SettingsError("no API takes such a value; write it as text in quotes") from None
    return value


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the cure for a name that is none: the one that was meant, or what there is."""
    from difflib import get_close_matches  # noqa: PLC0415 - where something is wrong

    known = [*known]
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there {'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else otherwise

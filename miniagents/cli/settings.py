"""What the user decided: flag, then environment, then config file, then default.

In: the options of a command line, an environment, a folder. Out: one frozen `Settings`. Never: a model, a message.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from .environment import environment_with_file

__all__ = ["Flags", "Settings", "settings_from"]

_IN_CONFIG = {"model": str, "system": str, "chats_dir": str}
_OURS = {
    "model": "--model",
    "system": "--system",
    "stream": "--no-stream",
    "environment": "environment variables",
    "log": "--log",
}
"""Parameters of every model agent that are no options of an API, and how to say them."""

_OF_AGENTS = {"alias", "description", "errors_as_messages", "keep", "timeout_s"}
"""What `fork` and `inquire` keep for themselves."""

_OF_PROGRAMS = {"approve", "client", "limits", "rate", "tools"}
"""Parameters of model agents that are objects of a program, which no command line can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything decided, once, at the start."""

    model: str | None
    """As the user wrote it; None if nobody named one."""
    model_from: str
    """Who named it, for errors: "--model", "MINIAGENTS_MODEL", the config file's path; "" if nobody did."""
    system: str | None
    options: Mapping[str, Any]
    """Further parameters of the model's API."""
    stream: bool
    log: str | None
    """Where requests and replies are written down: a path, or "debug" for standard error; None leaves it to
    `MINIAGENTS_LOG`."""
    chats_dir: Path
    save: bool
    environment: Mapping[str, str]
    """Where model agents look for keys and base URLs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line said; None where it said nothing."""

    model: str | None = None
    system: str | None = None
    options: Sequence[str] = ()
    """Each `name=value`."""
    stream: bool = True
    log: str | None = None
    chats_dir: Path | None = None
    save: bool = True


def settings_from(flags: Flags, environment: Mapping[str, str], folder: Path) -> Settings:
    """Decide.

    Args:
        flags: The command line's word, which comes first.
        environment: The process's own.
        folder: Where relative paths count from, and where the search for a `.env` starts.

    Raises:
        SettingsError: A file cannot be read, or something in it or in an option makes no sense.
    """
    path = config_path(environment)
    config = _config(path)
    environment = environment_with_file(environment, folder)
    named = (
        (flags.model, "--model"),
        (environment.get("MINIAGENTS_MODEL"), "MINIAGENTS_MODEL"),
        (config.get("model"), str(path)),
    )
    model, model_from = next(((name, source) for name, source in named if name), (None, ""))
    chats = flags.chats_dir or environment.get("MINIAGENTS_CHATS_DIR") or config.get("chats_dir") or "chats"
    return Settings(
        model=model,
        model_from=model_from,
        system=flags.system if flags.system is not None else config.get("system"),
        options=_options(flags.options),
        stream=flags.stream,
        log=flags.log,
        chats_dir=folder / _expanded(Path(chats)),
        save=flags.save,
        environment=environment,
    )


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the config file is, or would be; `MINIAGENTS_CONFIG` says otherwise than the platform's custom."""
    if environment.get("MINIAGENTS_CONFIG"):
        return Path(environment["MINIAGENTS_CONFIG"])
    from platformdirs import user_config_path  # noqa: PLC0415 - not on the way of `--help`

    return user_config_path("miniagents", appauthor=False) / "config.toml"


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{path}: there is no such home; write the folder out") from error


def _config(path: Path) -> dict[str, str]:
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}); mend it or move it away") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f'{path}: {error}; it must be TOML, such as: model = "local"') from error
    for name, value in config.items():
        if name not in _IN_CONFIG:
            raise SettingsError(f"{path}: {name} is no setting; there are {', '.join(_IN_CONFIG)}")
        if not isinstance(value, _IN_CONFIG[name]):
            raise SettingsError(f'{path}: {name} must be text in quotes, such as: {name} = "…"')
    return config


def _options(options: Sequence[str]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.isidentifier():
            raise SettingsError(f"-o {option}: write it as name=value, such as -o temperature=0.2")
        if name in _OURS:
            raise SettingsError(f"-o {option}: use {_OURS[name]} for it")
        if name in _OF_AGENTS | _OF_PROGRAMS:
            raise SettingsError(f"-o {option}: no model has such an option; leave it out")
        try:
            parsed[name] = json.loads(value)
        except ValueError:
            parsed[name] = value
    return parsed

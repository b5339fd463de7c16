"""What the user decided: flag, then environment, then the project's file, then the user's, then the default.

A role comes right after the place that names it: what that place says itself wins, what stands below does not.

In: the options of a command line, an environment, a folder. Out: one frozen `Settings`. Never: a model, a message.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...errors import SettingsError
from .environment import KEYS_FILE, environment_with_file
from .file import config_path, found_project_file, place_of, read
from .project_file import taken_from_project
from .setting import SETTINGS, Layer, option_from

if TYPE_CHECKING:
    from .key import Key

__all__ = ["Flags", "Settings", "overlaid", "settings_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything decided, once, at the start."""

    model: str | None
    """As the user wrote it; None if nobody named one."""
    agent: str | None
    """Who answers in the model's place, by the name that a plugin gave them; None if the model does."""
    system: str | None
    """The flag's, the role's or a file's text."""
    role: str | None
    """The name of the role in use, whose text, model and options are taken already."""
    stream: bool
    timeout_s: float | None
    """How long a reply may take in all."""
    retries: int | None
    """How often a request is sent again; it is among the `options` as `max_retries` already."""
    plain: bool
    """Show replies as they are written, without Markdown's looks."""
    vi: bool
    """Edit the prompt with the keys of vi instead of Emacs."""
    titles: bool
    """Whether chats get a title from what is said first."""
    usage: bool
    """Whether the line of tokens and cost is shown after one answer."""
    quiet: bool
    """Say nothing but the reply and errors."""
    history: str
    """Which history agent keeps what is said, by its name."""
    tools: Sequence[str]
    """The sources of the tools that the model is given, by name, each with its argument behind a colon."""
    allow_tools: Sequence[str]
    """Shell patterns of the tools that nobody is asked about."""
    log: str | None
    """Where requests and replies are written down: a path, or "debug" for standard error; "" and None are nowhere."""
    chats_dir: Path
    save: bool
    environment: Mapping[str, str]
    """Where model agents look for keys and base URLs; see `KeyedEnvironment`."""
    config_dir: Path
    """The folder of the user's config file, with `roles` and `templates` in it."""
    origins: Mapping[str, str]
    """By the name of a setting, who decided it ("--model", "MINIAGENTS_MODEL", a path); a default is not in it."""
    ignored: tuple[str, ...]
    """What files say and is not taken from them, a line each, for the person."""
    layers: tuple[Layer, ...]
    """What each place says, the strongest first; for `options_for` and for showing."""

    @property
    def model_from(self) -> str:
        """Who named the model, for errors; "" if nobody did."""
        return self.origins.get("model", "")

    @property
    def options(self) -> Mapping[str, Any]:
        """Further parameters of the API, for `model` as the user wrote it."""
        model = self.model or ""
        return self.options_for(model, model.partition(":")[2])

    def origin_of_option(self, option: str, *names: str) -> str:
        """Return who decided an option, for a model that goes by these names; "" if nobody did.

        Of a file it is the place too: `config.toml:7:1`.
        """
        for layer in self.layers:
            where = next((("models", name) for name in reversed(names) if option in layer.models.get(name, {})), None)
            if where is None and option not in layer.options:
                continue
            if not layer.text:
                return layer.origin
            line, column = place_of(layer.text, (*(where or ("options",)), option))
            return f"{layer.origin}:{line}:{column}"
        return ""

    def options_for(self, *names: str) -> Mapping[str, Any]:
        """Return further parameters of the API for a model that goes by these names ("gpt-4o", "openai:gpt-4o").

        A stronger place comes first; within one place, what it says for this model.
        """
        merged: dict[str, Any] = {}
        for layer in reversed(self.layers):
            if layer.values.get("retries") is not None:
                merged["max_retries"] = layer.values["retries"]
            merged.update(layer.options)
            for name in names:
                merged.update(layer.models.get(name, {}))
        return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What the command line said; None where it said nothing, so that other places are heard."""

    model: str | None = None
    agent: str | None = None
    system: str | None = None
    role: str | None = None
    options: Sequence[str] = ()
    """Each `name=value`."""
    stream: bool | None = None
    timeout_s: float | None = None
    retries: int | None = None
    plain: bool | None = None
    vi: bool | None = None
    titles: bool | None = None
    usage: bool | None = None
    quiet: bool | None = None
    history: str | None = None
    tools: Sequence[str] | None = None
    allow_tools: Sequence[str] | None = None
    log: str | None = None
    chats_dir: Path | None = None
    save: bool | None = None


def settings_from(flags: Flags, environment: Mapping[str, str], folder: Path) -> Settings:
    """Decide.

    Args:
        flags: The command line's word, which comes first.
        environment: The process's own.
        folder: Where relative paths count from, and where the search for a `.env` and a project's file starts.

    Raises:
        SettingsError: A file cannot be read, or something in it, in a flag or in a variable makes no sense.
    """
    path = config_path(environment)
    keys, unused = _keys(path.parent)
    merged = environment_with_file(environment, folder, keys)
    project, ignored = _project(folder, path)
    layers = [_of_flags(flags), _of_environment(merged, environment), *project, read(path)]
    layers = _with_role(layers, path.parent)
    values: dict[str, Any] = {name: setting.default for name, setting in SETTINGS.items()}
    origins: dict[str, str] = {}
    for layer in reversed(layers):
        values.update(layer.values)
        origins.update((name, layer.origin_of(name)) for name in layer.values)
    values["chats_dir"] = folder / _expanded(Path(values["chats_dir"]))
    return Settings(
        **values,
        environment=merged,
        config_dir=path.parent,
        origins=MappingProxyType(origins),
        ignored=(*unused, *ignored),
        layers=tuple(layers),
    )


def overlaid(settings: Settings, layer: Layer) -> Settings:
    """Return the settings with a place above all others: what a chat decides while it goes on."""
    origins = {**settings.origins, **{name: layer.origin_of(name) for name in layer.values}}
    return replace(settings, **layer.values, origins=MappingProxyType(origins), layers=(layer, *settings.layers))


def _of_flags(flags: Flags) -> Layer:
    values: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        value = getattr(flags, name)
        if value is not None and (value or name not in ("model", "agent")):  # `-m "$MODEL"` of nothing says nothing
            with _said_by(setting.flag):
                plain = str(value) if isinstance(value, Path) else [*value] if setting.kind is list else value
                values[name] = setting.checked(plain)
    origins = {name: SETTINGS[name].flag for name in values}
    return Layer(origin="-o", values=values, origins=origins, options=dict(map(option_from, flags.options)))


def _of_environment(environment: Mapping[str, str], own: Mapping[str, str]) -> Layer:
    """Take what is not empty; `own` is without what a `.env` adds."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        text = environment.get(setting.variable, "")
        if text.strip():
            origins[name] = setting.variable if own.get(setting.variable) else f"{setting.variable} in .env"
            with _said_by(origins[name]):
                values[name] = setting.parsed(text)
    return Layer(origin="", values=values, origins=origins)


def _keys(config_dir: Path) -> "tuple[Mapping[str, Key], tuple[str, ...]]":
    """Return the keys of the keys file, or why they are not taken."""
    if not (config_dir / KEYS_FILE).exists():
        return {}, ()
    from .key_file import complaint_about, keys_in  # noqa: PLC0415 - where there is one

    complaint = complaint_about(config_dir / KEYS_FILE)
    return ({}, (complaint,)) if complaint else (keys_in(config_dir / KEYS_FILE), ())


def _project(folder: Path, user_path: Path) -> tuple[list[Layer], tuple[str, ...]]:
    path = found_project_file(folder)
    if path is None:
        return [], ()
    layer = read(path)
    roles: Sequence[str] = ()
    if "role" in layer.values:
        from .roles import names  # noqa: PLC0415 - where one is named

        roles = names(user_path.parent)
    taken, ignored = taken_from_project(layer, path, roles)
    return [taken], ignored


def _with_role(layers: list[Layer], config_dir: Path) -> list[Layer]:
    """Put what the role says behind the layer that names it, if one does."""
    for number, layer in enumerate(layers):
        if "role" in layer.values:
            if not layer.values["role"]:  # as in `--role ""`: none, whatever stands below
                break
            from .roles import find  # noqa: PLC0415 - where one is named

            with _said_by(layer.origin_of("role")):
                role = find(layer.values["role"], config_dir)
            given = {"model": role.model, "system": role.system}
            values = {name: value for name, value in given.items() if value is not None}
            of_role = Layer(origin=f"role {role.name}", values=values, options=role.options)
            return [*layers[: number + 1], of_role, *layers[number + 1 :]]
    return layers


@contextmanager
def _said_by(origin: str) -> Iterator[None]:
    """Let an error of a setting begin with who said it."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{origin}: {error}") from error


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise SettingsError(f"{path}: there is no such home; write the folder out") from error

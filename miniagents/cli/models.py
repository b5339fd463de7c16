"""Which model: a name, or none, becomes a provider and the name it knows the model by. Which options it takes.

In: what the user wrote, the providers there are. Out: a `Choice`; what is wrong with an option. Never: a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from ..errors import KeyMissingError, ModelNotFoundError, SettingsError
from ..hookspecs import ModelProvider
from ..plugins import by_note
from .config.environment import unopened

if TYPE_CHECKING:
    from ..hookspecs import Option
    from .config.settings import Settings

__all__ = ["Choice", "check_options", "choose", "state_of", "wanted"]

_KINDS: Final = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
"""What an option may be, as JSON calls it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, and who serves it."""

    provider: ModelProvider
    model: str

    def __str__(self) -> str:
        return f"{self.provider.name}:{self.model}"


def choose(
    name: str | None, source: str, providers: Mapping[str, ModelProvider], environment: Mapping[str, str]
) -> Choice:
    """Return the model that `name` means; without one, the default of the first provider that is ready.

    Args:
        name: `provider:model`, a provider's name (its default model), or a model's name that one knows as its own, or
            short for it.
        source: Who said so, for the error: "--model", a file.
        providers: By prefix.
        environment: Where keys are looked up.

    Raises:
        ModelNotFoundError: Nobody serves a model of that name.
        KeyMissingError: None was named, and no provider is ready.
    """
    if name is None:
        return _default(providers, environment)
    prefix, colon, model = name.partition(":")
    if prefix in providers and (model or not colon):
        provider = providers[prefix]
        return Choice(provider, provider.aliases.get(model, model) or provider.default_model)
    for provider in providers.values():
        if name in provider.aliases:
            return Choice(provider, provider.aliases[name])
        if any(fnmatchcase(name, pattern) for pattern in provider.patterns) or name in provider.models():
            return Choice(provider, name)
    known = [*providers]
    for provider in providers.values():
        known += [provider.default_model, *provider.models(), *provider.aliases]
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else f"write openai:{name} for a model of an OpenAI-compatible server"
    if name == "local" or name.endswith(".gguf"):
        hint = "for models on this machine, install the plugin miniagents-llamacpp"
    raise ModelNotFoundError(
        f"{source}: no model is called {name!r}", cure=f"{hint} (`miniagents models` lists what is there)"
    )


def state_of(provider: ModelProvider, environment: Mapping[str, str]) -> str | None:
    """Return what makes a provider usable now, None if nothing does; no key is read for it."""
    return provider.ready(unopened(environment))


def check_options(choice: Choice, settings: "Settings") -> None:
    """Look at the options that settings have for a model, before anything is sent.

    What the provider does not speak of passes, and so does any number where another server than the provider's own is
    named: it may take other ones.

    Raises:
        SettingsError: One of them cannot be; the line says who said it.
    """
    names = (choice.model, str(choice))
    is_elsewhere = bool(settings.environment.get(f"{choice.provider.name.upper()}_BASE_URL"))
    for name, value in settings.options_for(*names).items():
        option = choice.provider.options.get(name)
        if option is not None and value is not None and not _fits(value, option, any_number=is_elsewhere):
            origin = settings.origin_of_option(name, *names)
            raise SettingsError(f"{origin} {name}: it must be {wanted(option)} for {choice}")


def wanted(option: "Option") -> str:
    """Return what an option may be, in words."""
    if option.one_of:
        return " or ".join(map(str, option.one_of))
    ranges = {
        (True, True): f" from {option.least} to {option.most}",
        (True, False): f", {option.least} or more",
        (False, True): f", {option.most} or less",
    }
    return _KINDS.get(option.kind, option.kind.__name__) + ranges.get(
        (option.least is not None, option.most is not None), ""
    )


def _fits(value: Any, option: "Option", *, any_number: bool) -> bool:
    kinds = (float, int) if option.kind is float else (option.kind,)
    if type(value) not in kinds or (option.one_of and value not in option.one_of):  # true is no number
        return False
    if any_number or isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (option.least is None or value >= option.least) and (option.most is None or value <= option.most)


def _default(providers: Mapping[str, ModelProvider], environment: Mapping[str, str]) -> Choice:
    ways: list[str] = []
    for provider in by_note(providers, lambda provider: provider.rank):
        if state_of(provider, environment):
            return Choice(provider, provider.default_model)
        ways.append(provider.way_out)
    if "local" not in providers:
        ways.append("install the plugin miniagents-llamacpp for a model on this machine")
    raise KeyMissingError("no model to talk to", cure=", or ".join(ways))

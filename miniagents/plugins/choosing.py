"""Which model: a name, or none, becomes a provider and the name it knows the model by. What an option of it may be.

In: what somebody wrote, the providers there are. Out: a `Choice`. Never: who wrote it, a request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from ..errors import KeyMissingError, SettingsError
from ..hookspecs import ModelProvider
from .offers import by_note

if TYPE_CHECKING:
    from ..hookspecs import Option

__all__ = ["Choice", "choose", "fits", "wanted"]

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
    name: str | None,
    source: str,
    providers: Mapping[str, ModelProvider],
    is_ready: Callable[[ModelProvider], str | None],
) -> Choice:
    """Return the model that `name` means; without one, the default of the first provider that is ready.

    Args:
        name: `provider:model`, a provider's name (its default model), or a model's name that one knows as its own, or
            short for it.
        source: Who said so, for the error: "--model", a file.
        providers: By prefix.
        is_ready: Says what makes a provider usable now, if anything does.

    Raises:
        SettingsError: Nobody serves a model of that name.
        KeyMissingError: None was named, and no provider is ready.
    """
    if name is None:
        return _default(providers, is_ready)
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
    if model and not near:
        near = [f"{each}:{model}" for each in get_close_matches(prefix, providers, n=1, cutoff=0.7)]
    hint = f"did you mean {near[0]}?" if near else f"write openai:{name} for a model of an OpenAI-compatible server"
    if name == "local" or name.endswith(".gguf"):
        hint = "for models on this machine, install the plugin miniagents-llamacpp"
    raise SettingsError(f"{source}: no model is called {name!r}; {hint} (`miniagents models` lists what is there)")


def wanted(option: "Option") -> str:
    """Return what an option may be, in words."""
    if option.one_of:
        return " or ".join(map(str, option.one_of))
    kind = _KINDS.get(option.kind, option.kind.__name__)
    if option.least is not None and option.most is not None:
        return f"{kind} from {option.least} to {option.most}"
    ends = {", {} or more": option.least, " above {}": option.above, ", {} or less": option.most}
    return kind + "".join(words.format(end) for words, end in ends.items() if end is not None)


def fits(value: Any, option: "Option", *, any_number: bool = False) -> bool:
    """Say whether a value may be that of an option; of another server than the provider's own, `any_number` may."""
    kinds = (float, int) if option.kind is float else (option.kind,)
    if type(value) not in kinds or (option.one_of and value not in option.one_of):  # true is no number
        return False
    if any_number or isinstance(value, bool) or not isinstance(value, int | float):
        return True
    is_enough = (option.least is None or value >= option.least) and (option.above is None or value > option.above)
    return is_enough and (option.most is None or value <= option.most)


def _default(providers: Mapping[str, ModelProvider], is_ready: Callable[[ModelProvider], str | None]) -> Choice:
    ways: list[str] = []
    for provider in by_note(providers, lambda provider: provider.rank):
        if is_ready(provider):
            return Choice(provider, provider.default_model)
        ways.append(provider.way_out)
    if "local" not in providers:
        ways.append("install the plugin miniagents-llamacpp for a model on this machine")
    raise KeyMissingError("no model to talk to", cure=", or ".join(ways))

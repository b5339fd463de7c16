"""Which model: a name, or none, becomes a provider and the name it knows the model by.

In: what the user wrote, the providers there are. Out: a `Choice`. Never: a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from ..errors import KeyMissingError, ModelNotFoundError
from ..hookspecs import ModelProvider

__all__ = ["Choice", "choose"]


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
        name: `provider:model`, a provider's name (its default model), or a model's name that one knows as its own.
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
        return Choice(providers[prefix], model or providers[prefix].default_model)
    for provider in providers.values():
        if any(fnmatchcase(name, pattern) for pattern in provider.patterns) or name in provider.models():
            return Choice(provider, name)
    known = [*providers]
    for provider in providers.values():
        known += [provider.default_model, *provider.models()]
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]}?" if near else f"write openai:{name} for a model of an OpenAI-compatible server"
    if name == "local" or name.endswith(".gguf"):
        hint = "for models on this machine, install the plugin miniagents-llamacpp"
    raise ModelNotFoundError(
        f"{source}: no model is called {name!r}", cure=f"{hint} (`miniagents models` lists what is there)"
    )


def _default(providers: Mapping[str, ModelProvider], environment: Mapping[str, str]) -> Choice:
    for provider in sorted(providers.values(), key=lambda provider: provider.rank):
        if provider.ready(environment):
            return Choice(provider, provider.default_model)
    ways = [provider.way_out for provider in sorted(providers.values(), key=lambda provider: provider.rank)]
    if "local" not in providers:
        ways.append("install the plugin miniagents-llamacpp for a model on this machine")
    raise KeyMissingError("no model to talk to", cure=", or ".join(ways))

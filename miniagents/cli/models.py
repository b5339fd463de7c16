"""Which model the settings mean, whether it takes the options that they have for it, and what it needs to be asked.

In: settings, the providers there are. Out: a `Choice`; what is wrong with an option. Never: a request.
"""

import asyncio
from collections.abc import Callable, Mapping
from threading import Event
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..hookspecs import ModelProvider
from ..plugins import choosing
from ..plugins.choosing import Choice, fits, wanted
from .config.environment import key_of, unopened
from .tell import FetchBar

if TYPE_CHECKING:
    from .config.key import Key
    from .config.settings import Settings

__all__ = ["Choice", "check_options", "choose", "fetch", "key_to_read", "read_key", "state_of", "wanted"]


def choose(
    name: str | None, source: str, providers: Mapping[str, ModelProvider], environment: Mapping[str, str]
) -> Choice:
    """Return the model that `name` means, as `choosing.choose` does; keys are looked up in `environment`."""
    return choosing.choose(name, source, providers, lambda provider: state_of(provider, environment))


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
        if option is not None and value is not None and not fits(value, option, any_number=is_elsewhere):
            origin = settings.origin_of_option(name, *names)
            said = f"{origin} {name}: it" if origin == "-o" else f"{origin}: {name}"
            raise SettingsError(f"{said} must be {wanted(option)} for {choice}")


async def fetch(choice: Choice, environment: Mapping[str, str], told: Callable[[int, int], None] | None = None) -> None:
    """See to it that a model is on this machine, if it is to be.

    Args:
        choice: The model.
        environment: With the keys that fetching it may need.
        told: Called with the bytes that are there and the bytes there will be; a bar shows them by default.
    """
    provider, model = choice.provider, choice.model
    is_wanted = model == provider.default_model if provider.fetches is None else provider.fetches(model)
    if provider.pull is None or not is_wanted:
        return
    if told is not None:
        await provider.pull(model, told, environment)
        return
    with FetchBar(model) as bar:
        await provider.pull(model, bar, environment)


def key_to_read(choice: Choice, environment: Mapping[str, str]) -> "Key | None":
    """Return the key that has to be read (of a password manager, say) before the model can be asked, if one has."""
    key = key_of(environment, f"{choice.provider.name.upper()}_API_KEY")
    return None if key is None or key.is_here else key


async def read_key(key: "Key") -> None:
    """Read a key, which takes as long as it takes; a command for it ends when nobody waits any more.

    Raises:
        KeyMissingError: It is not to be had.
    """
    stop = Event()
    try:
        await asyncio.to_thread(key.read, stop)
    finally:
        stop.set()

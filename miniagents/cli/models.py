"""Which model the settings mean, and whether it takes the options that they have for it.

In: settings, the providers there are. Out: a `Choice`; what is wrong with an option. Never: a request.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..hookspecs import ModelProvider
from ..plugins import choosing
from ..plugins.choosing import Choice, fits, wanted
from .config.environment import unopened

if TYPE_CHECKING:
    from .config.settings import Settings

__all__ = ["Choice", "check_options", "choose", "state_of", "wanted"]


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

"""A chain, read and put together as the command line and the settings say; what its models need before they are asked.

In: an order, settings, plugins. Out: a `Chain`. Never: a run.
"""

import asyncio
import json
from threading import Event
from typing import TYPE_CHECKING

from ...chains.chain_file import read
from ...chains.loading import Chain
from ...plugins.decisions import kept
from ..config.environment import key_of
from ..tell import FetchBar
from .order import pairs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ...plugins import Plugins
    from ...plugins.choosing import Choice
    from ..config.settings import Settings
    from .order import Order

__all__ = ["opened", "preparing"]

_MODEL_FLAG = "--model"


def opened(order: "Order", settings: "Settings", plugins: "Plugins") -> Chain:
    """Return the chain of a file.

    Raises:
        ChainFileError: All that is wrong with the file.
        SettingsError: Something that it names is not there, or may not be run.
        ModelError: A model is nobody's, or there is none to ask.
    """
    sets = [*order.sets]
    if settings.model is not None and settings.model_from == _MODEL_FLAG:
        sets.insert(0, f"defaults.model={json.dumps(settings.model)}")
    described = read(
        order.file,
        sets=sets,
        variables=pairs(order.variables),
        inputs=pairs(order.inputs),
        environment=settings.environment,
    )
    return Chain(
        described,
        environment=settings.environment,
        plugins=plugins,
        allow_code=order.allow_code,
        trusted=kept(settings.config_dir).trusted,
        model=settings.model,
        model_from=settings.model_from,
        terms={"stream": settings.stream, "log": settings.log},
    )


def preparing(environment: "Mapping[str, str]") -> "Callable[[Choice], Awaitable[None]]":
    """Return what sees to it that a model can be asked: its key is there, and the model if it is to be on this machine.

    Args:
        environment: With the keys; one may have to be asked of a password manager, which takes as long as it takes.
    """
    ready: set[str] = set()
    turn = asyncio.Lock()  # one at a time: each may have something to ask, or a bar to show

    async def prepare(choice: "Choice") -> None:
        if (name := str(choice)) not in ready:
            async with turn:
                if name not in ready:
                    await _prepared(choice, environment)
                    ready.add(name)

    return prepare


async def _prepared(choice: "Choice", environment: "Mapping[str, str]") -> None:
    key = key_of(environment, f"{choice.provider.name.upper()}_API_KEY")
    if key is not None and not key.is_here:
        stop = Event()
        try:
            await asyncio.to_thread(key.read, stop)
        finally:
            stop.set()  # nobody waits for the command any more
    provider, model = choice.provider, choice.model
    is_wanted = model == provider.default_model if provider.fetches is None else provider.fetches(model)
    if provider.pull is not None and is_wanted:
        with FetchBar(model) as bar:
            await provider.pull(model, bar, environment)

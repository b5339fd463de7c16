"""A chain, read and put together as the command line and the settings say; what its models need before they are asked.

In: an order, settings, plugins. Out: a `Chain`. Never: a run.
"""

import asyncio
import json
from typing import TYPE_CHECKING

from ...chains.chain_file import read
from ...chains.loading import Chain
from ...plugins.decisions import kept
from ..models import fetch, key_to_read, read_key
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
    sets, flagged = [*order.sets], settings.model is not None and settings.model_from == _MODEL_FLAG
    if flagged:
        sets.insert(0, f"defaults.model={json.dumps(settings.model)}")
    described = read(
        order.file,
        sets=sets,
        variables=pairs(order.variables),
        inputs=pairs(order.inputs),
        environment=settings.environment,
    )
    if flagged and not any(each.startswith("defaults.model=") for each in order.sets):
        described.tree.origins["defaults", "model"] = _MODEL_FLAG
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
                    key = key_to_read(choice, environment)
                    if key is not None:
                        await read_key(key)
                    await fetch(choice, environment)
                    ready.add(name)

    return prepare

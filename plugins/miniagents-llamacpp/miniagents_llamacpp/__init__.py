"""GGUF models inside the process, for miniagents: no key, no network, no server.

`store` says where the models live and fetches the default one; `engine` runs one; `agent` is what a chat talks to. The
native code is not imported before a model is loaded.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from miniagents.hookspecs import ModelProvider, Progress, hookimpl

from . import store
from .agent import llamacpp_agent

__all__ = ["llamacpp_agent", "register_models"]


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer the models on this machine, as `local`."""
    register(
        ModelProvider(
            name="local",
            agent=llamacpp_agent,
            source=f"llama.cpp in this process, models in {store.models_dir()}",
            way_out="use --model local",
            patterns=("*.gguf",),
            default_model=store.DEFAULT_MODEL,
            ready=_ready,
            rank=30,
            models=lambda: [model.name for model in store.installed()],
            pull=_pull,
        )
    )


def _ready(_environment: Mapping[str, str]) -> str | None:
    return "on this machine" if store.find("local") else "fetched when first used, 93 MB"


async def _pull(progress: Progress) -> Path:
    return store.find("local") or await store.pull(progress)

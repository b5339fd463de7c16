"""The hooks of a plugin, and what passes through them. Each hook is called once, at start.

A plugin is a module (or any object) with some of these functions, each marked with `@hookimpl`, named by an entry point
of the group `miniagents`. Never here: what is done with what they register.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pluggy

from .miniagents import MiniAgent

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ModelProvider",
    "Progress",
    "RegisterAgent",
    "hookimpl",
    "register_agents",
    "register_history",
    "register_models",
]

hookspec = pluggy.HookspecMarker("miniagents")
hookimpl = pluggy.HookimplMarker("miniagents")

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProvider:
    """Who serves models, under the prefix `name:`."""

    name: str
    """The prefix, and by itself the name of its default model."""
    agent: MiniAgent
    """Called with `model`, `system` (or None), `stream`, `environment` and any options of the user."""
    source: str
    """Where its models run, in a few words, for people: "OpenAI's API or a compatible server"."""
    way_out: str
    """What a person does to be able to use it, as an imperative: "set OPENAI_API_KEY"."""
    patterns: tuple[str, ...] = ()
    """Shell patterns of the model names that are its own without the prefix: `gpt-*`."""
    default_model: str
    ready: Callable[[Mapping[str, str]], str | None]
    """Given the environment, says what makes it usable now ("OPENAI_API_KEY"), or None if nothing does."""
    rank: int
    """Which ready one is taken where the user named no model: the lowest; None of ours is below 10."""
    models: Callable[[], Iterable[str]] = tuple
    """The names of models that are known without asking a network."""
    warm: Callable[[], Awaitable[None]] | None = None
    """Imports what the first request needs: awaited while a person types it, so that they wait for less."""
    pull: "Callable[[Progress], Awaitable[Path]] | None" = None
    """Sees to it that the default model is on this machine, fetching it if need be; cancelling leaves nothing half."""


class RegisterAgent(Protocol):
    """What `register_agents` and `register_history` are given."""

    def __call__(self, name: str, agent: MiniAgent) -> None:
        """Register `agent` under `name`."""


@hookspec
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Call `register` with each provider of models."""


@hookspec
def register_agents(register: RegisterAgent) -> None:
    """Call `register` with the name and the agent of each that may answer in a chat, in a model's place."""


@hookspec
def register_history(register: RegisterAgent) -> None:
    """Call `register` with the name and the agent of each way to keep a conversation (see `adialog_loop`)."""

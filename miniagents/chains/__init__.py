"""Chains: a file of agents, and of how messages flow through them, as one agent.

    text ─source, syntax→ `Tree` ─schema, complaints, checks, flow_checks→ `ChainFile`: what the file says
    ─overrides, inputs, expansion→ `Described` (chain_file): with what it was given
    ─building, speakers, code, plan→ `Chain` (loading): with agents ─playing, stage, bounds→ `Run`: under way
    steps (flow, loop) ─so_far, deciding, parts, conditions→ calls; a person or a program looks on (run, calls)

Every fault is a `Fault` (faults), at its place in the file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .calls import Call as Call
    from .calls import place_of as place_of
    from .loading import Chain as Chain
    from .loading import load as load
    from .run import Run as Run

__all__ = ["Call", "Chain", "Run", "load", "place_of"]

_ROOMS = {"Call": ".calls", "Chain": ".loading", "Run": ".run", "load": ".loading", "place_of": ".calls"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, and no more."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name], __name__), name)

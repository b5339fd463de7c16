"""A project's config file, of which only what can do no harm is taken: it may have come with a stranger's repository.

It may choose among what the person has already and say how it is asked; it may not name a file that native code would
read, a folder outside its own, a server that hears what is said, and it may not keep a word from being saved or told.

In: a `Layer`. Out: a smaller one, and what was not taken, in words. Never: which layer wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from .setting import SETTINGS, Layer

__all__ = ["HARMLESS_OPTIONS", "names_a_file", "taken_from_project"]

HARMLESS_OPTIONS: Final = frozenset(
    {
        "between_tokens_timeout_s",
        "effort",
        "first_token_timeout_s",
        "frequency_penalty",
        "max_completion_tokens",
        "max_output_tokens",
        "max_retries",
        "max_rounds",
        "max_tokens",
        "min_p",
        "presence_penalty",
        "reasoning_effort",
        "repeat_penalty",
        "seed",
        "stop",
        "stop_sequences",
        "temperature",
        "top_k",
        "top_p",
        "verbosity",
    }
)
"""Options of the APIs that change how a model answers and nothing else; headers, bodies, servers of tools are not."""


def taken_from_project(layer: Layer, path: Path, roles: Sequence[str]) -> tuple[Layer, tuple[str, ...]]:
    """Return what is taken of a project's file, and a line for each thing that is not.

    Args:
        layer: What it says.
        path: Where it is.
        roles: Those that the person has.
    """
    ignored: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in layer.values.items():
        reason = _objection(name, value, path.parent, roles)
        if reason:
            ignored[name] = reason
        else:
            values[name] = str(path.parent / value) if name == "chats_dir" else value
    options = _harmless("options", layer.options, ignored)
    models = {name: _harmless(f"models.{name}", own, ignored) for name, own in layer.models.items()}
    lines = tuple(f"{path}: {name} is not taken from a project's file: {why}" for name, why in ignored.items())
    return replace(layer, values=values, options=options, models=models), lines


def names_a_file(model: str) -> bool:
    """Say whether a model's name is the path of a file, which native code would read."""
    return (
        model.lower().endswith(".gguf")
        or (model.startswith("local:") and bool({"/", "\\"} & set(model)))
        or model.startswith(("/", ".", "~", "\\"))
    )


def _objection(name: str, value: Any, folder: Path, roles: Sequence[str]) -> str:
    if not SETTINGS[name].of_projects:
        return f"it is yours to say (miniagents config set {name} …)"
    if name == "model" and names_a_file(value):
        return "it names a file; if you trust that one, name it yourself (--model)"
    if name == "role" and value not in roles:
        return f"you have no role {value}"
    if name == "chats_dir" and not (folder / value).resolve().is_relative_to(folder.resolve()):
        return "it leaves the project's folder (miniagents config set chats_dir …)"
    return ""


def _harmless(where: str, options: Mapping[str, Any], ignored: dict[str, str]) -> dict[str, Any]:
    strange = [name for name in options if name not in HARMLESS_OPTIONS]
    ignored.update((f"{where}.{name}", "it is yours to say (miniagents config edit, or -o)") for name in strange)
    return {name: value for name, value in options.items() if name in HARMLESS_OPTIONS}

"""What is known of an offer without its plugin, in plain values.

In: nothing. Out: an `Outline`; what kinds of things there are. Never: an import that takes long: `--help` waits for it.
"""

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .catalogue import Catalogue
    from .found import Found

__all__ = ["KINDS", "Note", "Outline", "remembered"]

KINDS: Final = {
    "providers": "provider",
    "agents": "agent",
    "histories": "history",
    "words": "word",
    "commands": "command",
    "renderers": "renderer",
    "keys": "key",
    "tools": "source of tools",
}
"""What a plugin can offer: the name of all, the name of one."""

Note: TypeAlias = str | int
"""What is remembered of a thing beside its name: of a provider its rank, of a word or a command its help."""


class Outline(NamedTuple):
    """What is known of an offer without its plugin."""

    hooks: list[str]
    names: dict[str, dict[str, Note]]
    """By kind, in the order in which they were registered."""
    twice: list[list[str]]
    """Kind and name of what it registered again."""
    error: str = ""
    """Why it could not be used, in one line; then there is nothing else."""


def remembered(kind: str, wanted: "Iterable[Found]", catalogue: "Catalogue") -> "Mapping[str, Note] | None":
    """Return the names of one kind with their notes; None where a plugin has to be asked.

    Args:
        kind: Of `KINDS`.
        wanted: The plugins that are asked, in order.
        catalogue: What is remembered of them.
    """
    names: dict[str, Note] = {}
    for found in wanted:
        outline = catalogue.recall(found)
        if outline is None:
            return None
        names |= {name: note for name, note in outline.names.get(kind, {}).items() if name not in names}
    return names

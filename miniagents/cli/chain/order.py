"""What a command line asks of one run of a chain, beside the settings.

In: the values of options. Out: one frozen `Order`, or what contradicts what. Never: a file, a model, a terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import SettingsError

__all__ = ["Order", "pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the options say; all but the file may be left out."""

    file: Path
    inputs: Sequence[str] = ()
    """Each `name=value`."""
    variables: Sequence[str] = ()
    sets: Sequence[str] = ()
    """Each `path=value`."""
    show: str | None = None
    """`all`, `last`, or names of agents with commas between them."""
    as_json: bool = False
    jsonl: bool = False
    allow_code: bool = False
    output: Path | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            SettingsError: Two options exclude each other, or one says nothing.
        """
        if self.as_json and self.jsonl:
            raise SettingsError("--json and --jsonl exclude each other; leave one of them out")
        for flag, pairs in (("--input", self.inputs), ("--var", self.variables), ("--set", self.sets)):
            for pair in pairs:
                if not pair.partition("=")[0] or "=" not in pair:
                    raise SettingsError(f"{flag} {pair}: write it as name=value")

    @property
    def is_for_scripts(self) -> bool:
        """Whether standard output is to be something else than the reply."""
        return self.as_json or self.jsonl


def pairs(written: Sequence[str]) -> Mapping[str, str]:
    """Return what `name=value`s say; of two for one name, the later."""
    return {name: value for name, _, value in (each.partition("=") for each in written)}

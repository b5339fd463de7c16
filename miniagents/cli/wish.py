"""What a command line asks of one chat, beside the settings: which chat, what goes with the prompt, what comes out.

In: the values of options. Out: one frozen `Wish`, or what contradicts what. Never: a file, a model, a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import SettingsError

__all__ = ["Wish"]

_FORMS = {"as_json": "--json", "jsonl": "--jsonl", "extract": "--extract", "extract_last": "--extract-last"}
"""What standard output may be instead of the reply: one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the options say; every one may be left out."""

    newest: bool = False
    """Go on with the newest chat (`--continue`)."""
    resume: str | None = None
    """Go on with this chat: an id, a path, a part of its title."""
    at: str | None = None
    """Go on behind this turn, as a branch."""
    template: str | None = None
    params: Sequence[str] = ()
    """Each `key=value`, for the template."""
    attach: Sequence[str] = ()
    """Each a path, a URL, or "-" for standard input."""
    schema: str | None = None
    """What the reply has to fit: a file, a JSON Schema, names of fields."""
    as_json: bool = False
    jsonl: bool = False
    extract: bool = False
    extract_last: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            SettingsError: Two options exclude each other, or one is nothing without another.
        """
        forms = [said for name, said in _FORMS.items() if getattr(self, name)]
        if self.schema is not None and (self.extract or self.extract_last):
            forms.append("--schema")
        for pair in (forms, ["--continue", "--resume"] if self.newest and self.resume is not None else []):
            if len(pair) > 1:
                raise SettingsError(f"{pair[0]} and {pair[1]} exclude each other; leave one of them out")
        if self.at is not None and not self.goes_on:
            raise SettingsError("--at: of which chat? name it with --resume, or take the newest with --continue")
        if self.params and self.template is None:
            raise SettingsError("--param: there is no template to fill; name one with --template")
        if self.attach.count("-") > 1:
            raise SettingsError("--attach -: standard input can be read once; leave one of them out")

    @property
    def goes_on(self) -> bool:
        """Whether it is about a chat that is there already."""
        return self.newest or self.resume is not None

    @property
    def is_for_scripts(self) -> bool:
        """Whether standard output is to be something else than a conversation."""
        return self.schema is not None or any(getattr(self, name) for name in _FORMS)

"""What one command line asks: the prompt with what goes with it, and the settings with what belongs to it alone.

    words ─ standard input ─ template ─ attachments → what is said        template ─ schema → settings

In: words, a `Wish`, settings, standard input. Out: one frozen `Request`. Never: a model, standard output.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError, UsageError
from .config.setting import Layer
from .config.settings import Settings, overlaid
from .piped import prompt_from
from .wish import Wish

if TYPE_CHECKING:
    from ..content import Part
    from ..ext.llm.schema import Schema

__all__ = ["Request", "requested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked."""

    wish: Wish
    settings: Settings
    prompt: str | None
    """None if there is none."""
    attached: "Sequence[Part]" = ()
    schema: "Schema | None" = None
    """What the reply has to fit; the model is told by the settings."""

    @property
    def said(self) -> str | Mapping[str, Any]:
        """What a person says: a text, or the fields of a message.

        Raises:
            SettingsError: Nothing.
        """
        if self.attached:
            from .attachments import message_of  # noqa: PLC0415 - few prompts have files with them

            return message_of(self.prompt or "", self.attached)
        if self.prompt is None:
            raise SettingsError("there is nothing to say; give a prompt, or pipe it in")
        return self.prompt


def requested(words: Sequence[str], wish: Wish, settings: Settings, note: Callable[[str], None]) -> Request:
    """Return what is asked; standard input is read where it is a part of it.

    Args:
        words: The arguments of the command line.
        wish: What its options say of this chat.
        settings: What they, and files, say of all.
        note: Given what a person may like to know.

    Raises:
        SettingsError: Something in it makes no sense, or cannot be read.
    """
    if "-" in words and "-" in wish.attach:
        raise SettingsError("- and --attach - exclude each other: standard input can be read once")
    prompt = prompt_from(words, note, reads="-" not in wish.attach)
    if wish.template is not None:
        settings, prompt = _by_template(wish, settings, prompt)
    attached: tuple[Part, ...] = ()
    if wish.attach:
        from .attachments import part_of  # noqa: PLC0415 - as above

        attached = tuple(map(part_of, wish.attach))
    schema = None
    if wish.schema is not None:
        schema = _schema(wish.schema)
        settings = overlaid(settings, Layer(origin="--schema", options={"schema": schema}))
    return Request(wish=wish, settings=settings, prompt=prompt, attached=attached, schema=schema)


def _by_template(wish: Wish, settings: Settings, prompt: str | None) -> tuple[Settings, str | None]:
    from .config.templates import find, params_from  # noqa: PLC0415 - where one is named

    template = find(wish.template or "", settings.config_dir)
    text = template.filled(params_from(wish.params), prompt or "")
    flags, *others = settings.layers  # which come before a template
    said = {"model": template.model, "system": template.system}
    values = {name: value for name, value in said.items() if value is not None and name not in flags.values}
    layer = Layer(origin=f"template {template.name}", values=values, options=template.options)
    return replace(overlaid(settings, layer), layers=(flags, layer, *others)), text or None


def _schema(told: str) -> "Schema":
    from ..ext.llm.schema import Schema  # noqa: PLC0415 - as above

    try:
        return Schema.of(_text_of(told))
    except UsageError as error:
        raise SettingsError(f"--schema: {error}") from error


def _text_of(told: str) -> str:
    """Return what the file of that name says, if it is one."""
    try:
        path = Path(told)
        if path.is_file():
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"--schema: {told}: it is not UTF-8; a JSON Schema must be") from error
    except OSError as error:
        if path.suffix:  # a long text is no name
            raise SettingsError(f"--schema: {told}: {error.strerror}") from error
    if path.suffix == ".json":
        raise SettingsError(f"--schema: {told}: there is no such file")
    return told

"""Templates: prompts with holes, kept under a name in `templates/NAME.md` of the config folder.

`{{ name }}` is a hole, and nothing else is anything: other braces stay, and what is filled in is text, in which no hole
is looked for. `{{ input }}` is the prompt; a template without it has the prompt after it. The front matter may say
`system`, `model`, `[options]`, and in `[params]` what is filled in where nobody says otherwise.

In: a name, the config folder, what to fill in. Out: a `Template`, its text. Never: a chat.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ...errors import SettingsError
from . import named_texts
from .setting import nearest

__all__ = ["Template", "find", "names", "params_from"]

_FOLDER: Final = "templates"
_HOLE: Final = re.compile(r"\{\{[ \t]*([^\W\d][\w-]*)[ \t]*\}\}")
_INPUT: Final = "input"


@dataclass(frozen=True, slots=True)
class Template:
    """One of them."""

    name: str
    text: str
    system: str | None
    """None leaves it as it is; so for `model`."""
    model: str | None
    options: Mapping[str, Any]
    """Parameters of the model's API."""
    defaults: Mapping[str, str]
    """What is filled in where nobody says otherwise."""

    @property
    def params(self) -> list[str]:
        """The names of its holes, in order, without `input`."""
        return [name for name in dict.fromkeys(_HOLE.findall(self.text)) if name != _INPUT]

    def filled(self, params: Mapping[str, str], input: str = "") -> str:  # noqa: A002 - the name it has in a template
        """Return the text with its holes filled.

        Args:
            params: What to fill in, by the holes' names.
            input: The prompt.

        Raises:
            SettingsError: A hole stays empty, or one is to be filled that is not there.
        """
        for name in params:
            if name not in self.params:
                cure = nearest(name, self.params, "it has nothing to fill in")
                raise SettingsError(f"-p {name}: there is no {{{{ {name} }}}} in the template {self.name}; {cure}")
        values = {**self.defaults, **params, _INPUT: input}
        missing = [name for name in self.params if name not in values]
        if missing:
            cure = " ".join(f"-p {name}=…" for name in missing)
            raise SettingsError(f"the template {self.name} needs {', '.join(missing)}; add {cure}")
        text = _HOLE.sub(lambda hole: values[hole[1]], self.text)
        if input and _INPUT not in _HOLE.findall(self.text):
            text = f"{text}\n\n{input}" if text else input
        return text


def names(config_dir: Path) -> list[str]:
    """Return the names of the templates there are, in order."""
    return named_texts.names(config_dir / _FOLDER)


def find(name: str, config_dir: Path) -> Template:
    """Return the template of that name.

    Raises:
        SettingsError: There is none, or its file cannot be read or makes no sense.
    """
    keys = {"system": str, "model": str, "options": dict, "params": dict}
    found = named_texts.find("template", name, config_dir / _FOLDER, keys)
    head = found.head
    template = Template(name, found.text, head.get("system"), head.get("model"), head.get("options", {}), {})
    defaults = head.get("params", {})
    for param, value in defaults.items():
        if param not in template.params:
            cure = nearest(param, template.params, "it has nothing to fill in")
            raise SettingsError(f"{found.path}: there is no {{{{ {param} }}}} in it; {cure}")
        if not isinstance(value, str):
            raise SettingsError(f"{found.path}: {param} must be text in quotes")
    return replace(template, defaults=defaults)


def params_from(written: Iterable[str]) -> dict[str, str]:
    """Return what each `-p NAME=VALUE` says.

    Raises:
        SettingsError: One has no name or no value.
    """
    params: dict[str, str] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise SettingsError(f"-p {each}: write it as name=value, such as -p language=French")
        params[name] = value
    return params

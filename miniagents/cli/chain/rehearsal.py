"""A chain that is not run: drawn (`--graph`), or told what would run (`--dry-run`).

In: an order, settings. Out: standard output. Never: a request, a key, a secret.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...chains import picture
from ...chains.chain_file import read
from ...errors import SettingsError
from ...safe_text import one_line
from ..config.setting import nearest
from ..output import shown_as, write
from ..table import write_table
from .order import pairs

if TYPE_CHECKING:
    from ...chains.loading import Chain
    from ...chains.schema import ChainFile
    from ..config.settings import Settings
    from .order import Order

__all__ = ["draw", "rehearse"]

_PICTURES: Final = {"tree": picture.tree, "mermaid": picture.mermaid, "dot": picture.dot}
_LONGEST: Final = 60
"""Characters of an input that a line has room for."""


def draw(order: "Order", form: str, settings: "Settings") -> None:
    """Write the picture of a chain; what it needs to run need not be there.

    Raises:
        SettingsError: There is no such picture.
        ChainFileError: Something is wrong with the file.
    """
    if form not in _PICTURES:
        raise SettingsError(f"--graph {form}: {nearest(form, _PICTURES)}")
    described = read(
        order.file,
        sets=order.sets,
        variables=pairs(order.variables),
        environment=settings.environment,
        needs_inputs=False,
    )
    write(shown_as()(_PICTURES[form](_named(described.file, described.path))))


def rehearse(chain: "Chain", text: str | None) -> None:
    """Write what would run: agents with their models, inputs, limits, the steps.

    Args:
        chain: Loaded, so that all is chosen and checked that can be without asking anybody.
        text: What it would be sent.
    """
    write_table(("what", "name", "value"), _rows(chain, text))
    write("\n" + shown_as()(picture.tree(_named(chain.file, chain.path))))


def _named(file: "ChainFile", path: Path) -> "ChainFile":
    """Return a file that is drawn under a name: its own, or that of the path."""
    return file if file.name else file.model_copy(update={"name": path.stem})


def _rows(chain: "Chain", text: str | None) -> Iterator[tuple[str, str, str]]:
    file = chain.file
    yield "chain", file.name or chain.path.stem, file.description
    if text is not None:
        yield "text", f"{len(text):,} character{'s' if len(text) != 1 else ''}", _beginning(text)
    for name, agent in file.agents.items():
        defaults = file.defaults
        told = [str(chain.agents[name])]
        for term in ("temperature", "max_tokens", "timeout", "retries"):
            value = getattr(agent, term) if getattr(agent, term) is not None else getattr(defaults, term)
            if value is not None and not (agent.plugin or agent.python):
                told.append(f"{term} {value}")
        yield "agent", name, " · ".join(told)
    for name, given in chain.described.inputs.items():
        yield "input", name, _beginning(given.text)
    for name, limit in file.limits.model_dump(exclude_none=True).items():
        yield "limit", name, f"{limit:,}"
    for name, value in file.output.model_dump(exclude_none=True).items():
        yield "output", name.rstrip("_"), str(value)


def _beginning(text: str) -> str:
    line = one_line(text[: 10 * _LONGEST])
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"

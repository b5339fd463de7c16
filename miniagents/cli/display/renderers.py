"""What plugins show of messages of their own classes, below the text: what Rich makes of it, as rows.

In: messages, `register_renderers` of plugins. Out: rows, safe to show. Never: a plugin that ends a chat; a terminal.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...plugins.fault import in_one_line
from ...safe_text import safe
from ..markdown.rows import Row, cells
from .plain_stream import cut, quiet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ...messages import Message

__all__ = ["Renderers"]


class Renderers:
    """Renderers by the classes of messages; a plugin is imported when there is a message of its class."""

    def __init__(self, offered: Mapping[str, tuple[type, Callable[[Any], Any]]]) -> None:
        """Make it of what plugins offer: by the name of a class with that of its module."""
        self._offered = offered

    def rows(self, message: "Message", width_cells: int, *, colours: bool) -> list[Row]:
        """Return what is shown below a message: nothing, for one of which no plugin has said anything."""
        for each in type(message).__mro__:
            found = self._offered.get(f"{each.__module__}.{each.__qualname__}")
            if found is not None:
                try:
                    return [*_rows(found[1](message), width_cells, colours=colours)]
                except Exception as error:  # noqa: BLE001 - a plugin's mistake ends no chat
                    line = f"it cannot be shown as a {each.__name__}: {in_one_line(error)}"
                    return [quiet(cut(line, width_cells), colours=colours)]
        return []


def _rows(shown: "RenderableType", width_cells: int, *, colours: bool) -> Iterator[Row]:
    from rich.color import ColorSystem  # noqa: PLC0415 - only where there is something for it
    from rich.console import Console  # noqa: PLC0415 - as above

    console = Console(
        width=width_cells, color_system="256" if colours else None, force_terminal=True, legacy_windows=False
    )
    for line in console.render_lines(shown, console.options.update(height=None), pad=False):
        row = ""
        plain = ""
        for text, style, control in line:
            if control:  # a sequence that steers the terminal
                continue
            said = safe(text).replace("\n", " ")
            plain += said
            link_free = style.update_link(None) if style else None
            row += link_free.render(said, color_system=ColorSystem.EIGHT_BIT) if colours and link_free else said
        if cells(plain) <= width_cells:
            yield Row(row, cells(plain))
        else:  # what was made safe has become longer
            yield Row(cut(plain, width_cells), cells(cut(plain, width_cells)))

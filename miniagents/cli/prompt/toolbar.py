"""What surrounds the line that is typed: the row below it, room above it, the hint in it, safe characters within.

In: text. Out: parts of prompt_toolkit's layout. Never: what the text says.
Imports prompt_toolkit, so it is imported late.
"""

from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from typing import Final

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, is_done
from prompt_toolkit.formatted_text import fragment_list_to_text
from prompt_toolkit.layout import (
    ConditionalContainer,
    Container,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.dimension import to_dimension
from prompt_toolkit.layout.processors import TabsProcessor, Transformation, TransformationInput
from prompt_toolkit.styles import BaseStyle, Style
from prompt_toolkit.utils import get_cwidth

from ...safe_text import in_place, one_line

__all__ = ["KEYS", "SafeLine", "cut", "hint", "style", "surround", "toolbar_row"]

KEYS: Final = (
    "Enter sends",
    "Alt-Enter breaks the line",
    "/ words",
    "@ files",
    "Ctrl-C stops an answer",
    "Ctrl-D leaves",
)
"""What a person can do at once, in a chat."""
_MOST_OF_SCREEN = 2 / 3
"""How much of the screen a line may take: an answer needs room above it, and `$EDITOR` is there for long texts."""
_EMOJI_VARIANT = "\ufe0f"
"""Makes some terminals show the character before it in two cells (measured in tmux), and others not."""


def surround(layout: Layout, text: Callable[[], str]) -> None:
    """Have a row with this text below the line, and room above it."""
    _leave_room(layout.current_window)
    layout.container = HSplit([layout.container, toolbar_row(text)])


def toolbar_row(text: Callable[[], str]) -> Container:
    """Return the row below the line, made anew whenever the prompt is drawn; there is none while the text is empty.

    prompt_toolkit's own needs to know where the cursor is, which we never ask the terminal.
    """
    control = FormattedTextControl(lambda: cut(text(), get_app().output.get_size().columns))
    row = Window(control, height=1, style="class:toolbar")
    return ConditionalContainer(row, Condition(lambda: bool(text())) & ~is_done)


def _leave_room(line: Window) -> None:
    """Let the line, however many rows it has, take no more than a part of the screen; it is scrolled then."""
    wanted = line.height

    def height() -> Dimension:
        least = to_dimension(wanted).min  # for completions
        return Dimension(min=least, max=max(least, int(get_app().output.get_size().rows * _MOST_OF_SCREEN), 1))

    line.height = height


def cut(text: str, width_cells: int) -> str:
    """Return as much of `text`, made safe, as fits into a row; its last cell stays free, where terminals wrap."""
    text, cells = one_line(text), 0
    for at, character in enumerate(text):
        cells += 1 if character == _EMOJI_VARIANT else get_cwidth(character)
        if cells >= width_cells:
            return text[:at]
    return text


def hint(parts: Iterable[str], width_cells: int) -> str:
    """Return those of `parts` that fit into a row, the first ones first, with dots between them."""
    row = ""
    for part in parts:
        longer = f"{row} · {part}" if row else part
        if cut(longer, width_cells) == longer:
            row = longer
    return row


def style() -> BaseStyle:
    """Return how it looks: without colours of its own, so that it suits every terminal and `NO_COLOR`."""
    return Style.from_dict(
        {"toolbar": "dim reverse", "placeholder": "dim", "auto-suggestion": "noinherit dim", "search-toolbar": "dim"}
    )


class SafeLine(TabsProcessor):
    """Shows what would steer the terminal, or hide, as one safe character, and tabs as spaces; what is said keeps them.

    A line without any of that, as nearly all are, is looked at as a whole and left alone: they may be long.
    """

    def __init__(self) -> None:
        super().__init__(char1=" ", char2=" ")

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Replace character by character, so that the cursor stays where it is."""
        fragments = transformation_input.fragments
        text = fragment_list_to_text(fragments)
        shown = in_place(text)
        if shown != text:
            ends = [*accumulate((len(fragment[1]) for fragment in fragments), initial=0)]
            looks = (fragment[0] for fragment in fragments)
            fragments = [(look, shown[first:last]) for look, (first, last) in zip(looks, pairwise(ends), strict=True)]
        if "\t" not in text:
            return Transformation(fragments)
        transformation_input.fragments = fragments
        return super().apply_transformation(transformation_input)

"""Whether a text is such as a loop or a branch asks for.

In: what a file says; a text. Out: yes or no. Never: a message, a step.
"""

import re
from typing import TYPE_CHECKING, Final

from ..errors import SchemaMismatchError, SettingsError

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema as _Schema
    from .schema import Condition

__all__ = ["Judge"]


_PATIENCE_S: Final = 2.0
"""Of the processor, for one search: a hundred times what a book takes. A pattern with a choice inside a repeat, as
`(a|aa)+`, can take for ever on a text that almost matches; nothing else runs meanwhile, and Ctrl-C is not heard."""

_BRACE: Final = re.compile(r"(\\N\{[^}]*\}|\\.)|\{(?!\d*,?\d*\})", re.DOTALL)
"""What is escaped already, or a brace that is a character to `re`, and to `regex` the beginning of a fuzzy match."""


class Judge:
    """A condition, ready to be asked."""

    def __init__(self, condition: "Condition") -> None:
        """Make it.

        Raises:
            SettingsError: The pattern is no regular expression.
            UsageError: The schema is none.
        """
        self._pattern = condition.matches
        self._schema: _Schema | None = None
        if condition.matches is not None:
            try:
                re.compile(condition.matches)
            except (re.error, OverflowError, RecursionError) as error:
                raise SettingsError(f"matches: {condition.matches!r} is no regular expression ({error})") from None
        if condition.json_schema is not None:
            from ..ext.llm.schema import Schema  # noqa: PLC0415 - few conditions have one

            self._schema = Schema.of(condition.json_schema)

    def holds(self, text: str) -> bool:
        """Say whether the text is such: it has a match of the pattern somewhere, and is JSON that fits the schema.

        Raises:
            SettingsError: The pattern takes too long.
        """
        if self._pattern is not None and not _is_in(text, self._pattern):
            return False
        if self._schema is not None:
            try:
                self._schema.check(text)
            except SchemaMismatchError:
                return False
        return True


def _is_in(text: str, pattern: str) -> bool:
    import regex  # noqa: PLC0415 - a file that is only looked at needs none

    as_regex_has_it = _BRACE.sub(lambda found: found[1] or r"\{", pattern)
    try:
        return regex.search(as_regex_has_it, text, timeout=_PATIENCE_S) is not None
    except TimeoutError:
        raise SettingsError(
            f"matches: {pattern!r} takes longer than {_PATIENCE_S:g} seconds for what it is sent;"
            " write one with no repeat and no choice inside a repeat"
        ) from None

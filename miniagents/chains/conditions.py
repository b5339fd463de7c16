"""Whether a text is such as a loop or a branch asks for.

In: what a file says; a text. Out: yes or no. Never: a message, a step.
"""

import re
from typing import TYPE_CHECKING

from ..errors import SchemaMismatchError, SettingsError

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema as _Schema
    from .schema import Condition

__all__ = ["Judge"]


class Judge:
    """A condition, ready to be asked.

    A pattern is the author's, and looked for in what models say: one with a repeat inside a repeat, `(a+)+`, can take
    Python's `re` longer than anybody waits, on a text that almost matches.
    """

    def __init__(self, condition: "Condition") -> None:
        """Make it.

        Raises:
            SettingsError: The pattern is no regular expression.
            UsageError: The schema is none.
        """
        self._pattern: re.Pattern[str] | None = None
        self._schema: _Schema | None = None
        if condition.matches is not None:
            try:
                self._pattern = re.compile(condition.matches)
            except (re.error, OverflowError, RecursionError) as error:
                raise SettingsError(f"matches: {condition.matches!r} is no regular expression ({error})") from None
        if condition.json_schema is not None:
            from ..ext.llm.schema import Schema  # noqa: PLC0415 - few conditions have one

            self._schema = Schema.of(condition.json_schema)

    def holds(self, text: str) -> bool:
        """Say whether the text is such: it has a match of the pattern somewhere, and is JSON that fits the schema."""
        if self._pattern is not None and self._pattern.search(text) is None:
            return False
        if self._schema is not None:
            try:
                self._schema.check(text)
            except SchemaMismatchError:
                return False
        return True

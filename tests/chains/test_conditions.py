"""Whether a text is such as a file asks for."""

import pytest

from miniagents.chains.conditions import Judge
from miniagents.chains.schema import Condition
from miniagents.errors import SettingsError, UsageError


@pytest.mark.parametrize(
    ("condition", "text", "holds"),
    [
        (Condition(matches="b.d"), "a bad day", True),
        (Condition(matches="^b"), "a bad day", False),
        (Condition(matches="(?i)APPROVED"), "approved.", True),
        (Condition(schema={"type": "object", "required": ["ok"]}), '```json\n{"ok": true}\n```', True),
        (Condition(schema={"type": "object", "required": ["ok"]}), "{}", False),
        (Condition(schema={"type": "object"}), "no JSON", False),
        (Condition(schema={"type": "object"}, matches="b"), '{"a": 1}', False),
        (Condition(schema={"type": "object"}, matches="b"), '{"b": 1}', True),
        (Condition(), "anything", True),
    ],
)
def test_a_condition_holds_or_not(condition: Condition, text: str, *, holds: bool) -> None:
    """A pattern is looked for anywhere; JSON has to fit; both, if both are there."""
    assert Judge(condition).holds(text) is holds


def test_what_can_be_no_condition_is_refused() -> None:
    """Where the file is read, not in the middle of a run."""
    with pytest.raises(SettingsError, match=r"matches: '\(' is no regular expression"):
        Judge(Condition(matches="("))
    with pytest.raises(UsageError):
        Judge(Condition(schema={"type": "nothing"}))

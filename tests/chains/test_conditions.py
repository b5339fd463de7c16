"""Whether a text is such as a file asks for."""

import pytest

from miniagents.chains import conditions
from miniagents.chains.conditions import Judge
from miniagents.chains.schema import Condition
from miniagents.errors import SettingsError, UsageError


@pytest.mark.parametrize(
    ("condition", "text", "holds"),
    [
        (Condition(matches="b.d"), "a bad day", True),
        (Condition(matches="^b"), "a bad day", False),
        (Condition(matches="(?i)APPROVED"), "approved.", True),
        (Condition(matches="so {done} {2}"), "so {done}  ", True),
        (Condition(matches="so {done}"), "so", False),
        (Condition(matches=r"\\{e}\{e}\N{DIGIT ONE}{1,2}$"), r"\{e}{e}11", True),
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


def test_a_pattern_that_would_take_for_ever_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which one it is: what models say may make a pattern hang that was fine so far."""
    monkeypatch.setattr(conditions, "_PATIENCE_S", 0.01)
    judge = Judge(Condition(matches="(a|aa)+$"))
    assert judge.holds("aaa")
    with pytest.raises(SettingsError, match=r"matches: '\(a\|aa\)\+\$' takes longer than 0.01 seconds for"):
        judge.holds("a" * 100 + "!")


def test_what_can_be_no_condition_is_refused() -> None:
    """Where the file is read, not in the middle of a run."""
    with pytest.raises(SettingsError, match=r"matches: '\(' is no regular expression"):
        Judge(Condition(matches="("))
    with pytest.raises(UsageError):
        Judge(Condition(schema={"type": "nothing"}))

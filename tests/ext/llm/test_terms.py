"""The terms among an agent's parameters."""

from typing import Any

import pytest

from miniagents.errors import UsageError
from miniagents.ext.llm.base import Terms
from miniagents.ext.llm.retries import DEFAULT_RETRIES


def test_what_is_taken_and_what_is_left() -> None:
    """Terms are taken out of an agent's parameters; what is for the API stays, `environment` among it never."""
    options = {"temperature": 1, "max_retries": 5, "log": "x.md", "environment": "mine", "timeout": 3}
    terms = Terms.taken_from(options, {"A": "b"})
    assert terms == Terms(max_retries=5, log="x.md", environment={"A": "b"})
    assert options == {"temperature": 1, "environment": "mine", "timeout": 3}


def test_none_is_not_given() -> None:
    """A parameter that is None is taken, and counts as not given; one that is 0 counts."""
    options = {"max_retries": None, "tools": None, "first_token_timeout_s": None, "retry_budget_s": 0}
    terms = Terms.taken_from(options)
    assert (terms, options) == (Terms(retry_budget_s=0), {})
    assert terms.max_retries == DEFAULT_RETRIES


@pytest.mark.parametrize("value", [0, -1, "3", True])
@pytest.mark.parametrize("name", ["max_rounds", "first_token_timeout_s", "between_tokens_timeout_s"])
def test_terms_that_make_no_sense(name: str, value: Any) -> None:
    """They are a mistake of the program, told with the cure."""
    with pytest.raises(UsageError, match=f"^{name}=.* makes no sense; give a"):
        Terms.taken_from({name: value})

"""What of a file a run is to remember, and whom it asks."""

from pathlib import Path

import pytest

from tests.chains.played import chain_of, tagging

AGENTS = {name: tagging(name) for name in "abc"}


@pytest.mark.parametrize(
    ("flow", "names", "history"),
    [
        ("[a, b]", "", False),
        ("[a, {agent: b, input: a}]", "a", False),
        ("[a, {agent: b, input: [a, history, text]}]", "a", True),
        ("[b, {loop: {do: [b, a, {agent: c, input: b}], until: {agent: a, matches: x}}}]", "ab", False),
        ("[b, {map: {over: lines, input: b, do: [a, {parallel: [[{agent: c, input: history}]]}]}}]", "b", True),
        ("[c, {if: {matches: x, then: [a], else: [{agent: b, input: c}]}}]", "c", False),
    ],
)
def test_only_what_a_step_wants_to_know_is_remembered(tmp_path: Path, flow: str, names: str, *, history: bool) -> None:
    """Names of agents that an `input`, an `until` or the output names; the history if somebody asks."""
    wanted = chain_of(tmp_path, f"  {flow}", AGENTS).plan.wanted
    assert (sorted(wanted.names), wanted.history) == (list(names), history)


def test_the_output_is_remembered(tmp_path: Path) -> None:
    """It is another agent's last reply."""
    plan = chain_of(tmp_path, "  [a, b]", AGENTS, more="output: {from: a}\n").plan
    assert (plan.wanted.names, plan.ends) == ({"a"}, {"a"})


@pytest.mark.parametrize(
    ("flow", "ends"),
    [
        ("[a, b, await]", "b"),
        ("[a, {parallel: [[a, b], c]}]", "bc"),
        ("[{loop: {do: [a, b, clear], max: 2}}]", "b"),
        ("[{if: {matches: x, then: [a], else: [b]}}]", "ab"),
        ("[{map: {over: lines, do: [a, c]}}]", "c"),
        ("[a, clear]", ""),
    ],
)
def test_it_is_known_whose_reply_may_come_out(tmp_path: Path, flow: str, ends: str) -> None:
    """That of the last step, whichever it is."""
    assert sorted(chain_of(tmp_path, f"  {flow}", AGENTS).plan.ends) == list(ends)


@pytest.mark.parametrize(
    ("flow", "is_dialog"),
    [
        ("[user, a]", True),
        ("[a, user, b]", False),
        ("[{loop: {do: [user, a]}}]", False),
        ("[user, {loop: {do: [a], max: 2}}]", False),
        ("[a]", False),
    ],
)
def test_a_flow_that_begins_with_the_person_is_a_dialog(tmp_path: Path, flow: str, *, is_dialog: bool) -> None:
    """Unless there is a loop in it."""
    assert chain_of(tmp_path, f"  {flow}", AGENTS).plan.is_dialog == is_dialog

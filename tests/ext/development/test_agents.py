"""Proposals are tried in a copy, the best one is shown, and the tree changes only when a person says yes."""

import sys
from pathlib import Path

import pytest

from miniagents import Message, MiniAgents
from miniagents.errors import MiniagentsError
from miniagents.ext.development import apply_agent, best_agent, source_tree_agent, trial_agent
from tests.ext.development.conftest import GREET

pytestmark = pytest.mark.real_time

CHECK = [sys.executable, "-B", "check.py"]


def proposal(text: str, agent: str = "one", path: str = "greet.py") -> Message:
    """Make a reply that proposes a file."""
    return Message(text=f"FILE: {path}\n```\n{text}```\n", role="assistant", metadata={"agent": agent})


BETTER = proposal(GREET.replace("def", "# says hello\ndef"), "better")
WORSE = proposal(GREET.replace("hello", "bye"), "worse")


def names(tree: Path) -> list[str]:
    """Return what is in a folder, but for what is git's."""
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if ".git" not in path.parts)


async def test_the_tree_is_read(tree: Path) -> None:
    """Each text that git tracks is a message, in a fence that nothing in it ends; what was asked comes last."""
    async with MiniAgents():
        messages = await source_tree_agent.inquire("improve it", root=str(tree))
        assert [message.metadata.get("path") for message in messages] == ["check.py", "docs/notes.md", "greet.py", None]
        assert messages[1].text == "FILE: docs/notes.md\n````\nsay\n```\nhello\n```\n````"
        assert messages[-1].text == "improve it"
        (only, _) = await source_tree_agent.inquire("x", root=str(tree), files=["greet*"])
        assert only.text == f"FILE: greet.py\n```\n{GREET}```"
        with pytest.raises(MiniagentsError, match=r"longer than 60 bytes at docs/notes.md; name fewer `files`"):
            await source_tree_agent.inquire("x", root=str(tree), most_bytes=60)


async def test_proposals_are_tried_in_a_copy(tree: Path) -> None:
    """Each has its verdict with the end of what the tests wrote, in order; the tree stays as it was."""
    before = names(tree)
    async with MiniAgents():
        sent = [WORSE, BETTER, Message(text="I would not touch it"), proposal("x", path="../x"), proposal(GREET)]
        trials = await trial_agent.inquire(sent, root=str(tree), command=CHECK)
    assert [trial.data["passed"] for trial in trials] == [False, True, False, False, False]
    assert "fails with exit code 1" in trials[0].text
    assert "AssertionError" in trials[0].text
    assert "passes.\n\n```diff\ndiff --git a/greet.py b/greet.py" in trials[1].text
    assert trials[1].data["agent"] == "better"
    assert [trial.text.partition(":")[0] for trial in trials[2:]] == [
        "a model proposes no change.",
        "one",
        "one proposes no change.",
    ]
    assert names(tree) == before
    assert (tree / "greet.py").read_text() == GREET


async def test_tests_that_do_not_end(tree: Path) -> None:
    """They are stopped, and have not passed; a command may be one text."""
    async with MiniAgents():
        command = f"{sys.executable} -c 'import time; time.sleep(600)'"
        (trial,) = await trial_agent.inquire([BETTER], root=str(tree), command=command, within_s=0.5)
    assert "takes longer than 0.5 s" in trial.text
    assert not trial.data["passed"]


async def test_the_best_is_the_first_that_passes(tree: Path) -> None:
    """Its difference is the whole reply, as `git apply` takes it; where none passes that is an error."""
    async with MiniAgents():
        trials = await trial_agent.inquire([WORSE, BETTER], root=str(tree), command=CHECK)
        (best,) = await best_agent.inquire(trials)
        assert best.text.startswith(f"```diff\n{trials[1].data['diff']}```\n\nbetter proposes this")
        assert (best.data["diff"], best.data["agent"]) == (trials[1].data["diff"], "better")
        with pytest.raises(
            MiniagentsError, match=r"no proposal passes the tests \(worse .* fails with exit code 1; nonsense\)"
        ):
            await best_agent.inquire([trials[0], "nonsense"])


@pytest.mark.parametrize("answer", ["no", "", "Y es", "yes, but not now", None])
async def test_never_a_write_unasked(answer: str | None, tree: Path) -> None:
    """Anything but a yes changes nothing, and so does no answer at all."""
    async with MiniAgents():
        trials = await trial_agent.inquire([BETTER], root=str(tree), command=CHECK)
        said = [trials[0].data["diff"]] if answer is None else [trials[0].data["diff"], answer]
        assert str(await apply_agent.inquire(said, root=str(tree))) == "Nothing is changed."
    assert (tree / "greet.py").read_text() == GREET


async def test_a_yes(tree: Path) -> None:
    """The tree is changed as was shown; a second time it does not fit any more, and nothing is written."""
    async with MiniAgents():
        trials = await trial_agent.inquire([BETTER], root=str(tree), command=CHECK)
        said = [*await best_agent.inquire(trials), " Yes\n"]
        assert str(await apply_agent.inquire(said, root=str(tree))) == "Changed."
        changed = (tree / "greet.py").read_text()
        assert changed.startswith("# says hello")
        with pytest.raises(MiniagentsError, match="the source has changed since, nothing is written"):
            await apply_agent.inquire(said, root=str(tree))
    assert (tree / "greet.py").read_text() == changed


async def test_a_folder_below_the_top(tree: Path) -> None:
    """Paths count from the folder that is named, in what is read, tried and applied."""
    async with MiniAgents():
        sent = [proposal("new\n", path="notes.md")]
        trials = await trial_agent.inquire(sent, root=str(tree / "docs"), command=[sys.executable, "-c", ""])
        await apply_agent.inquire([trials[0].data["diff"], "yes"], root=str(tree / "docs"))
    assert (tree / "docs" / "notes.md").read_text() == "new\n"
    assert not (tree / "notes.md").exists()

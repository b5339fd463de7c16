"""A proposal is read strictly: whole files, inside the tree, or nothing."""

from pathlib import Path, PurePosixPath

import pytest

from miniagents.errors import MiniagentsError
from miniagents.ext.development.proposal import Proposal, difference, proposal_in
from tests.ext.development.conftest import GREET, git


@pytest.mark.parametrize(
    ("text", "files"),
    [
        (
            "FILE: path/of/the/file\n```\nall that is in the file\n```\n",
            {"path/of/the/file": "all that is in the file\n"},
        ),
        ("Sure!\n\n### FILE: `a.py`\n\n```python\nx\n```\nand\n**FILE: b.md**\n````md\n```\nin\n```\n````", None),
        ("FILE: empty.py\n```\n```", {"empty.py": ""}),
        ("FILE: a.py\n~~~\nx\n~~~~\nFILE: a.py\n```\ny\n```\n", {"a.py": "y\n"}),
        ("Here is the code:\n```python\nx\n```\n", {}),
        ("FILE: a.py is the one to look at.\n", {}),
        ("", {}),
    ],
)
def test_how_it_is_written(text: str, files: dict[str, str] | None) -> None:
    """A line names the file, a fenced block behind it is the whole of it; what else is said is not looked at."""
    files = {"a.py": "x\n", "b.md": "```\nin\n```\n"} if files is None else files
    found = proposal_in(text)
    assert ({} if found is None else {str(name): text for name, text in found.files.items()}) == files


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "a/../../x", ".git/hooks/pre-commit", "a/.GIT/x", "C:x", "a\\b", "a//b", "a\x1bb"]
)
def test_nothing_outside_the_tree(name: str) -> None:
    """A file outside the tree, or git's own, is refused, and its name is shown without its control characters."""
    with pytest.raises(MiniagentsError, match="only files inside the source tree") as error:
        proposal_in(f"FILE: {name}\n```\nx\n```\n")
    assert str(error.value).isprintable()


def test_half_a_file_is_none() -> None:
    """A reply that was cut is no proposal."""
    with pytest.raises(MiniagentsError, match=r"breaks off in b.py; ask again"):
        proposal_in("FILE: a.py\n```\nx\n```\nFILE: b.py\n```\nx")


@pytest.mark.real_time
async def test_the_difference_is_git_s(tree: Path) -> None:
    """`git apply` takes it: a changed file, a new one, one without a last newline; what is the same is not in it."""
    (tree / "greet.py").chmod(0o755)
    new = {
        "greet.py": GREET.replace("hello", "good day"),
        "more/new é.py": "x",
        "check.py": (tree / "check.py").read_text(),
    }
    diff = await difference(tree, Proposal({PurePosixPath(name): text for name, text in new.items()}))
    assert "check.py" not in diff
    assert "mode" not in diff.partition("+++ b/more")[0].partition("new file mode")[0]
    (tree / "the.diff").write_text(diff)
    git(tree, "apply", "the.diff")
    assert {name: (tree / name).read_text() for name in new} == new


@pytest.mark.real_time
async def test_what_must_not_be_changed(tree: Path, tmp_path: Path) -> None:
    """A folder, what is behind a link, and what is no text stay as they are."""
    (tree / "out").symlink_to(tmp_path)
    for name in ("docs", "out/x.py", "picture.bin"):
        with pytest.raises(MiniagentsError, match=f"may not change {name}"):
            await difference(tree, Proposal({PurePosixPath(name): "x"}))
    assert await difference(tree, Proposal({PurePosixPath("greet.py"): GREET})) == ""

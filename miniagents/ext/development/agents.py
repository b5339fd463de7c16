"""Agents of a chain that improves a program: the tree is read, proposals are tried, the best one is shown, and applied.

What runs a proposal's tests runs what a model wrote, in a copy of the tree: an agent of Python, so that a chain with it
needs `--allow-code`. Only `apply_agent` changes the tree, and only when the last message that it is sent says yes.

In: messages. Out: messages. Never: a question to a person; that is a `user` step's.
"""

import asyncio
import re
import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ...errors import MiniagentsError
from ...messages import Message
from ...miniagents import InteractionContext, miniagent
from ...safe_text import one_line
from .programs import run
from .proposal import Proposal, difference, proposal_in, write_files
from .source_tree import copy_files, text_of, tracked_files

__all__ = ["apply_agent", "best_agent", "source_tree_agent", "trial_agent"]

_MOST_BYTES: Final = 200_000
"""Some 50,000 tokens: what most models take, with room for a reply."""
_LAST_LINES: Final = 40
"""Of what tests wrote: their summary is there."""
_BACKTICKS: Final = re.compile("`+")
_YES: Final = frozenset({"y", "yes"})


@miniagent
async def source_tree_agent(
    ctx: InteractionContext, *, root: str = ".", files: Sequence[str] = ("*",), most_bytes: int = _MOST_BYTES
) -> None:
    """Reply with the files that git tracks, a message each, and then with what it was sent.

    Args:
        ctx: What is to be done with them.
        root: The folder of the source.
        files: Patterns of the paths that are wanted.
        most_bytes: How much text there may be; more is an error, for half a program makes no sense.

    Raises:
        MiniagentsError: The folder is in no repository, or there is more text than that.
    """
    folder, left = Path(root), most_bytes
    for name in await tracked_files(folder):
        if not any(fnmatchcase(str(name), pattern) for pattern in files):
            continue
        text = await asyncio.to_thread(text_of, folder / name)
        if text is None:
            continue
        left -= len(text.encode())
        if left < 0:
            raise MiniagentsError(
                f"the source is longer than {most_bytes:,} bytes at {name}; name fewer `files`, or raise `most_bytes`"
            )
        ctx.reply(Message(text=f"FILE: {name}\n{_fenced(text)}", role="user", metadata={"path": str(name)}))
    ctx.reply(ctx.message_promises)


@miniagent
async def trial_agent(
    ctx: InteractionContext,
    *,
    root: str = ".",
    command: Sequence[str] | str = ("python", "-m", "pytest", "-q"),
    within_s: float = 600.0,
) -> None:
    """Try each proposal that it is sent in a copy of the tree, side by side, and reply how its tests ended.

    Each reply has the difference in it, and `data` with `agent`, `passed` and `diff`.

    Args:
        ctx: Messages with proposals; one without is told so.
        root: The folder of the source.
        command: What runs its tests; they pass if it ends with 0. A text is split into words as a shell does.
        within_s: How long that may take.
    """
    words = shlex.split(command) if isinstance(command, str) else list(command)
    folder = Path(root)
    files = await tracked_files(folder)
    messages = await ctx.message_promises
    for trial in [_try.inquire(each, root=folder, files=files, words=words, within_s=within_s) for each in messages]:
        ctx.reply(trial)


@miniagent
async def _try(ctx: InteractionContext, *, root: Path, files: Any, words: list[str], within_s: float) -> None:
    (message,) = await ctx.message_promises
    name = one_line(str(message.metadata.get("agent") or "a model"))
    found: dict[str, Any] = {"agent": name, "passed": False, "diff": ""}
    try:
        proposal = proposal_in(message.text)
        found["diff"] = "" if proposal is None else await difference(root, proposal)
    except MiniagentsError as error:
        ctx.reply(Message(text=f"{name}: {error}", role="assistant", data=found))
        return
    if proposal is None or not found["diff"]:
        ctx.reply(Message(text=f"{name} proposes no change.", role="assistant", data=found))
        return
    found["passed"], told = await _tests_of(proposal, root, files, words, within_s)
    text = f"{name} proposes this; {told}\n\n{_fenced(found['diff'], 'diff')}"
    ctx.reply(Message(text=text, role="assistant", data=found))


async def _tests_of(proposal: Proposal, root: Path, files: Any, words: list[str], within_s: float) -> tuple[bool, str]:
    """Return whether the tests pass with a proposal, and a line or more that says so."""
    with TemporaryDirectory(prefix="miniagents-") as folder:
        copy = Path(folder)
        await asyncio.to_thread(copy_files, root, files, copy)
        write_files(copy, {name: text.encode() for name, text in proposal.files.items()})
        ended = await run(words, copy, timeout_s=within_s)
    shown = shlex.join(words)
    if ended.code == 0:
        return True, f"`{shown}` passes."
    if ended.code is None:
        return False, f"`{shown}` takes longer than {within_s:g} s."
    lines = ended.output.decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    return False, "\n".join([f"`{shown}` fails with exit code {ended.code}:", "", *(f"    {line}" for line in lines)])


@miniagent
async def best_agent(ctx: InteractionContext) -> None:
    """Reply with the difference of the first proposal that passes; in `data`, as `git apply` takes it.

    Raises:
        MiniagentsError: None passes.
    """
    messages = await ctx.message_promises
    for trial in messages:
        if isinstance(trial.data, Mapping) and trial.data.get("passed"):
            told = f"{trial.data['agent']} proposes this, and its tests pass. Only a yes applies it."
            text = f"{_fenced(trial.data['diff'], 'diff')}\n\n{told}"
            ctx.reply(Message(text=text, role="assistant", data=trial.data))
            return
    said = "; ".join(one_line(trial.text.partition("\n")[0].rstrip(".:")) for trial in messages)
    raise MiniagentsError(f"no proposal passes the tests ({said}); try again, or with other models")


@miniagent
async def apply_agent(ctx: InteractionContext, *, root: str = ".") -> None:
    """Change the tree as the first message that it is sent says, if the last one says yes; all of it or nothing.

    Raises:
        MiniagentsError: It does not fit the tree any more.
    """
    messages = await ctx.message_promises
    diff = _difference_in(messages[0]) if messages else ""
    answer = messages[-1].text.strip().lower() if len(messages) > 1 else ""
    if answer not in _YES:
        ctx.reply("Nothing is changed.")
        return
    # Not as part of a repository above it, where paths would count from that one's top.
    alone = {"GIT_CEILING_DIRECTORIES": _above(root)}
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    ended = await run(command, Path(root), said=diff.encode(), environment=alone)
    if ended.code:
        why = one_line(ended.output.decode("utf-8", "replace"))[:200]
        raise MiniagentsError(f"the source has changed since, nothing is written ({why}); begin again")
    ctx.reply("Changed.")


def _fenced(text: str, language: str = "") -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in _BACKTICKS.findall(text)), 0)
    end = "" if text.endswith("\n") or not text else "\n"
    return f"{fence}{language}\n{text}{end}{fence}"


def _difference_in(message: Message) -> str:
    """Return the difference that a message has in its data, or else is."""
    return str(message.data["diff"]) if isinstance(message.data, Mapping) and "diff" in message.data else message.text


def _above(root: str) -> str:
    return str(Path(root).resolve().parent)

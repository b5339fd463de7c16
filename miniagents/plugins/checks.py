"""The contract suite: what whoever uses a plugin relies on, tried out on one.

Its agents are really called, with the environment's keys, where they are ready; nothing is patched.

In: a plugin, imported. Out: a `Check` for each promise that was tried. Never: how that is shown.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..errors import CallError, MiniagentsError
from ..messages import Message
from ..miniagents import MiniAgent, MiniAgents
from ..testing import check_for_leaks
from .fault import in_one_line
from .offer import Gather, asked

__all__ = ["Check", "check_plugin"]

_WITHIN_S: Final = 60.0
"""A model that runs on this machine may have to be loaded first."""
_SOON_S: Final = 5.0
"""How long a reply may take to end that nobody wants any more."""
_FILE: Final = "checked"
"""What a history is told to keep what is said in."""
_ASKED: Final = "Count from one to five, in words."


@dataclass(frozen=True, slots=True)
class Check:
    """One promise, tried out."""

    what: str
    """Of whom, and which: "model shout: streams"."""
    problem: str = ""
    """In which way it is not kept; "" if it is."""
    note: str = ""
    """Something to know: why it was not tried, what could be better."""


def check_plugin(
    plugin: object, *, name: str = "", environment: Mapping[str, str] | None = None, gather: Gather | None = None
) -> list[Check]:
    """Try out all that a plugin offers: replies stream and can be cancelled, errors are clear, nothing is left behind.

    Args:
        plugin: The module.
        name: What it is called; its own name if "".
        environment: Where models look for keys; the process's own if None. A model that is not ready is not asked.
        gather: Makes an app for its commands (see `Gather`); without it they are not looked at.
    """
    name = name or str(getattr(plugin, "__name__", type(plugin).__name__))
    try:
        offer = asked(plugin, name, gather)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is wrong with it
        return [Check(f"{name}: its hooks can be called", in_one_line(error))]
    hooks = ", ".join(offer.outline.hooks)
    checks = [Check(f"{name}: its hooks can be called", "" if hooks else "it has none marked with @hookimpl", hooks)]
    checks += [Check(f"{name}: each name once", f"{kind}: {twice} twice") for kind, twice in offer.outline.twice]
    environment = os.environ if environment is None else environment
    with tempfile.TemporaryDirectory() as folder, chdir(folder):  # a history may write where it is
        for provider in offer.things["providers"].values():
            what = f"model {provider.name}"
            if provider.ready(environment):
                given = {"model": provider.default_model, "system": None, "stream": True, "environment": environment}
                checks += _of_agent(what, provider.agent.fork(**given), is_model=True)
            else:
                checks.append(Check(what, note=f"not tried: {provider.way_out}"))
        for each, agent in offer.things["agents"].items():
            checks += _of_agent(f"agent {each}", agent, is_model=False)
        for each, agent in offer.things["histories"].items():
            if "argument" in agent.parameters:  # what stands behind its name: here, and not where the person's are
                agent = agent.fork(argument=_FILE)  # noqa: PLW2901 - the same one
            checks.append(_tried(f"history {each}: keeps what is said, in order", partial(_keeps, agent)))
    return [*checks, *_of_words(offer.things["words"]), *_of_commands(offer.things["commands"])]


def _of_agent(what: str, agent: MiniAgent, *, is_model: bool) -> Iterator[Check]:
    yield _tried(f"{what}: streams", partial(_streams, agent))
    if is_model:
        yield _tried(f"{what}: says who answers, and how many tokens it took", partial(_counts, agent))
    yield _tried(f"{what}: stops when it is cancelled", partial(_stops, agent))
    yield _tried(f"{what}: has clear words for having nothing to answer", partial(_refuses, agent))


def _tried(what: str, check: Callable[[], Coroutine[Any, Any, str]]) -> Check:
    """Run a check in a scope and a loop of its own, and see to it that it leaves nothing behind."""

    async def in_scope() -> str:
        async with asyncio.timeout(_WITHIN_S), MiniAgents():
            return await check()

    async def leaving_nothing() -> str:
        return await check_for_leaks(in_scope())

    try:
        note = asyncio.run(leaving_nothing())
    except TimeoutError as error:
        return Check(what, str(error) or f"nothing came within {_WITHIN_S:.0f} s")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
        return Check(what, str(error) if isinstance(error, AssertionError) else in_one_line(error))
    return Check(what, note=note)


async def _streams(agent: MiniAgent) -> str:
    async for promise in agent.inquire({"text": _ASKED, "role": "user"}):
        tokens = [token async for token in promise]
        message = await promise
        _expect("".join(tokens) == message.text, "its tokens together are not its text")
        if message.role == "assistant" and message.text:
            return "" if len(tokens) > 1 else "its reply came in one token"
    raise AssertionError("it replied no message of the role 'assistant' with any text")


async def _counts(agent: MiniAgent) -> str:
    messages = await agent.inquire({"text": _ASKED, "role": "user"})
    metadata = messages[-1].metadata
    _expect(bool(metadata.get("model")), "its reply has no metadata['model']")
    usage = metadata.get("usage")
    if usage is None:
        return "it tells no usage"
    counts = [usage.get("in"), usage.get("out")]
    _expect(all(isinstance(count, int) for count in counts), "metadata['usage'] must have 'in' and 'out', in tokens")
    return ""


async def _stops(agent: MiniAgent) -> str:
    clock = asyncio.get_running_loop().time
    note = "it was done before it could be cancelled"
    async with MiniAgents():  # which is left when everything in it has ended
        reply = agent.inquire({"text": _ASKED, "role": "user"})
        async for promise in reply:
            async for _ in promise:
                break
            break
        reply.cancel()
        cancelled_s = clock()
        try:
            await reply
        except CallError:
            note = ""
    _expect(clock() - cancelled_s <= _SOON_S, f"it went on for more than {_SOON_S:.0f} s")
    return note


async def _refuses(agent: MiniAgent) -> str:
    try:
        await agent.inquire()
    except MiniagentsError as error:
        _expect("\n" not in str(error), "its error has more than one line")
        return ""
    return ""


async def _keeps(agent: MiniAgent) -> str:
    said: list[str] = []
    previous: Any = None
    for text, role in (("one", "user"), ("two", "assistant"), ("three", "user")):
        previous = agent.inquire(Message(text=text, role=role), previous=previous)
        said.append(text)
        kept = [message.text for message in await previous]
        _expect(kept == said, f"of {said} it gives {kept}")
    return ""


def _of_words(words: Mapping[str, Any]) -> Iterator[Check]:
    for name, word in words.items():
        what = f"word /{name}: can be typed, and is explained in a sentence"
        is_one = name.replace("-", "").isalnum() and name == name.lower() and word.help.endswith(".")
        yield Check(what, "" if is_one else "small letters for its name, a full stop for its help")


def _of_commands(commands: Mapping[str, Any]) -> Iterator[Check]:
    for name, command in commands.items():
        yield Check(f"command {name}: is explained", "" if command.get_short_help_str() else "it has no help")


def _expect(is_kept: bool, problem: str) -> None:  # noqa: FBT001 - as `assert` has it
    if not is_kept:
        raise AssertionError(problem)

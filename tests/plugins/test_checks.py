"""The contract suite finds what is wrong with a plugin, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from miniagents import InteractionContext, Message, miniagent
from miniagents.cli.plugins.gathering import commands_of
from miniagents.errors import RequestRefusedError
from miniagents.ext.history_agents import in_memory_history_agent
from miniagents.ext.misc_agents import echo_agent
from miniagents.hookspecs import Word
from miniagents.plugins.checks import Check, check_plugin
from tests.plugins.conftest import plugin
from tests.plugins.test_offer import PROVIDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from miniagents import MiniAgent


async def _words() -> AsyncIterator[str]:
    yield "one "
    yield "two"


@miniagent
async def good_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Answer as one should."""
    if not await ctx.message_promises:
        raise RequestRefusedError("nothing to answer", cure="say something")
    metadata = {"model": "m", "usage": {"in": 1, "out": 2}}
    ctx.reply(Message.promise(_words(), role="assistant", metadata=metadata))


def of_model(agent: MiniAgent) -> list[Check]:
    """Check a plugin with one model."""
    provider = dataclasses.replace(PROVIDER, agent=agent)
    return check_plugin(plugin(register_models=lambda register: register(provider)), name="p")


def problems(checks: list[Check]) -> dict[str, str]:
    """Return what is not kept."""
    return {check.what: check.problem for check in checks if check.problem}


def test_a_good_one() -> None:
    """All promises are tried, and all are kept."""
    checks = of_model(good_agent)
    assert problems(checks) == {}
    assert [check.what for check in checks] == [
        "p: its hooks can be called",
        "model mine: streams",
        "model mine: says who answers, and how many tokens it took",
        "model mine: stops when it is cancelled",
        "model mine: has clear words for having nothing to answer",
    ]
    assert checks[0].note == "register_models"


@miniagent
async def silent_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Say nothing."""


@miniagent
async def anonymous_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Say nothing of itself."""
    ctx.reply(Message.promise(_words(), role="assistant"))


@miniagent
async def miscounting_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Count wrongly."""
    ctx.reply({"text": "a", "role": "assistant", "metadata": {"model": "m", "usage": {"in": "many"}}})


@miniagent
async def careless_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Fail with an error of Python's where there is nothing to answer."""
    ctx.reply({"text": (await ctx.message_promises)[-1].text, "role": "assistant", "metadata": {"model": "m"}})


@miniagent
async def rambling_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Explain at length."""
    raise RequestRefusedError("no\nand no")


@miniagent
async def stubborn_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Go on whatever happens."""

    async def words() -> AsyncIterator[str]:
        for _ in range(3):
            yield "word "
            try:
                await asyncio.sleep(0.5)
            except asyncio.CancelledError:
                await asyncio.sleep(0.5)

    ctx.reply(Message.promise(words(), role="assistant", metadata={"model": "m"}))


_LEFT: list[asyncio.Task[None]] = []


@miniagent
async def littering_agent(ctx: InteractionContext, /, **_options: Any) -> None:
    """Leave a task behind."""
    _LEFT.append(asyncio.get_running_loop().create_task(asyncio.sleep(60)))
    ctx.reply({"text": "a", "role": "assistant", "metadata": {"model": "m"}})


@pytest.mark.parametrize(
    ("agent", "what", "problem"),
    [
        (silent_agent, "streams", "it replied no message of the role 'assistant' with any text"),
        (anonymous_agent, "says who answers", "its reply has no metadata['model']"),
        (miscounting_agent, "says who answers", "metadata['usage'] must have 'in' and 'out', in tokens"),
        (careless_agent, "has clear words", "IndexError: tuple index out of range"),
        (rambling_agent, "has clear words", "its error has more than one line"),
        (littering_agent, "streams", "left behind: "),
    ],
)
def test_a_bad_one(agent: MiniAgent, what: str, problem: str) -> None:
    """What is not kept is named, with the reason."""
    found = {each: said for each, said in problems(of_model(agent)).items() if each.startswith(f"model mine: {what}")}
    assert len(found) == 1
    assert next(iter(found.values())).startswith(problem)
    _LEFT.clear()


def test_one_that_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that goes on although nobody wants it is found, and so is one that never comes."""
    monkeypatch.setattr("miniagents.plugins.checks._SOON_S", 0.05)
    found = problems(of_model(stubborn_agent))
    assert "model mine: stops when it is cancelled" in found

    @miniagent
    async def waiting_agent(ctx: InteractionContext, /, **_options: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("miniagents.plugins.checks._WITHIN_S", 0.05)
    assert problems(of_model(waiting_agent))["model mine: streams"].startswith("nothing came within")


def test_a_model_that_is_not_ready() -> None:
    """It is not asked, and what a person would have to do is said."""
    provider = dataclasses.replace(PROVIDER, ready=lambda _: None, way_out="set MINE_API_KEY")
    checks = check_plugin(plugin(register_models=lambda register: register(provider)), name="p", environment={})
    assert checks[1:] == [Check("model mine", note="not tried: set MINE_API_KEY")]


def test_agents_and_histories() -> None:
    """Agents are asked as models are, but need not say which model they are; histories have to give all back."""

    @miniagent
    async def forgetful_agent(ctx: InteractionContext, *, previous: object = None) -> None:
        ctx.reply(ctx.message_promises)

    def register_agents(register: Any) -> None:
        register("echo", echo_agent)

    def register_history(register: Any) -> None:
        register("memory", in_memory_history_agent)
        register("forgetful", forgetful_agent)

    checks = check_plugin(plugin(register_agents=register_agents, register_history=register_history), name="p")
    assert problems(checks) == {"history forgetful: keeps what is said, in order": "of ['one', 'two'] it gives ['two']"}
    assert len(checks) == 1 + 3 + 2


def _fails(register: Any) -> None:
    raise ValueError("no")


def test_a_history_keeps_nothing_where_the_persons_are() -> None:
    """One that can be told where is told a place that is gone after the check."""
    told: list[str] = []

    @miniagent
    async def keeping_agent(
        ctx: InteractionContext, /, *, argument: str, previous: Any = None, **_options: Any
    ) -> None:
        told.append(argument)
        ctx.reply([*([] if previous is None else await previous), *await ctx.message_promises])

    offered = keeping_agent.fork(argument="")
    checks = check_plugin(plugin(register_history=lambda register: register("keeping", offered)), name="p")
    assert problems(checks) == {}
    assert told == ["checked"] * 3


LINE = _fails.__code__.co_firstlineno + 1


def _registers_twice(register: Any) -> None:
    register("echo", echo_agent)
    register("echo", echo_agent)


@pytest.mark.parametrize(
    ("hooks", "found"),
    [
        ({"register_agents": _fails}, {"p: its hooks can be called": f"ValueError: no (test_checks.py, line {LINE})"}),
        ({}, {"p: its hooks can be called": "it has none marked with @hookimpl"}),
        ({"register_agents": _registers_twice}, {"p: each name once": "agents: echo twice"}),
    ],
)
def test_hooks_that_are_wrong(hooks: dict[str, Callable[..., None]], found: dict[str, str]) -> None:
    """A hook that fails, none at all, or a name that is registered twice is a problem."""
    assert problems(check_plugin(plugin(**hooks), name="p")) == found


def test_words_and_commands() -> None:
    """They must be explained, and words must be such that one can type them."""

    async def act(chat: object, rest: str) -> None:
        pass

    def register_slash(register: Any) -> None:
        register(Word(name="fine", help="Be fine.", act=act))
        register(Word(name="Not fine", help="nothing", act=act))

    def register_commands(app: Any) -> None:
        app.command("bare")(lambda: None)

    checks = check_plugin(
        plugin(register_slash=register_slash, register_commands=register_commands), name="p", gather=commands_of
    )
    assert problems(checks) == {
        "word /Not fine: can be typed, and is explained in a sentence": (
            "small letters for its name, a full stop for its help"
        ),
        "command bare: is explained": "it has no help",
    }

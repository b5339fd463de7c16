"""Agents: how they are made, forked and called."""

import asyncio
from functools import partial
from typing import Any

import pytest

from miniagents.errors import UsageError
from miniagents.messages import Message, MessageSequencePromise
from miniagents.miniagents import InteractionContext, MiniAgent, MiniAgents, miniagent


@miniagent
async def telling(ctx: InteractionContext, **parameters: Any) -> None:
    """Reply the parameters it was called with."""
    ctx.reply(repr(dict(sorted(parameters.items()))))


@miniagent
async def counting(ctx: InteractionContext) -> None:
    """Reply how many messages came in."""
    ctx.reply(str(len(await ctx.message_promises)))


def now_s() -> float:
    """Return the virtual time."""
    return asyncio.get_running_loop().time()


async def plain(ctx: InteractionContext) -> None:
    """Reply its own name.

    There is more to say about it.
    """
    ctx.reply(ctx.agent.alias)


class Calling:
    """Objects that can be called as agents."""

    async def __call__(self, ctx: InteractionContext) -> None:
        """Reply the class's name."""
        ctx.reply("Calling")

    async def method(self, ctx: InteractionContext) -> None:
        """Reply the method's name."""
        ctx.reply("method")


def test_decorator_by_itself() -> None:
    """`@miniagent` takes the agent's name and description from the function."""
    agent = miniagent(plain)
    assert isinstance(agent, MiniAgent)
    assert agent.alias == "plain"
    assert agent.description == "Reply its own name.\n\nThere is more to say about it."
    assert agent.parameters == {}
    assert repr(agent) == "<MiniAgent plain>"


def test_decorator_with_arguments() -> None:
    """`@miniagent(…)` names and describes the agent, and gives it parameters from the start."""

    @miniagent(alias="other", description="Does little.", model="any", temperature=0)
    async def agent(ctx: InteractionContext, **parameters: Any) -> None:
        """Do something."""

    assert (agent.alias, agent.description) == ("other", "Does little.")
    assert agent.parameters == {"model": "any", "temperature": 0}

    @miniagent()
    async def bare(ctx: InteractionContext) -> None:
        pass

    assert (bare.alias, bare.description, bare.parameters) == ("bare", "", {})


async def test_anything_async_can_be_an_agent() -> None:
    """A method, a partial, an object with an async `__call__` and a lambda around one are agents too."""
    calling = Calling()
    async with MiniAgents():
        assert str(await miniagent(calling.method).inquire()) == "method"
        assert str(await miniagent(calling).inquire()) == "Calling"
        assert miniagent(calling).alias == "Calling"
        assert str(await miniagent(partial(plain)).inquire()) == "partial"
        assert str(await miniagent(alias="mine")(plain).inquire()) == "mine"


async def generating(ctx: InteractionContext) -> Any:
    """Look like an agent that yields."""
    yield "x"


@pytest.mark.parametrize(
    "function",
    [print, lambda ctx: None, 5, "agent", generating, Calling],
    ids=["a builtin", "a lambda", "a number", "a text", "a generator", "a class"],
)
def test_anything_else_cannot(function: Any) -> None:
    """What is no async function is refused when it is decorated, in either way, with the cure."""
    for decorate in (miniagent, miniagent(alias="other")):
        with pytest.raises(UsageError, match=r"cannot be an agent; write it as `async def …\(ctx\)`"):
            decorate(function)


async def test_parameters_come_from_fork_and_call() -> None:
    """A call's parameters win over a fork's, a fork's over those of what it was forked from."""
    async with MiniAgents():
        one = telling.fork(a=1, b=1, c=1)
        two = one.fork(b=2, c=2)
        assert str(await two.inquire(c=3)) == "{'a': 1, 'b': 2, 'c': 3}"
        assert str(await two.inquire()) == "{'a': 1, 'b': 2, 'c': 2}"
        assert str(await one.inquire()) == "{'a': 1, 'b': 1, 'c': 1}"
        assert str(await telling.inquire()) == "{}"
        assert str(await telling.inquire(c=3)) == "{'c': 3}"


async def test_any_object_can_be_a_parameter() -> None:
    """The very object that was given to `fork` or `inquire` reaches the agent: hashable or not, promise or none."""
    got: dict[str, Any] = {}

    @miniagent
    async def taking(ctx: InteractionContext, **parameters: Any) -> None:
        got.update(parameters)

    async with MiniAgents():
        objects = {"client": Calling(), "items": [1], "call": plain, "error": ValueError(), "seq": counting.inquire()}
        await taking.fork(**objects).inquire()
        assert all(got.pop(name) is value for name, value in objects.items())
        await taking.inquire(**objects)
        assert all(got.pop(name) is value for name, value in objects.items())


async def test_names_of_parameters_are_free() -> None:
    """Parameters may have the names that the library itself uses inside."""

    @miniagent
    async def taking(ctx: InteractionContext, **parameters: Any) -> None:
        ctx.reply(repr(sorted(parameters)))

    names = dict.fromkeys(["function", "messages", "name", "parameters", "work", "args", "kwargs", "context", "source"])
    async with MiniAgents():
        assert str(await taking.inquire(**names)) == repr(sorted(names))
        assert str(await taking.fork(**names).inquire()) == repr(sorted(names))


def test_forks_leave_the_original_alone() -> None:
    """A fork is another agent: name, description and parameters of the first stay what they were."""
    agent = miniagent(plain).fork(model="one")
    other = agent.fork(alias="other", description="Another.", model="two")
    assert (agent.alias, agent.parameters) == ("plain", {"model": "one"})
    assert (other.alias, other.description, other.parameters) == ("other", "Another.", {"model": "two"})
    assert other.fork().alias == "other"
    assert other.fork().description == "Another."


@pytest.mark.parametrize("name", ["alias", "description", "parameters", "new"])
def test_an_agent_is_immutable(name: str) -> None:
    """An agent can be shared by everybody, for nothing about it can be changed."""
    agent = telling.fork(model="one")
    with pytest.raises(AttributeError):
        setattr(agent, name, "changed")
    with pytest.raises(TypeError):
        agent.parameters["model"] = "two"  # type: ignore[index]


async def test_wrong_parameters_are_an_error_of_the_call() -> None:
    """A parameter that is missing or too many is raised at the reader, not at the caller."""

    @miniagent
    async def strict(ctx: InteractionContext, needed: str, other: str = "") -> None:
        ctx.reply(needed + other)

    async with MiniAgents():
        calls = [strict.inquire(), strict.inquire(needed="a", surplus=1), strict.fork(surplus=1).inquire(needed="a")]
        for call, why in zip(calls, ["missing .* 'needed'", "unexpected .* 'surplus'", "unexpected"], strict=True):
            with pytest.raises(TypeError, match=why):
                await call
        assert str(await strict.inquire(needed="a", other="b")) == "ab"


async def test_context_tells_who_was_called() -> None:
    """Inside, an agent sees itself as it was forked, and what it was sent, as often as it likes."""

    @miniagent(alias="self-aware", model="any")
    async def agent(ctx: InteractionContext, model: str) -> None:
        first, second = await ctx.message_promises, await ctx.message_promises
        assert first is second
        assert isinstance(ctx.message_promises, MessageSequencePromise)
        ctx.reply(f"{ctx.agent.alias} {model} {ctx.agent.parameters} {first}")

    async with MiniAgents():
        assert str(await agent.inquire(["a", "b"])) == "self-aware any {'model': 'any'} a\n\nb"
        assert str(await agent.fork(alias="x").inquire()) == "x any {'model': 'any'} "


async def test_replies_can_be_chained() -> None:
    """`reply` returns the context, and several replies make several messages in order."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        assert ctx.reply("a").reply(["b", "c"]).reply(None) is ctx

    async with MiniAgents():
        assert str(await agent.inquire()) == "a\n\nb\n\nc"


async def test_an_agent_may_be_called_by_many_at_once() -> None:
    """One agent serves any number of calls side by side, none of which sees another's messages."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        await asyncio.sleep(1)
        ctx.reply(ctx.message_promises)

    async with MiniAgents():
        replies = await asyncio.gather(*[agent.inquire(str(number)) for number in range(100)])
        assert [str(reply) for reply in replies] == [str(number) for number in range(100)]
        assert now_s() == 1


async def test_five_that_take_a_second_take_a_second() -> None:
    """The specification's parallel agents run at the same time, gathered, awaited in a row or iterated."""

    @miniagent
    async def parallel_agent(ctx: InteractionContext) -> None:
        await asyncio.sleep(1)
        ctx.reply("Done!")

    async with MiniAgents():
        tasks = [parallel_agent.inquire() for _ in range(5)]
        assert [str(done) for done in await asyncio.gather(*tasks)] == ["Done!"] * 5
        assert now_s() == 1
        replies = [parallel_agent.inquire() for _ in range(5)]
        for reply in replies:
            assert str(await reply) == "Done!"
        assert now_s() == 2


async def test_no_messages_is_an_empty_sequence() -> None:
    """A call without messages, with None, or with nothing in a list is sent an empty sequence."""
    async with MiniAgents():
        for call in (counting.inquire(), counting.inquire(None), counting.inquire([])):
            assert str(await call) == "0"


async def test_a_sequence_is_handed_over_as_it_is() -> None:
    """What was got from one agent reaches the next as the same object."""
    got: list[MessageSequencePromise] = []

    @miniagent
    async def taking(ctx: InteractionContext) -> None:
        got.append(ctx.message_promises)

    async with MiniAgents():
        sequence = counting.inquire()
        await taking.inquire(sequence)
        assert got == [sequence]


async def test_first_token_passes_while_the_first_agent_still_writes() -> None:
    """The third agent of a chain sees the first token at the moment the first agent writes it."""
    seen: list[tuple[str, float]] = []

    @miniagent
    async def writing(ctx: InteractionContext) -> None:
        async def tokens() -> Any:
            for token in "abc":
                await asyncio.sleep(1)
                yield token

        ctx.reply(Message.promise(tokens()))

    @miniagent
    async def passing(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            ctx.reply(Message.promise(promise))

    @miniagent
    async def watching(ctx: InteractionContext) -> None:
        async for promise in ctx.message_promises:
            async for token in promise:
                seen.append((token, now_s()))  # noqa: PERF401 - as a person would write it

    async with MiniAgents():
        await watching.inquire(passing.inquire(writing.inquire()))
    assert seen == [("a", 1), ("b", 2), ("c", 3)]


@pytest.mark.parametrize("result", ["text", 5, ["a"], {"text": "a"}], ids=repr)
async def test_what_an_agent_returns_is_no_reply(result: Any) -> None:
    """An agent replies with `reply`; what its function returns is not a second way."""

    @miniagent
    async def agent(ctx: InteractionContext) -> Any:
        ctx.reply("reply")
        return result

    async with MiniAgents():
        assert str(await agent.inquire()) == "reply"


def test_public_names() -> None:
    """What the specification imports from here is here."""
    for make in (MiniAgents, InteractionContext, miniagent, MiniAgent):
        assert make.__module__ == "miniagents.miniagents"

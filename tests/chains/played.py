"""Chains for tests: written down as YAML, with agents that say what they are told to."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from miniagents import InteractionContext, Message, MiniAgent, builtins, miniagent
from miniagents.chains.chain_file import read
from miniagents.chains.loading import Chain
from miniagents.hookspecs import hookimpl
from miniagents.messages import MessageSequencePromise
from miniagents.plugins import Plugins
from miniagents.plugins import load as load_plugins
from miniagents.testing import scripted_agent, streaming_agent

__all__ = ["Heard", "chain_from", "chain_of", "echoing", "plugins_with", "scripted", "shouting", "streaming", "tagging"]

HEAD: Final = "version: 1\nname: tale\n"

scripted, streaming = scripted_agent, streaming_agent


class Heard:
    """What an agent was sent, call by call."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def agent(self, *replies: str) -> MiniAgent:
        """Return an agent that takes note of what it is sent and says the next of `replies`, then nothing."""
        left = iter(replies)

        @miniagent
        async def hearing(ctx: InteractionContext) -> None:
            self.texts.append(str(await ctx.message_promises))
            ctx.reply(next(left, None))

        return hearing


@miniagent
async def shouting(ctx: InteractionContext) -> None:
    """Say what it is sent, token by token, in capitals."""
    async for promise in ctx.message_promises:
        ctx.reply(Message.promise((token.upper() async for token in promise), role="assistant"))


@miniagent
async def echoing(ctx: InteractionContext) -> None:
    """Say what it is sent, message by message, token by token."""
    async for promise in ctx.message_promises:
        ctx.reply(Message.promise(promise, role="assistant"))


def tagging(tag: str) -> MiniAgent:
    """Return an agent that says what it is sent as one message, with a tag behind."""

    @miniagent
    async def agent(ctx: InteractionContext) -> None:
        ctx.reply(" ".join([*(str(message) for message in await ctx.message_promises), tag]))

    return agent


def plugins_with(agents: Mapping[str, MiniAgent], *more: Any) -> Plugins:
    """Return plugins that offer these agents, and our own."""

    @hookimpl
    def register_agents(register: Any) -> None:
        for name, agent in agents.items():
            register(name, agent)

    return load_plugins([builtins, SimpleNamespace(register_agents=register_agents, __name__="tests"), *more], [])


def chain_of(
    folder: Path, flow: str, agents: Mapping[str, MiniAgent], *, more: str = "", inputs: Any = None, **given: Any
) -> Chain:
    """Return a chain of agents, each called as it is in `agents`, in the flow that is written as YAML."""
    names: Iterable[str] = agents
    text = HEAD + "agents:\n" + "".join(f"  {name}: {{plugin: {name}}}\n" for name in names)
    path = folder / "tale.yaml"
    path.write_text(f"{text}flow:\n{flow}\n{more}", encoding="utf-8")
    environment = given.pop("environment", {})
    described = read(path, inputs=inputs or {}, environment=environment)
    return Chain(described, plugins=plugins_with(agents), environment=environment, **given)


def chain_from(folder: Path, text: str, environment: Mapping[str, str], **given: Any) -> Chain:
    """Return the chain of a whole file but for its head, with our own agents and models."""
    path = folder / "tale.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    inputs = given.pop("inputs", {})
    plugins = given.pop("plugins", None) or plugins_with({})
    return Chain(read(path, inputs=inputs, environment=environment), environment=environment, plugins=plugins, **given)


async def read_texts(stream: MessageSequencePromise, said: list[str]) -> None:
    """Read a reply, and add what each message says."""
    async for promise in stream:
        said.append(str(await promise))  # noqa: PERF401 - what came before an error counts


async def read_tokens(stream: MessageSequencePromise, tokens: list[str]) -> None:
    """Read a reply, and add its tokens."""
    async for promise in stream:
        async for token in promise:
            tokens.append(token)  # noqa: PERF401 - as above

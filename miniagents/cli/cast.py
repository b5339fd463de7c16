"""Who answers: the model agent, or another one, that settings ask for.

In: settings, plugins. Out: an agent, forked. Never: the person, the history, a terminal.
"""

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..miniagents import InteractionContext, MiniAgent, miniagent
from ..plugins import Plugins
from ..plugins.open_tools import check_names
from .config.settings import Settings
from .models import Choice, check_options, choose, fetch, key_to_read, read_key
from .toolset import Toolset

if TYPE_CHECKING:
    from .config.key import Key

__all__ = ["Cast"]


class Cast:
    """The agent that settings ask for."""

    def __init__(self, settings: Settings, plugins: Plugins, toolset: Toolset | None = None) -> None:
        """Choose it; a model is given the tools that the settings name, of `toolset`, or else of one of its own.

        Raises:
            SettingsError: There is no such model, agent or source of tools.
        """
        self.toolset = Toolset(plugins.tools, settings.environment) if toolset is None else toolset
        """What tools are opened by; whoever has it answer closes it."""
        self.choice: Choice | None = None
        """The model, where a model answers."""
        self._environment = settings.environment
        if settings.agent is None:
            self.choice = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
            check_options(self.choice, settings)
            self.name = str(self.choice)
            self.assistant = _model_agent(self.choice, settings)
            if settings.tools:
                check_names(settings.tools, plugins.tools)
                self.assistant = _with_tools.fork(agent=self.assistant, toolset=self.toolset, settings=settings)
        elif settings.agent in plugins.agents:
            self.name = settings.agent
            self.assistant = plugins.agents[settings.agent]
        else:
            near = get_close_matches(settings.agent, plugins.agents, n=1, cutoff=0.5)
            there = f"did you mean {near[0]}?" if near else f"there is {', '.join(sorted(plugins.agents))}"
            raise SettingsError(f"no agent is called {settings.agent!r}; {there}")
        if settings.timeout_s is not None:
            self.assistant = _in_time.fork(agent=self.assistant, within_s=settings.timeout_s)

    async def fetch(self, told: Callable[[int, int], None] | None = None) -> None:
        """See to it that the model is on this machine, if it is to be.

        Args:
            told: Called with the bytes that are there and the bytes there will be; a bar shows them by default.
        """
        if self.choice is not None:
            await fetch(self.choice, self._environment, told)


def _model_agent(choice: Choice, settings: Settings) -> MiniAgent:
    agent = choice.provider.agent.fork(
        model=choice.model,
        system=settings.system,
        stream=settings.stream,
        environment=settings.environment,
        log=settings.log,
        **settings.options_for(choice.model, str(choice)),
    )
    key = key_to_read(choice, settings.environment)
    if key is not None:
        agent = _with_key.fork(agent=agent, key=key)
    return agent


@miniagent
async def _in_time(ctx: InteractionContext, *, agent: MiniAgent, within_s: float) -> None:
    """Pass on what another agent replies in this time."""
    ctx.reply(agent.inquire(ctx.message_promises, timeout_s=within_s))


@miniagent
async def _with_key(ctx: InteractionContext, *, agent: MiniAgent, key: "Key") -> None:
    """Pass on what another agent replies when its key is there: a person may have to type a password for it."""
    await read_key(key)
    ctx.reply(agent.inquire(ctx.message_promises))


@miniagent
async def _with_tools(ctx: InteractionContext, *, agent: MiniAgent, toolset: Toolset, settings: Settings) -> None:
    """Pass on what another agent replies that is given tools, when they are open."""
    tools = await toolset.tools(settings.tools, settings.allow_tools)
    ctx.reply(agent.inquire(ctx.message_promises, tools=tools, approve=toolset.approval))

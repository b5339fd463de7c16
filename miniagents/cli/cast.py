"""Who answers: the model agent, or another one, that settings ask for.

In: settings, plugins. Out: an agent, forked. Never: the person, the history, a terminal.
"""

from difflib import get_close_matches

from ..errors import SettingsError
from ..miniagents import InteractionContext, MiniAgent, miniagent
from ..plugins import Plugins
from .config.settings import Settings
from .models import Choice, choose
from .tell import FetchBar

__all__ = ["Cast"]


class Cast:
    """The agent that settings ask for."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self.choice: Choice | None = None
        """The model, where a model answers."""
        if settings.agent is None:
            self.choice = choose(settings.model, settings.model_from, plugins.providers, settings.environment)
            self.name = str(self.choice)
            self.assistant = _model_agent(self.choice, settings)
        elif settings.agent in plugins.agents:
            self.name = settings.agent
            self.assistant = plugins.agents[settings.agent]
        else:
            near = get_close_matches(settings.agent, plugins.agents, n=1, cutoff=0.5)
            there = f"did you mean {near[0]}?" if near else f"there is {', '.join(sorted(plugins.agents))}"
            raise SettingsError(f"no agent is called {settings.agent!r}; {there}")

    async def fetch(self) -> None:
        """See to it that the model is on this machine, if it is to be."""
        if self.choice is None:
            return
        provider = self.choice.provider
        if provider.pull is not None and self.choice.model == provider.default_model:
            with FetchBar(self.choice.model) as bar:
                await provider.pull(bar)


def _model_agent(choice: Choice, settings: Settings) -> MiniAgent:
    agent = choice.provider.agent.fork(
        model=choice.model,
        system=settings.system,
        stream=settings.stream,
        environment=settings.environment,
        log=settings.log,
        **settings.options_for(choice.model, str(choice)),
    )
    return agent if settings.timeout_s is None else _in_time.fork(agent=agent, within_s=settings.timeout_s)


@miniagent
async def _in_time(ctx: InteractionContext, *, agent: MiniAgent, within_s: float) -> None:
    """Pass on what another agent replies in this time."""
    ctx.reply(agent.inquire(ctx.message_promises, timeout_s=within_s))

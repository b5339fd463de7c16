"""Who is served: whoever a chat with these settings would talk to, or a chain.

In: settings, plugins. Out: a server that serves until it is interrupted, or its client goes. Never: MCP.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from miniagents.cli.cast import Cast
from miniagents.miniagents import MiniAgent, MiniAgents

from .serving import Served, serve_http, serve_stdio, server_of

if TYPE_CHECKING:
    from miniagents.cli.config.settings import Settings
    from miniagents.plugins import Plugins

__all__ = ["serve"]


async def serve(settings: "Settings", plugins: "Plugins", *, chain: str | None = None, port: int | None = None) -> None:
    """Serve a chain, or else whoever answers by these settings; over HTTP where there is a port, 0 for any.

    Raises:
        MiniagentsError: There is nobody who could answer, the chain makes no sense, or the port is taken.
    """
    cast = None
    if chain is None:
        cast = Cast(settings, plugins)
        await cast.fetch()
        agent, name = cast.assistant, settings.agent or "ask"
        told = _described(agent) if settings.agent else f"Ask {cast.name}: it answers a message."
    else:
        from miniagents.chains import load  # noqa: PLC0415 - where there is one

        agent = load(chain, environment=settings.environment, plugins=plugins)
        name, told = agent.alias, _described(agent)
    async with MiniAgents(), nullcontext() if cast is None else cast.toolset:
        server = server_of({name: Served(agent, told)})
        await (serve_stdio(server) if port is None else serve_http(server, port))


def _described(agent: MiniAgent) -> str:
    return (agent.description or "").strip() or f"Ask {agent.alias}: it answers a message."

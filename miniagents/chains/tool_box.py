"""The tools that a model of a chain may call: functions, other agents of the file, those of plugins.

In: a model, its stage. Out: what `tools=` of a model agent takes. Never: a call, a person.
"""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..miniagents import InteractionContext, MiniAgent
from ..tools import Tool

if TYPE_CHECKING:
    from .speakers import Model, Speaker
    from .stage import Stage

__all__ = ["tools_of"]


async def tools_of(model: "Model", stage: "Stage") -> list[Tool]:
    """Return its tools; those of plugins are opened, once a stage.

    Raises:
        MiniagentsError: Some of a plugin cannot be had.
    """
    tools = [_of_agent(speaker, stage) for speaker in model.agents]
    tools += map(Tool.of, model.functions)
    if model.tools:
        tools += await stage.open_tools(model.tools)
    return [_allowed(tool, model.allow) for tool in tools]


def _of_agent(speaker: "Speaker", stage: "Stage") -> Tool:
    description = getattr(speaker, "description", "") or f"Ask {speaker.name}."
    agent = MiniAgent(_call, alias=speaker.name, description=description)
    return replace(Tool.of(agent.fork(stage=stage, speaker=speaker.called())), description=description)


async def _call(ctx: InteractionContext, *, stage: "Stage", speaker: "Speaker") -> None:
    ctx.reply(stage.call(speaker, ctx.message_promises, None))


def _allowed(tool: Tool, allowed: Sequence[str]) -> Tool:
    if tool.needs_approval and any(fnmatchcase(tool.name, pattern) for pattern in allowed):
        return replace(tool, needs_approval=False)
    return tool

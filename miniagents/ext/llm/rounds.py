"""Several turns for one call: a model that calls tools is told what they said, one that misses a schema asked again.

In: an agent's context, a question, terms. Out: all of it as messages of the reply, in order. Never: an API.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ...content import ToolCall
from ...errors import SchemaMismatchError, ToolRoundsError
from ...messages import Message
from ...miniagents import InteractionContext
from ...tools import Tool, run_tools, toolbox
from .provider import Question, name_of, schema_in_words
from .schema import Schema
from .tracing import start_agent_span, watched
from .turn import Asking, Check, reply_to

__all__ = ["in_rounds", "rounds_of"]

_PAUSED: Final = "pause_turn"
"""Anthropic's word for a reply that the API ended in the middle, to be sent back as it is."""


async def in_rounds(ctx: InteractionContext, asking: Asking, question: Question) -> None:
    """Do `rounds_of` below a span of their own, if anybody watches."""
    provider = asking.providers[0]
    span = start_agent_span(
        agent=asking.agent,
        provider=provider.service or provider.api,
        model=provider.model,
        secrets=provider.secrets,
    )
    try:
        with span.current():
            await rounds_of(ctx, asking, question)
    except BaseException as error:
        span.end(error=error)
        raise
    span.end()


async def rounds_of(ctx: InteractionContext, asking: Asking, question: Question) -> None:
    """Reply with the model's messages and those of the tools it calls, until it calls no more and fits the schema.

    Raises:
        ToolRoundsError: It goes on calling tools.
        SchemaMismatchError: It was asked twice, and neither reply fits.
    """
    terms = asking.terms
    tools = toolbox(thing for thing in terms.tools if not isinstance(thing, Mapping))
    foreign = [thing for thing in terms.tools if isinstance(thing, Mapping)]
    foreign_names = {name_of(tool) for thing in foreign for tool in (thing, *thing.get("tools", ()))}
    schema = None if terms.schema is None else Schema.of(terms.schema)
    question = replace(question, tools=(*tools.values(), *foreign), schema=schema)
    check = None if schema is None else _check(schema)
    is_second_try = False
    for _ in range(terms.max_rounds + 1):
        promise = reply_to(asking, question, check)
        ctx.reply(promise)
        reply = await promise
        calls = [part for part in reply.parts if isinstance(part, ToolCall)]
        own_calls = [call for call in calls if call.name not in foreign_names and not _is_of_a_set(call)]
        if own_calls:
            said = await _results(asking, tools, own_calls)
            ctx.reply(said)
            question = replace(question, messages=(*question.messages, reply, said))
        if len(own_calls) < len(calls):
            return  # whoever described the others calls them
        if own_calls:
            continue
        if reply.metadata.get("finish_reason") == _PAUSED:
            question = replace(question, messages=(*question.messages, reply))
        elif schema is None or (fault := reply.metadata.get("mismatch")) is None:
            return
        elif is_second_try:
            raise SchemaMismatchError(
                f"the reply does not fit the schema: {fault}", host=asking.providers[0].host, cure="simplify the schema"
            )
        else:
            is_second_try = True
            asked_again = Message(text=_again(fault, schema), role="user", metadata={"agent": asking.agent})
            ctx.reply(asked_again)
            question = replace(question, messages=(*question.messages, reply, asked_again))
    raise ToolRoundsError(
        f"it still calls tools after {terms.max_rounds} rounds", host=asking.providers[0].host, cure="raise max_rounds"
    )


async def _results(asking: Asking, tools: Mapping[str, Tool], calls: Sequence[ToolCall]) -> Message:
    terms = asking.terms
    watch = partial(watched, agent=asking.agent, secrets=asking.providers[0].secrets)
    return await run_tools(tools, calls, approve=terms.approve, timeout_s=terms.tool_timeout_s, watch=watch)


def _is_of_a_set(call: ToolCall) -> bool:
    """Say whether it calls one of several tools that an API has under one name, which is in no call."""
    return any(isinstance(own, Mapping) and "toolset_name" in own for own in call.extra.values())


def _check(schema: Schema) -> Check:
    def check(text: str, pieces: Sequence[Any]) -> Any:
        if any(isinstance(piece, ToolCall) for piece in pieces):
            return None
        return schema.check(text)

    return check


def _again(fault: str, schema: Schema) -> str:
    return f"That does not fit what was asked for: {fault}\n\n{schema_in_words(schema.json_schema)}"

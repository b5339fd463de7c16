"""Who speaks in a flow: a model on its terms, an agent of a plugin or of Python, the person.

In: agents, what they are sent. Out: `Speaker`s, which pass on what is replied. Never: a file, how an agent is found.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from ..content import Thinking, ToolCall
from ..errors import CallTimeoutError, ModelError, SchemaMismatchError, UsageError
from ..messages import Message, MessagePromise, MessageSequencePromise
from ..miniagents import MiniAgent
from ..safe_text import one_line

if TYPE_CHECKING:
    from ..ext.llm.schema import Schema
    from ..plugins.choosing import Choice
    from .stage import Stage

__all__ = ["Asked", "Model", "Other", "Person", "Say", "Speaker", "heard_by"]

_LOGGER: Final = logging.getLogger("miniagents")

Say: TypeAlias = Callable[[MessagePromise], MessagePromise]
"""Takes the next message of a reply; returns it as others will read it."""


class Speaker(Protocol):
    """Somebody who replies in a flow; the same one in every stage."""

    @property
    def name(self) -> str:
        """In the file."""

    async def speak(self, stage: "Stage", messages: MessageSequencePromise, say: Say) -> None:
        """Say what is to be replied to `messages`."""

    def called(self) -> "Speaker":
        """Return it as somebody whom a model calls, as a tool."""


class Other(NamedTuple):
    """An agent that is no model: it is sent what arrives, as it arrives."""

    name: str
    agent: MiniAgent
    timeout_s: float | None = None

    @property
    def description(self) -> str:
        """What it is for, as a model is told that may call it."""
        return self.agent.description

    def __str__(self) -> str:
        return self.agent.alias

    async def speak(self, stage: "Stage", messages: MessageSequencePromise, say: Say) -> None:  # noqa: ARG002 - others do
        """Pass on what it replies."""
        async for promise in self.agent.inquire(messages, timeout_s=self.timeout_s):
            say(promise)

    def called(self) -> "Speaker":
        """Return itself."""
        return self


class Person(NamedTuple):
    """Whoever sits there: the run says who speaks for them."""

    name: str

    async def speak(self, stage: "Stage", messages: MessageSequencePromise, say: Say) -> None:
        """Ask them."""
        async for promise in (stage.setting.user or _console()).inquire(messages):
            say(promise)

    def called(self) -> "Speaker":
        """Return itself."""
        return self


def _console() -> MiniAgent:
    from ..ext.misc_agents import console_user_agent  # noqa: PLC0415 - a program has one of its own

    return console_user_agent


class Asked(NamedTuple):
    """A model that is asked: which, and its agent with all parameters."""

    choice: "Choice"
    agent: MiniAgent


class Model(NamedTuple):
    """A model with its instructions; where one fails before it says anything, the next one is asked."""

    name: str
    asked: Sequence[Asked]
    instructions: str = ""
    """What is said to it where nobody else says anything; each of `asked` has them as its `system`."""
    description: str = ""
    timeout_s: float | None = None
    tools: Sequence[str] = ()
    """Names of sources of tools, each with its argument behind a colon."""
    functions: Sequence[Any] = ()
    """What else `tools=` takes."""
    agents: "Sequence[Speaker]" = ()
    """Agents of the file that it may call, as tools."""
    allow: Sequence[str] = ()
    """Shell patterns of the names of tools that nobody need be asked about."""
    schema: "Schema | None" = None
    """What its reply has to fit."""
    takes_turn: bool = True
    """Whether it waits for its turn among the models that may be asked at the same time."""

    def __str__(self) -> str:
        return ", ".join(str(asked.choice) for asked in self.asked)

    async def speak(self, stage: "Stage", messages: MessageSequencePromise, say: Say) -> None:
        """Ask it, in its turn.

        Raises:
            UsageError: It is sent nothing, and has no instructions.
            ModelError: It does not answer, nor does any of the others; or not as its schema has it.
        """
        heard = heard_by(self.name, await messages)
        more = await self._terms(stage)
        if not any(message.parts or message.text.strip() for message in heard):  # which no API takes
            heard, more = (Message(text=self._opening(), role="user"),), {**more, "system": None}
        async with stage.bounds.turn() if self.takes_turn else nullcontext():
            failures: list[Exception] = []
            for asked in self.asked:
                failure = await self._ask(asked, stage, heard, more, say)
                if failure is None:
                    return
                failures.append(failure)
                if len(failures) < len(self.asked):
                    _LOGGER.warning("%s; asking %s instead", failure, self.asked[len(failures)].choice)
        if len(failures) == 1:
            raise failures[0]
        told = "; ".join(f"{asked.choice}: {failure}" for asked, failure in zip(self.asked, failures, strict=True))
        raise ModelError(one_line(f"none of its models answered ({told})"))

    def called(self) -> "Speaker":
        """Return it without a turn of its own: whoever calls it has one, and waits."""
        return self._replace(takes_turn=False)

    def _opening(self) -> str:
        if not self.instructions.strip():
            raise UsageError(
                f"{self.name} is sent nothing, and has no instructions; give it `instructions`, or another `input`"
            )
        return self.instructions

    async def _ask(
        self, asked: Asked, stage: "Stage", heard: Sequence[Message], more: Mapping[str, Any], say: Say
    ) -> Exception | None:
        """Ask a model; return what it failed by, if it had said nothing."""
        begun, said = False, list[MessagePromise]()
        limits = stage.bounds.limits
        try:
            if stage.setting.prepare is not None:
                await stage.setting.prepare(asked.choice)
            reply = asked.agent.inquire(heard, timeout_s=self.timeout_s, limits=limits, **more)
            async for promise in reply:
                if not begun:
                    await anext(promise.parts(), None)
                    begun = True
                said.append(say(promise))
        except (ModelError, CallTimeoutError) as error:
            if begun:
                raise
            return error
        for promise in said:
            await promise.finished()
        if self.schema is not None and said:
            await _check(said[-1], self.schema)
        return None

    async def _terms(self, stage: "Stage") -> dict[str, Any]:
        terms: dict[str, Any] = {} if self.schema is None else {"schema": self.schema}
        if self.tools or self.functions or self.agents:
            from .tool_box import tools_of  # noqa: PLC0415 - most models have none

            terms |= {"tools": await tools_of(self, stage), "approve": stage.setting.approve}
        return terms


async def _check(promise: MessagePromise, schema: "Schema") -> None:
    """See to it that a reply fits, whose model may know nothing of schemas."""
    try:
        message = await promise
    except Exception:  # noqa: BLE001 - it broke, which whoever reads it is told
        return
    if message.data is not None:
        return
    try:
        schema.check(message.text)
    except SchemaMismatchError as error:
        raise SchemaMismatchError(f"the reply does not fit the schema: {error}") from None


def heard_by(name: str, messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return messages as a model is sent them: as they are, if the person has the last word.

    If not, others have spoken. They are users to it, what it said itself is its own; which tools others called is their
    own affair.
    """
    messages = tuple(messages)
    if not messages or messages[-1].role in (None, "user"):
        return messages
    heard: list[Message] = []
    for message in messages:
        is_own = message.metadata.get("agent", name) == name
        if is_own or message.role not in ("assistant", "tool"):
            heard.append(message)
        elif message.role == "assistant":
            parts = [part for part in message.parts if not isinstance(part, ToolCall | Thinking)]
            if parts or not message.parts:
                said = {"parts": tuple(parts)} if parts else {"text": message.text}
                heard.append(Message(role="user", metadata=message.metadata, **said))
    return tuple(heard)

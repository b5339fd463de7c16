"""A provider that plays scripts, one a request, and an agent that asks such providers on whatever terms."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from miniagents import InteractionContext, Message, MiniAgents, miniagent
from miniagents.errors import MiniagentsError, ModelError, ProviderUnreachableError
from miniagents.ext.llm.base import Answer, Provider, Question, Terms, as_chat, reply_from

Script = Sequence[Any]
"""What comes of one request, in order: pieces, seconds to wait, fields of the answer (dicts), exceptions."""


class Playing(Provider[Any]):
    """Plays one script a request; the last one for all that follow. A reply that says nothing else ends with "stop"."""

    api = "playing"

    def __init__(self, *scripts: Script, model: str = "playing-1", host: str = "here") -> None:
        self._model, self._host = model, host
        self._scripts = list(scripts)
        self.asked_at_s: list[float] = []
        """When requests came, by the loop's clock."""
        self.requests: list[Any] = []
        self.open = self.most_open = self.closed = 0
        """How many requests are under way, were so at the same time at most, and have ended."""

    @property
    def model(self) -> str:
        """Its name."""
        return self._model

    @property
    def host(self) -> str:
        """Where it is."""
        return self._host

    def encode(self, question: Question) -> Any:
        """Give the conversation in the shape that most have."""
        return as_chat(question.messages, question.system)

    async def decode(self, request: Any, answer: Answer) -> AsyncGenerator[Any, None]:
        """Play the next script."""
        self.asked_at_s.append(asyncio.get_running_loop().time())
        self.requests.append(request)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            for step in script:
                if isinstance(step, int | float):
                    await asyncio.sleep(step)
                elif isinstance(step, dict):
                    fill(answer, step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
            answer.finish_reason = answer.finish_reason or "stop"
        finally:
            self.open -= 1
            self.closed += 1

    def explain(self, error: Exception) -> ModelError | None:
        """Know what a network's errors mean, and nothing else."""
        return ProviderUnreachableError(str(error), host=self.host) if isinstance(error, ConnectionError) else None


def fill(answer: Answer, fields: Mapping[str, Any]) -> None:
    """Set these fields of an answer."""
    for name, value in fields.items():
        setattr(answer, name, value)


@miniagent
async def playing_agent(
    ctx: InteractionContext, providers: Sequence[Provider[Any]], environment: Any = None, **options: Any
) -> None:
    """Reply with what one of the providers says; nothing is looked up in the process's environment."""
    terms = Terms.taken_from(options, environment or {})
    assert not options, options
    await reply_from(ctx, *providers, terms=terms)


@dataclass
class Came:
    """What came of a question, and after how long."""

    tokens: list[str] = field(default_factory=list)
    message: Message = field(default_factory=Message)
    error: Any = None
    after_s: float = 0.0

    @property
    def metadata(self) -> Mapping[str, Any]:
        """How the reply came about."""
        return self.message.metadata


async def hear(*providers: Provider[Any], said: Any = "hello", **parameters: Any) -> Came:
    """Ask in a scope of its own."""
    async with MiniAgents():
        return await hear_here(*providers, said=said, **parameters)


async def hear_here(*providers: Provider[Any], said: Any = "hello", **parameters: Any) -> Came:
    """Ask in the scope that there is."""
    came = Came()
    clock = asyncio.get_running_loop().time
    started_s = clock()
    try:
        async for promise in playing_agent.inquire(said, providers=providers, **parameters):
            async for token in promise:
                came.tokens.append(token)
            came.message = await promise
    except MiniagentsError as error:
        came.error = error
    came.after_s = round(clock() - started_s, 6)  # sums of decimal fractions are a bit off
    return came

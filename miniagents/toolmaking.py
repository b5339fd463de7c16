"""How a function or an agent becomes a tool, which a model may call with JSON; each call is an agent's call of its own.

    ToolCall ─arguments→ function ─what it returned→ ToolResult

In: typed functions, agents; a model's call. Out: `Tool`; a message with a result. A call that goes wrong is a result
too: the model reads what was wrong, in one line, and can do better. Never: other tools, who allows it, which model.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, TypeAlias, overload

from .content import ToolCall, ToolResult
from .errors import UsageError
from .frozen import EMPTY
from .messages import Message, MessageSequencePromise, MessageTuple
from .miniagents import InteractionContext, MiniAgent
from .signature import (
    UNKNOWN,
    Arguments,
    ArgumentsError,
    GivenArguments,
    descriptions_in,
    has_schema,
    parameters_of,
    summary_of,
    target_of,
)
from .tool_results import called, error_line, failed, parts_in

__all__ = ["Tool", "Watch", "tool"]

Watch: TypeAlias = Callable[[ToolCall], AbstractContextManager[Callable[[ToolResult], object]]]
"""Who looks on while a tool is called: gives a context for a call, and what that is to be told of the result."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI and Anthropic take as a tool's name (2026-11)."""
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_AMBIENT: Final = {"InteractionContext": InteractionContext}
"""What an annotation may name though its module imports it only for the type checker."""
_TAKEN: Final = frozenset({"errors_as_messages", "keep", "message", "timeout_s"})
"""Names of parameters that mean something else where an agent is called."""


@dataclass(frozen=True, eq=False)
class Tool:
    """A function that a model may call. Immutable; made by `@tool` or `Tool.of`. Call it as the function that it is."""

    name: str
    description: str
    """What models are told it is for."""
    function: Callable[..., Any] = field(repr=False)
    needs_approval: bool = False
    """Whether a person is to be asked before each call."""
    timeout_s: float | None = None
    """Seconds that a call may take, unless the call itself says."""
    _inspect: Callable[[], "_Signature"] = field(repr=False, kw_only=True)

    def __post_init__(self) -> None:
        """Look like the function.

        Raises:
            UsageError: No API takes the name.
        """
        if not _NAME.fullmatch(self.name):
            raise UsageError(f"{self.name!r} cannot be a tool's name; use 1 to 64 letters, digits, _ and - (`name=`)")
        self.__dict__.update(__doc__=self.function.__doc__, __wrapped__=self.function)

    @classmethod
    def of(cls, thing: Any) -> "Tool":
        """Return `thing` as a tool: a tool, a function as for `tool`, or an agent.

        An agent has the parameter `message`, what it is sent, and the named parameters of its function that JSON can
        tell and that it was not forked with; of an agent that takes any (`**options`), as those of models do, only
        those that it cannot do without. What it replies is the result.

        Raises:
            UsageError: It can be no tool.
        """
        if isinstance(thing, Tool):
            return thing
        return tool(thing)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments, an object's; frozen.

        Raises:
            UsageError: There is none, for there is a type among the annotations that JSON cannot tell.
        """
        return self._signature.arguments.schema

    @cached_property
    def _signature(self) -> "_Signature":
        return self._inspect()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*args, **kwargs)

    def inquire(
        self, call: ToolCall, *, timeout_s: float | None = None, watch: Watch | None = None
    ) -> MessageSequencePromise:
        """Call it for a model: it starts at once, and so does this return, with the promise of one message.

        The message has the role "tool" and one `ToolResult`. Arguments that do not fit, what the function raises, and a
        call that takes too long make a result with `is_error`. Async functions run here, sync ones in a thread, which
        a cancellation leaves to itself: nothing can stop it.

        Args:
            call: What the model wrote.
            timeout_s: Seconds after which the call, and what it called, is cancelled; without one, the tool's own.
            watch: Given the call, returns a context for it to happen in, which is told the result.

        Raises:
            NoScopeError: There is no open scope.
            UsageError: See `parameters`.
        """
        self._signature  # noqa: B018 - what is wrong with the function is for the person who wrote it
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        agent = MiniAgent(_answer, alias=self.name, description=self.description)
        return agent.inquire(call, tool=self, call=call, limit_s=timeout_s, watch=watch or _unwatched)

    def fault_in(self, call: ToolCall) -> str | None:
        """Return what is wrong with the arguments of a call, in one line, or None."""
        try:
            self._signature.arguments.bind(call.arguments)
        except ArgumentsError as error:
            return str(error)
        return None


@dataclass(frozen=True)
class _Signature:
    arguments: Arguments | GivenArguments
    context: inspect.Parameter | None = None
    """The parameter that gets the context of the call."""


def _unwatched(_call: ToolCall) -> AbstractContextManager[Callable[[ToolResult], object]]:
    return nullcontext(lambda _result: None)


async def _answer(ctx: InteractionContext, *, tool: Tool, call: ToolCall, limit_s: float | None, watch: Watch) -> None:
    """Reply the result of one call."""
    run = MiniAgent(_run, alias=tool.name)  # in its own trail it is the same call
    with watch(call) as tell:
        try:
            said = await run.inquire(call, timeout_s=limit_s, errors_as_messages=False, tool=tool, call=call)
            result = _own_result(said, call) or ToolResult(call.id, name=call.name, content=await parts_in(said))
        except ArgumentsError as error:
            result = failed(call, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the model is told
            result = failed(call, error_line(error))
        tell(result)
    ctx.reply(Message(role="tool", parts=(result,)))


def _own_result(said: MessageTuple, call: ToolCall) -> ToolResult | None:
    """Return the result that the function made itself, as that of the call."""
    match [message.parts for message in said]:
        case [(ToolResult() as result,)]:
            return replace(result, call_id=call.id, name=call.name)
    return None


async def _run(ctx: InteractionContext, *, tool: Tool, call: ToolCall) -> None:
    """Reply what the function returns, behind what it may have replied itself."""
    by_place, by_name = tool._signature.arguments.bind(call.arguments)  # noqa: SLF001 - a part of the tool
    context = tool._signature.context  # noqa: SLF001 - as above
    if context is not None and context.kind is inspect.Parameter.POSITIONAL_ONLY:
        by_place.insert(0, ctx)
    elif context is not None:
        by_name[context.name] = ctx
    parts = await parts_in(await called(tool.function, *by_place, **by_name))
    if parts:
        ctx.reply(Message(parts=parts))


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    schema: Mapping[str, Any] | None = None,
    needs_approval: bool = False,
    timeout_s: float | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(  # noqa: PLR0913 - by name, and most need none
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    schema: Mapping[str, Any] | None = None,
    needs_approval: bool = False,
    timeout_s: float | None = None,
) -> Any:
    """Make a tool of a function, sync or async, whose parameters are annotated: `@tool`, or `@tool(name=…)`.

    The annotations say what a model must give, and pydantic sees to it that the function gets just that; the section
    `Args:` of the docstring, and `Annotated[…, Field(description=…)]`, say what for. A first parameter annotated as an
    `InteractionContext` is given that of the call, and no model knows of it. A function that returns a `ToolResult` has
    said itself whether it failed.

    Args:
        function: The function.
        name: What models call it; without one, its own.
        description: What models are told it is for; without one, the first paragraph of its docstring.
        schema: The JSON Schema of its arguments, where somebody else looks at them: the function gets them by name, as
            the model wrote them (`**arguments`), and needs no annotations.
        needs_approval: Whether a person is to be asked before each call.
        timeout_s: Seconds that a call may take.

    Raises:
        UsageError: It is no function, or a parameter has no annotation, or no API takes the name.
    """
    frame = inspect.currentframe()  # our own must not get to be a value in itself
    around = None if frame is None else frame.f_back
    del frame
    names: Mapping[str, Any] = EMPTY if around is None or around.f_code.co_name == "<module>" else around.f_locals

    def make(function: Any) -> Tool:
        if isinstance(function, MiniAgent):
            made = _of_agent(function, name)
        else:
            made = _of_function(function, name, names, schema)
        told = made.description if description is None else description
        return replace(made, description=told, needs_approval=needs_approval, timeout_s=timeout_s)

    return make if function is None else make(function)


def _of_function(
    function: Callable[..., Any], name: str | None, names: Mapping[str, Any], schema: Mapping[str, Any] | None
) -> Tool:
    if isinstance(function, type) or not callable(function):
        raise UsageError(f"{function!r} cannot be a tool; give a function with annotated parameters, or an agent")
    target = target_of(function)
    docstring = inspect.getdoc(target if inspect.isroutine(target) else target.__call__) or inspect.getdoc(target) or ""
    called_so = name or str(getattr(target, "__name__", type(target).__name__))
    if schema is not None:
        given = _Signature(GivenArguments(called_so, schema))
        return Tool(called_so, summary_of(docstring), function, _inspect=lambda: given)
    early = parameters_of(function, names, _AMBIENT)  # only now are the names of the function around it known
    if bare := next((p.name for p in inspect.signature(function).parameters.values() if not _is_annotated(p)), None):
        raise UsageError(f"{called_so}: the parameter `{bare}` says no type; annotate it (`{bare}: str`)")

    def signature() -> _Signature:
        late = parameters_of(function, EMPTY, _AMBIENT)  # a module knows more when all of it is there
        parameters = [then if now.annotation is UNKNOWN else now for now, then in zip(early, late, strict=True)]
        context = parameters[0] if parameters and parameters[0].annotation is InteractionContext else None
        given = parameters if context is None else parameters[1:]
        return _Signature(Arguments(called_so, given, descriptions_in(docstring)), context)

    return Tool(called_so, summary_of(docstring), function, _inspect=signature)


def _is_annotated(parameter: inspect.Parameter) -> bool:
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return parameter.annotation is not UNKNOWN or parameter.kind in kinds


def _of_agent(agent: MiniAgent, name: str | None) -> Tool:
    function = agent._function  # noqa: SLF001 - nobody else wants to know it
    docstring = inspect.getdoc(function) or ""
    called_so = name or _NOT_IN_A_NAME.sub("_", agent.alias)[:64]

    async def ask(message: str, **parameters: Any) -> MessageSequencePromise:
        return agent.inquire(message, errors_as_messages=False, **parameters)

    def signature() -> _Signature:
        message = inspect.Parameter("message", inspect.Parameter.KEYWORD_ONLY, annotation=str)
        return _Signature(Arguments(called_so, [message, *_free(agent, function)], descriptions_in(docstring)))

    described = summary_of(docstring) if agent.description == docstring else agent.description
    return Tool(called_so, described, ask, _inspect=signature)


def _free(agent: MiniAgent, function: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    """Give the parameters of an agent that a model may choose."""
    _, *parameters = parameters_of(function, EMPTY, _AMBIENT)
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    for parameter in parameters:
        if parameter.kind not in kinds or parameter.name in agent.parameters:
            continue
        is_needed = parameter.default is UNKNOWN
        if parameter.name not in _TAKEN and has_schema(parameter.annotation):
            if is_needed or not takes_any:
                yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        elif is_needed:
            raise UsageError(f"{agent.alias}: no model can give `{parameter.name}`; `fork` the agent with it first")

"""What may stand in a file of agents: one strict schema, version 1, as types. A JSON Schema is made of it.

In: plain values, as YAML gives them. Out: a frozen `ChainFile`. Never: YAML, a place in a file, an agent that runs.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType  # typing has it from 3.12 on; pydantic brings this one

__all__ = [
    "NOTHING",
    "USER",
    "AgentSpec",
    "AgentStep",
    "ChainFile",
    "Condition",
    "Defaults",
    "HistoryFile",
    "IfStep",
    "Input",
    "LimitsSpec",
    "LoopStep",
    "MapStep",
    "ModelSpec",
    "Output",
    "OutputSchema",
    "ParallelStep",
    "Step",
    "Until",
]

Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=80)]
"""Of an agent, an input, a constant or a model: no dot and no colon, which have a meaning in what refers to them."""
Scalar: TypeAlias = str | bool | int | float
Positive: TypeAlias = Annotated[float, Field(gt=0)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
ModelNames: TypeAlias = str | Annotated[list[str], Field(min_length=1)]
"""One model, or several: the next one is asked where the one before it fails before its reply began."""

NOTHING: Final = "nothing"
"""The type of pydantic's error where a key has no value."""
USER: Final = "user"
"""Who speaks in a step `user`: the person."""


class _Strict(BaseModel):
    """Takes what it names and nothing else, and turns no text into a number.

    A key with nothing behind it is none that was left out: `usd:` would be a limit that nobody keeps.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _says_something(cls, value: Any) -> Any:
        if value is None:
            raise PydanticCustomError(NOTHING, "nothing is said here")
        return value


class Input(_Strict):
    """Something that whoever runs the chain gives it, with `--input NAME=VALUE`."""

    type: Literal["string", "integer", "number", "boolean", "file", "files"] = "string"
    """Of `file` the value is a path, and the text what is in it; of `files` a pattern, and a message a file."""
    required: bool = False
    default: Scalar | None = None
    description: str = ""


class _ModelTerms(_Strict):
    """How models are asked, by default or by one agent."""

    model: ModelNames | None = None
    """`provider:model`, a model's own name, or a name under `models`; a list: fallbacks in order."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    max_tokens: Count | None = None
    timeout: Positive | None = None
    """Seconds that one call may take."""
    retries: Annotated[int, Field(ge=0)] | None = None
    """How often a request is sent again that failed before its reply began."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Any other parameter of the model's API."""


class Defaults(_ModelTerms):
    """What holds for every agent that says nothing else."""


class ModelSpec(_Strict):
    """A model under a name of its own."""

    provider: str | None = None
    """Who serves it; it may also stand before the model's name, with a colon."""
    model: str
    base_url: str | None = None
    """Of another server than the provider's own; `${env:NAME}` reads the environment."""
    api_key: str | None = None
    """`${env:NAME}`; by default the provider's own variable."""
    options: dict[str, Any] = Field(default_factory=dict)


class OutputSchema(_Strict):
    """What an agent's reply has to fit."""

    json_schema: dict[str, Any] | str = Field(alias="schema")
    """A JSON Schema, the path of one, or fields in short: `name, age int`."""


class AgentSpec(_ModelTerms):
    """An agent: a model with instructions, or one that a plugin offers, or one of Python code."""

    description: str = ""
    instructions: str | None = None
    """What the model is told before all else, or instead of what it is sent if that is nothing; `{{ name }}` stands for
    an input or a constant."""
    system: str | None = None
    """Another word for `instructions`."""
    instructions_file: str | None = None
    tools: list[str | dict[str, Any]] = Field(default_factory=list)
    """Another agent of this file, `module:function`, a plugin's source of tools (`mcp`), or `{mcp: {command: ...}}`."""
    allow: list[str] = Field(default_factory=list)
    """Patterns of the names of tools that may run unasked."""
    max_rounds: Count | None = None
    """How often the model may be asked again with the results of tools."""
    output: OutputSchema | None = None
    plugin: str | None = None
    """The name of an agent that a plugin offers."""
    python: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    """`module:agent`; needs `--allow-code`, or a folder that is trusted."""
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    """Parameters of an agent of a plugin or of Python."""


class Condition(_Strict):
    """What a message may be asked: whether something in it matches, or whether it fits a JSON Schema."""

    matches: str | None = None
    """A regular expression of Python's `re`, looked for anywhere in the text; an error if that takes too long."""
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")


class AgentStep(_Strict):
    """An agent, and what it is sent instead of the reply of the step before it."""

    agent: Name
    input: str | list[str] | None = None
    """The name of an agent (its last reply), `text` (what the chain was sent), `inputs.NAME`, or `history`."""


class ParallelStep(_Strict):
    """Steps that all get the same messages, at the same time; their replies follow each other in this order."""

    parallel: "Annotated[list[Step], Field(min_length=1)]"


class Until(Condition):
    """When a loop has gone on for long enough: as soon as this agent's reply is such."""

    agent: Name | None = None
    """The last one of the loop, if it is not said."""


class Loop(_Strict):
    """Steps that go round: the first is sent what the last replied."""

    do: "Annotated[list[Step], Field(min_length=1)]"
    until: Until | None = None
    max: Count | None = None
    """How many rounds at the most."""


class LoopStep(_Strict):
    """Steps that go round."""

    loop: Loop


class If(Condition):
    """Steps that are taken where the messages are such, and others where they are not."""

    then: "list[Step]"
    else_: "list[Step]" = Field(default_factory=list, alias="else")


class IfStep(_Strict):
    """A branch; without `else` the messages go on as they are."""

    if_: If = Field(alias="if")


class Map(_Strict):
    """Steps that are taken for each part of the messages by itself, at the same time."""

    input: str | list[str] | None = None
    """As of an agent's step: `inputs.files` for a message a file."""
    over: Literal["lines", "json", "messages"]
    """Each line of the text that is not empty, each element of a JSON array, or each message."""
    do: "Annotated[list[Step], Field(min_length=1)]"


class MapStep(_Strict):
    """The same steps for each part."""

    map: Map


class HistoryFile(_Strict):
    """Where what is said is kept, if not in the folder of chats."""

    file: str


class LimitsSpec(_Strict):
    """What one run may use; it ends with what it has when one of them is reached."""

    tokens: Count | None = None
    usd: Positive | None = None
    seconds: Positive | None = None
    concurrency: Count | None = None
    """How many models may be asked at the same time; more of them wait."""
    calls: Count | None = None
    """How many times models may be asked."""


class Output(_Strict):
    """What comes out at the end."""

    from_: Name | None = Field(default=None, alias="from")
    """The agent whose last reply it is; by default the last step's."""
    file: str | None = None
    format: Literal["text", "json", "jsonl"] = "text"


_STEPS: Final = {
    "agent": "AgentStep",
    "parallel": "ParallelStep",
    "loop": "LoopStep",
    "if": "IfStep",
    "map": "MapStep",
}
"""By the key that only that step has."""


def _kind_of_step(value: Any) -> str | None:
    """Return which step a value is meant to be."""
    if isinstance(value, str | list):
        return "NameStep" if isinstance(value, str) else "Steps"
    if isinstance(value, dict):
        return next((kind for key, kind in _STEPS.items() if key in value), None)
    return type(value).__name__ if isinstance(value, BaseModel) else None


Step = TypeAliasType(
    "Step",
    Annotated[
        Annotated[str, Tag("NameStep")]
        | Annotated["list[Step]", Tag("Steps")]
        | Annotated[AgentStep, Tag("AgentStep")]
        | Annotated[ParallelStep, Tag("ParallelStep")]
        | Annotated[LoopStep, Tag("LoopStep")]
        | Annotated[IfStep, Tag("IfStep")]
        | Annotated[MapStep, Tag("MapStep")],
        Discriminator(_kind_of_step),
    ],
)
"""An agent's name, `user`, `await` (for all that is before it), `clear` (what is after it is sent nothing); steps
one after the other, as one branch of `parallel`; or one of the others."""


class ChainFile(_Strict):
    """One file of agents, and of how messages flow through them."""

    version: Literal[1]
    name: str = ""
    description: str = ""
    inputs: dict[Name, Input] = Field(default_factory=dict)
    vars: dict[Name, Scalar] = Field(default_factory=dict)
    """Constants; `--var NAME=VALUE` changes one."""
    defaults: Defaults = Field(default_factory=Defaults)
    models: dict[Name, ModelSpec] = Field(default_factory=dict)
    agents: dict[Name, AgentSpec] = Field(min_length=1)
    flow: Annotated[list[Step], Field(min_length=1)] | None = None
    """Without one, the agents in the order of the file."""
    history: str | HistoryFile | None = None
    """`markdown`, `memory`, `none`, or what a plugin offers (`sqlite:talks.db`)."""
    limits: LimitsSpec = Field(default_factory=LimitsSpec)
    output: Output = Field(default_factory=Output)

"""The hooks of a plugin, and what passes through them. Each hook is called once, before what it offers is first used.

A plugin is a module (or any object) with some of these functions, each marked with `@hookimpl`, named by an entry point
of the group `miniagents`, or a `.py` file in a folder of plugins. Never here: what is done with what they register.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pluggy

from .miniagents import MiniAgent

if TYPE_CHECKING:
    from rich.console import RenderableType
    from typer import Typer

    from .content import Part
    from .messages import Message

__all__ = [
    "Abilities",
    "Chat",
    "KeptModel",
    "Key",
    "ModelProvider",
    "Option",
    "Progress",
    "RegisterAgent",
    "RegisterRenderer",
    "Said",
    "ToolSource",
    "Word",
    "hookimpl",
    "register_agents",
    "register_commands",
    "register_history",
    "register_keys",
    "register_models",
    "register_renderers",
    "register_slash",
    "register_tools",
]

hookspec = pluggy.HookspecMarker("miniagents")
hookimpl = pluggy.HookimplMarker("miniagents")

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be."""
Said: TypeAlias = Mapping[str, Any]
"""A message of the person's for the model: the fields of a `Message`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a model can do."""

    streaming: bool = True
    images: bool = False
    """Whether it takes them."""
    tools: bool = False
    """Whether it calls them."""
    schema: bool = False
    """Whether its reply can be held to a JSON schema."""
    context_tokens: int | None = None
    """How much it can read and write at once; None is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What an option of a model may be, so that `-o temperature=hot` is refused before anything is sent."""

    kind: type
    """`str`, `int`, `float` (which takes whole numbers too), `bool`, `list` or `dict`."""
    help: str = ""
    """A few words."""
    least: float | None = None
    most: float | None = None
    above: float | None = None
    """What it has to be more than; instead of `least`, where that is not allowed itself."""
    one_of: tuple[Any, ...] = ()
    """The only values that it may have, if there are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """A model that is kept where it runs."""

    name: str
    """As behind the prefix of its provider."""
    size_bytes: int
    where: str
    """The path of its file, or who has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProvider:
    """Who serves models, under the prefix `name:`."""

    name: str
    """The prefix, and by itself the name of its default model."""
    agent: MiniAgent
    """Called with `model`, `system` (or None), `stream`, `environment` and any options of the user."""
    source: str
    """Where its models run, in a few words, for people: "OpenAI's API or a compatible server"."""
    way_out: str
    """What a person does to be able to use it, as an imperative: "set OPENAI_API_KEY"."""
    patterns: tuple[str, ...] = ()
    """Shell patterns of the model names that are its own without the prefix: `gpt-*`."""
    default_model: str
    ready: Callable[[Mapping[str, str]], str | None]
    """Given the environment, says what makes it usable now ("OPENAI_API_KEY"), or None if nothing does."""
    rank: int
    """Which ready one is taken where the user named no model: the lowest; None of ours is below 10."""
    models: Callable[[], Iterable[str]] = tuple
    """The names of models that are known without asking a network."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Short names of models, and the names that the API knows them by."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """What is known of its models' options, by name; an option that is not there is passed on as it is."""
    abilities: Callable[[str], Abilities | None] | None = None
    """Given a model's name, says what that one can do, or None where that is not known."""
    warm: Callable[[], Awaitable[None]] | None = None
    """Imports what the first request needs: awaited while a person types it, so that they wait for less."""
    pull: Callable[[str, Progress, Mapping[str, str]], Awaitable[str]] | None = None
    """Given a model's name and the environment, sees to it that it is there, fetching it if need be; returns where.

    Cancelled, it leaves nothing that could be taken for a whole model; what has come may be gone on with.
    """
    fetches: Callable[[str], bool] | None = None
    """Given a model's name, says whether a chat pulls it before it begins; by default the default model alone."""
    kept: Callable[[], Iterable[KeptModel]] | None = None
    """The models that it has fetched, or found, and keeps."""
    remove: Callable[[str, Mapping[str, str]], Awaitable[int]] | None = None
    """Given a model's name and the environment, takes it away; returns how many bytes that frees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that somebody's models need."""

    name: str
    """What it is called in `miniagents keys set NAME`: mostly the provider's name."""
    variable: str
    """The environment variable that the model agent looks for, such as OPENAI_API_KEY."""
    where: str
    """Where a person gets one, in a few words or as an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSource:
    """Tools that a person may give to a model: `chat --tool NAME`, or `NAME:ARGUMENT`."""

    name: str
    help: str
    """Which tools these are, in a few words."""
    open: Callable[[str, Mapping[str, str]], AbstractAsyncContextManager[Sequence[Any]]]
    """Given what stands behind the colon ("" if nothing does) and the environment, a context that gives the tools.

    They are what `tools=` of a model agent takes. A person is asked before each call of one that says `needs_approval`.
    The context is entered in the run's scope when the tools are first wanted, and left, in the same task, with it; a
    `MiniagentsError` says in one line why there are none.
    """


class Chat(Protocol):
    """The chat, as a word of it may see and change it."""

    has_left: bool
    """Set it to end the chat."""
    attached: "list[Part]"
    """What goes with the next message."""

    @property
    def screen(self) -> "Screen":
        """Where to say something."""

    @property
    def assistant(self) -> MiniAgent:
        """Who answers next."""

    def questions(self) -> "list[tuple[int, Message]]":
        """Return what the person said, each with its place among the messages."""

    def answers(self) -> "list[Message]":
        """Return what was answered."""

    def change(self, options: Mapping[str, Any] | None = None, **values: Any) -> None:
        """Go on with other parameters of the API (all of them, None leaves them), and other settings by name."""


class Screen(Protocol):
    """What a chat shows; all of it is made safe."""

    def tell(self, line: str) -> None:
        """Say something in one quiet line."""

    def table(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show names, and what there is to say of each beside it."""


def _nothing(_chat: Any) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of the chat, without its slash."""

    name: str
    takes: str = ""
    """What may stand behind it, for people: "[N]"."""
    help: str
    """One sentence."""
    act: Callable[[Any, str], Awaitable[Said | None]]
    """Given the `Chat` and what stands behind the word; returns what is to be said to the model, None if nothing is.

    A `MiniagentsError` is shown, and the prompt is there again.
    """
    suggest: Callable[[Any], Iterable[tuple[str, str]]] = _nothing
    """Given the `Chat`, what may stand behind it, each with a few words of description, for completion."""


class RegisterAgent(Protocol):
    """What `register_agents` and `register_history` are given."""

    def __call__(self, name: str, agent: MiniAgent) -> None:
        """Register `agent` under `name`."""


class RegisterRenderer(Protocol):
    """What `register_renderers` is given."""

    def __call__(self, kind: "type[Message]", render: "Callable[[Any], RenderableType]") -> None:
        """Let `render` turn a message of this class, and of its subclasses, into what Rich can show."""


@hookspec
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Call `register` with each provider of models."""


@hookspec
def register_agents(register: RegisterAgent) -> None:
    """Call `register` with the name and the agent of each that may answer in a chat, in a model's place."""


@hookspec
def register_history(register: RegisterAgent) -> None:
    """Call `register` with the name and the agent of each way to keep a conversation (see `adialog_loop`)."""


@hookspec
def register_slash(register: Callable[[Word], None]) -> None:
    """Call `register` with each word that a person may say to the chat: `/name`."""


@hookspec
def register_commands(app: "Typer") -> None:
    """Add commands, or groups of them, to `app`: they become commands of `miniagents`."""


@hookspec
def register_renderers(register: RegisterRenderer) -> None:
    """Call `register` with a subclass of `Message` and the function that turns one into what Rich can show."""


@hookspec
def register_keys(register: Callable[[Key], None]) -> None:
    """Call `register` with each key that a provider needs, and where one gets it."""


@hookspec
def register_tools(register: Callable[[ToolSource], None]) -> None:
    """Call `register` with each source of tools that a person may give to a model."""

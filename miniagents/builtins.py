"""Our own agents, registered through the same hooks as everybody else's."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from .ext.history_agents import in_memory_history_agent, markdown_history_agent
from .ext.llm import anthropic, openai
from .ext.misc_agents import echo_agent
from .hookspecs import Abilities, Key, ModelProvider, Option, RegisterAgent, hookimpl

__all__ = ["register_agents", "register_history", "register_keys", "register_models"]


_TERMS: Final = {
    "max_retries": Option(kind=int, least=0, help="how often a request is sent again"),
    "max_rounds": Option(kind=int, least=1, help="how often it is asked again with the results of tools"),
    "effort": Option(kind=str, help="how hard it thinks: none, minimal, low, medium, high"),
    "first_token_timeout_s": Option(kind=float, above=0, help="seconds until its reply begins"),
    "between_tokens_timeout_s": Option(kind=float, above=0, help="seconds until the next token"),
    "tool_timeout_s": Option(kind=float, above=0, help="seconds that a tool may take"),
    "retry_budget_s": Option(kind=float, least=0, help="seconds that all waits before a retry may take"),
    "timeout": Option(kind=float, above=0, help="seconds that a request may take, for the SDK"),
}
"""What all our model agents take: see `Terms`."""
_OPENAI_OPTIONS: Final = {
    **_TERMS,
    "api": Option(kind=str, one_of=("chat", "responses"), help="which of its two APIs is asked"),
    "temperature": Option(kind=float, least=0, most=2, help="how much chance there is in what it says"),
    "top_p": Option(kind=float, least=0, most=1, help="out of how much of the likely words it chooses"),
    "frequency_penalty": Option(kind=float, least=-2, most=2, help="against words that it said often"),
    "presence_penalty": Option(kind=float, least=-2, most=2, help="against words that it said at all"),
    "max_tokens": Option(kind=int, least=1, help="the longest reply, for older models and other servers"),
    "max_completion_tokens": Option(kind=int, least=1, help="the longest reply, thoughts included"),
    "max_output_tokens": Option(kind=int, least=1, help="the same, for the API responses"),
    "reasoning_effort": Option(kind=str, help="as effort, in the API's own words"),
    "verbosity": Option(kind=str, help="how much it says: low, medium, high"),
    "seed": Option(kind=int, help="the same one for the same reply, mostly"),
    "service_tier": Option(kind=str, help="how soon it is served"),
}
_ANTHROPIC_OPTIONS: Final = {
    **_TERMS,
    "temperature": Option(kind=float, least=0, most=1, help="how much chance there is in what it says"),
    "top_p": Option(kind=float, least=0, most=1, help="out of how much of the likely words it chooses"),
    "top_k": Option(kind=int, least=0, help="out of how many of the likely words it chooses"),
    "max_tokens": Option(kind=int, least=1, help="the longest reply, thoughts included"),
    "stop_sequences": Option(kind=list, help="where it stops"),
    "thinking": Option(kind=dict, help="whether it thinks, in the API's own words"),
    "cache": Option(kind=bool, help="whether the API remembers the conversation for the next request"),
    "betas": Option(kind=list, help="what the API does not do for everybody yet"),
    "service_tier": Option(kind=str, help="how soon it is served"),
}
"""As the APIs' references have it; what is not here is passed on, for APIs grow."""
_ANTHROPIC_ALIASES: Final = {
    "haiku": anthropic.DEFAULT_MODEL,
    "sonnet": "claude-sonnet-5-5",
    "opus": "claude-opus-5-5",
}
"""The newest of each kind that the SDK 2.14 knows."""
_SEES: Final = re.compile(r"gpt-(?:4o|4\.1|[5-9])|o3(?!-mini)|o4-mini|claude-")
"""Names of the models of both that take images, call tools and hold to a schema; of the others it differs."""


def _abilities(model: str) -> Abilities | None:
    return Abilities(images=True, tools=True, schema=True) if _SEES.match(model) else None


def _key(name: str) -> Callable[[Mapping[str, str]], str | None]:
    return lambda environment: name if environment.get(name) else None


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer the two providers whose SDKs we bring along."""
    register(
        ModelProvider(
            name="openai",
            agent=openai.openai_agent,
            source="OpenAI, or a compatible server at OPENAI_BASE_URL",
            way_out="set OPENAI_API_KEY (and OPENAI_BASE_URL for another server)",
            patterns=openai.MODEL_PATTERNS,
            default_model=openai.DEFAULT_MODEL,
            ready=_key("OPENAI_API_KEY"),
            rank=10,
            warm=openai.warm,
            options=_OPENAI_OPTIONS,
            abilities=_abilities,
        )
    )
    register(
        ModelProvider(
            name="anthropic",
            agent=anthropic.anthropic_agent,
            source="Anthropic",
            way_out="set ANTHROPIC_API_KEY",
            patterns=anthropic.MODEL_PATTERNS,
            default_model=anthropic.DEFAULT_MODEL,
            ready=_key("ANTHROPIC_API_KEY"),
            rank=20,
            warm=anthropic.warm,
            aliases=_ANTHROPIC_ALIASES,
            options=_ANTHROPIC_OPTIONS,
            abilities=_abilities,
        )
    )


@hookimpl
def register_agents(register: RegisterAgent) -> None:
    """Offer an agent that says what it is told, to try a chat or a chain with."""
    register("echo", echo_agent)


@hookimpl
def register_history(register: RegisterAgent) -> None:
    """Offer a history that is forgotten, and one in a Markdown file."""
    register("memory", in_memory_history_agent)
    register("markdown", markdown_history_agent)


@hookimpl
def register_keys(register: Callable[[Key], None]) -> None:
    """Offer the keys that our two providers need."""
    register(Key(name="openai", variable="OPENAI_API_KEY", where="https://platform.openai.com/api-keys"))
    register(Key(name="anthropic", variable="ANTHROPIC_API_KEY", where="https://console.anthropic.com/settings/keys"))

"""Our own agents, registered through the same hooks as everybody else's."""

from collections.abc import Callable, Mapping

from .ext.history_agents import in_memory_history_agent, markdown_history_agent
from .ext.llm import anthropic, openai
from .ext.misc_agents import echo_agent
from .hookspecs import ModelProvider, RegisterAgent, hookimpl

__all__ = ["register_agents", "register_history", "register_models"]


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

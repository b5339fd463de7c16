"""Models that Ollama serves, for miniagents, by Ollama's own API.

`host` says where the server is; `glance` what it has, without waiting; `client` asks it over HTTP; `library` has it
fetch a model; `agent` is what a chat talks to. Nobody is asked anything, and no HTTP library is imported, before
somebody wants to know.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from miniagents.hookspecs import KeptModel, Key, ModelProvider, Option, Progress, hookimpl

from . import glance, library
from .agent import DEFAULT_MODEL, ollama_agent, warm

__all__ = ["ollama_agent", "register_keys", "register_models"]

_OPTIONS: Final = {
    "temperature": Option(kind=float, least=0, help="how much chance there is in what it says"),
    "top_p": Option(kind=float, least=0, most=1, help="out of how much of the likely words it chooses"),
    "top_k": Option(kind=int, least=0, help="out of how many of the likely words it chooses"),
    "min_p": Option(kind=float, least=0, most=1, help="how likely a word has to be, measured by the likeliest"),
    "seed": Option(kind=int, help="the same one for the same reply"),
    "num_predict": Option(kind=int, least=-2, help="the longest reply; -1 for no end"),
    "max_tokens": Option(kind=int, least=1, help="the same, as other APIs call it"),
    "num_ctx": Option(kind=int, least=1, help="how long conversation and reply may be together; costs memory"),
    "context_tokens": Option(kind=int, least=1, help="the same, as other models here call it"),
    "repeat_penalty": Option(kind=float, least=0, help="against words that it said before"),
    "repeat_last_n": Option(kind=int, least=-1, help="how far back that goes; -1 for num_ctx"),
    "logprobs": Option(kind=bool, help="whether it tells how likely its words were"),
    "options": Option(kind=dict, help="any of the model's, as one object"),
    "effort": Option(kind=str, help="how hard it thinks: none, low, medium, high"),
    "max_retries": Option(kind=int, least=0, help="how often a request is sent again"),
    "max_rounds": Option(kind=int, least=1, help="how often it is asked again with the results of tools"),
    "first_token_timeout_s": Option(kind=float, above=0, help="seconds until its reply begins"),
    "between_tokens_timeout_s": Option(kind=float, above=0, help="seconds until the next token"),
}
"""As the reference of the Modelfile has them (docs/modelfile.md, 2026-11); what is not here is passed on."""


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer the models of the Ollama server, as `ollama:NAME`."""
    register(
        ModelProvider(
            name="ollama",
            agent=ollama_agent,
            source="Ollama, on this machine or at OLLAMA_HOST",
            way_out="start Ollama (or set OLLAMA_HOST to where it runs)",
            default_model=DEFAULT_MODEL,
            ready=_ready,
            rank=40,  # behind the model that needs no server: asking whether there is one takes time
            models=glance.installed,
            options=_OPTIONS,
            abilities=glance.abilities,
            warm=warm,
            pull=_pull,
            kept=_kept,
            remove=_remove,
        )
    )


@hookimpl
def register_keys(register: Callable[[Key], None]) -> None:
    """Offer the key of Ollama's cloud; a server of one's own needs none."""
    register(Key(name="ollama", variable="OLLAMA_API_KEY", where="https://ollama.com/settings/keys"))


def _ready(environment: Mapping[str, str]) -> str | None:
    if environment.get("OLLAMA_HOST", "").strip():
        return "OLLAMA_HOST"
    return "Ollama answers" if glance.answers(environment) else None


async def _pull(model: str, progress: Progress, environment: Mapping[str, str]) -> str:
    return await library.pull(model, progress, environment=environment)


def _kept() -> Iterable[KeptModel]:
    return [KeptModel(name=name, size_bytes=size, where="Ollama") for name, size in glance.sizes().items()]


async def _remove(model: str, environment: Mapping[str, str]) -> int:
    return await library.remove(model, environment=environment)

"""GGUF models inside the process, for miniagents: no key, no network, no server.

`store` says where the models live and fetches the default one, `library` any other, from a `hub`; `engine` runs one;
`agent` is what a chat talks to, `embeddings` what a search does. The native code is not imported before a model is
loaded, nor an HTTP library before one is fetched.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from miniagents.hookspecs import Abilities, KeptModel, Key, ModelProvider, Option, Progress, hookimpl

from . import library, store
from .agent import llamacpp_agent
from .engine import DEFAULT_CONTEXT_TOKENS

if TYPE_CHECKING:
    from typer import Typer

__all__ = ["llamacpp_agent", "register_commands", "register_keys", "register_models"]

_OPTIONS: Final = {
    "temperature": Option(kind=float, least=0, help="how much chance there is in what it says"),
    "top_p": Option(kind=float, least=0, most=1, help="out of how much of the likely words it chooses"),
    "top_k": Option(kind=int, least=0, help="out of how many of the likely words it chooses"),
    "min_p": Option(kind=float, least=0, most=1, help="how likely a word has to be, measured by the likeliest"),
    "repeat_penalty": Option(kind=float, least=0, help="against words that it said before"),
    "seed": Option(kind=int, help="the same one for the same reply"),
    "max_tokens": Option(kind=int, least=1, help="the longest reply"),
    "context_tokens": Option(kind=int, least=1, help="how long conversation and reply may be together; costs memory"),
    "parallel": Option(kind=int, least=1, help="how many requests run at a time, in the same batches; costs memory"),
    "first_token_timeout_s": Option(kind=float, above=0, help="seconds until its reply begins"),
    "between_tokens_timeout_s": Option(kind=float, above=0, help="seconds until the next token"),
}
"""As llama.cpp's server has them (tools/server/README.md, 2026-11); what is not here is passed on."""


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer the models on this machine, and those of Hugging Face's hub, as `local`."""
    register(
        ModelProvider(
            name="local",
            agent=llamacpp_agent,
            source=f"llama.cpp in this process, models in {store.models_dir()}",
            way_out="use --model local",
            patterns=("*.gguf",),
            default_model=store.DEFAULT_MODEL,
            ready=_ready,
            rank=30,
            models=lambda: [model.name for model in store.installed()],
            options=_OPTIONS,
            abilities=lambda _model: Abilities(schema=True, context_tokens=DEFAULT_CONTEXT_TOKENS),
            pull=_pull,
            fetches=library.is_fetched,
            kept=_kept,
            remove=_remove,
        )
    )


@hookimpl
def register_keys(register: Callable[[Key], None]) -> None:
    """Offer the token of Hugging Face's hub, for models that are not for everybody; most need none."""
    register(Key(name="huggingface", variable="HF_TOKEN", where="https://huggingface.co/settings/tokens"))


@hookimpl
def register_commands(app: "Typer") -> None:
    """Offer `miniagents embed`."""
    from .commands import embed_command  # noqa: PLC0415 - few runs are this one

    app.command("embed")(embed_command)


def _ready(_environment: Mapping[str, str]) -> str | None:
    return "on this machine" if store.find("local") else "fetched when first used, 93 MB"


def _kept() -> Iterable[KeptModel]:
    return [
        KeptModel(name=model.name, size_bytes=model.size_bytes, where=str(model.path)) for model in store.installed()
    ]


async def _pull(model: str, progress: Progress, environment: Mapping[str, str]) -> str:
    return str(await library.pull(model, progress, environment=environment))


async def _remove(model: str, _environment: Mapping[str, str]) -> int:
    return library.remove(model)

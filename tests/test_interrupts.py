"""Ctrl-C in a program of a user: at whatever moment, it ends soon, and in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.fakes.llm_server import LLMServer, Reply
from tests.interrupted.chain import KINDS, TOKEN
from tests.interrupted.terminal import check_moments, terminal

CHAIN: Final = Path(__file__).parent / "interrupted" / "chain.py"
MODULES: Final = ("asyncio", "miniagents.messages", "miniagents.utils")
SDK: Final = ("openai", "openai.resources.chat")
WITHIN_S: Final = 0.3
pytestmark = pytest.mark.timeout(900)
"""Many moments, each of them tried several times where the machine is busy."""


@pytest.mark.real_time
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "model"])
def test_a_chain_ends_at_once(kind: str) -> None:
    """At any moment of a chain that sleeps, works, tidies up or goes round, Ctrl-C ends it within 0.2 s, quietly."""
    with terminal(*MODULES) as screen:
        check_moments(screen, CHAIN, kind, count=40, within_s=WITHIN_S, warm=True, token=TOKEN)


@pytest.mark.real_time
def test_a_chain_with_a_model_ends_at_once() -> None:
    """At any moment of a chain that begins with a model on a real connection, Ctrl-C is as good."""
    with terminal(*MODULES, "openai") as screen, provider() as server:
        check_moments(
            screen,
            CHAIN,
            "model",
            server.openai_base_url,
            count=20,
            within_s=WITHIN_S,
            warm=True,
            token=TOKEN,
            modules=SDK,
        )


@pytest.mark.real_time
def test_a_chain_from_a_cold_start_ends_at_once() -> None:
    """A program that was started as people do it, by a new interpreter, ends as soon and as quietly."""
    with terminal() as screen, provider() as server:
        for kind in KINDS:
            check_moments(
                screen,
                CHAIN,
                kind,
                server.openai_base_url,
                count=4,
                within_s=WITHIN_S,
                warm=False,
                token=TOKEN,
                modules=SDK if kind == "model" else (),
            )


def provider() -> LLMServer:
    """Return a provider that says more than anybody hears to its end."""
    return LLMServer.in_thread([Reply([TOKEN] * 4000, delay_s=0.003)])

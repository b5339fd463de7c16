"""Plugins that are really installed, most of them broken: the program names each and goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.start import taken
from tests.cli.conftest import Ran

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

HEAD = """
from miniagents.hookspecs import ModelProvider, hookimpl
from miniagents import miniagent

@miniagent
async def agent(ctx, **_):
    ctx.reply("from a plugin")

def provider(name, **more):
    return ModelProvider(
        name=name, agent=agent, source="s", way_out="w", default_model="m", rank=0,
        ready=lambda _: "always", **more
    )

"""
BROKEN = {
    "a_import": ("import no_such_module", "skipped: ModuleNotFoundError: No module named 'no_such_module'"),
    "b_syntax": ("def (", "skipped: SyntaxError: "),
    "c_leaves": ("raise SystemExit(3)", "skipped: SystemExit: 3"),
    "d_raises": (
        f"{HEAD}@hookimpl\ndef register_models(register):\n    raise ValueError('a\\nb \\x1b[2J')",
        "skipped: ValueError: a b ␛[2J",
    ),
    "e_arguments": (f"{HEAD}@hookimpl\ndef register_models(nothing): ...", "skipped: PluginValidationError: "),
    "f_hook": (f"{HEAD}@hookimpl\ndef register_toys(register): ...", "skipped: PluginValidationError: unknown hook"),
    "g_clash": (
        f"{HEAD}@hookimpl\ndef register_models(register): register(provider('openai'))",
        ": the provider 'openai' is taken already; the first to register it is used",
    ),
    "h_no_agent": (
        f"{HEAD}@hookimpl\ndef register_history(register): register('h', print)",
        "skipped: the history h is no agent but builtin_function_or_method",
    ),
}
FETCHED = f"""{HEAD}
async def pull(model, progress, environment):
    progress(0, 5_000_000)
    progress(5_000_000, 5_000_000)
    return "models/" + model

@hookimpl
def register_models(register):
    register(provider("fetched", pull=pull))
    register(provider("far", pull=pull, fetches=lambda model: model.startswith("a")))
"""
WORKS = f"""{HEAD}
print("a plugin that talks")

@hookimpl
def register_models(register):
    register(provider("mine", patterns=("mine-*",)))
"""


def test_broken_plugins_are_named_and_the_program_goes_on(program: Program) -> None:
    """Each broken plugin is one line on standard error, and the one that works is there and may not talk."""
    program.install("many", z_works=WORKS, **{name: code for name, (code, _) in BROKEN.items()})
    ran = program.run("models")
    assert ran.code == 0
    lines = ran.err.splitlines()
    assert lines[0] == "a plugin that talks"
    for line, (name, (_, said)) in zip(lines[1:], BROKEN.items(), strict=True):
        assert line.startswith(f"miniagents: plugin {name}"), line
        assert said in line
    assert ran.out.decode().splitlines()[0].split("\t")[:3] == ["mine:m", "default, ready: always", "s"]
    ran = program.run("chat", "hi")
    assert (ran.code, ran.out) == (0, b"from a plugin")
    assert len(ran.err.splitlines()) == len(lines)


def test_a_broken_plugin_costs_no_reply(program: Program, provider: LLMServer) -> None:
    """The reply on standard output is exact whatever plugins print, and the way of a plugin's model is its pattern."""
    program.install("some", z_works=WORKS, c_leaves=BROKEN["c_leaves"][0])
    ran = program.run("chat", "-m", "gpt-x", "hi")
    assert (ran.code, ran.out) == (0, b"You said: hi")
    assert ran.err == "a plugin that talks\nminiagents: plugin c_leaves skipped: SystemExit: 3 (c_leaves.py, line 1)\n"
    assert program.run("chat", "-m", "mine-9", "hi").out == b"from a plugin"


def test_a_model_that_is_fetched(program: Program) -> None:
    """A chat with a default model that is to be fetched fetches it, and `models pull` does by hand and says where."""
    program.install("some", fetched=FETCHED)
    line = "miniagents: fetching m (5 MB), once…\n"
    assert program.run("chat", "-m", "fetched", "hi") == Ran(0, b"from a plugin", line)
    assert program.run("chat", "-m", "fetched:other", "hi") == Ran(0, b"from a plugin", "")
    assert program.run("chat", "-m", "far:away", "hi") == Ran(0, b"from a plugin", line.replace(" m ", " away "))
    assert program.run("chat", "-m", "far", "hi") == Ran(0, b"from a plugin", "")
    assert program.run("models", "pull", "fetched") == Ran(0, b"models/m\n", line)
    assert program.run("models", "pull", "fetched:other") == Ran(0, b"models/other\n", line.replace(" m ", " other "))
    ran = program.run("models", "pull", "openai")
    assert (ran.code, ran.err) == (2, "miniagents: openai: no such model can be fetched; there is fetched, far\n")
    ran = program.run("models", "pull")
    assert (ran.code, ran.out) == (2, b"")
    assert "models: no model is called 'local'; for models on this machine, install" in ran.err


def test_what_options_say() -> None:
    """Of all that is given a dataclass takes what has its names; nothing is said by a None."""

    @dataclass(frozen=True)
    class Wanted:
        quiet: bool = False
        model: str | None = "m"

    assert taken(Wanted, {"quiet": True, "model": None, "other": 1}) == Wanted(quiet=True)

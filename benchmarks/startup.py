"""What a start costs: the package imported, `--version`, `--help`, and one short answer in a pipe."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import HOUSE, Row, interleaved_ms
from tests.fakes.llm_server import LLMServer, Reply

PROGRAM = [sys.executable, "-m", "miniagents.cli"]
BROKEN_PLUGINS = 20


@contextmanager
def broken_plugins(folder: Path) -> Iterator[Path]:
    """Make installed plugins that cannot be imported."""
    for number in range(BROKEN_PLUGINS):
        info = folder / f"broken_{number}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: broken-{number}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[miniagents]\nbroken{number} = nowhere_{number}\n")
    yield folder


def rows(times: int, llm: str | None) -> list[Row]:
    """Measure, each case in turn with its floor and its peer."""
    with tempfile.TemporaryDirectory() as name, LLMServer.in_thread(replies=[Reply("Hello")]) as server:
        folder = Path(name)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(HOUSE),
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": server.openai_base_url,
            "LLM_USER_PATH": str(folder / "llm"),
        }
        return [*_imports(times, env, folder), *_commands(times, env, folder, llm), *_one_shot(times, env, folder, llm)]


def _imports(times: int, env: dict[str, str], folder: Path) -> list[Row]:
    python = [sys.executable, "-c"]
    names = {
        "floor": "pass",
        "pydantic": "import asyncio, pydantic; pydantic.BaseModel",
        "package": "import miniagents",
        "agents": "from miniagents import MiniAgents, Message, miniagent",
    }
    median = interleaved_ms({name: [*python, code] for name, code in names.items()}, times=times, env=env, cwd=folder)
    return [
        Row("`import miniagents`", "ms", median["package"], floor=median["floor"], bound=120),
        Row(
            "`from miniagents import MiniAgents`, beside asyncio and pydantic",
            "ms",
            median["agents"],
            median["pydantic"],
        ),
    ]


def _commands(times: int, env: dict[str, str], folder: Path, llm: str | None) -> list[Row]:
    commands = {
        "floor": [sys.executable, "-c", "pass"],
        "--version": [*PROGRAM, "--version"],
        "--help": [*PROGRAM, "--help"],
    }
    if llm:
        commands |= {"llm --version": [llm, "--version"], "llm --help": [llm, "--help"]}
    bare = {name: value for name, value in env.items() if not name.startswith("OPENAI")}
    with broken_plugins(folder / "broken") as broken:
        bare |= {"PYTHONPATH": f"{HOUSE}{os.pathsep}{broken}", "HOME": "/nowhere"}
        median = interleaved_ms(commands, times=times, env=bare, cwd=folder)
    peers = {name: median.get(f"llm {name}") for name in ("--version", "--help")}
    case = f"`miniagents {{}}` with no key, no home, {BROKEN_PLUGINS} broken plugins"
    return [
        Row(case.format("--version"), "ms", median["--version"], median["floor"], peers["--version"], bound=60),
        Row(case.format("--help"), "ms", median["--help"], median["floor"], peers["--help"], bound=120),
    ]


def _one_shot(times: int, env: dict[str, str], folder: Path, llm: str | None) -> list[Row]:
    commands = {
        "floor": [sys.executable, str(HOUSE / "benchmarks" / "one_shot.py")],
        "ours": [*PROGRAM, "chat", "hi", "--model", "openai:gpt-4o-mini"],
    }
    if llm:
        (folder / "llm").mkdir()
        (folder / "llm" / "extra-openai-models.yaml").write_text(
            f"- model_id: loopback\n  model_name: gpt-4o-mini\n  api_base: {env['OPENAI_BASE_URL']}\n"
        )
        commands["peer"] = [llm, "-m", "loopback", "hi"]
    median = interleaved_ms(commands, times=times, env=env, cwd=folder)
    case = "one shot of one token, piped, with its transcript; floor: the bare SDK"
    return [Row(case, "ms", median["ours"], median["floor"], median.get("peer"), bound_times_floor=1.1)]

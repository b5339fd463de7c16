"""What a start costs: the package imported, `--version`, `--help`, one short answer in a pipe, a chain of two."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import HOUSE, Column, Row, cpu_ms, interleaved_ms
from tests.fakes.llm_server import LLMServer, Reply

PROGRAM = [sys.executable, "-m", "miniagents.cli"]
BROKEN_PLUGINS = 20
TWO_AGENTS = """
version: 1
agents:
  writer: {instructions: Write.}
  critic: {instructions: Criticize.}
"""
IMPORT, FROM, VERSION, HELP, ONE_SHOT, CHAIN = (
    "`import miniagents`",
    "`from miniagents import MiniAgents`",
    "`miniagents --version`",
    "`miniagents --help`",
    "one shot of one token, piped",
    "a chain of two agents, over one shot",
)


@contextmanager
def broken_plugins(folder: Path) -> Iterator[Path]:
    """Make installed plugins that cannot be imported."""
    for number in range(BROKEN_PLUGINS):
        info = folder / f"broken_{number}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: broken-{number}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[miniagents]\nbroken{number} = nowhere_{number}\n")
    yield folder


def rows(times: int, llm: str | None, peers: Sequence[Column], word: str) -> list[Row]:
    """Measure the cases that have the word in their names, each in turn with its floor and its peers."""
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
        measured: list[Row] = []
        if any(word in case for case in (IMPORT, FROM)):
            measured += _imports(times, env, folder, peers)
        if any(word in case for case in (VERSION, HELP)):
            measured += _commands(times, env, folder, llm)
        if word in ONE_SHOT:
            measured += _one_shot(times, env, folder, llm)
        if word in CHAIN:
            measured += _chain(times, env, folder)
        return [row for row in measured if word in row.case]


def _imports(times: int, env: dict[str, str], folder: Path, peers: Sequence[Column]) -> list[Row]:
    python = [sys.executable, "-c"]
    commands = {
        "floor": [*python, "pass"],
        "asyncio and pydantic": [*python, "import asyncio, pydantic; pydantic.BaseModel"],
        "package": [*python, "import miniagents"],
        "agents": [*python, "from miniagents import MiniAgents, Message, miniagent"],
    }
    theirs = {peer.name: [peer.python, "-E", "-c", peer.import_line] for peer in peers}  # -E: and not with our house
    median = interleaved_ms(commands | theirs, times=times, env=env, cwd=folder)
    beside = {name: median[name] for name in theirs}
    return [
        Row(IMPORT, "ms", median["package"], median["floor"], bound=100),
        Row(FROM, "ms", median["agents"], median["asyncio and pydantic"], beside),
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
        bare |= {"PYTHONPATH": f"{HOUSE}{os.pathsep}{broken}"}
        cpu_ms(commands["--help"], env=bare, cwd=folder)  # which remembers what the plugins do, or do not, offer
        median = interleaved_ms(commands, times=times, env=bare, cwd=folder)
    peers = {name: {"llm": median[f"llm {name}"]} if llm else {} for name in ("--version", "--help")}
    return [
        Row(VERSION, "ms", median["--version"], median["floor"], peers["--version"], bound=60),
        Row(HELP, "ms", median["--help"], median["floor"], peers["--help"], bound=120),
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
        commands["llm"] = [llm, "-m", "loopback", "hi"]
    median = interleaved_ms(commands, times=times, env=env, cwd=folder)
    peers = {"llm": median["llm"]} if llm else {}
    return [Row(ONE_SHOT, "ms", median["ours"], median["floor"], peers, bound_times_floor=1.1)]


def _chain(times: int, env: dict[str, str], folder: Path) -> list[Row]:
    (folder / "two.yaml").write_text(TWO_AGENTS)
    model = ["--model", "openai:gpt-4o-mini"]
    commands = {
        "chat": [*PROGRAM, "chat", "hi", *model],
        "chain": [*PROGRAM, "chain", "two.yaml", "hi", *model],
    }
    median = interleaved_ms(commands, times=times, env=env, cwd=folder)
    return [Row(CHAIN, "ms", median["chain"] - median["chat"], bound=60, is_drawn=False)]

"""What installed plugins cost where nobody uses them: CPU time, with fifty of them and with none.

    python -m benchmarks.plugins [TIMES]

Each is a package with a model, an agent, a word, a command and a key of its own. The one shot is of an agent of ours,
which needs no SDK: to import one takes ten times what is measured here, and no two times the same.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import HOUSE

PLUGINS: Final = 50
BOUNDS_MS: Final = {"--version": 15.0, "one shot": 40.0}
"""What they may add, in milliseconds of CPU time."""
MODULE: Final = """
import asyncio, dataclasses, json, urllib.request
from miniagents import miniagent
from miniagents.hookspecs import Key, ModelProvider, Word, hookimpl

@miniagent
async def agent(ctx, **_options):
    ctx.reply({{"text": "hello", "role": "assistant"}})

async def act(chat, rest):
    chat.screen.tell("hello")

@hookimpl
def register_models(register):
    register(ModelProvider(name="{name}", agent=agent, source="here", way_out="", patterns=("{name}-*",),
                           default_model="m", ready=lambda _: "always", rank=90))

@hookimpl
def register_agents(register):
    register("{name}-agent", agent)

@hookimpl
def register_slash(register):
    register(Word(name="{name}", help="Say hello.", act=act))

@hookimpl
def register_commands(app):
    app.command("{name}", help="Say hello.")(lambda: None)

@hookimpl
def register_keys(register):
    register(Key(name="{name}", variable="KEY_OF_{name}", where="here"))
"""


def install(folder: Path) -> None:
    """Install the plugins into a folder."""
    for number in range(PLUGINS):
        name = f"plugin{number}"
        info = folder / f"the_{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: the-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[miniagents]\n{name} = the_{name}\n")
        (folder / f"the_{name}.py").write_text(MODULE.format(name=name))


def cpu_ms(command: list[str], env: dict[str, str], cwd: Path) -> float:
    """Run a command, and return the CPU time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, cwd=cwd, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def measured(times: int) -> dict[str, tuple[float, float]]:
    """Return by command the median without the plugins, and that of what they add to the run before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder / "site")
        program = [sys.executable, "-m", "miniagents.cli"]
        cases = {
            "--version": [*program, "--version"],
            "one shot": [*program, "chat", "--no-save", "--agent", "echo", "hi"],
        }
        without = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "PYTHONPATH": str(HOUSE),
        }
        with_them = without | {"PYTHONPATH": f"{HOUSE}{os.pathsep}{folder / 'site'}"}
        found: dict[str, tuple[float, float]] = {}
        for case, command in cases.items():
            runs = [[cpu_ms(command, env, folder) for env in (without, with_them)] for _ in range(times + 1)][1:]
            found[case] = median(run[0] for run in runs), median(run[1] - run[0] for run in runs)
        return found


def main() -> int:
    """Measure and print; give 1 if a bound is passed."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    code = 0
    for case, (without, added) in measured(times).items():
        code |= added > BOUNDS_MS[case]
        print(f"{case:10} {without:6.1f} ms, and {added:+5.1f} with {PLUGINS} plugins (at most {BOUNDS_MS[case]:+.0f})")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())

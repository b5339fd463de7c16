"""`python -m benchmarks`: measure everything and print it as Markdown; `benchmarks/README.md` keeps the last run.

Peers are measured in the same run where they are given: `--peer-python` a Python that has `miniagents==0.0.35`, an
earlier framework of this name; `--llm` the program `llm`.
"""

import argparse
import os
import platform
from datetime import UTC, datetime

from benchmarks import startup
from benchmarks.measure import Row, figure, table

_US = "CPU µs"


def runtime_rows(times: int, peer: str | None) -> list[Row]:
    """Measure the runtime, each case in processes of its own."""

    def ours(case: str) -> float:
        return figure("runtime.py", case, times=times)

    def theirs(case: str) -> float | None:
        return figure("peer.py", case, python=peer, times=3) if peer else None

    def row(name: str, case: str, **bounds: float) -> Row:
        return Row(name, _US, ours(case), ours(f"floor_{case}"), theirs(case), **bounds)

    return [
        row("agent call, one after the other; floor: a task", "call_sequential", bound=40),
        row("agent call, gathered; floor: a task", "call_gathered", bound=60),
        row("token to its reader, ready in advance; floor: the generator", "token_ready", bound=1.5),
        row("token to its reader, one by one; floor: asyncio.Queue", "token_live", bound_times_floor=1.5),
        Row("memory of an idle call; floor: a task", "bytes", ours("idle_bytes"), ours("floor_idle_bytes"), bound=8192),
        Row("memory that 20,000 rounds of a two-agent loop add", "bytes", ours("loop_growth_bytes"), bound=1 << 20),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--times", type=int, default=9, help="runs of each case; medians are taken (9)")
    parser.add_argument("--peer-python", help="a Python that has miniagents==0.0.35")
    parser.add_argument("--llm", help="the program llm")
    asked = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores,")
    print(f"medians of {asked.times}, CPU time.\n")
    print("## Start\n")
    print(table(startup.rows(asked.times, asked.llm)))
    print("\n## Runtime\n")
    print(table(runtime_rows(asked.times, asked.peer_python)))


if __name__ == "__main__":
    main()

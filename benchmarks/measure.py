"""How it is measured: CPU time, medians, one process a figure, so that a noisy machine and a warm one say the same."""

import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with its company, all of one unit."""

    case: str
    unit: str
    ours: float
    floor: float | None = None
    peer: float | None = None
    bound: float | None = None
    """What it may be at the most."""
    bound_times_floor: float | None = None
    """How many times its floor it may be at the most."""

    @property
    def limit(self) -> float | None:
        """The bound in the row's unit, if there is one."""
        if self.bound is not None:
            return self.bound
        return None if self.bound_times_floor is None or self.floor is None else self.bound_times_floor * self.floor


def cpu_ms(command: Sequence[str], *, times: int, env: Mapping[str, str] | None = None, cwd: Path) -> list[float]:
    """Run a command `times` times; give the CPU time of each run, user and system, in milliseconds."""
    figures = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=env, cwd=cwd)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ran.returncode:
            raise SystemExit(f"{' '.join(command)} failed: {ran.stderr.decode()}")
        figures.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3)
    return figures


def interleaved_ms(
    commands: Mapping[str, Sequence[str]], *, times: int, env: Mapping[str, str] | None = None, cwd: Path
) -> dict[str, float]:
    """Run several commands in turn, so that all meet the same weather; give the median of each."""
    figures: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            figures[name] += cpu_ms(command, times=1, env=env, cwd=cwd)
    return {name: statistics.median(each) for name, each in figures.items()}


def figure(script: str, case: str, *, python: str = sys.executable, times: int = 5) -> float:
    """Run one case of a script in processes of its own; give the median of what they print."""
    command = [python, str(HOUSE / "benchmarks" / script), case]
    outputs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(times)]
    return statistics.median(map(float, outputs))


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out as Markdown, with a bar for how much of its bound each one uses."""
    lines = ["| case | unit | ours | floor | to floor | peer | bound | |", "|---|---|--:|--:|--:|--:|--:|:--|"]
    for row in rows:
        ratio = f"{row.ours / row.floor:.2f}" if row.floor else ""
        limit = "" if row.limit is None else f"{row.limit:.4g}"
        if row.bound_times_floor is not None:
            limit += f" ({row.bound_times_floor:g} of floor)"
        cells = (row.case, row.unit, _number(row.ours), _number(row.floor), ratio, _number(row.peer), limit, _bar(row))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _bar(row: Row) -> str:
    if row.limit is None:
        return ""
    used = row.ours / row.limit
    return f"`{'█' * min(10, round(used * 10)):·<10}` {used:.0%}{'' if used <= 1 else ' over'}"

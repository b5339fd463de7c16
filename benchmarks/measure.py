"""How it is measured: CPU time, medians, one process a figure, so that a noisy machine and a warm one say the same."""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOUSE = Path(__file__).parent.parent
PATIENCE_S = 300
"""How long one process may take: several times what the slowest peer's dialog does."""

_BETWEEN = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdin=-3, stdout=-3);"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
)
"""A small process: a child's peak is at least what its parent had when it began."""

failures: list[str] = []
"""What could not be measured, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with its company, all of one unit; what could not be measured is None."""

    case: str
    unit: str
    ours: float | None
    floor: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    bound: float | None = None
    """What it may be at the most."""
    bound_times_floor: float | None = None
    """How many times its floor it may be at the most."""
    is_drawn: bool = True
    """Whether its ratio to the floor says anything; that of two figures near zero does not."""

    @property
    def limit(self) -> float | None:
        """The bound in the row's unit, if there is one."""
        if self.bound is not None:
            return self.bound
        return None if self.bound_times_floor is None or self.floor is None else self.bound_times_floor * self.floor

    @property
    def is_over(self) -> bool:
        """Whether the bound is missed."""
        return self.ours is not None and self.limit is not None and self.ours > self.limit


@dataclass(frozen=True, slots=True)
class Column:
    """A script that has cases, and the Python that runs it."""

    name: str
    python: str
    script: Path
    env: Mapping[str, str]
    version: str = ""
    cases: frozenset[str] = frozenset()
    import_line: str = ""

    @classmethod
    def ours(cls, script: str) -> "Column":
        """Return a script of ours, run by this Python."""
        env = {**os.environ, "PYTHONPATH": str(HOUSE)}
        return cls(script, sys.executable, HOUSE / "benchmarks" / script, env)

    def __call__(self, *arguments: str) -> str:
        """Run the script in a process of its own; return what it prints.

        Raises:
            subprocess.SubprocessError: It failed, or took too long.
        """
        command = [self.python, str(self.script), *arguments]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, env=self.env, timeout=PATIENCE_S)
        return ran.stdout


def tell(line: str) -> None:
    """Show how far it is, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def medians(case: str, columns: Mapping[str, Column], *, times: int) -> dict[str, float]:
    """Measure one case in several columns in turn, so that all meet the same weather; give the median of each."""
    figures: dict[str, list[float]] = {name: [] for name in columns}
    failed: set[str] = set()
    for turn in range(times):
        for name, column in columns.items():
            if name in failed:
                continue
            tell(f"{case}: {name}, {turn + 1} of {times}")
            try:
                figures[name].append(float(column(case).splitlines()[-1]))
            except (subprocess.SubprocessError, ValueError, IndexError) as error:
                failed.add(name)
                failures.append(f"{case}, {name}: {_reason(error)}")
    tell("")
    return {name: statistics.median(each) for name, each in figures.items() if name not in failed}


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = [line for line in error.stderr.splitlines() if line.strip()]
        faults = [line for line in said if "Error" in line and not line.startswith(" ")]
        return (faults or said or [f"exit status {error.returncode}"])[-1]
    return str(error)


def cpu_ms(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path) -> float:
    """Run a command; give its CPU time, user and system, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=env, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {ran.stderr.decode()}")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def cpu_ms_and_peak_mib(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> tuple[float, float]:
    """Run a command; give its CPU time, and the most memory that it had.

    Raises:
        subprocess.SubprocessError: It failed.
    """
    between = [sys.executable, "-S", "-E", "-c", _BETWEEN, *command]
    ran = subprocess.run(between, check=True, capture_output=True, text=True, env=env, cwd=cwd)
    cpu_s, peak_kib = map(float, ran.stdout.split())
    return cpu_s * 1e3, peak_kib / 1024


def interleaved_ms(
    commands: Mapping[str, Sequence[str]], *, times: int, env: Mapping[str, str] | None = None, cwd: Path
) -> dict[str, float]:
    """Run several commands in turn, as `medians` does; give the median of each."""
    figures: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(times):
        for name, command in commands.items():
            tell(f"start: {name}, {turn + 1} of {times}")
            figures[name].append(cpu_ms(command, env=env, cwd=cwd))
    tell("")
    return {name: statistics.median(each) for name, each in figures.items()}

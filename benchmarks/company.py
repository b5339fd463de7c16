"""The peers: who they are, and which of them there are here, each in a Python of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from benchmarks.measure import HOUSE, Column

SCRIPTS = {
    "miniagents-0.0.35": "miniagents_0_0_35.py",
    "genai-processors": "genai_parts.py",
    "langchain-core": "langchain_runnables.py",
    "pydantic-ai": "pydantic_ai_agents.py",
}
"""The peers by their names, as `--peer` takes them, and what measures each."""


def found(given: Mapping[str, str]) -> tuple[list[Column], list[str]]:
    """Return the peers that are here, and a line on each that was given but is not.

    Args:
        given: The Pythons that have them; for the others, this one is asked.
    """
    columns, missing = [], []
    for name, script in SCRIPTS.items():
        try:
            columns.append(_column(name, script, given.get(name, sys.executable)))
        except (OSError, subprocess.SubprocessError, ValueError):
            if name in given:
                missing.append(f"{given[name]} has no {name}; it is left out")
    return columns, missing


def full_names(columns: Sequence[Column], programs: Mapping[str, str | None]) -> list[str]:
    """Return the peers' names with their versions; `programs` are the paths of those that are commands."""
    names = [each.name if each.name.endswith(each.version) else f"{each.name} {each.version}" for each in columns]
    for name, path in programs.items():
        if path:
            env = {**os.environ, "OPENAI_API_KEY": "sk-loopback"}  # without one, shell-gpt asks for it
            said = subprocess.run([path, "--version"], check=True, capture_output=True, text=True, env=env).stdout
            names.append(f"{name} {said.split()[-1]}")
    return names


def _column(name: str, script: str, python: str) -> Column:
    # Only what measures, and not the house: one of the peers has the same name as we.
    env = {**os.environ, "PYTHONPATH": str(HOUSE / "benchmarks")}
    path = HOUSE / "benchmarks" / "peers" / script
    version, import_line, *cases = Column(name, python, path, env)().splitlines()
    return Column(name, python, path, env, version, frozenset(cases), import_line)

"""Measure what miniagents costs, beside bare asyncio (the floor) and beside the peers that are there; print tables.

A whole run takes minutes. The last one is kept in benchmarks/README.md.
"""

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import cases, company, startup, terminal
from benchmarks.measure import HOUSE, Row, failures, tell
from benchmarks.picture import picture
from benchmarks.tables import beside, costs

README = HOUSE / "benchmarks" / "README.md"
PICTURE = README.with_name("picture.svg")
BEGIN, END = "<!-- the last run: written by --write -->", "<!-- the end of the last run -->"


def asked(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what is asked for; end the program if it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=9, metavar="N", help="runs of each case, for the median (9)")
    parser.add_argument("--only", default="", metavar="WORD", help="only the cases that have WORD in their titles")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help=f"a Python that has this peer, may be given again; NAME is {', '.join(company.SCRIPTS)};"
        " a peer that this Python has is found without it",
    )
    parser.add_argument("--llm", metavar="PATH", help="the program llm, as a peer of the commands")
    parser.add_argument("--sgpt", metavar="PATH", help="the program sgpt of shell-gpt, as another one")
    parser.add_argument("--write", action="store_true", help="keep the run in benchmarks/README.md, with its picture")
    options = parser.parse_args(arguments)
    options.peers = dict(peer.partition("=")[::2] for peer in options.peer)
    if unknown := options.peers.keys() - company.SCRIPTS.keys():
        parser.error(f"--peer: no such name: {', '.join(sorted(unknown))}; there are {', '.join(company.SCRIPTS)}")
    if options.times < 1:
        parser.error("--times: at least 1")
    if options.write and options.only:
        parser.error("--write keeps whole runs, so it does not go with --only")
    return options


def machine() -> str:
    """Say what it was measured on."""
    try:
        models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model n")]
    except OSError:
        models = []
    model = " ".join(models[0].partition(":")[2].split()) if models else platform.machine()
    return f"{platform.system()}, {model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def report(groups: Mapping[str, Sequence[Row]], times: int, peers: str) -> str:
    """Lay the run out as Markdown, a table a group."""
    parts = [f"{datetime.now(UTC):%Y-%m-%d}, {machine()}; medians of {times}."]
    if peers:
        parts.append(f"Peers: {peers}.")
    for title, group in groups.items():
        if group:
            parts += [f"### {title}", costs(group)]
    for title, group in groups.items():
        if compared := beside(group):
            parts += [f"### {title} beside peers", compared]
    over = [row.case for group in groups.values() for row in group if row.is_over]
    parts.append(f"Over their bounds: {'; '.join(over)}." if over else "All that was measured is within its bounds.")
    return "\n\n".join(parts)


def write(text: str, rows: Sequence[Row]) -> None:
    """Keep the run, and draw it."""
    readme = README.read_text(encoding="utf-8")
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    PICTURE.write_text(picture(rows), encoding="utf-8")


def main() -> int:
    """Measure and print; give 1 if something could not be measured."""
    options = asked()
    peers, missing = company.found(options.peers)
    start = startup.rows(options.times, options.llm, peers, options.only)
    chosen = [case for case in cases.CASES if options.only in case.title]
    runtime = cases.rows(chosen, options.times, peers)
    programs = {"llm": options.llm, "shell-gpt": options.sgpt}
    chat = terminal.rows(options.times, programs, options.only)
    tell("")
    groups = {"Start": start, "Terminal": chat, "Runtime": runtime}
    text = report(groups, options.times, ", ".join(company.full_names(peers, programs)))
    print(text)
    for line in (*missing, *(f"not measured: {line}" for line in failures)):
        print(line, file=sys.stderr)
    if options.write and failures:
        print("not kept, for some of it was not measured", file=sys.stderr)
    elif options.write:
        write(text, [*start, *runtime])  # the terminal's floors are of other kinds
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the chat costs where people meet it: the first prompt, answers on a terminal and in a pipe, search, completion.

Answers come from `paced_model.py`, a plugin in the program's own process, whose tokens cost what those of the floor do.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.answer import LAST, tokens
from benchmarks.measure import HOUSE, Column, Row, cpu_ms, cpu_ms_and_peak_mib, failures, medians, tell
from benchmarks.programs import programs
from benchmarks.pseudo_terminal import OnTerminal
from miniagents.cli.shell.completion import ASKING
from tests.cli.chats.many import make_chats, vocabulary
from tests.fakes.llm_server import LLMServer, Reply

TOKENS, RATE_HZ = 5_000, 400
GROWTH_TOKENS, GROWTH_RATE_HZ = 20_000, 2_000
"""Faster, so that it does not take minutes; who has no time to sleep between tokens shows whether cost grows."""
PIPED_TOKENS, CHATS, ROOM_MIB = 5_000, 10_000, 12
WARM_S, QUIET_S = 2.0, 0.5
PROGRAM = [sys.executable, "-m", "miniagents.cli"]
HERE = HOUSE / "benchmarks"
PROMPTS = {
    "first prompt, the agent echo": ["--agent", "echo"],
    "first prompt, a model": ["--model", "openai:gpt-4o-mini"],
}
STREAMED = (
    ("cpu", "ms", "1,000 tokens on a terminal", (250, 150)),
    ("bytes", "bytes", "a token on a terminal", (32, 12)),
    ("late", "ms", "token to terminal, p99", (60, 60)),
)
"""Kind of figure, unit, title, and what it may be at the most above a prompt and in one shot."""
GROWTH = "40,000 tokens to 20,000, above a prompt"
PIPED = "one shot of 5,000 tokens, piped"
MEMORY = "one shot of 5,000 tokens, piped, peak memory"
SANITISER = {"sanitiser, a token of prose": "sanitised_prose", "sanitiser, a token of CJK and emoji": "sanitised_wide"}
SEARCH, SEARCH_COMMAND = "search in 10,000 chats", "`miniagents chats search`, 10,000 chats"
COMPLETION = "a command line completed"
Figures = Mapping[str, float]
Way = Callable[[], Figures]
"""Measures once."""


def rows(times: int, peers: Mapping[str, str | None], word: str) -> list[Row]:
    """Measure the cases that have the word in their titles, each in turn with its floor and its peers.

    Args:
        times: How often.
        peers: The paths of programs that do the same, by their names.
        word: The word.
    """
    with tempfile.TemporaryDirectory() as name, LLMServer.in_thread(burst=True) as provider:
        bench = _Bench(Path(name), times, provider, peers)
        groups: list[tuple[Sequence[str], Callable[[], list[Row]]]] = [
            ([*PROMPTS], bench.prompts),
            ([row.case for row in _streamed_rows({})], bench.streamed),
            ([GROWTH], bench.growth),
            ([PIPED, MEMORY], bench.piped),
            ([*SANITISER], bench.sanitiser),
            ([SEARCH, SEARCH_COMMAND], bench.search),
            ([COMPLETION], bench.completion),
        ]
        measured = [row for titles, measure in groups if any(word in each for each in titles) for row in measure()]
    return [row for row in measured if word in row.case]


class _Bench:
    """A home for the programs, and what is measured in it."""

    def __init__(self, folder: Path, times: int, provider: LLMServer, peers: Mapping[str, str | None]) -> None:
        self._folder, self._times, self._provider = folder / "here", times, provider
        self._folder.mkdir()  # the program's words are learnt anew where a folder that has some of its code changes
        self._peers = programs(peers, provider.openai_base_url, folder)
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SHELL": "/bin/sh",
            "PYTHONPATH": str(HOUSE),
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": provider.openai_base_url,
        }
        self._figures = folder / "figures.json"
        path = map(str, (HOUSE, _plugin(folder), HERE))
        self._paced_env = {"PYTHONPATH": os.pathsep.join(path), "FIGURES": str(self._figures)}

    def prompts(self) -> list[Row]:
        """Measure the CPU time until a prompt is on the terminal."""
        ways = {title: self._to_prompt([*PROGRAM, "chat", *words]) for title, words in PROMPTS.items()}
        ways["floor"] = self._to_prompt(_floor("prompt"))
        ways |= {name: self._to_prompt(peer.chat, peer.prompt, peer.env) for name, peer in self._peers.items()}
        found = self._turns("first prompt", ways)
        echo, model = PROMPTS
        floor = _figure(found, "floor", "cpu")
        return [
            Row(echo, "ms", _figure(found, echo, "cpu"), floor, bound=200),
            Row(model, "ms", _figure(found, model, "cpu"), floor, self._beside(found, "cpu"), bound=200),
        ]

    def streamed(self) -> list[Row]:
        """Measure an answer at a usual speed, in both ways."""
        rich = [sys.executable, str(HERE / "peers" / "rich_live.py")]
        ways = {
            "above": lambda: self._above_prompt(TOKENS, RATE_HZ),
            "once": lambda: self._shown([*PROGRAM, "chat", "--model", "paced", "hi"]),
            "floor": lambda: self._shown(_floor("printed")),
            "rich.Live": lambda: self._shown(rich),
        }
        return _streamed_rows(self._turns("an answer on a terminal", ways))

    def growth(self) -> list[Row]:
        """Measure how much more an answer costs that is twice as long."""
        ways = {
            "long": lambda: self._above_prompt(2 * GROWTH_TOKENS, GROWTH_RATE_HZ),
            "short": lambda: self._above_prompt(GROWTH_TOKENS, GROWTH_RATE_HZ),
        }
        found = self._turns(GROWTH, ways)
        grown = 2 * found["long"]["cpu"] / found["short"]["cpu"] if len(found) == len(ways) else None
        return [Row(GROWTH, "times", grown, bound=2.2, is_drawn=False)]

    def piped(self) -> list[Row]:
        """Measure a long answer into a pipe."""
        self._provider.script(Reply(tokens(PIPED_TOKENS)))
        ways = {
            "ours": self._to_its_end([*PROGRAM, "chat", "hi", "--model", "openai:gpt-4o-mini"]),
            "floor": self._to_its_end([sys.executable, str(HERE / "one_shot.py")]),
        }
        ways |= {name: self._to_its_end(peer.one_shot, peer.env) for name, peer in self._peers.items()}
        found = self._turns(PIPED, ways)
        cpu, peak = ((_figure(found, "ours", kind), _figure(found, "floor", kind)) for kind in ("cpu", "peak"))
        room = None if peak[1] is None else peak[1] + ROOM_MIB
        return [
            Row(PIPED, "ms", *cpu, self._beside(found, "cpu"), bound_times_floor=1.1),
            Row(MEMORY, "MiB", *peak, self._beside(found, "peak"), bound=room, is_drawn=False),
        ]

    def sanitiser(self) -> list[Row]:
        """Measure what it costs to make a token safe."""
        measured = []
        for title, case in SANITISER.items():
            columns = {"ours": Column.ours("safe_tokens.py"), "floor": Column.ours("floors.py")}
            found = medians(case, columns, times=self._times)
            measured.append(Row(title, "µs", found.get("ours"), found.get("floor"), bound=1))
        return measured

    def search(self) -> list[Row]:
        """Measure a search, by itself and with the whole program around it."""
        chats, rare = str(self._folder / "many"), vocabulary()[CHATS // 2]
        make_chats(Path(chats), CHATS)
        command = [*PROGRAM, "chats", "--chats-dir", chats, "search", rare]
        script = [sys.executable, str(HERE / "searched.py"), chats, rare]
        self._cpu(command)()  # which makes the index
        ways = {
            "ours": self._said(script),
            "floor": self._said([*script, "bare"]),
            "command": self._cpu(command),
            "bare": self._cpu([sys.executable, "-c", "pass"]),
        }
        found = self._turns(SEARCH, ways)
        return [
            Row(SEARCH, "ms", _figure(found, "ours", "cpu"), _figure(found, "floor", "cpu"), bound=100),
            Row(SEARCH_COMMAND, "ms", _figure(found, "command", "cpu"), _figure(found, "bare", "cpu")),
        ]

    def completion(self) -> list[Row]:
        """Measure what a shell waits for at a Tab."""
        ours = self._cpu([*PROGRAM, "miniagents chat --mo"], {ASKING: "bash"})
        ways = {"ours": ours, "floor": self._cpu([sys.executable, "-c", "pass"])}
        ways |= {
            name: self._cpu(peer.completion, peer.env | peer.completion_env)
            for name, peer in self._peers.items()
            if peer.completion_env
        }
        ours()  # which learns the words
        found = self._turns(COMPLETION, ways)
        cpu = (_figure(found, way, "cpu") for way in ("ours", "floor"))
        return [Row(COMPLETION, "ms", *cpu, self._beside(found, "cpu"), bound=100)]

    # ---------------------------------------------------------- one figure

    def _to_prompt(
        self, command: Sequence[str], prompt: str = "Enter sends", env: Mapping[str, str] | None = None
    ) -> Way:
        def measure() -> Figures:
            with OnTerminal(command, env=self._env | (env or {}), cwd=self._folder) as terminal:
                terminal.wait_for(prompt)
                terminal.kill()
            return {"cpu": terminal.cpu_s * 1e3}

        return measure

    def _above_prompt(self, count: int, rate_hz: int) -> Figures:
        """Ask in a chat, while its prompt stays."""
        with self._on_terminal([*PROGRAM, "chat", "--model", "paced"], count, rate_hz) as terminal:
            terminal.wait_for("Enter sends")
            terminal.read_for(WARM_S)
            before = len(terminal.written)
            terminal.send("hi\r")
            terminal.wait_for(LAST)
            terminal.read_for(QUIET_S)
            after = len(terminal.written)
            terminal.send("\x04")
            terminal.wait_for_end()
        return self._told(terminal, count, after - before)

    def _shown(self, command: Sequence[str]) -> Figures:
        """Run what shows an answer and ends."""
        with self._on_terminal(command, TOKENS, RATE_HZ) as terminal:
            terminal.wait_for_end()
        return self._told(terminal, TOKENS, len(terminal.written))

    def _on_terminal(self, command: Sequence[str], count: int, rate_hz: int) -> OnTerminal:
        self._figures.unlink(missing_ok=True)
        env = self._env | self._paced_env | {"TOKENS": str(count), "RATE_HZ": str(rate_hz)}
        return OnTerminal(command, env=env, cwd=self._folder)

    def _told(self, terminal: OnTerminal, count: int, written: int) -> Figures:
        if not self._figures.exists():
            raise ValueError(f"it has no figures; it wrote {bytes(terminal.written[-200:])!r}")
        told = json.loads(self._figures.read_text(encoding="utf-8"))
        late_ms = sorted((terminal.seen[mark] - s) * 1e3 for mark, s in told["came"].items() if mark in terminal.seen)
        if len(late_ms) < 0.95 * len(told["came"]):  # Rich may have cut some of them in two
            raise ValueError(f"only {len(late_ms)} of {len(told['came'])} marks were shown")
        return {"cpu": told["cpu_s"] / count * 1e6, "bytes": written / count, "late": late_ms[int(len(late_ms) * 0.99)]}

    def _to_its_end(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Way:
        def measure() -> Figures:
            cpu, peak = cpu_ms_and_peak_mib(command, env=self._env | (env or {}), cwd=self._folder)
            return {"cpu": cpu, "peak": peak}

        return measure

    def _cpu(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> Way:
        return lambda: {"cpu": cpu_ms(command, env=self._env | (env or {}), cwd=self._folder)}

    def _said(self, command: Sequence[str]) -> Way:
        def measure() -> Figures:
            ran = subprocess.run(command, check=True, capture_output=True, text=True, env=self._env, cwd=self._folder)
            return {"cpu": float(ran.stdout)}

        return measure

    # --------------------------------------------------------- many figures

    def _turns(self, case: str, ways: Mapping[str, Way]) -> dict[str, Figures]:
        """Take each way in turn, so that all meet the same weather; give the medians of what each one tells."""
        told: dict[str, list[Figures]] = {name: [] for name in ways}
        failed: set[str] = set()
        for turn in range(self._times):
            for name in [name for name in ways if name not in failed]:
                tell(f"{case}: {name}, {turn + 1} of {self._times}")
                try:
                    told[name].append(ways[name]())
                except (OSError, LookupError, ValueError, SystemExit, subprocess.SubprocessError) as error:
                    failed.add(name)
                    failures.append(f"{case}, {name}: {error!r}")
        tell("")
        return {
            name: {kind: statistics.median(each[kind] for each in figures) for kind in figures[0]}
            for name, figures in told.items()
            if name not in failed
        }

    def _beside(self, found: Mapping[str, Figures], kind: str) -> dict[str, float]:
        return {name: found[name][kind] for name in self._peers if name in found}


def _streamed_rows(found: Mapping[str, Figures]) -> list[Row]:
    made = []
    for kind, unit, what, bounds in STREAMED:
        for way, called, bound in zip(("above", "once"), ("above a prompt", "one shot"), bounds, strict=True):
            rich = _figure(found, "rich.Live", kind)
            peers = {} if rich is None else {"rich.Live": rich}
            ours = _figure(found, way, kind)
            made.append(Row(f"{what}, {called}", unit, ours, _figure(found, "floor", kind), peers, bound=bound))
    return made


def _figure(found: Mapping[str, Figures], way: str, kind: str) -> float | None:
    return found[way][kind] if way in found else None


def _floor(name: str) -> list[str]:
    return [sys.executable, str(HERE / "terminal_floors.py"), name]


def _plugin(folder: Path) -> Path:
    """Install the plugin of the paced model; return the folder in which it is found."""
    info = folder / "plugins" / "paced-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paced\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[miniagents]\npaced = benchmarks.paced_model\n")
    return info.parent

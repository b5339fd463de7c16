"""The runtime's cases: what each is called in a table, which script has it, and what it may cost at the most."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.measure import Column, Row, medians


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the runtime."""

    title: str
    name: str
    """What the function is called that measures it, in every script that can."""
    script: str
    """Ours."""
    unit: str
    bound: float | None = None
    bound_times_floor: float | None = None
    has_floor: bool = True
    bound_times_sdk: float | None = None
    """How many times the bare SDK's cost it may be at the most; then the script has SDK and floor of its own."""
    bound_above_sdk: float | None = None
    """How much more than the bare SDK it may cost at the most; then too."""
    is_beside_sdk: bool = False
    """Whether the script has SDK and floor of its own though the bound is a number."""

    @property
    def has_sdk(self) -> bool:
        """Whether the script can ask by the bare SDK, and by a socket."""
        return self.is_beside_sdk or self.bound_times_sdk is not None or self.bound_above_sdk is not None


CASES = (
    Case("token, one agent, ready", "token_ready", "streams.py", "µs", 0.8),
    Case("token, one agent, live", "token_live", "streams.py", "µs", bound_times_floor=1.5),
    Case("token, 16 re-streaming, ready", "restream_ready", "streams.py", "µs", 8),
    Case("token, 16 re-streaming, live", "restream_live", "streams.py", "µs", bound_times_floor=1.3),
    Case("token, 16 forwarding, live", "forward_live", "streams.py", "µs", 5),
    Case("token, 100 late readers", "late_readers", "streams.py", "µs", 0.1),
    Case("first token, 256 forwarding", "first_token", "streams.py", "ms", 10),
    Case("message echoed", "message_echoed", "streams.py", "µs", 5),
    Case("agent call, sequential", "call_sequential", "calls.py", "µs", 25),
    Case("agent call, gathered", "call_gathered", "calls.py", "µs", 30),
    Case("loop of two agents, a round", "loop_round", "calls.py", "µs", 60),
    Case("dialog, 400 turns", "dialog", "calls.py", "s", 0.15),
    Case("dialog, 400 turns to 200", "dialog_growth", "calls.py", "times", 2.3, has_floor=False),
    Case("token of a reply, OpenAI", "openai_reply", "streaming_models.py", "µs", bound_times_sdk=0.35),
    Case("token of a reply, Anthropic", "anthropic_reply", "streaming_models.py", "µs", bound_times_sdk=0.35),
    Case("token, 50 live replies, OpenAI", "openai_live", "streaming_models.py", "µs", bound_times_sdk=0.5),
    Case("token, 50 live replies, Anthropic", "anthropic_live", "streaming_models.py", "µs", bound_times_sdk=0.5),
    Case("the same by aiohttp, OpenAI", "openai_live_aiohttp", "streaming_models.py", "µs", bound_times_sdk=0.3),
    Case("the same by aiohttp, Anthropic", "anthropic_live_aiohttp", "streaming_models.py", "µs", bound_times_sdk=0.3),
    Case("200 live replies, wall", "openai_crowd", "streaming_models.py", "s", bound_times_sdk=0.7),
    Case("200 live replies, peak memory", "openai_crowd_rss", "streaming_models.py", "MiB", 65, is_beside_sdk=True),
    Case("300 calls in sequence, OpenAI", "openai_calls", "streaming_models.py", "ms", bound_above_sdk=0.2),
    Case("300 calls in sequence, Anthropic", "anthropic_calls", "streaming_models.py", "ms", bound_above_sdk=0.2),
    Case("file of 200 agents read and checked", "read_agents", "chains.py", "ms", 150),
    Case("first token of a reply, rewritten twice", "rewritten", "chains.py", "ms", 8),
    Case("the same of a model, from its start", "model_rewritten", "chains.py", "ms", bound_above_sdk=8),
    Case("step behind 0.1 s, beside 1.2 s", "no_barrier", "chains.py", "s", 0.11),
    Case("loop of a chain, a round", "chain_round", "chains.py", "µs"),
    Case("loop of a chain, 10,000 rounds to 5,000", "chain_round_growth", "chains.py", "times", 2.2, has_floor=False),
    Case("10,000 rounds of a chain's loop add", "chain_growth", "chains.py", "KiB", 1024, has_floor=False),
    Case("idle call", "idle", "memory.py", "KiB", 5),
    Case("20,000 rounds of a loop add", "loop_growth", "memory.py", "KiB", 1024),
    Case("100,000 calls add", "calls_growth", "memory.py", "KiB", 1024),
    Case("1,000,000 tokens, not kept, add", "tokens_growth", "memory.py", "KiB", 1024),
)


def rows(cases: Sequence[Case], times: int, peers: Sequence[Column]) -> list[Row]:
    """Measure each case, in turns with its floor and with the peers that have it."""
    return [_row(case, times, peers) for case in cases]


def _row(case: Case, times: int, peers: Sequence[Column]) -> Row:
    columns = {"ours": Column.ours(case.script)}
    if case.has_sdk:
        columns |= {"floor": _asked_by("socket", case.script), "SDK": _asked_by("sdk", case.script)}
    elif case.has_floor:
        columns["floor"] = Column.ours("floors.py")
    columns |= {peer.name: peer for peer in peers if case.name in peer.cases}
    median = medians(case.name, columns, times=times)
    bound = case.bound
    if case.bound_times_sdk is not None and "SDK" in median:
        bound = case.bound_times_sdk * median["SDK"]
    if case.bound_above_sdk is not None and "SDK" in median:
        bound = case.bound_above_sdk + median["SDK"]
    return Row(
        case.title,
        case.unit,
        median.pop("ours", None),
        median.pop("floor", None),
        median,
        bound=bound,
        bound_times_floor=case.bound_times_floor,
        is_drawn=not case.name.endswith("_growth") and not case.has_sdk,
    )


def _asked_by(way: str, script: str) -> Column:
    column = Column.ours(script)
    return replace(column, env={**column.env, "ASKED_BY": way})

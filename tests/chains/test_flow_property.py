"""Any flow does what a few lines of plain Python do, in which nothing happens at the same time."""

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniagents import InteractionContext, Message, MiniAgent, MiniAgents, miniagent
from miniagents.testing import check_for_leaks, virtual_time_loop
from tests.chains.played import chain_of

NAMES = ("a", "b", "c")
Step: TypeAlias = Any


def reply_to(name: str, messages: list[str]) -> list[str]:
    """Return what an agent says: one message, two, one of two lines, or nothing, by what it is sent."""
    number = crc32(f"{name}{messages}".encode())
    said = f"{name}{number % 97}"
    return [[said], [said, f"{said}x"], [f"{said}\ny{said}"], [said], [said], []][number % 6]


def agent(name: str, delays: list[int]) -> MiniAgent:
    """Return the agent, which says its tokens when it likes, the first perhaps before it has heard all."""
    turn = count()

    @miniagent
    async def speaking(ctx: InteractionContext) -> None:
        delay_s = delays[next(turn) % len(delays)]
        heard = [str(message) for message in await ctx.message_promises]
        for text in reply_to(name, heard):

            async def tokens(text: str = text) -> Any:
                for character in text:
                    await asyncio.sleep(delay_s)
                    yield character

            ctx.reply(Message.promise(tokens(), role="assistant"))
            await asyncio.sleep(delay_s)

    return speaking


@dataclass
class Model:
    """The flow in plain Python; a reply is a list of texts, kept with a number of its own."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: Any = field(default_factory=count)

    def steps(self, steps: list[Step], sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        """Return what comes behind steps: what is sent on, what was said last, and all of it."""
        for step in steps:
            sent, said, history = self.step(step, sent, said, history)
        return sent, said, history

    def step(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        """Return what comes behind a step."""
        if step == "await":
            return sent, said, history
        if step == "clear":
            return [], said, history
        if isinstance(step, str):
            return self.call(step, sent, said, history)
        if isinstance(step, list):
            return self.steps(step, sent, said, history)
        [kind] = step.keys() & {"agent", "parallel", "loop", "if", "map"}
        return getattr(self, f"_{kind}")(step, sent, said, history)

    def call(self, name: str, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        """Return what comes behind an agent."""
        self.calls[name, "\n\n".join(sent)] += 1
        reply = reply_to(name, sent)
        return reply, {**said, name: (next(self.numbers), reply)}, history + reply

    def _agent(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        sources = {"text": ["go", "on"], "history": history}
        asked: list[str] = []
        for source in step["input"]:
            asked += sources[source] if source in sources else said.get(source, (0, []))[1]
        return self.call(step["agent"], asked, said, history)

    def _parallel(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        replies: list[str] = []
        added: list[str] = []
        for branch in step["parallel"]:
            reply, said, longer = self.step(branch, sent, said, history)
            replies += reply
            added += longer[len(history) :]
        return replies, said, history + added

    def _if(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        told = step["if"]
        taken = told["then"] if re.search(told["matches"], "\n\n".join(sent)) else told["else"]
        return self.steps(taken, sent, said, history)

    def _map(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        over, do = step["map"]["over"], step["map"]["do"]
        parts = sent if over == "messages" else [line for text in sent for line in text.split("\n")]
        replies: list[str] = []
        added: list[str] = []
        last: dict[str, list[str]] = {}
        for part in parts:
            reply, then, longer = self.steps(do, [part], said, history)
            replies += reply
            added += longer[len(history) :]
            for name, value in then.items():
                if value != said.get(name):
                    last.setdefault(name, []).extend(value[1])
        new = {name: (next(self.numbers), texts) for name, texts in last.items() if texts}
        return replies, {**said, **new}, history + added

    def _loop(self, step: Step, sent: list[str], said: dict[str, Any], history: list[str]) -> Any:
        loop = step["loop"]
        until, do = loop.get("until"), loop["do"]
        is_cleared = do[-1] == "clear"
        while do and do[-1] == "clear":
            do = do[:-1]
        judged = until["agent"] if until else None
        place = next((n for n, each in enumerate(do, 1) if judged in names_in(each)), len(do))
        start = sent
        for number in count(1):
            before = said.get(judged)
            now, said, history = self.steps(do[:place], start, said, history)
            value = said.get(judged)
            is_met = value is not None and value != before and bool(re.search(until["matches"], "\n\n".join(value[1])))
            if is_met and do[place:]:
                return sent, said, history
            now, said, history = self.steps(do[place:], now, said, history)
            if not now or number == loop["max"] or is_met:
                return now, said, history
            sent, start = now, [] if is_cleared else now
        raise AssertionError


def names_in(step: Step) -> set[str]:
    """Return the agents in a step."""
    return set(re.findall(r'"(?:agent": ")?([abc])"', json.dumps(steps_only(step))))


def steps_only(step: Step) -> Any:
    """Return a step without what only names agents."""
    if isinstance(step, list):
        return [steps_only(each) for each in step]
    if isinstance(step, dict):
        return {key: steps_only(value) for key, value in step.items() if key not in ("input", "until", "matches")}
    return step


names = st.sampled_from(NAMES)
patterns = st.sampled_from(["[0-4]$", "^a", "[135]", "b"])
words = st.one_of(names, names, st.sampled_from(["await", "clear"]))
inputs = st.lists(st.sampled_from([*NAMES, "text", "history"]), min_size=1, max_size=3)
simple = st.one_of(words, words, st.fixed_dictionaries({"agent": names, "input": inputs}))


def nested(steps: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    """Return steps that have steps in them."""
    some = st.lists(steps, min_size=1, max_size=3)
    loops = st.tuples(some, st.one_of(st.none(), patterns), st.integers(1, 3)).map(looped)
    return st.one_of(
        some.map(lambda each: {"parallel": each}),
        some,
        loops,
        st.fixed_dictionaries({"matches": patterns, "then": some, "else": some}).map(lambda each: {"if": each}),
        st.fixed_dictionaries({"over": st.sampled_from(["lines", "messages"]), "do": some}).map(lambda e: {"map": e}),
    )


def looped(told: Any) -> Step:
    """Return a loop, which ends by one of its agents if it has any."""
    do, pattern, rounds = told
    inside = sorted(names_in(do))
    until = {"until": {"agent": inside[-1], "matches": pattern}} if pattern and inside else {}
    return {"loop": {"do": [*do, *([] if inside else ["a"])], **until, "max": rounds}}


flows = st.lists(st.recursive(simple, nested, max_leaves=12), min_size=1, max_size=5)
HEARD_BEFORE = [{"parallel": ["a", "b", "c"]}]
"""So that each may be an input."""


@pytest.mark.timeout(600)
@given(flow=flows, delays=st.lists(st.integers(0, 3), min_size=1, max_size=5))
@settings(max_examples=150)
def test_any_flow_says_what_it_would_say_step_by_step(flow: list[Step], delays: list[int]) -> None:
    """Whoever is faster, each agent is sent the same, and the same comes out; nothing is left behind."""
    flow = [*HEARD_BEFORE, *flow]
    model = Model()
    expected, _, _ = model.steps(flow, ["go", "on"], {}, ["go", "on"])

    async def played(folder: Path) -> tuple[list[str], Counter[tuple[str, str]]]:
        chain = chain_of(folder, f"  {json.dumps(flow)}", {name: agent(name, delays) for name in NAMES})
        calls: Counter[tuple[str, str]] = Counter()
        async with MiniAgents():
            run = chain.run(["go", "on"])
            async for call in run.calls:
                calls[call.agent, str(await call.asked)] += 1
            return [str(message) for message in await run.reply], calls

    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=virtual_time_loop) as runner:
        said, calls = runner.run(check_for_leaks(played(Path(folder))))
    assert said == expected
    assert calls == model.calls

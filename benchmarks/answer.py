"""A long answer in tokens at a speed, and the figures of whoever streams it: the standard library alone.

Tables of up to 60 rows, fences of up to 200 lines, nested lists, CJK and emoji; 2.6 characters a token. Always the same
one. Some tokens are marks, whose time of coming is kept: when one is on the terminal, it is known how long that took.

`TOKENS`, `RATE_HZ` and `FIGURES` in the environment say how many tokens, how many a second, and where figures go.
"""

import asyncio
import atexit
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain, islice
from pathlib import Path

LAST = "theend"
"""The last token of each answer."""
MARK = "mk{:06}"
_MARK = "\x01"
_SIZES, _SHARES = (1, 2, 3, 4), (15, 30, 35, 20)
"""Characters of a token, and how many in a hundred have so many: 2.6 on average."""
_WORDS = (
    "a cold start",
    "of the parser",
    "costs more than",
    "ten warm ones,",
    "so measure both",
    "**before you decide**",
    "and keep `the one`",
    "that a person *waits* for",
    "while [the rest](https://example.org/rest)",
    "comes later",
    "with less noise",
)
_CJK = "測定する前に決めないでください。端末の幅は文字ごとに違います。表も長くなります。"
_EMOJI = "👍 🎉 👩‍💻 🇯🇵 ❤️ 🚀 ✅"


class _Writer:
    """Writes sections, each of another kind, with marks among the words."""

    def __init__(self) -> None:
        self._chance = random.Random(5)

    def sections(self) -> Iterator[str]:
        kinds = [self.table, self.fence, self.list, self.table, self.fence, self.cjk, self.quote]
        for number in range(10**6):
            yield f"## Section {number}\n\n"
            yield self.prose()
            yield kinds[number % len(kinds)]()

    def words(self, count: int) -> str:
        return " ".join(self._chance.choices([*_WORDS, *[_MARK] * 8], k=count))

    def prose(self) -> str:
        return f"{self.words(self._chance.randint(8, 30))}.\n\n"

    def table(self) -> str:
        rows = [f"| {n} | {self.words(1)} | {self.words(2)} |" for n in range(self._chance.randint(5, 60))]
        return "\n".join(["| n | name | what it is |", "|--:|:--|---|", *rows]) + "\n\n"

    def list(self) -> str:
        levels = [self._chance.choice((0, 0, 2, 4)) for _ in range(self._chance.randint(4, 12))]
        return "\n".join(f"{' ' * level}- {self.words(4)}" for level in [0, *levels]) + "\n\n"

    def fence(self) -> str:
        lines = ["def measured(count: int) -> float:", f"    {_MARK} = count * 17  # {self.words(3)}", "    if count:"]
        lines += [f"        return name['{self._chance.choice(_WORDS[:5])}'] or {_MARK}", "    return 0.5", ""]
        return "\n".join(["```python", *(lines * 34)[: self._chance.randint(20, 200)], "```"]) + "\n\n"

    def cjk(self) -> str:
        return f"{_CJK * self._chance.randint(1, 4)} {_MARK} {_EMOJI} {self.words(6)} {_EMOJI}\n\n"

    def quote(self) -> str:
        return f"> {self.words(12)}\n> {self.words(4)}\n\n"


def tokens(count: int) -> list[str]:
    """Return an answer of so many tokens; the first ones of a longer answer are those of a shorter one."""
    return [*islice(_tokens(), count - 1), f"\n\n{LAST}\n"]


def _tokens() -> Iterator[str]:
    chance, marks = random.Random(6), 0
    for section in _Writer().sections():
        for number, text in enumerate(section.split(_MARK)):
            if number:
                yield MARK.format(marks)
                marks += 1
            yield from _cut(text, chance)


def prose_tokens(count: int) -> list[str]:
    """Return so many tokens of ASCII."""
    return _many(" ".join(_WORDS), count)


def wide_tokens(count: int) -> list[str]:
    """Return so many tokens of CJK and emoji."""
    return _many(f"{_CJK} {_EMOJI} ", count)


def _many(text: str, count: int) -> list[str]:
    return [*islice(chain.from_iterable(_cut(text, random.Random(n)) for n in range(count)), count)]


def _cut(text: str, chance: random.Random) -> Iterator[str]:
    while text:
        size = chance.choices(_SIZES, _SHARES)[0]
        yield text[:size]
        text = text[size:]


async def paced(clock: Callable[[], float] = time.monotonic) -> AsyncIterator[str]:
    """Give the answer that is asked for at the speed that is asked for, and leave figures when the program ends.

    They are the CPU seconds from the first token to the program's end, and when each mark came.
    """
    answer, rate_hz = tokens(int(os.environ["TOKENS"])), float(os.environ["RATE_HZ"])
    came: dict[str, float] = {}
    spent_s, begun_s = time.process_time(), clock()
    atexit.register(_leave, came, spent_s)
    for number, token in enumerate(answer):
        await asyncio.sleep(max(0.0, begun_s + number / rate_hz - clock()))
        if token.startswith("mk"):
            came[token] = clock()
        yield token


def _leave(came: dict[str, float], spent_s: float) -> None:
    figures = {"cpu_s": time.process_time() - spent_s, "came": came}
    Path(os.environ["FIGURES"]).write_text(json.dumps(figures), encoding="utf-8")

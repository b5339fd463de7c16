"""Many chats at once, for whoever measures: what is said in them is made up, in the proportions of a language.

`python -m tests.cli.chats.many FOLDER` makes 10,000 of them, and says how long search takes.
"""

import random
import sys
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

from miniagents.cli.chats.search import chats_in, search
from miniagents.ext.transcript_format import front_matter, written
from miniagents.messages import Message

__all__ = ["make_chats", "vocabulary"]

_TIME = "2026-01-01T00:00:00Z"
_TURNS, _QUESTION_WORDS, _ANSWER_WORDS = 5, 20, 150
"""Half of it on average, which makes chats of 4.4 kB."""


def vocabulary(count: int = 20_000) -> list[str]:
    """Return made-up words, the frequent ones first."""
    chance = random.Random(1)
    return ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(count)]


def make_chats(folder: Path, count: int) -> None:
    """Make this many chats, always the same ones; word `n` of the vocabulary is 1/n as frequent as the first."""
    chance, words = random.Random(2), vocabulary()
    weights = [*accumulate(1 / place for place in range(1, len(words) + 1))]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        parts = [front_matter(_TIME)]
        for turn in range(chance.randint(1, _TURNS)):
            for role, length in ("user", _QUESTION_WORDS), ("assistant", _ANSWER_WORDS):
                text = " ".join(chance.choices(words, cum_weights=weights, k=length))
                metadata = {} if role == "user" else {"model": "sim"}
                message = Message(text=text, role=role, metadata=metadata)
                parts.append(written(message, f"{number:08x}{turn:04x}{role[0]}", _TIME))
        (folder / f"2026-01-01T00-00-00.{number:05}Z-abcd.md").write_text("".join(parts))


def _measure(folder: Path) -> None:
    if not folder.exists():
        make_chats(folder, 10_000)
    words = vocabulary()
    questions = {
        "nothing": "qqqq",
        "a rare word": words[5000],
        "the most frequent word": words[0],
        "two words": f"{words[3]} {words[40]}",
        "one letter": "a",
    }
    (folder / ".index.sqlite3").unlink(missing_ok=True)
    for name, query in {"the index": "qqqq", **questions}.items():
        took_s = min(_cpu_s(lambda query=query: search(folder, query)) for _ in range(1 if name == "the index" else 10))
        sys.stdout.write(f"{name}: {took_s * 1e3:.0f} ms CPU, {len(search(folder, query))} found\n")
    sys.stdout.write(f"the list: {min(_cpu_s(lambda: chats_in(folder)) for _ in range(5)) * 1e3:.0f} ms CPU\n")


def _cpu_s(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    _measure(Path(sys.argv[1]))

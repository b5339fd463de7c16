"""CPU ms of a search in a folder of chats: `python benchmarks/searched.py FOLDER WORD [bare]`.

`bare` asks the index alone, which somebody has brought into step: what SQLite and its module cost.
"""

import sqlite3
import sys
import time
from collections.abc import Sized
from contextlib import closing
from pathlib import Path

from miniagents.cli.chats.search import search

QUERY = """
SELECT name, snippet(said, -1, '', '', '…', 16) FROM said JOIN chats ON id = said.rowid WHERE said MATCH ? LIMIT 20
"""


def bare(folder: Path, word: str) -> Sized:
    """Ask the index."""
    with closing(sqlite3.connect(folder / ".index.sqlite3")) as index:
        return index.execute(QUERY, (f'"{word}"*',)).fetchall()


def main() -> None:
    """Search twice, and print what the second time cost."""
    look = bare if "bare" in sys.argv[3:] else search
    for _ in range(2):
        begun_s = time.process_time()
        found = look(Path(sys.argv[1]), sys.argv[2])
        spent_s = time.process_time() - begun_s
    assert found
    print(spent_s * 1e3)


main()

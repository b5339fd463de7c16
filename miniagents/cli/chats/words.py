"""What counts as a word: SQLite takes what stands between spaces, and not every script has them.

In: text. Out: text in which SQLite finds words. Never: a query, an index.
"""

import re

__all__ = ["SEPARATOR", "separated"]

SEPARATOR = "\u200b"
"""Put between the characters of scripts that have no spaces, so that words can be found in them; `safe` leaves none."""
_NO_SPACES = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese."""


def separated(text: str) -> str:
    """Return `text` with its characters apart where its script has no spaces between words."""
    return text if text.isascii() else _NO_SPACES.sub(rf"\1{SEPARATOR}", text)

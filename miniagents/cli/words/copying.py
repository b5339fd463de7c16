"""`/copy`: an answer, or one of its blocks of code, on the clipboard.

In: a session, the number of a block. Out: text on the clipboard. Never: how a clipboard is reached.
"""

from typing import TYPE_CHECKING

from ...errors import UsageError
from .. import clipboard
from ..extract import blocks_in
from .word import Word, number_in

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS"]


async def _copy(session: "Session", number: str) -> None:
    answers = session.answers()
    if not answers:
        raise UsageError("/copy: nothing was answered yet")
    text, what = answers[-1].text, "the answer"
    if number:
        blocks = blocks_in(text)
        wanted = number_in(number, default=1)
        if wanted is None or wanted > len(blocks):
            raise UsageError(f"/copy {number}: there is no such block of code; the answer has {len(blocks) or 'none'}")
        text, what = blocks[wanted - 1], f"block {wanted}"
    way = await clipboard.copy(text, session.screen.send)
    session.screen.tell(f"copied {what}, {len(text):,} characters ({way})")


WORDS = (Word(name="copy", takes="[N]", help="Copy the last answer, or its N-th block of code.", act=_copy),)

"""One run of a chain, as whoever started it sees it.

In: nothing. Out: a `Run`. Never: how it is played.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ext.llm.limits import Spent
    from ..messages import MessageSequencePromise
    from .bounds import Bounds
    from .calls import Calls

__all__ = ["Run"]


class Run:
    """One run, which has begun."""

    __slots__ = ("bounds", "calls", "reply")

    def __init__(self, reply: "MessageSequencePromise", calls: "Calls", bounds: "Bounds") -> None:
        """For `Chain.run`."""
        self.reply = reply
        """What comes out at the end; then what the run failed by, if it failed."""
        self.calls = calls
        """Each call of an agent, as it begins."""
        self.bounds = bounds

    @property
    def spent(self) -> "Spent":
        """What models have used so far."""
        return self.bounds.limits.spent

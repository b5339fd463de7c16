"""Words that tell: `/tokens`, `/cost`, `/plugins`; and `/exit`.

In: a session. Out: lines on the screen. Never: anything changed, but that the chat ends.
"""

from typing import TYPE_CHECKING

from .word import Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS"]


async def _tokens(session: "Session", _rest: str) -> None:
    total = session.totals
    count = f"{total.answers} answer{'' if total.answers == 1 else 's'}"
    session.screen.tell(f"this conversation: {total.tokens_in:,} tokens in, {total.tokens_out:,} out, {count}")
    if answers := session.answers():
        usage = answers[-1].metadata.get("usage") or {}
        named = {"in": "in", "out": "out", "cached": "from the cache", "thinking": "of them thought"}
        told = ", ".join(f"{usage[name]:,} {words}" for name, words in named.items() if usage.get(name))
        session.screen.tell(f"the last answer: {told or 'its server counted none'}")


async def _cost(session: "Session", _rest: str) -> None:
    total = session.totals
    told = f"this conversation: ${total.cost_usd:.4f}"
    if total.unpriced:
        more = "another answer" if total.unpriced == 1 else f"{total.unpriced} other answers"
        told += f"; nobody knows the price of {more} (MINIAGENTS_PRICES names a list)"
    session.screen.tell(told)


async def _plugins(session: "Session", _rest: str) -> None:
    plugins = session.plugins
    offered = {"models": plugins.providers, "agents": plugins.agents, "tools": plugins.tools}
    for name, things in (offered | {"histories": plugins.histories}).items():
        session.screen.tell(f"{name}: {', '.join(things) or 'none'}")
    for broken in plugins.broken:
        session.screen.tell_error(broken)


async def _exit(session: "Session", _rest: str) -> None:
    session.leave()


WORDS = (
    Word(name="tokens", help="Say how many tokens the conversation and its last answer took.", act=_tokens),
    Word(name="cost", help="Say what the conversation has cost.", act=_cost),
    Word(name="plugins", help="List what plugins offer, and the broken ones.", act=_plugins),
    Word(name="exit", help="Leave; the chat can be resumed.", act=_exit),
)

"""Words about files: `/attach`, `/save`, `/load`, `/search`, `/clear`.

In: a session, paths, names and words to look for. Out: parts that go with the next message, another conversation, a
copy. Never: the format of a file.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import UsageError
from .word import Word

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["WORDS"]

_FORCE = "--force "
"""What stands before the name of a file that may be written over."""
_COMPLETED = 500
"""Names that are offered behind `/load` where a plugin keeps chats; more nobody looks through."""
_FOUND = 10
"""How many chats `/search` lists; `miniagents chats search` has them all."""


async def _attach(session: "Session", rest: str) -> None:
    from .. import attachments  # noqa: PLC0415 - only here

    if rest == "-":
        session.attached.clear()
    elif rest:
        session.attached.append(attachments.part_of(rest, may_wait=False))  # nothing else would go on meanwhile
    told = ", ".join(map(attachments.described, session.attached))
    session.screen.tell(f"goes with your next message: {told}" if told else "nothing goes with your next message")


async def _save(session: "Session", rest: str) -> None:
    from ..chats.conversation import Unsaved  # noqa: PLC0415 - only here
    from ..chats.export import export  # noqa: PLC0415 - only here

    if not rest:
        where = session.conversation.kept_in
        session.screen.tell(f"kept in {where}" if where else "not kept; /save FILE.md writes a copy")
        return
    file = rest.removeprefix(_FORCE)
    path = export(session.conversation, file.lstrip(), over=file != rest)
    if isinstance(session.conversation, Unsaved):
        session.conversation.copied = len(session.conversation.messages())
    session.screen.tell(f"a copy is in {path}")


async def _load(session: "Session", rest: str) -> None:
    from ..chats.opened import resumed  # noqa: PLC0415 - only here

    if not rest:
        raise UsageError("/load: say which chat: its name, its path or a part of its title (`/search` finds some)")
    session.take_up(resumed(session.settings, rest, session.plugins))
    where = session.conversation.kept_in
    session.screen.tell(f"the conversation goes on in {where}" if where else "it goes on, but is not kept")


def _chats(session: "Session") -> Iterable[tuple[str, str]]:
    from ..chats.elsewhere import Elsewhere  # noqa: PLC0415 - only here

    if isinstance(session.conversation, Elsewhere):
        return session.conversation.others(_COMPLETED)
    return ((chat.stem, "") for chat in sorted(session.settings.chats_dir.glob("2*.md"), reverse=True))


async def _search(session: "Session", rest: str) -> None:
    from ..chats.search import search  # noqa: PLC0415 - only here

    if not rest:
        raise UsageError("/search: say what to look for")
    hits = search(session.settings.chats_dir, rest, limit=_FOUND)
    for hit in hits:
        session.screen.tell(f"{hit.path.stem} · {hit.title}: {hit.snippet}")
    session.screen.tell("/load NAME goes on with one" if hits else "no chat has these words")


async def _clear(session: "Session", _rest: str) -> None:
    is_kept = session.conversation.kept_in
    session.begin_conversation()
    session.screen.tell("a new conversation; the one before is kept" if is_kept else "a new conversation")


WORDS = (
    Word(
        name="attach",
        takes="[FILE|URL|-]",
        help="Send a file or an address with your next message; - sends none.",
        act=_attach,
    ),
    Word(
        name="save",
        takes="[[--force] FILE]",
        help="Say where the chat is kept, or write a copy (.md .html .json .jsonl .txt).",
        act=_save,
    ),
    Word(
        name="load",
        takes="NAME",
        help="Go on with another chat: its name, path or a part of its title.",
        act=_load,
        suggest=_chats,
    ),
    Word(name="search", takes="WORDS", help="Find chats that have these words.", act=_search),
    Word(name="clear", help="Begin a new conversation; the one before is kept.", act=_clear),
)

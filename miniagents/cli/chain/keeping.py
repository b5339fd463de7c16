"""Where what is said in a chain is kept: as the command line says, else the file, else as any chat.

In: a chain, settings. Out: a conversation. Never: what is said in it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ...errors import TranscriptError
from ..chats.conversation import Conversation, Unsaved
from ..chats.elsewhere import Elsewhere
from ..chats.opened import began
from ..config.setting import SETTINGS, Layer
from ..config.settings import overlaid

if TYPE_CHECKING:
    from ...chains.loading import Chain
    from ...plugins import Plugins
    from ..config.settings import Settings

__all__ = ["Kept", "conversation_of"]

Kept: TypeAlias = Conversation | Unsaved | Elsewhere

_NOWHERE: Final = frozenset({"memory", "none"})
"""What a file calls it when nothing is to be left of what was said."""


def conversation_of(chain: "Chain", settings: "Settings", plugins: "Plugins", text: str | None) -> Kept:
    """Return the conversation in which a run of a chain is kept; without a text, the chain's name is its title.

    Raises:
        SettingsError: Nobody keeps conversations in that manner.
        TranscriptError: The file that it is kept in cannot be read.
    """
    told, where = chain.history_told(), chain.described.where(("history",))
    if told is None or any(settings.origins.get(name) == SETTINGS[name].flag for name in ("history", "save")):
        kept = began(settings, plugins)
    elif isinstance(told, Path):
        kept = _in_file(told)
    elif told in _NOWHERE:
        kept = Unsaved()
    else:
        kept = began(overlaid(settings, Layer(origin=where, values={"history": told, "save": True})), plugins)
    if text is None and kept.path is None:  # a file that was there has its title
        kept.rename(chain.name)
    return kept


def _in_file(path: Path) -> Conversation:
    if not path.parent.is_dir():
        raise TranscriptError(f"{path}: there is no folder {path.parent}; make it first")
    return Conversation(path if path.exists() else lambda: path)

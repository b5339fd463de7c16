"""The file for a chain's reply (`--output`): written whole or not at all, and never over what no chain has written.

What was written is remembered by its hash, in the cache folder: a file that is still as a run left it may be replaced
by the next run; one that somebody has changed, or made, only where they say so.

In: a path, the messages of a reply. Out: a file. Never: standard output.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ...errors import SettingsError
from ...safe_text import exact
from ..config.edit import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...messages import Message

__all__ = ["Target", "formed"]

_NAME: Final = "chain-files.json"


class Target:
    """Where a reply is written to."""

    def __init__(self, path: Path, *, force: bool, environment: Mapping[str, str]) -> None:
        """Look whether it can be, before anybody is asked in vain.

        Raises:
            SettingsError: It must not be replaced, or there is no place for it.
        """
        self.path = path
        self._force = force
        self._memory = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "miniagents" / _NAME
        self._check()
        if not path.parent.is_dir():
            raise SettingsError(f"{path}: there is no folder {path.parent}; make it first")

    def write(self, text: str) -> None:
        """Write it.

        Raises:
            SettingsError: Somebody has changed the file meanwhile.
            OSError: It cannot be written.
        """
        self._check()
        try:
            write_whole(self.path, text, private=False)
        except SettingsError as error:  # it speaks of settings
            reason = getattr(error.__cause__, "strerror", None) or error.__cause__
            raise OSError(f"{self.path}: cannot be written ({reason}); name another file with --output") from error
        self._remember(text)

    def _check(self) -> None:
        """Raise if there is something that is not ours."""
        if self._force:
            return
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SettingsError(f"{self.path}: {error.strerror}; name another file with --output") from error
        if content and self._memories().get(str(self.path.resolve())) != sha256(content).hexdigest():
            raise SettingsError(
                f"{self.path}: is there, and not as a chain left it; --force replaces it, --output names another file"
            )

    def _memories(self) -> dict[str, str]:
        with suppress(OSError, ValueError):
            memories = json.loads(self._memory.read_bytes())
            if isinstance(memories, dict):
                return memories
        return {}

    def _remember(self, text: str) -> None:
        kept = {path: digest for path, digest in self._memories().items() if os.path.exists(path)}  # noqa: PTH110 - a text
        kept[str(self.path.resolve())] = sha256(text.encode()).hexdigest()
        with suppress(SettingsError):  # then the next run will not know that it was us
            write_whole(self._memory, json.dumps(kept), private=True)


def formed(reply: "Sequence[Message]", form: Literal["text", "json", "jsonl"], known: Mapping[str, Any]) -> str:
    """Return what is to be written of a reply.

    Args:
        reply: Its messages.
        form: Their text, which ends with a line end; or one object; or an object a message, each on its line.
        known: The object, which has the `messages`; for a text, it need not be there.
    """
    if form == "json":
        return json.dumps(known, ensure_ascii=False, indent=2) + "\n"
    if form == "jsonl":
        return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in known["messages"])
    text = exact("\n\n".join(map(str, reply)))
    return text if text.endswith("\n") or not text else f"{text}\n"

"""Files that take another one's place, whole or not at all.

In: a path, bytes. Out: a file. Never: what is in it.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from .transcript import explained, open_file, write_whole

__all__ = ["replace"]


def replace(path: str | os.PathLike[str], content: bytes) -> None:
    """Let a file hold this and nothing else; a new one is for its owner only, an old one keeps its mode.

    A program that is killed here leaves the file as it was. What a link points to is written, and the link stays.

    Raises:
        TranscriptError: It cannot be written; then it is as it was.
    """
    target = Path(os.path.realpath(path))
    with explained(path):
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not S_ISREG(mode):  # a pipe, /dev/stdout
            target.write_bytes(content)
            return
        draft = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.new")
        try:
            file = open_file(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            try:
                if mode is not None:
                    os.fchmod(file, mode & 0o777)
                write_whole(file, content, and_then=os.fsync)
            finally:
                os.close(file)
            draft.replace(target)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise

"""One key, as the keys file has it: by itself, or as a word on where it is: `cmd:…`, `keyring:SERVICE/USER`.

In: a name, and what stands behind it. Out: the key, when somebody asks for it. Never: a key, or what a command said, in
an error or in what Python shows of a value; a command before it is needed.
"""

import re
import shlex
from contextlib import suppress
from importlib import import_module
from threading import Event, Lock
from time import monotonic
from typing import Any, Final

from ...errors import KeyMissingError, SettingsError

__all__ = ["COMMAND", "IN_FILE", "KEYRING", "NAME", "Key", "keyring"]

NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*_(?:KEY|TOKEN)")
"""What the variables of keys are called."""
IN_FILE, COMMAND, KEYRING = "keys file", "cmd", "keyring"
"""Where a key may be, for people; the two last ones begin a reference to it."""
_WITHIN_S: Final = 60.0
"""How long a command may take: a person may have to type the password of their password manager."""
_LONGEST: Final = 65_536
"""Bytes that a command may have written before it has ended; the longest keys, signed tokens, have some thousands."""
_LOOK_S: Final = 0.1
"""How often it is looked whether the key of a slow command is still wanted."""


class Key:
    """A key that is there, or will be when it is asked for."""

    __slots__ = ("_key", "_lock", "name", "origin", "where")

    def __init__(self, name: str, written: str) -> None:
        """Make it of what stands in the file.

        Raises:
            SettingsError: It is neither a key nor says where one is; the line does not quote it.
        """
        self.name = name
        """The variable's."""
        self.origin = IN_FILE
        """Where it is: one of the constants above."""
        self._key: str | None = None
        self.where: tuple[str, ...] = ()
        """The words of the command, or service and user."""
        self._lock = Lock()
        if written.startswith(f"{COMMAND}:"):
            self.origin, self.where = COMMAND, _command(name, written.removeprefix(f"{COMMAND}:"))
        elif written.startswith(f"{KEYRING}:"):
            service, slash, user = written.removeprefix(f"{KEYRING}:").rpartition("/")
            if not (service and slash and user):
                raise SettingsError(f"{name}: it says keyring: and not what; write keyring:SERVICE/USER")
            self.origin, self.where = KEYRING, (service, user)
        elif _may_be_sent(written):
            self._key = written
        else:
            raise SettingsError(f"{name}: it has characters that no key has, or none; copy it again, by itself")

    def __repr__(self) -> str:
        return f"Key({self.name!r}, {self.origin!r})"

    @property
    def is_here(self) -> bool:
        """Whether nothing has to be asked for it, or has been asked already."""
        return self._key is not None

    def read(self, stop: Event | None = None) -> str:
        """Return the key; what had to be asked for it is not asked again.

        This waits for a command, at most a minute, or for the keyring: it is not for an event loop.

        Args:
            stop: Once it is set, a command that runs is ended.

        Raises:
            KeyMissingError: It is not to be had.
        """
        if self._key is not None:
            return self._key
        with self._lock:
            if self._key is None:
                is_command = self.origin == COMMAND
                key = _from_command(self, stop or Event()) if is_command else _from_keyring(self.name, *self.where)
                if not _may_be_sent(key):
                    cure = f"look at what {self.where[0]} has for it"
                    raise KeyMissingError(f"{self.name}: what {self.origin}: gave is no key", cure=cure)
                self._key = key
        return self._key


def keyring(name: str) -> Any:
    """Return the package that talks to the system's keyring.

    Args:
        name: The variable, for the error.

    Raises:
        KeyMissingError: It is not installed.
    """
    with suppress(ImportError):
        return import_module("keyring")
    raise KeyMissingError(f"{name} is in the keyring", cure="install the package keyring: miniagents[keyring]")


def _may_be_sent(key: str) -> bool:
    """Say whether a text may be a key: a header of HTTP takes no more."""
    return bool(key) and key.isascii() and key.isprintable() and " " not in key


def _command(name: str, line: str) -> tuple[str, ...]:
    words: list[str] = []
    with suppress(ValueError):  # a quotation mark is alone
        words = shlex.split(line)
    if not words:
        raise SettingsError(f"{name}: cmd: names no command; write it like cmd:pass show openai")
    return tuple(words)


def _from_command(key: Key, stop: Event) -> str:
    """Return the line that a command writes. It gets no input, and what it says besides is nobody's business."""
    import subprocess  # noqa: PLC0415 - only where there is one

    no, pipe, words = subprocess.DEVNULL, subprocess.PIPE, key.where
    until_s, output, what = monotonic() + _WITHIN_S, None, ""
    try:
        # The person's own command, in a file that only they can write.
        with subprocess.Popen(words, stdin=no, stdout=pipe, stderr=no) as process:  # noqa: S603 - as just said
            while output is None and not what:
                try:
                    output = process.communicate(timeout=_LOOK_S)[0]
                except subprocess.TimeoutExpired as slow:
                    what = _too_much(slow.output, is_late=monotonic() > until_s, is_unwanted=stop.is_set())
                    if what:
                        process.kill()
    except OSError as error:
        what = f"cannot be run ({error.strerror})"
    if output is not None:
        lines = output.decode(errors="replace").split("\n")
        if not process.returncode and lines[1:] in ([], [""]):
            return lines[0].strip()
        what = f"ended with {process.returncode}" if process.returncode else "wrote more than one line"
    raise KeyMissingError(f"{key.name}: the command {words[0]} {what}", cure="run it yourself, and see what it says")


def _too_much(output: bytes | None, *, is_late: bool, is_unwanted: bool) -> str:
    """Return why a command is not waited for any longer, in words; "" if it is."""
    if is_unwanted:
        return "was ended"
    if is_late:
        return f"took more than {_WITHIN_S:.0f} s"
    return "writes more than a key" if output and len(output) > _LONGEST else ""


def _from_keyring(name: str, service: str, user: str) -> str:
    try:
        key = keyring(name).get_password(service, user)
        what = "has none"
    except KeyMissingError:
        raise
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own, and what they say is not for people
        key, what = None, f"failed ({type(error).__name__})"
    if isinstance(key, str):
        return key
    raise KeyMissingError(
        f"{name}: the keyring {what}, of {user} at {service}", cure=f"run `miniagents keys set {name}`"
    )

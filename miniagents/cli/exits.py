"""How the program ends: the one place where errors become lines and exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

In: what is to be run. Out: an exit code; one line on standard error. Never: what a command does.
"""

import os
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from ..errors import MiniagentsError, SettingsError
from .output import ReaderGoneError, close_standard_output
from .tell import in_words, tell, tell_what_is_logged

__all__ = ["run"]

FAILED: Final = 1
USAGE: Final = 2
_STANDARD_ERROR: Final = 2


def run(command: Callable[[], object]) -> NoReturn:
    """Run it, and leave with its exit code."""
    _close_gaps()
    tell_what_is_logged()
    code = 0
    try:
        command()
    except ReaderGoneError:
        close_standard_output()
    except SettingsError as error:
        tell(str(error))
        code = USAGE
    except Exception as error:  # whatever it was, a person gets one line
        if sys.flags.dev_mode and not isinstance(error, MiniagentsError | OSError):
            raise
        close_standard_output()
        tell(in_words(error))
        code = FAILED
    sys.exit(code)


def _close_gaps() -> None:
    """Let no file and no connection get the number of a standard stream that is closed: native code writes to it."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(descriptor)

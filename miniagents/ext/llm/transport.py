"""The HTTP library below an SDK: the SDK's own, or aiohttp where `MINIAGENTS_TRANSPORT=aiohttp` says so.

Both SDKs bring the bridge to aiohttp, which `pip install miniagents[aiohttp]` installs; a token of a live stream costs
about half by it. It is not taken just because it is there: many packages bring it. In: an SDK. Out: the client of an
HTTP library. Never: where it connects to.
"""

import os
from types import ModuleType
from typing import Any, Final

from ...errors import SettingsError

__all__ = ["http_client"]

_VARIABLE: Final = "MINIAGENTS_TRANSPORT"


def http_client(sdk: ModuleType) -> Any:
    """Return what an SDK is to send its requests by; to be called in the event loop that is to use it.

    It is made here and given to the SDK, whose own one, dropped, starts a task of nobody's.

    Raises:
        SettingsError: The variable names no library, or one that is not there.
    """
    wanted = os.environ.get(_VARIABLE, "").strip()
    if wanted in ("", "httpx"):
        return sdk.DefaultAsyncHttpxClient()
    if wanted != "aiohttp":
        raise SettingsError(f"{_VARIABLE}={wanted}: there is no such HTTP library here; set aiohttp, httpx or nothing")
    try:
        return sdk.DefaultAioHttpClient()
    except (AttributeError, RuntimeError):  # an SDK that has no bridge, or no aiohttp that it could use
        cure = "pip install 'miniagents[aiohttp]', or unset the variable"
        raise SettingsError(f"{_VARIABLE}=aiohttp: it is not installed, or too old; {cure}") from None

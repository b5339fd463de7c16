"""An SDK's client that its user has made: who it asks, and with which secret.

In: a client. Out: an `Endpoint`. Never: a request, which SDK it is, the client's end.
"""

import inspect
from typing import Any, Final

from ...errors import UsageError
from .endpoint import Endpoint, Service

__all__ = ["endpoint_of"]

_SECRETS: Final = ("api_key", "auth_token", "access_token", "aws_secret_key")
"""Where the clients of OpenAI and Anthropic, and theirs for the clouds of others, have their secret."""


def endpoint_of(client: Any, service: Service) -> Endpoint:
    """Return the endpoint that a client asks.

    Raises:
        UsageError: It is no client, or one that blocks.
    """
    url = str(getattr(client, "base_url", "") or "")
    if not url or not inspect.iscoroutinefunction(getattr(client, "close", None)):
        found = type(client).__qualname__
        raise UsageError(f"client={found} is no async client of the SDK of {service.name}; give an Async… one")
    secrets = (getattr(client, name, None) for name in _SECRETS)
    key = next((secret for secret in secrets if isinstance(secret, str) and secret), "")
    return Endpoint(
        base_url=url.rstrip("/"),
        key=key,
        url_cure=f"check the base URL of the client, which usually {service.url_hint}",
        is_ambient=False,
        key_cure="check the key of the client",
    )

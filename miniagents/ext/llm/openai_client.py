"""OpenAI's client for an endpoint, with nothing from the environment in it that is meant for another one.

In: an endpoint. Out: the SDK's client. Never: which of OpenAI's APIs is asked.
"""

from typing import TYPE_CHECKING

from .endpoint import Endpoint
from .sdk import without_ambient_headers
from .transport import http_client

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["connected"]


def connected(endpoint: Endpoint) -> "AsyncOpenAI":
    """Return a client for the endpoint, which tries nothing again; the SDK is there."""
    import openai  # noqa: PLC0415 - it was `imported`

    headers = without_ambient_headers(endpoint, "OPENAI_CUSTOM_HEADERS", openai.Omit())
    client = openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.key,
        max_retries=0,
        default_headers=headers,
        http_client=http_client(openai),
    )
    if not endpoint.is_ambient:
        client.organization = client.project = None
    return client

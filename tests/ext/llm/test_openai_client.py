"""OpenAI's client for an endpoint, and what of the environment is in it."""

from dataclasses import replace

import pytest

from miniagents.ext.llm.openai_client import connected
from tests.ext.llm.decoding import ENDPOINT

pytestmark = pytest.mark.real_time


@pytest.fixture
def _ambient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what the SDK reads by itself."""
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-secret: s\nx-other: o\nnonsense")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")


async def test_the_endpoint_and_no_second_try() -> None:
    """The client asks this endpoint with this key, once."""
    async with connected(replace(ENDPOINT, base_url="http://there/v1", key="sk-1")) as client:
        assert (str(client.base_url), client.api_key, client.max_retries) == ("http://there/v1/", "sk-1", 0)


@pytest.mark.usefixtures("_ambient")
@pytest.mark.parametrize("is_ambient", [True, False])
async def test_what_is_meant_for_another_server(*, is_ambient: bool) -> None:
    """Headers, organization and project of the process's environment go to the server that it names, and no other."""
    async with connected(replace(ENDPOINT, is_ambient=is_ambient)) as client:
        headers = {name.lower() for name, value in client.default_headers.items() if isinstance(value, str)}
    ambient = {"x-secret", "x-other", "openai-organization", "openai-project"}
    assert headers & ambient == (ambient if is_ambient else set())
    assert (client.organization, client.project) == (("org-1", "proj-1") if is_ambient else (None, None))

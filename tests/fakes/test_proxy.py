"""The fake proxy and the fake provider's encryption, as the real SDKs meet them."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, get_args

import openai
import pytest

from tests.fakes.clients import Api, Heard, connect, hear
from tests.fakes.llm_server import LLMServer, Reply
from tests.fakes.proxy import Proxy
from tests.fakes.test_faults import SDKS

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

SOON_S = 50.0  # ends a test that would hang

all_apis = pytest.mark.parametrize("api", get_args(Api))
both_ways = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
both_schemes = pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test, and see to it that no task is left."""

    async def alone() -> None:
        async with asyncio.timeout(SOON_S):
            await test
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(alone())


@all_apis
@both_ways
def test_encryption(api: Api, *, streamed: bool) -> None:
    """Over TLS the server says the same, to those who trust its certificate."""

    async def ask() -> None:
        async with LLMServer(["a b"], tls=True) as server:
            assert server.url.startswith("https://")
            heard = await hear(api, server, streamed=streamed, trusted=server.certificate)
            assert (heard.error, "".join(heard.tokens)) == (None, "a b")

    run(ask())


@all_apis
def test_a_certificate_that_nobody_trusts(api: Api) -> None:
    """Who does not trust the certificate gets a connection error, and the server neither a request nor a connection."""

    async def ask() -> None:
        async with LLMServer(["a b"], tls=True) as server:
            heard = await hear(api, server, streamed=False)
            assert isinstance(heard.error, SDKS[api].APIConnectionError)
            assert "CERTIFICATE_VERIFY_FAILED" in repr(heard.error.__cause__)
            while server.open_connections:  # noqa: ASYNC110 - the loop has to come round for a close to be seen
                await asyncio.sleep(0)
            assert server.requests == []

    run(ask())


def test_a_handshake_that_is_left() -> None:
    """Who connects and says nothing does not keep the server from ending, nor does who speaks without encryption."""

    async def ask() -> None:
        async with LLMServer(tls=True) as server:
            host, port = server.url.removeprefix("https://").split(":")
            _, silent = await asyncio.open_connection(host, int(port))
            reader, plain = await asyncio.open_connection(host, int(port))
            plain.write(b"GET / HTTP/1.1\r\n\r\n")
            assert not (await reader.read()).startswith(b"HTTP")
            plain.close()
            assert server.open_connections == 1
        silent.close()

    run(ask())


@pytest.mark.parametrize("fault", ["cut", "cut_mid_character", "no_end", "stall"])
def test_faults_over_tls(fault: Any) -> None:
    """Faults of a stream are the same over TLS, and nothing of them is left when the server is."""

    async def ask() -> None:
        async with LLMServer([Reply(["a", "b"], fault=fault, after=1)], tls=True) as server:
            heard = await hear("openai", server, streamed=True, trusted=server.certificate, timeout_s=0.6)
            assert heard.tokens == ["a"]
            assert (heard.error is None) is (fault == "no_end")

    run(ask())


def test_a_certificate_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate may lie in a file that the environment names, and leaves no key behind."""
    with LLMServer.in_thread(["hi"], tls=True) as server:
        file = tmp_path / "certificate.pem"
        file.write_text(server.certificate, encoding="ascii")
        assert "PRIVATE" not in server.certificate
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with openai.OpenAI(base_url=server.openai_base_url, api_key="k", max_retries=0) as client:
            answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    assert answer.choices[0].message.content == "hi"
    assert ssl.create_default_context(cadata=server.certificate).get_ca_certs()


@all_apis
@both_schemes
@both_ways
def test_forwards(api: Api, *, tls: bool, streamed: bool) -> None:
    """A request goes through the proxy: seen whole without encryption, as a tunnel's opening with it."""

    async def ask() -> None:
        async with Proxy() as proxy, LLMServer(["a b"], tls=tls) as server:
            trusted = server.certificate if tls else ""
            heard = await hear(api, server, streamed=streamed, trusted=trusted, proxy=proxy.url)
            assert (heard.error, "".join(heard.tokens)) == (None, "a b")
            (seen,) = proxy.seen
            authority = server.url.partition("//")[2]
            expected = ("CONNECT", authority) if tls else ("POST", f"{server.url}{server.requests[0].path}")
            assert (seen.method, seen.target) == expected
            assert ("authorization" in seen.headers) is not tls
            assert "proxy-connection" not in server.requests[0].headers

    run(ask())


@both_schemes
def test_requests_one_after_the_other(*, tls: bool) -> None:
    """A connection through the proxy is kept for more requests."""

    async def ask() -> None:
        async with Proxy() as proxy, LLMServer(["one", "two", "three"], tls=tls) as server:
            trusted = server.certificate if tls else ""
            async with connect("openai", server, trusted=trusted, proxy=proxy.url) as client:
                said: Any = [{"role": "user", "content": "x"}]
                for expected in ("one", "two", "three"):
                    answer = await client.chat.completions.create(model="m", messages=said)
                    assert answer.choices[0].message.content == expected
            assert {request.connection for request in server.requests} == {1}
            assert len(proxy.seen) == (1 if tls else 3)

    run(ask())


@all_apis
@both_schemes
@pytest.mark.parametrize("status", [407, 502])
def test_refuses(api: Api, status: int, *, tls: bool) -> None:
    """A proxy that refuses is an error, and the server hears of nothing."""

    async def ask() -> Heard:
        async with Proxy(refuse=status) as proxy, LLMServer(tls=tls) as server:
            trusted = server.certificate if tls else ""
            heard = await hear(api, server, streamed=False, trusted=trusted, proxy=proxy.url)
            assert (len(proxy.seen), server.requests) == (1, [])
            return heard

    heard: Any = asyncio.run(ask())
    if tls:
        assert isinstance(heard.error, SDKS[api].APIConnectionError)
        assert str(status) in str(heard.error.__cause__)
    else:
        assert isinstance(heard.error, SDKS[api].APIStatusError)
        assert heard.error.status_code == status


@both_schemes
def test_user(*, tls: bool) -> None:
    """A proxy with a user lets through who comes as that user, and nobody else; the server learns nothing of it."""

    async def ask() -> None:
        async with Proxy(user="me:secret") as proxy, LLMServer(["hi"], tls=tls) as server:
            trusted = server.certificate if tls else ""
            heard = await hear("openai", server, streamed=False, trusted=trusted, proxy=proxy.url)
            assert (heard.error, heard.tokens) == (None, ["hi"])
            assert "proxy-authorization" not in server.requests[0].headers
            stranger = proxy.url.replace("me:secret@", "")
            heard = await hear("openai", server, streamed=False, trusted=trusted, proxy=stranger)
            assert "407" in repr(heard.error) + repr(heard.error and heard.error.__cause__)
            assert len(server.requests) == 1

    run(ask())


def test_nobody_behind_the_proxy() -> None:
    """A server that is not there is the proxy's answer 502."""

    async def ask() -> None:
        async with Proxy() as proxy:
            async with LLMServer() as server:
                pass
            heard: Any = await hear("openai", server, streamed=False, proxy=proxy.url)
            assert heard.error.status_code == 502

    run(ask())


@both_schemes
def test_a_client_that_leaves(*, tls: bool) -> None:
    """Who leaves the proxy leaves the server: a cancelled call reaches it through the proxy."""

    async def ask() -> None:
        async with Proxy() as proxy, LLMServer([Reply(["a"], fault="stall", after=1)], tls=tls) as server:
            trusted = server.certificate if tls else ""
            task = asyncio.create_task(hear("openai", server, streamed=True, trusted=trusted, proxy=proxy.url))
            request = await server.arrived()
            task.cancel()
            await asyncio.wait_for(request.client_closed(), SOON_S)
            await asyncio.wait([task])

    run(ask())

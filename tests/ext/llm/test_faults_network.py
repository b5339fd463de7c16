"""What lies between us and a provider: certificates and proxies, with the real SDKs."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from miniagents.errors import (
    BadAnswerError,
    KeyRefusedError,
    ModelError,
    ProviderFailedError,
    ProviderUnreachableError,
    SettingsError,
)
from tests.ext.llm.asking import Api, ask, both_apis, environment, settle
from tests.fakes.llm_server import LLMServer
from tests.fakes.proxy import Proxy

pytestmark = pytest.mark.real_time


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes this process trust a server's certificate."""

    def trust(server: LLMServer) -> None:
        path = tmp_path / "certificate.pem"
        path.write_text(server.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))

    return trust


@both_apis
async def test_a_certificate_that_nobody_vouches_for(api: Api, trusted: Any) -> None:
    """A server that signs for itself is asked once and not spoken to, unless its certificate is trusted by name."""
    async with LLMServer(["hello"], tls=True) as server:
        heard = await ask(api, environment(server), max_retries=2)
        assert type(heard.error) is ProviderUnreachableError
        host = server.url.removeprefix("https://")
        assert str(heard.error) == f"{host}: its certificate is not trusted; check the network, or SSL_CERT_FILE"
        assert (server.requests, server.connections) == ([], 1)
        trusted(server)
        assert (await ask(api, environment(server))).message.text == "hello"
    await settle()


@both_apis
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_proxy_that_lets_it_through(api: Api, tls: bool, trusted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy of the process's environment is used, with its password, which goes no further."""
    async with LLMServer(["hello"], tls=tls) as server, Proxy(user="me:pass-word") as proxy:
        if tls:
            trusted(server)
        monkeypatch.setenv("HTTPS_PROXY" if tls else "HTTP_PROXY", proxy.url)
        heard = await ask(api, environment(server))
        assert (heard.error, heard.message.text, len(proxy.seen)) == (None, "hello", 1)
        assert "proxy-authorization" not in server.requests[0].headers
    await settle()


PROXY_WORDS = "the proxy wants a name and a password (status 407); write them into HTTPS_PROXY or HTTP_PROXY, as in "


@both_apis
@pytest.mark.parametrize(
    ("status", "tls", "kind", "words"),
    [
        (407, False, ProviderUnreachableError, PROXY_WORDS),
        (407, True, ProviderUnreachableError, PROXY_WORDS),
        (502, False, ProviderFailedError, "it failed (status 502): refused by the proxy; try again later"),
        (502, True, ProviderUnreachableError, "the proxy does not let it through: 502 Bad Gateway; check HTTPS_PROXY"),
        (403, False, KeyRefusedError, "(status 403): refused by the proxy"),
        (403, True, ProviderUnreachableError, "the proxy does not let it through: 403 Forbidden; check HTTPS_PROXY"),
    ],
)
async def test_a_proxy_that_refuses(  # noqa: PLR0913 - what each case is made of
    api: Api,
    *,
    status: int,
    tls: bool,
    kind: type[ModelError],
    words: str,
    trusted: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told apart from the provider where that can be done; a password that it wants is not waited for."""
    async with LLMServer(["hello"], tls=tls) as server, Proxy(refuse=status) as proxy:
        if tls:
            trusted(server)
        monkeypatch.setenv("HTTPS_PROXY" if tls else "HTTP_PROXY", proxy.url)
        heard = await ask(api, environment(server), max_retries=2 if status == 407 else 0)
        assert type(heard.error) is kind
        assert words in str(heard.error)
        assert str(heard.error).isprintable()
        assert (len(proxy.seen), server.requests) == (1, [])
    await settle()


ENDS = {"openai": "ends in /v1", "anthropic": "has no /v1 at its end"}


@both_apis
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
async def test_a_proxy_that_is_not_there(api: Api, *, tls: bool, trusted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that nobody runs is an error that names the variable, and the provider is not asked behind its back."""
    async with LLMServer(["hello"], tls=tls) as server:
        if tls:
            trusted(server)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            monkeypatch.setenv("HTTPS_PROXY" if tls else "HTTP_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
            heard = await ask(api, environment(server))
        assert type(heard.error) is ProviderUnreachableError
        assert str(heard.error).endswith(f"_BASE_URL, which usually {ENDS[api]}, and HTTP{'S' * tls}_PROXY")
        assert server.connections == 0
    await settle()


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (b"HTTP/1.1 abc\r\n\r\n", "its answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n", "its answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 300_000 + b"\r\n\r\n", "its answer is no HTTP"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\n\x1f\x8bgarbage",
            "its answer cannot be decompressed",
        ),
        (b"HTTP/1.1 302 Found\r\nlocation: /v1\r\ncontent-length: 0\r\n\r\n", "it redirects in circles"),
    ],
    ids=["status", "chunks", "header", "gzip", "circle"],
)
async def test_what_is_no_answer(said: bytes, cause: str, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no HTTP, or no end of it, is asked once, and the line says to look at the URL."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(2**16):
            asked.extend([head] if head.startswith(b"POST") else [])  # what follows a redirect is a GET
            writer.write(said)
        writer.close()

    monkeypatch.setenv("MINIAGENTS_TRANSPORT", transport)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        heard = await ask("openai", {"OPENAI_BASE_URL": f"http://{host}/v1"}, max_retries=2)
    assert type(heard.error) is BadAnswerError
    assert str(heard.error) == f"{host}: {cause}; check OPENAI_BASE_URL, which usually ends in /v1"
    assert len(asked) == 1
    await settle()


@both_apis
@pytest.mark.parametrize(
    ("name", "value"), [("SSL_CERT_FILE", "/nobody/has/this.pem"), ("HTTP_PROXY", "socks9://127.0.0.1:9")]
)
async def test_an_http_library_that_cannot_be_set_up(
    api: Api, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable that is to blame."""
    monkeypatch.setenv(name, value)
    urls = {"OPENAI_BASE_URL": "http://there.test/v1", "ANTHROPIC_BASE_URL": "http://there.test"}
    heard = await ask(api, urls)
    assert type(heard.error) is SettingsError
    assert str(heard.error).startswith("there.test cannot be asked: ")
    assert f"; check {name}" in str(heard.error)
    await settle()

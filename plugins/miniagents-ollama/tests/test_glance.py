"""What is known of a server without waiting: its models, what they can do, and nothing where it is not there."""

import http.client
import socket
from typing import Any

import pytest
from miniagents_ollama import glance
from ollama_server import OllamaServer

from miniagents.hookspecs import Abilities


@pytest.fixture
def nowhere() -> dict[str, str]:
    """Give an environment that leads to where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return {"OLLAMA_HOST": "127.0.0.1:{1}".format(*closed.getsockname())}


def test_the_models_of_a_server_are_listed_once_for_a_while(
    server: OllamaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names come without the tag that goes without saying, by one request for all who ask within five seconds."""
    monkeypatch.setenv("OLLAMA_HOST", server.host)
    assert [*glance.installed(), *glance.installed()] == ["llama3.2", "qwen3:0.6b"] * 2
    assert len(server.requests) == 1
    monkeypatch.setattr(glance, "_FRESH_S", -1)
    server.models.add("new:latest")
    assert "new" in glance.installed()


def test_a_server_that_is_not_there_has_no_models(
    server: OllamaServer, nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody listens there is nothing, which is remembered as well."""
    assert glance.answers(server.environment)
    assert not glance.answers(nowhere)
    assert glance.installed(nowhere) == ()
    monkeypatch.setattr(socket, "create_connection", pytest.fail)
    assert glance.installed(nowhere) == ()
    assert glance.abilities("llama3.2", nowhere) is None


def test_a_host_that_is_none_is_no_error_here() -> None:
    """Whoever only glances is told that there is nothing; the error is for whoever asks."""
    assert glance.installed({"OLLAMA_HOST": "ftp://x"}) == ()
    assert not glance.answers({"OLLAMA_HOST": "ftp://x"})


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who listens and is silent costs no more than the time that an answer may take."""
    monkeypatch.setattr(glance, "_ANSWER_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address, port = silent.getsockname()
        assert glance.installed({"OLLAMA_HOST": f"{address}:{port}"}) == ()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models": 7}', b'{"models": [{}]}', b"[" * 100_000])
def test_a_list_of_another_shape_is_none(server: OllamaServer, body: bytes) -> None:
    """A server of another kind has no models, instead of an error in a place where nobody asked for one."""
    server.lists = body
    assert glance.installed(server.environment) == ()


@pytest.mark.parametrize(
    ("told", "abilities"),
    [
        ({}, Abilities(tools=True, schema=True, context_tokens=131072)),
        ({"capabilities": ["completion", "vision"], "model_info": {}}, Abilities(images=True, schema=True)),
        ({"capabilities": [7], "model_info": []}, Abilities(schema=True)),
        ({"model_info": {"general.architecture": "x", "x.context_length": "long"}}, Abilities(tools=True, schema=True)),
        ({"capabilities": None}, None),
    ],
)
def test_what_a_model_can_do_is_what_the_server_says(
    server: OllamaServer, told: dict[str, Any], abilities: Abilities | None
) -> None:
    """Pictures, tools and the length of a conversation are told of models that are there; of all others nothing is."""
    server.shows |= told
    assert glance.abilities("llama3.2:latest", server.environment) == abilities
    assert glance.abilities("gone", server.environment) is None
    assert [asked.path for asked in server.requests] == ["/api/tags", "/api/show"]


def test_the_key_goes_along_by_https_only(server: OllamaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server behind https is told the key, any other is not."""
    monkeypatch.setattr(http.client, "HTTPSConnection", http.client.HTTPConnection)  # the double speaks no TLS
    for scheme in ("http", "https"):
        key = {"OLLAMA_API_KEY": "sk-0123456789"}
        assert glance.installed({"OLLAMA_HOST": f"{scheme}://{server.host}", **key}) == ("llama3.2", "qwen3:0.6b")
    assert [asked.headers.get("authorization") for asked in server.requests] == [None, "bearer sk-0123456789"]

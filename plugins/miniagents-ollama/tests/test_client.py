"""Lines that are put together of bytes, and a client's settings."""

import random

import pytest
from miniagents_ollama.client import Lines, connected
from miniagents_ollama.host import endpoint_of

from miniagents.errors import SettingsError


def test_lines_are_the_same_however_their_bytes_are_cut() -> None:
    """Cut anywhere, also inside a character, the lines are those of the whole; blank ones are left out."""
    text = '{"a": "ä"}\n\n{"b": 1}\r\n \n{"c": "€"}'.encode()
    whole = [b'{"a": "\xc3\xa4"}', b'{"b": 1}\r', '{"c": "€"}'.encode()]
    drawn = random.Random(5)
    for _ in range(200):
        lines, found, rest = Lines(), list[bytes](), text
        while rest:
            size = drawn.randint(1, 7)
            found += lines.feed(rest[:size])
            rest = rest[size:]
        assert found + lines.end() == whole
    assert Lines().end() == []


def test_the_key_is_sent_and_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client for the cloud carries the key; one for this machine carries none and asks no proxy."""
    far = connected(endpoint_of({"OLLAMA_HOST": "ollama.com", "OLLAMA_API_KEY": "sk-0123456789"}))
    assert far.headers["authorization"] == "Bearer sk-0123456789"
    near = connected(endpoint_of({"OLLAMA_API_KEY": "sk-0123456789"}))
    assert "authorization" not in near.headers
    assert (far.trust_env, near.trust_env) == (True, False)


def test_a_proxy_that_is_none_is_a_setting_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that the HTTP library does not understand is said in one line."""
    monkeypatch.setenv("HTTP_PROXY", "gopher://old")
    with pytest.raises(SettingsError, match="box cannot be asked: "):
        connected(endpoint_of({"OLLAMA_HOST": "http://box"}))

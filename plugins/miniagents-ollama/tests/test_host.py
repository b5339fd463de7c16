"""Where the server is: every way to write it, and who gets the key."""

import pytest
from miniagents_ollama.host import endpoint_of, is_near

from miniagents.errors import SettingsError


@pytest.mark.parametrize(
    ("written", "base_url", "near"),
    [
        ("", "http://127.0.0.1:11434", True),
        ("  ' ", "http://127.0.0.1:11434", True),
        ("http://", "http://127.0.0.1", True),
        (":8080", "http://127.0.0.1:8080", True),
        ("0.0.0.0", "http://127.0.0.1:11434", True),
        ("0.0.0.0:80", "http://127.0.0.1:80", True),
        ("[::]:5000", "http://[::1]:5000", True),
        ("::1", "http://[::1]:11434", True),
        ("localhost", "http://localhost:11434", True),
        ('"box:5000"', "http://box:5000", False),
        ("192.168.0.7/", "http://192.168.0.7:11434", False),
        ("http://box", "http://box", False),
        ("https://box/ollama/", "https://box/ollama", False),
        ("https://box:8443", "https://box:8443", False),
        ("ollama.com", "https://ollama.com", False),
    ],
)
def test_a_host_is_written_as_for_ollama_itself(written: str, base_url: str, near: bool) -> None:
    """What Ollama's own programs understand is understood: parts that are missing, quotes, where a server listens."""
    endpoint = endpoint_of({"OLLAMA_HOST": written})
    assert (endpoint.base_url, is_near(endpoint)) == (base_url, near)


@pytest.mark.parametrize(
    "written", ["ftp://box", "box:many", "box:0", "[::1", "a b", "http://me:secret@box", "box:99999"]
)
def test_what_is_no_address_is_refused(written: str) -> None:
    """What no server can be asked at is refused with an example, and without its words, which may hold a secret."""
    with pytest.raises(SettingsError, match="OLLAMA_HOST is no address; write it like 127") as raised:
        endpoint_of({"OLLAMA_HOST": written})
    assert "secret" not in str(raised.value)


def test_the_process_says_where_if_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment of the caller's own that of the process holds, as it is now."""
    monkeypatch.setenv("OLLAMA_HOST", "box:1")
    assert endpoint_of().host == "box:1"
    assert endpoint_of({}).host == "127.0.0.1:11434"


def test_the_key_goes_by_https_only() -> None:
    """The key of the cloud is not sent where others could read it along, and is never shown."""
    key = {"OLLAMA_API_KEY": "  sk-0123456789 "}
    assert endpoint_of({"OLLAMA_HOST": "box", **key}).key == ""
    endpoint = endpoint_of({"OLLAMA_HOST": "ollama.com", **key})
    assert (endpoint.key, endpoint.secrets) == ("sk-0123456789", ("sk-0123456789",))
    assert "0123456789" not in repr(endpoint)
    assert (endpoint_of({}).key_cure, endpoint.key_cure) == (
        "sign in (`ollama signin`), or set OLLAMA_API_KEY and an OLLAMA_HOST of https",
        "check OLLAMA_API_KEY",
    )


@pytest.mark.parametrize("key", ["two words", "pass\u00adword", "lïne"])
def test_a_key_that_can_be_none_is_refused(key: str) -> None:
    """A key with characters that no header may have is refused, without being quoted."""
    with pytest.raises(SettingsError, match="no key has") as raised:
        endpoint_of({"OLLAMA_HOST": "ollama.com", "OLLAMA_API_KEY": key})
    assert key not in str(raised.value)

"""Where a provider is reached, and with which key."""

import pytest

from miniagents.errors import KeyMissingError, MiniagentsError, SettingsError
from miniagents.ext.llm.endpoint import Endpoint, Service

SERVICE = Service(
    name="acme",
    base_url="https://api.acme.test/v1",
    url_hint="ends in /v1",
    default_model="acme-small",
    model_patterns=("acme-*", "a[0-9]*"),
)
KEY = "sk-acme-0123456789"


def endpoint(**environment: str) -> Endpoint:
    """Return what these variables say."""
    return SERVICE.endpoint(environment)


def test_the_environment_is_the_one_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment the process's own counts, as it is at that moment; with one, nothing but that."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("ACME_BASE_URL", "http://process.test")
    found = SERVICE.endpoint(None)
    assert (found.key, found.base_url) == (KEY, "http://process.test")
    given = endpoint(ACME_API_KEY="sk-other-0123456789")
    assert (given.key, given.base_url) == ("sk-other-0123456789", "https://api.acme.test/v1")


def test_a_server_of_ones_own_needs_no_key() -> None:
    """With a base URL and no key something is sent that is none."""
    assert endpoint(ACME_BASE_URL=" http://localhost:8080/v1\n").key == "no-key"
    assert endpoint(ACME_BASE_URL="http://localhost", ACME_API_KEY="").key == "no-key"


def test_no_key() -> None:
    """Without a key and a base URL the error names both ways out."""
    with pytest.raises(KeyMissingError) as caught:
        endpoint(ACME_API_KEY="  ")
    cure = "set ACME_API_KEY, or ACME_BASE_URL for a server that wants none"
    assert str(caught.value) == f"api.acme.test: there is no key; {cure}"


@pytest.mark.parametrize("key", ["sk-acme 123456", "sk-acme\n123456", "sk-“acme”-123456", "sk-acme-\x7f123456"])
def test_what_can_be_no_key_is_not_sent(key: str) -> None:
    """A key that was copied together with something else is refused, and not shown."""
    with pytest.raises(KeyMissingError) as caught:
        endpoint(ACME_API_KEY=key)
    assert "123456" not in str(caught.value)
    assert "ACME_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://host", "http://", "http://host:port", "http://[::1", "//host", "http:/host"]
)
def test_what_is_no_url_is_not_asked(url: str) -> None:
    """A base URL that is none is a wrong setting, and the error shows how one looks."""
    with pytest.raises(SettingsError, match=r"^ACME_BASE_URL is no URL; write it like https://api.acme.test/v1$"):
        endpoint(ACME_BASE_URL=url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8080/v1", "localhost:8080"),
        ("https://user:secret@host.test/path?query=1", "host.test"),
        ("http://[::1]:80", "[::1]:80"),
    ],
)
def test_the_host_is_all_that_is_shown_of_a_url(url: str, host: str) -> None:
    """No scheme, no path, and above all no user and password."""
    assert endpoint(ACME_BASE_URL=url).host == host


def test_the_key_is_not_shown() -> None:
    """The representation of an endpoint has no key."""
    assert KEY not in repr(endpoint(ACME_API_KEY=KEY))


def test_words_are_tidied() -> None:
    """What a provider says becomes one line of moderate length, without the key, quoted in full or masked."""
    tidy = endpoint(ACME_API_KEY=KEY).tidy
    assert tidy(f"Wrong key '{KEY}'.\n  See\x1b[2J docs.") == "Wrong key '[key]'. See␛[2J docs"
    assert (
        tidy("Incorrect API key provided: sk-acme-************6789. Look.") == "Incorrect API key provided: [key] Look"
    )
    assert len(tidy("word " * 1000)) == 300
    assert tidy("x " * 200).endswith("…")


def test_short_keys_are_no_secrets() -> None:
    """The word that a local server takes for a key does not tear holes into what it says."""
    assert (
        endpoint(ACME_BASE_URL="http://host", ACME_API_KEY="ollama").tidy("try: ollama pull x") == "try: ollama pull x"
    )


def test_cures() -> None:
    """What to do depends on what was set."""
    own, keyless = endpoint(ACME_API_KEY=KEY, ACME_BASE_URL="http://host"), endpoint(ACME_BASE_URL="http://host")
    withheld = endpoint(ACME_BASE_URL="http://host", MINIAGENTS_KEY_WITHHELD="your key was kept back")
    assert own.url_cure == "check ACME_BASE_URL, which usually ends in /v1"
    assert "network" in endpoint(ACME_API_KEY=KEY).url_cure
    assert own.key_cure == "check ACME_API_KEY"
    assert keyless.key_cure == "set ACME_API_KEY: this server wants one"
    assert withheld.key_cure == "your key was kept back"
    assert endpoint(ACME_API_KEY=KEY, MINIAGENTS_KEY_WITHHELD="of another provider").key_cure == "check ACME_API_KEY"


def test_what_the_process_says_is_for_its_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint knows whether it is the one that the process's environment names."""
    assert endpoint(ACME_API_KEY=KEY).is_ambient
    assert not endpoint(ACME_BASE_URL="http://elsewhere.test").is_ambient
    monkeypatch.setenv("ACME_BASE_URL", "http://elsewhere.test")
    assert endpoint(ACME_BASE_URL="http://elsewhere.test").is_ambient
    assert not endpoint(ACME_API_KEY=KEY).is_ambient


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        ("acme-large", "acme-large"),
        ("a1-mini", "a1-mini"),
        ("acme:whatever:7b", "whatever:7b"),
        ("acme:", "acme-small"),
        ("acme", "acme-small"),
        ("other:acme-large", "acme-small"),
        ("other-large", "acme-small"),
        ("", "acme-small"),
    ],
)
def test_the_model_without_a_name(monkeypatch: pytest.MonkeyPatch, wanted: str, model: str) -> None:
    """The model of the environment is taken where it is the provider's, else the provider's default."""
    assert SERVICE.model({"MINIAGENTS_MODEL": wanted}) == model
    monkeypatch.setenv("MINIAGENTS_MODEL", wanted)
    assert SERVICE.model(None) == model


def test_errors_are_of_the_family() -> None:
    """Whatever is wrong with an environment can be caught as one kind of error."""
    assert issubclass(KeyMissingError, MiniagentsError)
    assert issubclass(SettingsError, MiniagentsError)

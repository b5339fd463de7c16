"""The hub: what it says of a repository, and why it gives none."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hub_server import CONTENT, REPOSITORY, HubServer
from miniagents_llamacpp import hub as hubs
from miniagents_llamacpp import library

from miniagents.errors import (
    KeyRefusedError,
    MiniagentsError,
    ModelNotFoundError,
    ProviderUnreachableError,
    SettingsError,
)

Run = Callable[[Awaitable[Any]], Any]


@pytest.mark.usefixtures("files")
def test_no_other_host_is_sent_the_token(hub: HubServer, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """The hub gets it, the server that has the files does not; and no environment but the one that was given counts."""
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    hub.gated.add(REPOSITORY)
    run(library.pull(REPOSITORY, environment={**hub.environment, "HF_TOKEN": hub.token}))
    sent = {(asked.server, asked.authorization) for asked in hub.requests}
    assert sent == {("hub", f"Bearer {hub.token}"), ("files", "")}


@pytest.mark.usefixtures("files")
def test_a_repository_that_was_renamed(hub: HubServer, run: Run) -> None:
    """Its old name leads to it."""
    hub.old_names["old/name"] = REPOSITORY
    hub.repositories["old/name"] = hub.repositories[REPOSITORY]
    assert run(library.pull("old/name")).read_bytes() == CONTENT


REFUSED: dict[str, tuple[str, dict[str, str], type[Exception], str]] = {
    "no such repository": (
        "no/body",
        {},
        ModelNotFoundError,
        "there is no repository no/body .Repository not found.; check its name; if it is private, set HF_TOKEN",
    ),
    "no such repository, for one who is known": (
        "no/body",
        {"HF_TOKEN": "hf_of_the_tests"},
        ModelNotFoundError,
        "there is no repository no/body .Repository not found.; check its name$",
    ),
    "terms": (
        "some/gated",
        {},
        KeyRefusedError,
        "some/gated is only for those who have accepted its terms; accept its terms at http://.*/some/gated, and",
    ),
    "a wrong token": (
        REPOSITORY,
        {"HF_TOKEN": "hf_wrong_and_secret"},
        KeyRefusedError,
        "the token was refused: Invalid credentials .*; check HF_TOKEN",
    ),
    "no model in it": (
        "some/text",
        {},
        ModelNotFoundError,
        "some/text has no .gguf file; look for one that has: its name often ends with -GGUF",
    ),
    "no such quantisation": (
        f"{REPOSITORY}:Q9_X",
        {},
        ModelNotFoundError,
        f"{REPOSITORY} has no model 'Q9_X', or several; there is Q2_K, Q4_K_M$",
    ),
    "two of one": (
        "some/twins:Q8_0",
        {},
        ModelNotFoundError,
        "some/twins has no model 'Q8_0', or several; there is a-Q8_0.gguf, b-Q8_0.gguf$",
    ),
}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_had_says_why(hub: HubServer, models: Path, run: Run, case: str) -> None:
    """One line: the hub, what is wrong, what to do; no token in it, nothing on the disk."""
    name, more, error, words = REFUSED[case]
    hub.gated.add("some/gated")
    hub.repositories |= {"some/gated": {}, "some/text": {"a.txt": b""}}
    hub.repositories["some/twins"] = {"a-Q8_0.gguf": b"GGUF1", "b-Q8_0.gguf": b"GGUF2"}
    with pytest.raises(error, match=rf"\A{hub.host}: {words}") as raised:
        run(library.pull(name, environment=hub.environment | more))
    assert "secret" not in str(raised.value)
    assert not models.exists()


@pytest.mark.parametrize(
    "listing",
    [b"<html>", b"[]", b'{"sha": "x", "siblings": [{"rfilename": "a.gguf"}]}', b'{"siblings": []}', b"[" * 9**5],
)
@pytest.mark.usefixtures("files")
def test_an_answer_that_is_not_a_hubs(hub: HubServer, run: Run, listing: bytes) -> None:
    """A page of somebody else's says so, and which setting to look at."""
    hub.listing = listing
    with pytest.raises(MiniagentsError, match="its answer is not that of a hub; check HF_ENDPOINT"):
        run(library.pull(REPOSITORY))


def test_nobody_is_there(hub: HubServer, run: Run) -> None:
    """Without a hub one line says so, at once; nonsense in the settings too."""
    hub.close()
    with pytest.raises(ProviderUnreachableError, match=r"the hub cannot be reached: .*; check the network"):
        run(library.pull(REPOSITORY))
    for name, value in (("HF_ENDPOINT", "hub"), ("HF_ENDPOINT", "http://h:x"), ("HF_TOKEN", "a b")):
        with pytest.raises(MiniagentsError, match=rf"\A{name} "):
            run(library.pull(REPOSITORY, environment={name: value}))


@pytest.mark.usefixtures("files")
def test_an_answer_without_end(hub: HubServer, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """Not more of it is read than the largest repositories say."""
    monkeypatch.setattr(hubs, "_LONGEST_LISTING_BYTES", 100)
    hub.listing = b" " * 1_000_000
    with pytest.raises(MiniagentsError, match="its answer is not that of a hub"):
        run(library.pull(REPOSITORY))


@pytest.mark.usefixtures("files")
def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A setting that the HTTP library does not understand is one clear error."""
    monkeypatch.setenv("HTTP_PROXY", "nonsense://x")
    with pytest.raises(SettingsError, match=r"cannot be asked: .*nonsense"):
        run(library.pull(REPOSITORY))

"""Errors of the HTTP library and of the server, in a person's words."""

import pytest
from miniagents_ollama.faults import explained, refused
from miniagents_ollama.host import endpoint_of

from miniagents.errors import BadAnswerError, KeyRefusedError, ModelNotFoundError, RateLimitedError

NEAR, FAR = endpoint_of({}), endpoint_of({"OLLAMA_HOST": "box"})


def test_a_refused_connection_says_which_program_to_start() -> None:
    """On this machine it is Ollama that is to be started, and there is no use in trying again."""
    near, far = explained(ConnectionRefusedError(111, "no"), NEAR, "m"), explained(ConnectionRefusedError(), FAR, "m")
    assert near is not None
    assert far is not None
    assert near.cure.startswith("start Ollama (`ollama serve`")
    assert near.should_retry is False
    assert far.cure == "start the server, or check OLLAMA_HOST"
    assert far.should_retry is None


def test_what_is_nobodys_fault_is_not_explained() -> None:
    """A mistake of our own is left as it is, and an error that is explained already stays."""
    assert explained(ZeroDivisionError(), NEAR, "m") is None
    error = BadAnswerError("x")
    assert explained(error, NEAR, "m") is error


@pytest.mark.parametrize(
    ("status", "said", "kind", "words"),
    [
        (404, b'{"error": "model not found"}', ModelNotFoundError, "no model 'm' (status 404): model not found"),
        (404, b'{"detail": "Not Found"}', BadAnswerError, "no such address (status 404): "),
        (404, b"Not Found", BadAnswerError, "no such address (status 404): Not Found"),
        (404, b"404 page not found", BadAnswerError, "no such address (status 404): 404 page not found"),
        (308, b"", BadAnswerError, "it sends us elsewhere (status 308)"),
        (401, b'{"error": "unauthorized"}', KeyRefusedError, "the key was refused (status 401): unauthorized"),
        (429, b'{"error": "slow"}', RateLimitedError, "too many requests (status 429): slow"),
        (404, b"\xff[[", BadAnswerError, "no such address (status 404): �[["),
        (404, b"[" * 100_000, BadAnswerError, "no such address (status 404): [[["),
    ],
)
def test_a_refusal_is_told_by_its_status_and_words(status: int, said: bytes, kind: type[Exception], words: str) -> None:
    """Each status is the error of the family that it stands for, with the server's own words."""
    error = refused(status, said, NEAR, "m", headers={})
    assert type(error) is kind
    assert error.cause.startswith(words)


def test_a_list_that_is_nowhere_lacks_no_model() -> None:
    """Who asks a server of another kind for its models is told to look at the address."""
    error = refused(404, b'{"error": "Not Found"}', NEAR, "", headers={})
    assert type(error) is BadAnswerError
    assert (error.cause, error.cure) == ("no such address (status 404): Not Found", "check OLLAMA_HOST")

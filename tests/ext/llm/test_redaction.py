"""Keys and passwords, taken out of what is written down for people."""

import json
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest

from miniagents.ext.llm.redaction import MASK, redact, redact_value
from tests.clocks import TIMES, check_linear

SECRET: Final = 'my/own "key"+ä&1'
LONG: Final = 200_000  # characters


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_a_known_secret_is_found_however_it_is_written(form: str) -> None:
    """As it is, as URLs write it, as JSON and Python's `repr` do."""
    assert redact(f"before {form} after {form}", [f" {SECRET}\n"]) == f"before {MASK} after {MASK}"


def test_of_two_secrets_that_begin_alike_nothing_is_left() -> None:
    """The longer one is looked for first."""
    assert redact("abcdefgh-ijkl abcdefgh", ["abcdefgh", "abcdefgh-ijkl"]) == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", ["ollama", "x", "", "1234567"])
def test_what_local_servers_take_is_no_secret(secret: str) -> None:
    """A word of under eight characters stays, where it is named as a secret too."""
    assert redact(f"I run ollama, x, 1234567: {secret}", [secret]) == f"I run ollama, x, 1234567: {secret}"


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-0123456789abcdefghij",
        "sk-proj-Ab_c-0123456789",
        "sk-ant-api03-abcdefgh-1234567890",
        "sk-or-v1-0123456789abcdef",
        "gsk_0123456789abcdefghij",
        "xai-0123456789abcdefghij",
        "hf_0123456789abcdefghij",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "ya29.a0123456789-abcdefghij",
        "AKIAIOSFODNN7EXAMPLE",
        "ABSKQmVkcm9ja0FQSUtleS0xMjM0NTY3ODkw",
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "-----BEGIN PRIVATE KEY-----\nMIIE\nabc-d\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\ncut off",
    ],
)
def test_keys_of_known_providers_are_found_by_their_look(key: str) -> None:
    """Wherever they stand, and whether somebody knows of them or not."""
    assert redact(key) == MASK
    assert redact(f"the key «{key}»") in (f"the key «{MASK}»", f"the key «{MASK}")
    assert redact(f'{{"x": "{key}') == f'{{"x": "{MASK}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [key]"),
        ("authorization=abcdef123456;", "authorization=[key];"),
        ("{'Authorization': 'Bearer abc.def~123456'}", "{'Authorization': 'Bearer [key]'}"),
        ("a bearer abcdef123456", "a bearer [key]"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [key]"),
        ("basic dXNlcjpwYXNz", "basic [key]"),
        ("curl -H 'x-api-key: abcd1234'", "curl -H 'x-api-key: [key]'"),
        ('{"api_key":"abcd1234","n":1}', '{"api_key":"[key]","n":1}'),
        ('{\\"apiKey\\": \\"abcd1234\\"}', '{\\"apiKey\\": \\"[key]\\"}'),
        ("OPENAI_API_KEY=abcd1234 run", "OPENAI_API_KEY=[key] run"),
        ("x-goog-api-key: abcd1234", "x-goog-api-key: [key]"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPx", "aws_secret_access_key = [key]"),
        ("password: hunter2", "password: [key]"),
        ("https://user:pa@ss@host.test/path", "https://[key]@host.test/path"),
        ("https://host.test/x?key=abcd1234&page=2", "https://host.test/x?key=[key]&page=2"),
        ("Set-Cookie: sid=abc; Path=/\nnext", "Set-Cookie: [key]\nnext"),
    ],
)
def test_keys_are_found_by_what_stands_beside_them(text: str, expected: str) -> None:
    """In headers, parameters, URLs and cookies; what is around them stays."""
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is a scheme, Basic understanding of it helps",
        "the token is wrong; max_tokens: 1000000000",
        "ssh://git@github.com/x and https://host.test/a@b:c",
        "sk-learn-is-a-nice-library, a task-force-0123456789abcdefghij",
        "cookie: chocolate",
        "password: required",
        "basic YWJjZGVmZ2hpamts",
        "api_key: str | None, authorization: required",
        "eyJust a word",
        "A text, with «marks», 1234567890123456789012345678901234567890 digits.",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Words about keys are no keys."""
    assert redact(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "sk-", "-sk-a", "eyJ", "-eyJ-", "eyJ.", "cookie:", "Bearer ", "basic ", "password=", "api_key:", "://"),
        *("@", "://@", "://a:", "-----BEGIN PRIVATE KEY-----", "-", "AKIA", " ", "\\", "=", "?key=", "x-api-key'", "1"),
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    """The time is linear in the length of the text, whatever is in it."""
    check_linear(lambda length: redact(unit * (length // len(unit)), ["sk-0123456789"]), LONG // TIMES)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Authorization", "Proxy-Authorization", "api_key", "apiKey", "x-api-key", "X-API-Key"),
        *("OPENAI_API_KEY", "cookie", "Set-Cookie", "password", "secret", "clientSecret", "token", "access_token"),
        *("aws_secret_access_key", "private_key", "apikey", "credentials"),
    ],
)
@pytest.mark.parametrize("value", ["x", 1234, ["x"], {"x": "y"}, b"x"])
def test_what_is_named_a_secret_is_masked_in_values(name: str, value: Any) -> None:
    """However short it is, and whatever it is."""
    assert redact_value([{name: value, "n": 1}]) == [{name: MASK, "n": 1}]


@pytest.mark.parametrize(
    "name", ["max_tokens", "first_token_s", "tokens", "prompt_cache_key", "key", "tokenizer", "secretary", "", "…"]
)
def test_names_that_only_look_alike_are_no_secrets(name: str) -> None:
    """The last word of a name counts."""
    assert redact_value({name: "value"}) == {name: "value"}


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_what_says_nothing_is_shown(value: Any) -> None:
    """That there is no key is worth knowing."""
    assert redact_value({"api_key": value}) == {"api_key": value}


def test_values_are_redacted_at_every_depth() -> None:
    """Texts, names and what is in containers; what is no JSON has the name of its class."""
    value = {"a": ({"my-own-key-1": "my-own-key-1"}, {"sk-proj-0123456789abcdefghij"}), "n": 1.5, "o": object()}
    expected = {"a": [{MASK: MASK}, [MASK]], "n": 1.5, "o": "<object>"}
    assert redact_value(value, iter(["my-own-key-1"])) == expected


def test_what_is_nested_too_deeply_is_left_out() -> None:
    """A value that would end the interpreter's stack does not."""
    value: Any = "end"
    for _ in range(100_000):
        value = [value]
    found = redact_value(value)
    depth = 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert (found, depth) == ("…", 100)

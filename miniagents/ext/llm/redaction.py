"""Keys and passwords, taken out of what is written down for people: logs, traces, errors.

In: a text, or a nested value of JSON; secrets that are known. Out: the same without them. Never: a file.

What is known is found exactly, also as URLs, JSON and Python's `repr` write it. What is not known is found by its look:
the prefixes of well-known providers' keys, headers and parameters that carry keys, users and passwords in URLs. A key
that has neither a known look nor a name beside it is not found. Everything takes linear time, whatever the text.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

__all__ = ["MASK", "redact", "redact_value"]

MASK: Final = "[key]"
"""What stands in the place of a secret."""

_SHORTEST_SECRET: Final = 8
"""As for endpoints: "ollama" or "x", which local servers take, are no secrets."""
_LONG: Final = 32
"""Characters of a value that nobody would write by hand."""
_DEEPEST: Final = 100
"""Levels of a nested value that are looked at; a person reads fewer."""

_PREFIXES: Final = (
    *("sk-", "gsk_", "xai-", "pplx-", "hf_", "r8_", "fw_", "nvapi-", "csk-", "tgp_v1_", "tvly-", "AIza", "AQ."),
    *("ya29.", "ABSK", "bedrock-api-key-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_"),
    *("pypi-", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "sk_live_", "rk_live_", "SG."),
)
"""How keys begin: of OpenAI, Anthropic and who copied them, Google, AWS, and of what tools are given to use."""

_BY_PREFIX = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, _PREFIXES))})[\w.~+/=-]{{16,}}+", re.ASCII)
_AWS_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])")
_WEB_TOKEN = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]*+(?:\.[\w-]*+)*+", re.ASCII)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----))*+(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9])(bearer|basic|digest|token)(\s{1,4})([\w.~+/=-]++)", re.IGNORECASE | re.ASCII)
_NAMED = re.compile(
    r"(?<![A-Za-z0-9])((?:x-)?(?:goog-)?api[-_]?key|api[-_]?token|authorization|(?:access|auth|refresh|security|session)"
    r"[-_]?token|client[-_]?secret|secret[-_]?(?:access[-_]?)?key|password|passwd|x-amz-(?:signature|credential)"
    r"|(?<=[?&])(?:key|token|sig|signature|secret))"
    r"""(["'\\]{0,3}\s{0,4}[:=]\s{0,4}["'\\]{0,3}(?:(?:bearer|basic|token)\s{1,4})?)([^\s"'\\,;&<>(){}\[\]|]++)""",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"""(?<![A-Za-z0-9])(cookie["']?\s{0,4}[:=]\s{0,4}["']?)([^\r\n"']++)""", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^\s/?#]*@")

_SECRET_NAMES: Final = frozenset(
    [
        *("authorization", "cookie", "cookies", "credential", "credentials", "passphrase", "passwd", "password"),
        *("secret", "secrets", "token"),
    ]
)
_SECRET_ENDS: Final = ("apikey", "accesskey", "secretkey", "privatekey", "signingkey")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with `MASK` in the place of each secret in it.

    Args:
        text: Any text, of any length.
        secrets: What must not be in it, whatever it looks like; one of under 8 characters is none.
    """
    known = {form for secret in secrets if len(secret.strip()) >= _SHORTEST_SECRET for form in _forms(secret.strip())}
    for form in sorted(known, key=len, reverse=True):  # the longer ones first: nothing of them is to be left
        text = text.replace(form, MASK)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def redact_value(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Return a copy of a nested value of JSON with `MASK` in the place of each secret, and of all that is named one.

    A name says so by its last word: `api_key`, `x-api-key`, `Authorization`, `clientSecret`, `token`, but not
    `max_tokens`. Names are redacted too. Of what is no JSON there is the name of its class.
    """
    return _redacted(value, tuple(secrets), _DEEPEST)


def _redacted(value: Any, secrets: tuple[str, ...], levels: int) -> Any:
    if isinstance(value, str):
        return redact(value, secrets)
    if value is None or isinstance(value, bool | int | float):
        return value
    if levels == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            redact(str(name), secrets): MASK
            if _names_a_secret(str(name)) and _says_something(inside)
            else _redacted(inside, secrets, levels - 1)
            for name, inside in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inside, secrets, levels - 1) for inside in value]
    return f"<{type(value).__name__}>"


def _names_a_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _SECRET_NAMES or "".join(words).endswith(_SECRET_ENDS))


def _says_something(value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and value != ""


def _forms(secret: str) -> Iterable[str]:
    """Give the secret in the ways in which it may stand in a text."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub("%..", lambda found: found[0].lower(), encoded)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]


def _if_key(found: re.Match[str]) -> str:
    """Mask what has a digit in it: `sk-learn-and-other-words` has none."""
    return MASK if any(map(str.isdigit, found[0])) else found[0]


def _if_web_token(found: re.Match[str]) -> str:
    """Mask three parts with dots between (RFC 7519), or two: the last one may have been cut off."""
    return MASK if "." in found[0].rstrip(".") and len(found[0]) >= _LONG else found[0]


def _scheme(found: re.Match[str]) -> str:
    """Mask what follows the name of a scheme (RFC 9110) if it is no word: of Basic, what has a colon in it."""
    scheme, space, value = found.groups()
    if scheme.lower() == "basic":
        try:
            is_secret = b":" in b64decode(value + "=" * (-len(value) % 4))
        except binascii.Error:
            is_secret = False
    else:
        is_secret = _is_no_word(value)
    return f"{scheme}{space}{MASK}" if is_secret else found[0]


def _named(found: re.Match[str]) -> str:
    name, between, value = found.groups()
    is_secret = _is_no_word(value) or (name.lower().startswith("pass") and any(map(str.isdigit, value)))
    return f"{name}{between}{MASK}" if is_secret else found[0]


def _cookies(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"{name}{MASK}" if "=" in value else found[0]


def _is_no_word(value: str) -> bool:
    if len(value) < _SHORTEST_SECRET:
        return False
    return len(value) >= _LONG or any(map(str.isdigit, value))


def _user(found: re.Match[str]) -> str:
    """Mask a user with a password; one without, as in ssh://git@host, is no secret."""
    return f"{MASK}@" if ":" in found[0] else found[0]


_MASKS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (_PRIVATE_KEY, MASK),
    (_USER, _user),
    (_COOKIES, _cookies),
    (_BY_PREFIX, _if_key),
    (_AWS_ID, MASK),
    (_WEB_TOKEN, _if_web_token),
    (_SCHEME, _scheme),
    (_NAMED, _named),
)
"""Each pattern consumes a run of characters once, also where what it found is no secret: so the time is linear."""

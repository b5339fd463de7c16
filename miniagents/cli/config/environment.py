"""The environment that model agents see: the process's own, and what the nearest `.env` file adds to it.

A `.env` may come with a cloned repository, so it is not trusted with anybody else's key: a base URL that it gives is
sent only a key that it gives too, and nothing but keys, base URLs and the model's name is taken from it at all (a proxy
or a certificate would do as well to collect keys). Names inside its values (`${…}`) are not replaced, for the same
reason.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ...errors import SettingsError

__all__ = ["KEY_WITHHELD", "environment_with_file"]

KEY_WITHHELD = "MINIAGENTS_KEY_WITHHELD"
"""The variable that says of a key that it was held back, why, and what to do about it."""

_PAIRS = (("OPENAI_BASE_URL", "OPENAI_API_KEY"), ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"))
_TAKEN = {name for pair in _PAIRS for name in pair} | {"MINIAGENTS_MODEL"}


def environment_with_file(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return `environment` with what the nearest `.env`, in `folder` or above it, adds; what is there already wins.

    Where a key is held back from the file's base URL, `KEY_WITHHELD` says so and how to cure it.

    Raises:
        SettingsError: The file cannot be read, or names a model's file, which native code would read.
    """
    path = next((path for path in (above / ".env" for above in (folder, *folder.parents)) if path.is_file()), None)
    if path is None:
        return environment
    from_file = {name: value for name, value in _values(path).items() if name in _TAKEN and not environment.get(name)}
    model = from_file.get("MINIAGENTS_MODEL", "")
    if model.lower().endswith(".gguf") or (model.startswith("local:") and "/" in model):
        raise SettingsError(f"{path}: MINIAGENTS_MODEL names a file; if you trust that one, export it yourself")
    merged = {**environment, **from_file}
    for base_url, key in _PAIRS:
        if base_url in from_file and environment.get(key):
            merged.pop(key)
            own = _values(path).get(key)
            if own:
                merged[key] = own
            else:
                merged[KEY_WITHHELD] = "; ".join(filter(None, (merged.get(KEY_WITHHELD), _reason(base_url, key, path))))
    return MappingProxyType(merged)


def _reason(base_url: str, key: str, path: Path) -> str:
    return (
        f"{base_url} comes from {path}, so your {key} is not sent there; put the key for it into that file,"
        f" or export {base_url} yourself"
    )


def _values(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is such a file

    try:
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}); mend it or move it away") from error
    return {name: value for name, value in found.items() if value}

"""The environment that model agents see: the process's own, what the nearest `.env` adds to it, and the person's keys.

A `.env` may come with a cloned repository, so it is not trusted with anybody else's key: a base URL that it gives is
sent only a key that it gives too, and nothing but keys, base URLs and the model's name is taken from it at all (a proxy
or a certificate would do as well to collect keys). Names inside its values (`${…}`) are not replaced, for the same
reason. A key of the keys file is read when somebody looks at it, and not before.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...errors import SettingsError

if TYPE_CHECKING:
    from .key import Key

__all__ = ["KEYS_FILE", "KEY_WITHHELD", "OUR_KEYS", "KeyedEnvironment", "environment_with_file", "key_of", "unopened"]

KEY_WITHHELD = "MINIAGENTS_KEY_WITHHELD"
"""The variable that says of a key that it was held back, why, and what to do about it."""
KEYS_FILE = "keys.toml"
"""The name of the keys file, in the folder of the config file."""

_PAIRS = (("OPENAI_BASE_URL", "OPENAI_API_KEY"), ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"))
OUR_KEYS = tuple(key for _, key in _PAIRS)
"""The variables of the keys that our own providers take."""
_NO_KEYS: "Mapping[str, Key]" = MappingProxyType({})
_TAKEN = {name for pair in _PAIRS for name in pair} | {"MINIAGENTS_MODEL"}


class KeyedEnvironment(Mapping[str, str]):
    """Variables, and keys that are read when somebody looks at them: to ask whether one is there reads none."""

    __slots__ = ("_variables", "keyed")

    def __init__(self, variables: Mapping[str, str], keys: "Mapping[str, Key]") -> None:
        """Make it; a key comes before a variable of its name."""
        self._variables = variables
        self.keyed = keys
        """Those that are read late."""

    def __getitem__(self, name: str) -> str:
        """Return a variable, or read a key: `KeyMissingError` if that is not to be had."""
        key = self.keyed.get(name)
        return self._variables[name] if key is None else key.read()

    def __contains__(self, name: object) -> bool:
        return name in self.keyed or name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._variables, *self.keyed)))

    def __len__(self) -> int:
        return len(self._variables.keys() | self.keyed.keys())

    def unopened(self) -> Mapping[str, str]:
        """Return it with the places of keys instead of the keys."""
        return MappingProxyType({**self._variables, **{name: key.origin for name, key in self.keyed.items()}})


def unopened(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return an environment to see in which keys there are: nothing is run or asked for them."""
    return environment.unopened() if isinstance(environment, KeyedEnvironment) else environment


def key_of(environment: Mapping[str, str], name: str) -> "Key | None":
    """Return the key of this name that is read late, None where there is none, or it is a variable."""
    return environment.keyed.get(name) if isinstance(environment, KeyedEnvironment) else None


def environment_with_file(
    environment: Mapping[str, str], folder: Path, keys: "Mapping[str, Key]" = _NO_KEYS
) -> Mapping[str, str]:
    """Return `environment` with what the nearest `.env`, in `folder` or above it, and then `keys` add to it.

    What is there already wins. Where a key is held back from the file's base URL, `KEY_WITHHELD` says so and how to
    cure it.

    Raises:
        SettingsError: The file cannot be read, or names a model's file, which native code would read.
    """
    merged, withheld = _with_file(environment, folder, keys)
    late = {name: key for name, key in keys.items() if not merged.get(name) and name not in withheld}
    return KeyedEnvironment(merged, late) if late else merged


def _with_file(
    environment: Mapping[str, str], folder: Path, keys: "Mapping[str, Key]"
) -> tuple[Mapping[str, str], set[str]]:
    """Return the environment with the file, and the names of the keys that are held back from it."""
    path = next((path for path in (above / ".env" for above in (folder, *folder.parents)) if path.is_file()), None)
    if path is None:
        return environment, set()
    values = _values(path)
    from_file = {name: value for name, value in values.items() if name in _TAKEN and not environment.get(name)}
    model = from_file.get("MINIAGENTS_MODEL", "")
    if model.lower().endswith(".gguf") or (model.startswith("local:") and "/" in model):
        raise SettingsError(f"{path}: MINIAGENTS_MODEL names a file; if you trust that one, export it yourself")
    merged = {**environment, **from_file}
    withheld: dict[str, str] = {}
    for base_url, key in _PAIRS:
        if base_url in from_file and (environment.get(key) or key in keys):
            merged.pop(key, None)
            if key in values:
                merged[key] = values[key]
            else:
                withheld[key] = _reason(base_url, key, path)
    if withheld:
        merged[KEY_WITHHELD] = "; ".join(withheld.values())
    return MappingProxyType(merged), withheld.keys() | set()


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
        raise SettingsError(
            f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); mend it or move it away"
        ) from error
    return {name: value for name, value in found.items() if value}

"""Names: what one of a repository's models is called, which files it has, and which of them a name means.

    owner/repo            the first of `PREFERRED` that is there, else the smallest
    owner/repo:Q8_0       the one with this quantisation, in small letters or large
    owner/repo:x/y.gguf   the one in this file, with its folder or without, with its ending or without

In: names, paths with slashes. Out: a `Wanted`, a `Variant`. Never: a network, a disk.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["PREFERRED", "Variant", "Wanted", "pick", "shard_names", "variants", "wanted"]

PREFERRED: Final = ("Q4_K_M", "Q4_0", "Q4_1", "Q5_K_M", "Q8_0")
"""Four bits lose little and are fast; five and eight lose less and are slower; fewer than four lose too much."""

_NAME: Final = re.compile(r"(?!.*(?:--|\.\.))([A-Za-z0-9][\w.-]*/[A-Za-z0-9_][\w.-]*?)(?::(.+))?", re.ASCII)
"""As Hugging Face names repositories: letters, digits, `-`, `_`, `.`, none of the last three twice."""
_ENDING: Final = ".gguf"
_SHARD: Final = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf$)")
"""How llama.cpp calls the files of a model that was split (`gguf-split`)."""
_BESIDES: Final = re.compile(r"(?:^|[-_.])(?:mmproj|imatrix)(?:$|[-_.])", re.IGNORECASE)
"""What lies beside models and is none: the eyes of one, the statistics that it was made with."""
_LABEL: Final = re.compile(
    r"(?<![A-Za-z0-9])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|BF16|FP?16|FP?32))(?![A-Za-z0-9])", re.IGNORECASE
)
"""How the makers of such files name how many bits a number has in them; `UD-` is one maker's own mixture."""
_STRANGE: Final = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]|(?:^|/)\.|//|^/|/$")
"""What no path in a repository has that we would write to a disk: a hidden folder, one above, a drive."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks a repository for."""

    repository: str
    """`owner/name`."""
    which: str
    """A quantisation or a file; "" leaves it to us."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the models of a repository."""

    label: str
    """Its quantisation, in capital letters; "" where its name tells of none."""
    paths: tuple[str, ...]
    """Its files, in the order in which it was split."""


def wanted(name: str) -> Wanted | None:
    """Return what a model's name asks a repository for; None if it is the name of none."""
    found = _NAME.fullmatch(name)
    if found is None or found[1].endswith((_ENDING, "-", ".")):
        return None
    return Wanted(found[1], found[2] or "")


def variants(paths: Iterable[str]) -> list[Variant]:
    """Return the models that are whole among these files, by their paths; what no repository should have is out."""
    groups: dict[str, list[str]] = {}
    for path in sorted(paths):
        stem = path.rpartition("/")[2].removesuffix(_ENDING)
        if path.endswith(_ENDING) and not _STRANGE.search(path) and not _BESIDES.search(stem):
            groups.setdefault(_SHARD.sub("", path), []).append(path)
    return [
        Variant(_label(whole), tuple(parts)) for whole, parts in groups.items() if parts == list(shard_names(parts[0]))
    ]


def shard_names(path: str) -> Sequence[str]:
    """Return the names of all files of the model that begins with this one: itself, where it was not split."""
    found = _SHARD.search(path)
    if found is None:
        return (path,)
    return [f"{path[: found.start()]}-{at:05}-of-{found[2]}{_ENDING}" for at in range(1, int(found[2]) + 1)]


def pick(there: Sequence[Variant], which: str, sizes: Mapping[str, int]) -> Variant | None:
    """Return the model that `which` means, by the rule at the top; None if none is meant, or more than one.

    Args:
        there: Those there are.
        which: A quantisation, a file, or "".
        sizes: The bytes of each file.
    """
    if which:
        names = {which.lower(), f"{which.lower()}{_ENDING}"}
        found = [each for each in there if each.label.lower() == which.lower()] or [
            each for each in there if names & {each.paths[0].lower(), each.paths[0].lower().rpartition("/")[2]}
        ]
        return found[0] if len(found) == 1 else None
    for label in PREFERRED:
        for each in there:
            if each.label == label:
                return each
    return min(there, key=lambda each: sum(sizes[path] for path in each.paths), default=None)


def _label(path: str) -> str:
    found = _LABEL.findall(path.rpartition("/")[2].removesuffix(_ENDING))
    return found[-1].upper() if found else ""

"""Python of a file of agents: `module:name`, from the file's own folder first.

Nothing stays behind: no path, no compiled file, and none that lay there is used. A module is run anew by each `Code`.

In: a folder, `module:name`. Out: what has that name. Never: whether it may be run.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, MappingProxyType, ModuleType
from typing import Any

from ..errors import PluginError
from ..safe_text import one_line

__all__ = ["Code"]


class Code:
    """The modules of one folder, as one file of agents uses them."""

    def __init__(self, folder: Path, sources: Mapping[Path, bytes] = MappingProxyType({})) -> None:
        """Make it; what is in `sources` is run instead of what the files hold by then."""
        self._folder = folder.resolve()
        self._sources = sources
        self._modules: dict[str, ModuleType] = {}
        """Those of the folder that were run."""

    def get(self, told: str) -> Any:
        """Return what `module:name` stands for.

        Raises:
            PluginError: There is no such module, it fails, or there is no such name in it; it says which, and where.
        """
        name, _, attribute = told.partition(":")
        try:
            with self._found_first():
                module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and name.startswith(error.name):
                raise PluginError(
                    f"there is no module {name} in {one_line(str(self._folder))}, nor elsewhere"
                ) from None
            raise _failed(name, error) from error
        except (Exception, SystemExit) as error:
            raise _failed(name, error) from error
        if not hasattr(module, attribute):
            from .faults import nearest  # noqa: PLC0415 - most names are right

            names = [each for each in vars(module) if not each.startswith("_")]
            raise PluginError(f"there is no {attribute} in {name}; {nearest(attribute, names, 'mend the name')}")
        return getattr(module, attribute)

    @contextmanager
    def _found_first(self) -> Iterator[None]:
        """Let modules of the folder be found before all others, and what others have imported alone."""
        finder = _Finder(self._folder, self._sources)
        bare = _Finder(self._folder, self._sources, are_bare=True)
        hidden = {each: module for each, module in sys.modules.items() if finder.has(each.partition(".")[0])}
        for each in hidden:
            del sys.modules[each]
        sys.modules.update(self._modules)
        sys.meta_path[:] = [finder, *sys.meta_path, bare]
        try:
            yield
        finally:
            sys.meta_path[:] = [each for each in sys.meta_path if each not in (finder, bare)]
            own = [each for each, module in sys.modules.items() if _is_ours(module, self._folder)]
            for each in own:
                self._modules[each] = sys.modules[each]
                if each in hidden:
                    del sys.modules[each]
            sys.modules.update(hidden)


class _Finder(MetaPathFinder):
    """Finds what is in a folder."""

    def __init__(self, folder: Path, sources: Mapping[Path, bytes], *, are_bare: bool = False) -> None:
        """Make it; `are_bare` is of folders without an `__init__`: any would do for a package, one of pictures too."""
        self._folder = folder
        self._sources = sources
        self._are_bare = are_bare
        self._top = self._at(str(folder))

    def has(self, name: str) -> bool:
        """Say whether there is a module of this name in the folder."""
        return self._spec(self._top, name) is not None

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - as Python calls it
        if path is None:
            return self._spec(self._top, name)
        below = [place for place in path if Path(place).is_relative_to(self._folder)]
        return next(filter(None, (self._spec(self._at(place), name) for place in below)), None)

    def _spec(self, finder: FileFinder, name: str) -> ModuleSpec | None:
        spec = finder.find_spec(name)
        return spec if spec is not None and (spec.loader is None) == self._are_bare else None

    def _at(self, place: str) -> FileFinder:
        sources = self._sources

        class Loader(_FromSource):
            SOURCES = sources

        return FileFinder(place, (Loader, SOURCE_SUFFIXES))


class _FromSource(SourceFileLoader):
    """Runs what the source says, and looks at no compiled file."""

    SOURCES: Mapping[Path, bytes] = MappingProxyType({})

    def get_code(self, fullname: str) -> CodeType | None:  # noqa: ARG002 - as Python calls it
        path = Path(self.path)
        source = self.SOURCES[path] if self.SOURCES else self.get_data(self.path)
        return self.source_to_code(source, self.path)


def _is_ours(module: ModuleType, folder: Path) -> bool:
    spec = getattr(module, "__spec__", None)
    if spec is None or not (spec.loader is None or isinstance(spec.loader, _FromSource)):
        return False
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return any(place is not None and Path(place).is_relative_to(folder) for place in places)


def _failed(name: str, error: BaseException) -> PluginError:
    told = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    return PluginError(one_line(f"the module {name} fails: {told}"))

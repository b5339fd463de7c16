"""Python of a file's folder: found first, run as it is written now, and nothing left behind."""

import os
import py_compile
import sys
from pathlib import Path
from types import ModuleType

import pytest

from miniagents.chains.code import Code
from miniagents.errors import PluginError


def write(folder: Path, **sources: str) -> None:
    """Write modules into a folder."""
    for name, source in sources.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")


@pytest.fixture(autouse=True)
def unchanged() -> object:
    """See to it that no path stays behind, and no module of a test's folder in another test."""
    path, meta_path = [*sys.path], [*sys.meta_path]
    modules = dict(sys.modules)
    yield None
    assert sys.path == path
    assert sys.meta_path == meta_path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]


def test_a_module_is_found_in_the_folder_with_what_is_beside_it(tmp_path: Path) -> None:
    """A module may import its neighbours, packages and the standard library."""
    write(
        tmp_path,
        mine_a="import json\nfrom mine_b import two\nfrom mine_p.inside import three\nvalue = json.dumps([two, three])",
        mine_b="two = 2",
        mine_p__inside="from . import x_sibling\nthree = x_sibling.three",
        mine_p__x_sibling="three = 3",
    )
    (tmp_path / "mine_p/__init__.py").touch()
    code = Code(tmp_path)
    assert code.get("mine_a:value") == "[2, 3]"
    assert code.get("mine_p.inside:three") == 3
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_name_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    """Those that a person has written; Python's own are of no use."""
    write(tmp_path, mine_a="from json import dumps\nloud = 1\n_own = 2")
    with pytest.raises(PluginError, match=r"^there is no quiet in mine_a; there are dumps, loud$"):
        Code(tmp_path).get("mine_a:quiet")


def test_a_folder_without_an_init_is_a_package_only_if_it_is_meant(tmp_path: Path) -> None:
    """A folder of pictures called `email` hides no module; one that nothing else is called is looked into."""
    write(tmp_path, mine_p__inside="import email.message\nvalue = email.message.Message.__name__")
    (tmp_path / "email").mkdir()
    assert Code(tmp_path).get("mine_p.inside:value") == "Message"


def test_what_is_written_now_is_run(tmp_path: Path) -> None:
    """A compiled file that seems to fit is not looked at: same time, same size, another source."""
    write(tmp_path, mine_a="value = 1")
    path = tmp_path / "mine_a.py"
    py_compile.compile(str(path))
    stat = path.stat()
    write(tmp_path, mine_a="value = 2")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Code(tmp_path).get("mine_a:value") == 2


def test_the_same_name_in_two_folders_is_two_modules(tmp_path: Path) -> None:
    """Each file of agents has its own, and a module that was imported before is again what it was."""
    for name in ("one", "two"):
        write(tmp_path / name, mine_a="from mine_b import value", mine_b=f"value = {name!r}")
    sys.modules["mine_b"] = before = ModuleType("mine_b")
    one, two = Code(tmp_path / "one"), Code(tmp_path / "two")
    assert one.get("mine_a:value") == "one"
    assert two.get("mine_a:value") == "two"
    assert one.get("mine_a:value") == "one"
    assert sys.modules["mine_b"] is before


def test_a_module_is_run_once_by_each_and_anew_by_another(tmp_path: Path) -> None:
    """One `Code` runs a module once, another one runs it again."""
    write(tmp_path, mine_a="value = object()\nother = value")
    first = Code(tmp_path)
    assert first.get("mine_a:value") is first.get("mine_a:other")
    assert Code(tmp_path).get("mine_a:value") is not first.get("mine_a:value")


def test_what_was_read_is_run(tmp_path: Path) -> None:
    """Where sources are given, what the files say by now does not matter."""
    write(tmp_path, mine_a="value = 'changed'")
    code = Code(tmp_path, {(tmp_path / "mine_a.py").resolve(): b"value = 'trusted'"})
    assert code.get("mine_a:value") == "trusted"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("nowhere_at_all:x", "there is no module nowhere_at_all in"),
        ("mine_a:valeu", "did you mean value"),
        ("mine_bad:x", "the module mine_bad fails: SyntaxError"),
        ("mine_exit:x", "the module mine_exit fails: SystemExit"),
        ("mine_lacks:x", "the module mine_lacks fails: ModuleNotFoundError"),
        ("mine_raises:x", "the module mine_raises fails: ValueError: two lines"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, told: str, words: str) -> None:
    """No module, no such name, a module that fails: which, and why."""
    write(
        tmp_path,
        mine_a="value = 1",
        mine_bad="this is no Python",
        mine_exit="raise SystemExit(3)",
        mine_lacks="import no_such_module_anywhere",
        mine_raises="raise ValueError('two\\nlines')",
    )
    with pytest.raises(PluginError) as caught:
        Code(tmp_path).get(told)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)

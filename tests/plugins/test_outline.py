"""What is known of an offer without its plugin."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from miniagents.plugins.catalogue import Catalogue
from miniagents.plugins.outline import Outline, remembered
from tests.plugins.conftest import found

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.conftest import Site


def test_names_that_are_remembered(tmp_path: Path) -> None:
    """Of two that claim a name it is the first one's; a broken plugin has none; one that is unknown has to be asked."""
    catalogue = Catalogue({"XDG_CACHE_HOME": str(tmp_path)})
    one, two, bad = (found(name, object) for name in ("one", "two", "bad"))
    assert remembered("commands", [one], catalogue) is None
    catalogue.learn(one, Outline([], {"commands": {"a": "First."}}, []))
    catalogue.learn(two, Outline([], {"commands": {"a": "Second.", "b": "Third."}, "words": {"w": ""}}, []))
    catalogue.learn(bad, Outline([], {}, [], "plugin bad skipped: no"))
    assert remembered("commands", [one, two, bad], catalogue) == {"a": "First.", "b": "Third."}
    assert remembered("keys", [one], catalogue) == {}
    assert remembered("commands", [one, found("three", object)], catalogue) is None


def test_nothing_heavy_is_imported_for_it(tmp_path: Path, site: Site) -> None:
    """Whoever only looks which plugins there are, and what they offered, waits for no agent and no plugin."""
    site.install("package", alpha="raise RuntimeError")
    code = (
        "import sys; from pathlib import Path\n"
        "from miniagents.plugins.catalogue import Catalogue\n"
        "from miniagents.plugins.finding import find\n"
        "from miniagents.plugins.outline import remembered\n"
        f"here = Path({str(tmp_path)!r}); wanted = find({{}}, here, here).wanted\n"
        "assert remembered('commands', wanted, Catalogue({'XDG_CACHE_HOME': str(here)})) is None and wanted\n"
        "print(sorted({'pydantic', 'pluggy', 'asyncio', 'miniagents.miniagents', 'alpha'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"

"""Which plugins are asked, in which order, and which are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from miniagents.plugins.decisions import Decisions, keep
from miniagents.plugins.finding import ONLY, Finding, find
from miniagents.plugins.project import project_in
from tests.plugins.conftest import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.conftest import Site


class Place:
    """A user with two installed plugins, one in their folder, and one in a project."""

    def __init__(self, folder: Path, site: Site) -> None:
        site.install("zeta-package", a_plugin="")
        site.install("alpha-package", b_plugin="")
        self.config, self.project = folder / "config", folder / "project"
        for place, name in ((self.config, "a_file"), (self.project, "a_strange_one")):
            (place / "plugins").mkdir(parents=True)
            (place / "plugins" / f"{name}.py").write_text(FILE.format(name=name))

    def find(self, **environment: str) -> Finding:
        """Find what there is."""
        return find(environment, self.config, self.project)

    def trusted(self) -> dict[str, str]:
        """Return what is to be kept where the project is trusted as it is."""
        project = project_in(self.project)
        assert project is not None
        return {str(project.folder): project.digest}


@pytest.fixture
def place(tmp_path: Path, site: Site) -> Place:
    """Give that user's place."""
    return Place(tmp_path, site)


def names(found: Finding) -> list[str]:
    """Return the names of those that are asked."""
    return [each.name for each in found.wanted]


def test_the_order(place: Place) -> None:
    """Installed ones come first, by name, then the user's folder, then the project's, which must be trusted."""
    found = place.find()
    assert names(found) == ["a_plugin", "b_plugin", "a_file"]
    assert found.project == project_in(place.project)
    assert [(each.name, why) for each, why in found.unwanted] == [
        ("a_strange_one", "not trusted: see it through, then `miniagents plugins trust`")
    ]
    keep(place.config, Decisions(trusted=place.trusted()))
    found = place.find()
    assert names(found) == ["a_plugin", "b_plugin", "a_file", "a_strange_one"]
    assert (found.project, found.unwanted, found.is_refused) == (None, (), False)


def test_trust_ends_with_any_change(place: Place) -> None:
    """What was trusted, or refused, is that content in that folder, and no other."""
    keep(place.config, Decisions(trusted=place.trusted()))
    (place.project / "plugins" / "a_strange_one.py").write_text(FILE.format(name="another"))
    assert names(place.find()) == ["a_plugin", "b_plugin", "a_file"]
    keep(place.config, Decisions(refused=place.trusted()))
    assert place.find().is_refused
    (place.project / "plugins" / "beside.py").touch()
    assert not place.find().is_refused


def test_only_some(place: Place) -> None:
    """The variable names plugins, or their packages; set and empty it leaves all out; nobody's names are told."""
    found = place.find(**{ONLY: "a_file, zeta-package,,nobody"})
    assert names(found) == ["a_plugin", "a_file"]
    assert found.unknown == ("nobody",)
    assert ("b_plugin", f"not among {ONLY}") in [(each.name, why) for each, why in found.unwanted]
    for empty in ("", " "):
        found = place.find(**{ONLY: empty})
        assert (found.wanted, found.unknown, len(found.unwanted)) == ((), (), 4)
    assert names(place.find(**{ONLY: "a_strange_one"})) == []


def test_trust_is_in_question_only_where_it_matters(place: Place) -> None:
    """Nobody needs to be asked about plugins that are left out anyway."""
    for names_wanted, is_in_question in (("", False), ("a_file", False), ("a_strange_one", True)):
        assert (place.find(**{ONLY: names_wanted}).project is not None) == is_in_question
    keep(place.config, Decisions(disabled=("a_strange_one",)))
    assert place.find().project is None


def test_disabled_ones(place: Place) -> None:
    """They are left out, by the name of the plugin or of its package, also where the variable names them."""
    keep(place.config, Decisions(disabled=("a_plugin", "alpha-package")))
    assert names(place.find()) == ["a_file"]
    assert names(place.find(**{ONLY: "a_plugin"})) == []
    assert place.find().unwanted[0][1] == "disabled (miniagents plugins enable a_plugin)"


def test_the_user_is_at_home_in_their_own_folder(place: Place) -> None:
    """The user's folder is no stranger's because one is in it; and there may be no project at all."""
    found = find({}, place.config, place.config)
    assert (names(found), found.project) == (["a_plugin", "b_plugin", "a_file"], None)
    found = find({}, place.config, None)
    assert (names(found), found.project, found.unwanted) == (["a_plugin", "b_plugin", "a_file"], None, ())

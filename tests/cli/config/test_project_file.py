"""A project's config file comes from anybody: what is taken of it, and what it never does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from miniagents.cli.config.project_file import names_a_file, taken_from_project
from miniagents.cli.config.setting import SETTINGS, Layer


def taken(path: Path, **said: Any) -> tuple[Layer, tuple[str, ...]]:
    """Return what is taken of a file that says this, where the person has one role."""
    return taken_from_project(Layer(origin=str(path), **said), path, ["coder"])


def test_what_does_no_harm_is_taken(tmp_path: Path) -> None:
    """Model, system text, role, options that change the answer only, and how it is shown are the project's to say."""
    values = {"model": "openai:org/name", "system": "s", "role": "coder", "plain": True, "timeout_s": 5.0}
    models = {"m": {"seed": 1}}
    layer, ignored = taken(tmp_path / "f", values=values, options={"temperature": 0.1}, models=models)
    assert (layer.values, layer.options, layer.models, ignored) == (values, {"temperature": 0.1}, models, ())


def test_what_is_not_taken_is_said(tmp_path: Path) -> None:
    """Everything else is left out with a line that names the file, the setting and the reason."""
    path = tmp_path / "f"
    strange = {"log": "l", "save": False, "quiet": True, "history": "h", "vi": True, "role": "other"}
    options = {"extra_body": {}, "extra_headers": {}, "mcp_servers": [], "seed": 1}
    layer, ignored = taken(path, values=strange, options=options, models={"m": {"base_url": "http://evil"}})
    assert (layer.values, layer.options, layer.models) == ({}, {"seed": 1}, {"m": {}})
    assert len(ignored) == len(strange) + 4
    assert all(line.startswith(f"{path}: ") and "is not taken from a project's file: " in line for line in ignored)
    assert f"{path}: role is not taken from a project's file: you have no role other" in ignored
    assert f"{path}: models.m.base_url is not taken" in "\n".join(ignored)


def test_no_setting_is_taken_without_a_decision() -> None:
    """Whoever adds a setting that a project may set adds it here too, having thought about it."""
    assert {name for name, each in SETTINGS.items() if each.of_projects} == {
        "chats_dir",
        "model",
        "plain",
        "retries",
        "role",
        "stream",
        "system",
        "timeout_s",
        "titles",
        "usage",
    }


@pytest.mark.parametrize(
    "model", ["x.gguf", "./x.GGUF", "local:a/b", "local:a\\b", "/x", "~/x", "../x", ".x", "\\\\s\\x"]
)
def test_a_model_that_is_a_file(tmp_path: Path, model: str) -> None:
    """A file that native code would read is named by the person and by nobody else."""
    assert names_a_file(model)
    layer, (line,) = taken(tmp_path / "f", values={"model": model})
    assert layer.values == {}
    assert line.endswith("it names a file; if you trust that one, name it yourself (--model)")


def test_transcripts_stay_in_the_projects_folder(tmp_path: Path) -> None:
    """A folder of the project's own counts from the file; one that leaves it, also by a link, is not taken."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path)
    for inside in ("chats", "a/../b", str(project / "c")):
        layer, _ = taken(project / "f", values={"chats_dir": inside})
        assert Path(layer.values["chats_dir"]) == project / inside
    for outside in ("..", "/tmp", "link/x", "a/../../x"):
        layer, (line,) = taken(project / "f", values={"chats_dir": outside})
        assert (layer.values, "it leaves the project's folder" in line) == ({}, True)

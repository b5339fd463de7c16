"""What the user decided: which of the places where it may stand comes first, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from miniagents.cli.settings import Flags, Settings, config_path, settings_from
from miniagents.errors import SettingsError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give the path of a config file that is not there yet."""
    return tmp_path / "config.toml"


def decided(config: Path, flags: Flags | None = None, **environment: str) -> Settings:
    """Decide, with this config file."""
    return settings_from(flags or Flags(), {"MINIAGENTS_CONFIG": str(config), **environment}, config.parent)


def test_the_defaults(config: Path) -> None:
    """Where nobody said anything, no model is named, replies stream, and transcripts go to `chats` in the folder."""
    settings = decided(config)
    assert (settings.model, settings.model_from, settings.system, settings.options) == (None, "", None, {})
    assert (settings.stream, settings.save, settings.chats_dir) == (True, True, config.parent / "chats")


def test_who_names_the_model(config: Path) -> None:
    """The flag comes before the environment, that before the `.env`, that before the config file."""
    config.write_text('model = "of config"')
    (config.parent / ".env").write_text("MINIAGENTS_MODEL=of file")
    settings = decided(config, Flags(model="of flag"), MINIAGENTS_MODEL="of environment")
    assert (settings.model, settings.model_from) == ("of flag", "--model")
    settings = decided(config, MINIAGENTS_MODEL="of environment")
    assert (settings.model, settings.model_from) == ("of environment", "MINIAGENTS_MODEL")
    settings = decided(config)
    assert (settings.model, settings.model_from) == ("of file", "MINIAGENTS_MODEL")
    (config.parent / ".env").unlink()
    settings = decided(config)
    assert (settings.model, settings.model_from) == ("of config", str(config))


def test_the_system_text_and_the_folder(config: Path) -> None:
    """Flags come before the config file, also where they say nothing on purpose; `~` is the home."""
    config.write_text('system = "kind"\nchats_dir = "~/c"\n')
    settings = decided(config)
    assert (settings.system, settings.chats_dir) == ("kind", Path("~/c").expanduser())
    settings = decided(config, Flags(system="", chats_dir=Path("there")), MINIAGENTS_CHATS_DIR="here")
    assert (settings.system, settings.chats_dir) == ("", config.parent / "there")
    assert decided(config, MINIAGENTS_CHATS_DIR="/here").chats_dir == Path("/here")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"model = ", r"Invalid value \(at .*\); it must be TOML"),
        (b"model 5", r".*; it must be TOML, such as: model = \"local\""),
        (b"model = 5", r"model must be text in quotes, such as: model = \"…\""),
        (b"modle = 'x'", r"modle is no setting; there are model, system, chats_dir"),
        (b"[model]\na = 1", r"model must be text in quotes"),
        (b"model = '\xff'", r"cannot be read \(.*\); mend it or move it away"),
    ],
)
def test_a_config_file_that_is_wrong_is_named(config: Path, content: bytes, complaint: str) -> None:
    """What is wrong with the file is one line that begins with its path and ends with the cure."""
    config.write_bytes(content)
    with pytest.raises(SettingsError, match=complaint) as caught:
        decided(config)
    assert str(caught.value).startswith(f"{config}: ")
    assert "\n" not in str(caught.value)


def test_a_config_file_that_cannot_be_opened_is_named(config: Path) -> None:
    """A folder in the file's place is an error; a place that cannot be, such as below a file, has no config."""
    config.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        decided(config)
    config.rmdir()
    config.touch()
    assert decided(config / "below").model is None


def test_a_config_file_of_another_system_is_read(config: Path) -> None:
    """A byte order mark and line ends of Windows are no part of it."""
    config.write_bytes(b'\xef\xbb\xbfmodel = "m"\r\nsystem = "s"\r\n')
    assert (decided(config).model, decided(config).system) == ("m", "s")


def test_where_the_config_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is in the platform's folder, unless `MINIAGENTS_CONFIG` says where."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    path = config_path({})
    assert (path.name, path.parent.name) == ("config.toml", "miniagents")
    assert path.is_relative_to(tmp_path)
    assert config_path({"MINIAGENTS_CONFIG": "/else/where"}) == Path("/else/where")


def test_options_are_json_or_else_text(config: Path) -> None:
    """Each value is the JSON that it is, or else the text that it is; the last of a name counts."""
    written = (
        "a=1",
        "b=0.5",
        "c=true",
        "d=null",
        'e=["x"]',
        'f={"y": 1}',
        'g="1"',
        "h=free text",
        "i=a=b",
        "j=",
        "a=2",
    )
    assert decided(config, Flags(options=written)).options == {
        "a": 2,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": ["x"],
        "f": {"y": 1},
        "g": "1",
        "h": "free text",
        "i": "a=b",
        "j": "",
    }


@pytest.mark.parametrize(
    ("option", "cure"),
    [
        ("temperature", "write it as name=value, such as -o temperature=0.2"),
        ("=1", "write it as name=value"),
        ("a b=1", "write it as name=value"),
        ("", "write it as name=value"),
        ("model=x", "use --model for it"),
        ("alias=x", "no model has such an option"),
        ("system=x", "use --system for it"),
        ("stream=false", "use --no-stream for it"),
        ("environment={}", "use environment variables for it"),
        ("log=x", "use --log for it"),
        ("tools=[]", "no model has such an option"),
        ("limits={}", "no model has such an option"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(config: Path, option: str, cure: str) -> None:
    """An option without a value, or one that is ours to say otherwise, is an error with the cure."""
    with pytest.raises(SettingsError, match=cure) as caught:
        decided(config, Flags(options=[option]))
    assert str(caught.value).startswith(f"-o {option}: ")


def test_a_home_that_nobody_has(config: Path) -> None:
    """A folder in the home of somebody who is not there is an error that names it."""
    with pytest.raises(SettingsError, match=r"\A~no-such-user/x: there is no such home"):
        decided(config, Flags(chats_dir=Path("~no-such-user/x")))

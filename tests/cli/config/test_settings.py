"""What the user decided: which of the places where it may stand comes first, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from miniagents.cli.config import key_file
from miniagents.cli.config.file import config_path
from miniagents.cli.config.setting import SETTINGS, Layer
from miniagents.cli.config.settings import Flags, Settings, overlaid, settings_from
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
    assert (settings.history, settings.titles, settings.origins, settings.ignored) == ("markdown", True, {}, ())
    assert not any(getattr(settings, name) for name in ("plain", "vi", "usage", "quiet", "log", "role", "retries"))
    assert (settings.timeout_s, settings.config_dir) == (None, config.parent)


def test_who_names_the_model(config: Path) -> None:
    """Flag, environment, `.env`, the project's file, the user's: each comes before the next, and says who it is."""
    project = config.parent / ".miniagents.toml"
    project.write_text('model = "of project"')
    config.write_text('model = "of config"')
    (config.parent / ".env").write_text("MINIAGENTS_MODEL=of file")
    settings = decided(config, Flags(model="of flag"), MINIAGENTS_MODEL="of environment")
    assert (settings.model, settings.model_from) == ("of flag", "--model")
    settings = decided(config, MINIAGENTS_MODEL="of environment")
    assert (settings.model, settings.model_from) == ("of environment", "MINIAGENTS_MODEL")
    settings = decided(config)
    assert (settings.model, settings.model_from) == ("of file", "MINIAGENTS_MODEL in .env")
    (config.parent / ".env").unlink()
    settings = decided(config)
    assert (settings.model, settings.model_from) == ("of project", str(project))
    project.unlink()
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
        (b"model = ", r":1:9: Invalid value; it must be TOML"),
        (b"model 5", r":1:7: .*; it must be TOML, such as: model = \"local\""),
        (b"model = 5", r"model must be text in quotes, such as: model = \"…\""),
        (b"modle = 'x'", r":1:1: modle is no setting; did you mean model\?"),
        (b"[model]\na = 1", r"model must be text in quotes"),
        (b"model = '\xff'", r"cannot be read \(.*\); mend it or move it away"),
    ],
)
def test_a_config_file_that_is_wrong_is_named(config: Path, content: bytes, complaint: str) -> None:
    """What is wrong with the file is one line that begins with its path and ends with the cure."""
    config.write_bytes(content)
    with pytest.raises(SettingsError, match=complaint) as caught:
        decided(config)
    assert str(caught.value).startswith(f"{config}:")
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


SAID = {bool: ("no", "yes"), str: ("a", "b"), int: ("1", "2"), float: ("0.5", "1.5"), list: ("a, b", "c")}


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in ("role", "chats_dir")])
def test_each_setting_may_be_said_in_each_place(config: Path, name: str) -> None:
    """Flag comes before environment, that before the file, for every setting there is; each remembers its place."""
    setting = SETTINGS[name]
    first, second = (setting.parsed(text) for text in SAID[setting.kind])
    config.write_text(f"{name} = {SAID[setting.kind][1] if setting.kind in (int, float) else json.dumps(second)}")
    settings = decided(config)
    assert (getattr(settings, name), settings.origins) == (second, {name: str(config)})
    environment = {setting.variable: SAID[setting.kind][0]}
    settings = decided(config, **environment)
    assert (getattr(settings, name), settings.origins) == (first, {name: setting.variable})
    settings = decided(config, Flags(**{name: second}), **environment)
    assert (getattr(settings, name), settings.origins) == (second, {name: setting.flag})


@pytest.mark.parametrize("place", ["flag", "environment"])
def test_a_value_that_makes_no_sense_is_named_with_who_said_it(config: Path, place: str) -> None:
    """A number that cannot be is an error that begins with the flag or the variable."""
    flags, environment = (Flags(retries=-1), {}) if place == "flag" else (Flags(), {"MINIAGENTS_RETRIES": "-1"})
    with pytest.raises(SettingsError) as caught:
        decided(config, flags, **environment)
    who = "--retries" if place == "flag" else "MINIAGENTS_RETRIES"
    assert str(caught.value) == f"{who}: retries must be a whole number, 0 or more"


def test_an_empty_name_of_a_model_says_nothing(config: Path) -> None:
    """`-m "$MODEL"` with nothing in it leaves the choice to the next place."""
    config.write_text('model = "m"')
    assert decided(config, Flags(model=""), MINIAGENTS_MODEL="").model == "m"


def test_options_of_all_places_for_this_model(config: Path) -> None:
    """A stronger place comes first; within one, what it says for this model by either of its names; retries count."""
    config.write_text(
        'model = "openai:m"\nretries = 1\n[options]\na = 1\nb = 1\nseed = 1\n'
        '[models.m]\nb = 2\n[models."openai:m"]\nc = 2\n[models.other]\nd = 2\n'
    )
    (config.parent / ".miniagents.toml").write_text("[options]\nseed = 3\n")
    settings = decided(config, Flags(options=["e=4"]))
    assert settings.options == {"max_retries": 1, "a": 1, "b": 2, "c": 2, "seed": 3, "e": 4}
    assert settings.options_for("other") == {"max_retries": 1, "a": 1, "b": 1, "d": 2, "seed": 3, "e": 4}
    assert decided(config, Flags(retries=0, options=["a=2"])).options["max_retries"] == 0
    assert decided(config, Flags(options=["max_retries=5"])).options["max_retries"] == 5


def test_a_role_stands_behind_the_place_that_names_it(config: Path) -> None:
    """What the place of the role says itself wins over the role, which wins over what stands below."""
    (config.parent / "roles").mkdir()
    (config.parent / "roles" / "r.md").write_text('+++\nmodel = "of role"\n[options]\na = 2\n+++\nBe a role.')
    config.write_text('role = "r"\nsystem = "of file"\n[options]\na = 1\nb = 1')
    settings = decided(config)
    assert (settings.role, settings.system, settings.model) == ("r", "of file", "of role")
    assert (settings.model_from, settings.options) == ("role r", {"a": 1, "b": 1})
    settings = decided(config, Flags(role="r"), MINIAGENTS_MODEL="of environment")
    assert (settings.system, settings.model, settings.options) == ("Be a role.", "of role", {"a": 2, "b": 1})
    settings = decided(config, Flags(role="r", system="", model="of flag"))
    assert (settings.system, settings.model) == ("", "of flag")
    settings = decided(config, Flags(role=""))
    assert (settings.role, settings.model, settings.system) == ("", None, "of file")


def test_a_role_that_is_none(config: Path) -> None:
    """The error names who asked for it."""
    with pytest.raises(SettingsError, match=r"\AMINIAGENTS_ROLE: no role is called r; write it into "):
        decided(config, MINIAGENTS_ROLE="r")


def test_what_a_project_may_not_say_is_not_heard(config: Path) -> None:
    """What is not taken of a project's file is a line in `ignored`; a role of the user's own it may name."""
    (config.parent / "roles").mkdir()
    (config.parent / "roles" / "mine.md").write_text("Be mine.")
    project = config.parent / ".miniagents.toml"
    project.write_text('role = "mine"\nchats_dir = "said"\nsave = false\nlog = "x"\n[options]\nextra_body = {}\n')
    settings = decided(config)
    assert (settings.system, settings.chats_dir, settings.save, settings.log) == (
        "Be mine.",
        config.parent / "said",
        True,
        None,
    )
    assert settings.options == {}
    assert [line.partition(" is not")[0] for line in settings.ignored] == [
        f"{project}: save",
        f"{project}: log",
        f"{project}: options.extra_body",
    ]


def test_what_a_chat_decides_comes_before_everything(config: Path) -> None:
    """A place that is laid over settings wins, with its options, and leaves the settings below it as they were."""
    settings = decided(config, Flags(model="a", plain=True, options=["x=1", "y=1"]))
    above = overlaid(settings, Layer(origin="/model", values={"model": "b"}, options={"x": 2}))
    assert (above.model, above.model_from, above.plain, above.options) == ("b", "/model", True, {"x": 2, "y": 1})
    assert (settings.model, settings.model_from, settings.options) == ("a", "--model", {"x": 1, "y": 1})


def test_the_keys_file_is_beside_the_config_file(config: Path) -> None:
    """Its keys are in the environment that model agents get, after those of the process."""
    key_file.write(config.parent / "keys.toml", "OPENAI_API_KEY", "kept")
    assert decided(config).environment["OPENAI_API_KEY"] == "kept"
    assert decided(config, OPENAI_API_KEY="real").environment["OPENAI_API_KEY"] == "real"
    assert decided(config).ignored == ()


def test_a_keys_file_that_is_not_the_persons_alone_is_not_used(config: Path) -> None:
    """Nothing of it is taken, nor is it read: a line says why, and the program goes on."""
    path = config.parent / "keys.toml"
    path.write_text("nonsense")
    path.chmod(0o644)
    settings = decided(config)
    assert "OPENAI_API_KEY" not in settings.environment
    (line,) = settings.ignored
    assert line.startswith(f"{path}: is not used, because others may read it")


def test_who_decided_an_option(config: Path) -> None:
    """The strongest place that says an option is named, for any model or for this one; in a file, with its line."""
    config.write_text('[options]\ntop_p = 1\n[models."m"]\nseed = 1\n')
    settings = decided(config, Flags(options=["temperature=1"]))
    assert settings.origin_of_option("temperature", "m") == "-o"
    assert settings.origin_of_option("top_p", "m") == f"{config}:2:1"
    assert settings.origin_of_option("seed", "m") == f"{config}:4:1"
    assert settings.origin_of_option("seed", "other") == settings.origin_of_option("stop", "m") == ""

"""What a `.env` may add to the environment, and which keys it never gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.config import key_file
from miniagents.cli.config.environment import KEY_WITHHELD, environment_with_file, key_of, unopened
from miniagents.cli.config.key import Key
from miniagents.errors import KeyMissingError, SettingsError
from tests.fakes.llm_server import LLMServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

SECRETS = {
    "OPENAI_API_KEY": "sk-mine-of-openai",
    "ANTHROPIC_API_KEY": "sk-mine-of-anthropic",
    "ANTHROPIC_AUTH_TOKEN": "token-mine",
    "OPENAI_ORG_ID": "org-mine",
    "OPENAI_PROJECT_ID": "project-mine",
    "OPENAI_ADMIN_KEY": "sk-admin-mine",
    "OPENAI_CUSTOM_HEADERS": "X-Secret: header-mine",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Secret: header-mine",
}


def test_without_a_file_the_environment_is_the_same(tmp_path: Path) -> None:
    """Where there is no `.env`, up to the root, the environment stays as it is."""
    environment = {"A": "1"}
    assert environment_with_file(environment, tmp_path) is environment


def test_the_nearest_file_upwards_counts_and_no_other(tmp_path: Path) -> None:
    """The search goes upwards and ends at the first file; a folder of that name, such as a venv's, is passed by."""
    deep = tmp_path / "a" / "b" / "c"
    (deep / ".env").mkdir(parents=True)
    (tmp_path / "a" / ".env").write_text("OPENAI_API_KEY=near\n")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=far\nANTHROPIC_API_KEY=far\n")
    assert environment_with_file({}, deep) == {"OPENAI_API_KEY": "near"}


def test_the_real_environment_wins(tmp_path: Path) -> None:
    """What is set already stays; what is set to nothing counts as not set."""
    (tmp_path / ".env").write_text("OPENAI_API_KEY=file\nANTHROPIC_API_KEY=file\nMINIAGENTS_MODEL=\n")
    merged = environment_with_file({"OPENAI_API_KEY": "real", "ANTHROPIC_API_KEY": ""}, tmp_path)
    assert merged == {"OPENAI_API_KEY": "real", "ANTHROPIC_API_KEY": "file"}


def test_nothing_but_keys_base_urls_and_the_model_is_taken(tmp_path: Path) -> None:
    """A proxy, a certificate, a path or a folder that a file names is not taken from it."""
    names = ("HTTPS_PROXY", "SSL_CERT_FILE", "PYTHONPATH", "MINIAGENTS_CHATS_DIR", "MINIAGENTS_CONFIG", KEY_WITHHELD)
    (tmp_path / ".env").write_text("".join(f"{name}=/evil\n" for name in names) + "export MINIAGENTS_MODEL='m'\n")
    assert environment_with_file({}, tmp_path) == {"MINIAGENTS_MODEL": "m"}


def test_nothing_is_put_into_what_a_file_says(tmp_path: Path) -> None:
    """`${NAME}` stays as it is, so that a base URL cannot carry a variable of the environment away."""
    (tmp_path / ".env").write_text('OPENAI_BASE_URL="http://evil/${SECRET}"\nANTHROPIC_BASE_URL=http://evil/$SECRET\n')
    merged = environment_with_file({"SECRET": "s"}, tmp_path)
    assert merged["OPENAI_BASE_URL"] == "http://evil/${SECRET}"
    assert merged["ANTHROPIC_BASE_URL"] == "http://evil/$SECRET"


def test_a_key_goes_only_where_it_belongs(tmp_path: Path) -> None:
    """A base URL of the file gets the key of the file; without one the real key is held back, and it says why."""
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://a\nOPENAI_API_KEY=file\nANTHROPIC_BASE_URL=http://b\n")
    merged = environment_with_file({"OPENAI_API_KEY": "real", "ANTHROPIC_API_KEY": "real"}, tmp_path)
    assert merged["OPENAI_API_KEY"] == "file"
    assert "ANTHROPIC_API_KEY" not in merged
    assert merged[KEY_WITHHELD].startswith(f"ANTHROPIC_BASE_URL comes from {tmp_path / '.env'}, so your ANTHROPIC_API")


def test_each_key_that_is_held_back_is_named(tmp_path: Path) -> None:
    """Where both keys are held back, both are spoken of."""
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://a\nANTHROPIC_BASE_URL=http://b\n")
    merged = environment_with_file({"OPENAI_API_KEY": "real", "ANTHROPIC_API_KEY": "real"}, tmp_path)
    assert set(merged) == {"OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", KEY_WITHHELD}
    assert "your OPENAI_API_KEY" in merged[KEY_WITHHELD]
    assert "your ANTHROPIC_API_KEY" in merged[KEY_WITHHELD]


def test_a_base_url_of_the_real_environment_keeps_its_key(tmp_path: Path) -> None:
    """Where the user named the server, the file's base URL is not used and no key is held back."""
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://evil\n")
    real = {"OPENAI_BASE_URL": "http://mine", "OPENAI_API_KEY": "real"}
    assert environment_with_file(real, tmp_path) == real


def keys(**written: str) -> dict[str, Key]:
    """Return keys of the keys file."""
    return {name: Key(name, value) for name, value in written.items()}


def test_the_keys_file_comes_last(tmp_path: Path) -> None:
    """What the environment or the `.env` has comes before a key of the keys file; what is set to nothing does not."""
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=of-file\n")
    real = {"A_API_KEY": "of-environment", "B_API_KEY": "", "PATH": "/"}
    kept = keys(A_API_KEY="kept", B_API_KEY="kept", ANTHROPIC_API_KEY="kept", OPENAI_API_KEY="kept")
    merged = environment_with_file(real, tmp_path, kept)
    assert dict(merged) == {
        "A_API_KEY": "of-environment",
        "B_API_KEY": "kept",
        "PATH": "/",
        "ANTHROPIC_API_KEY": "of-file",
        "OPENAI_API_KEY": "kept",
    }
    assert len(merged) == 5
    assert [key_of(merged, name) for name in ("A_API_KEY", "ANTHROPIC_API_KEY", "PATH")] == [None] * 3
    assert key_of(merged, "B_API_KEY") is kept["B_API_KEY"]


def test_a_key_is_read_when_somebody_looks_at_it(tmp_path: Path) -> None:
    """To ask which names there are, or which are set, runs no command; to get the value does."""
    log = tmp_path / "log"
    kept = keys(OPENAI_API_KEY=f"cmd:sh -c 'echo ran >> {log}; echo of-command'", A_API_KEY="cmd:false")
    merged = environment_with_file({"HOME": "/"}, tmp_path, kept)
    assert "OPENAI_API_KEY" in merged
    assert "B_API_KEY" not in merged
    assert [*merged] == ["HOME", "OPENAI_API_KEY", "A_API_KEY"]
    assert unopened(merged) == {"HOME": "/", "OPENAI_API_KEY": "cmd", "A_API_KEY": "cmd"}
    assert merged.get("B_API_KEY") is None
    assert not log.exists()
    assert merged.get("OPENAI_API_KEY") == "of-command"
    with pytest.raises(KeyMissingError, match="A_API_KEY: the command false ended with 1"):
        merged.get("A_API_KEY")
    assert log.read_text() == "ran\n"


def test_nothing_of_a_key_is_in_what_python_shows(tmp_path: Path) -> None:
    """Neither the environment nor what is seen of it without reading has the key, or its command, in it."""
    merged = environment_with_file({}, tmp_path, keys(A_API_KEY="sk-secret-1", B_API_KEY="cmd:echo sk-secret-2"))
    assert "secret" not in f"{merged!r} {merged} {unopened(merged)}"


def test_without_keys_an_environment_is_as_open_as_it_was() -> None:
    """One that is none of ours is given back as it is."""
    environment = {"A_API_KEY": "a"}
    assert unopened(environment) is environment
    assert key_of(environment, "A_API_KEY") is None


def test_a_key_of_the_keys_file_goes_only_where_it_belongs(tmp_path: Path) -> None:
    """A base URL of the `.env` is sent no key of the keys file, whatever else is set, and it says why."""
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://a\nANTHROPIC_BASE_URL=http://b\nANTHROPIC_API_KEY=file\n")
    kept = keys(OPENAI_API_KEY="kept", ANTHROPIC_API_KEY="kept", C_API_KEY="kept")
    for real in ({}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": "real", "ANTHROPIC_API_KEY": "real"}):
        merged = environment_with_file(real, tmp_path, kept)
        assert "OPENAI_API_KEY" not in merged
        assert (merged["ANTHROPIC_API_KEY"], merged["C_API_KEY"]) == ("file", "kept")
        assert merged[KEY_WITHHELD].startswith(
            f"OPENAI_BASE_URL comes from {tmp_path / '.env'}, so your OPENAI_API_KEY"
        )
        assert "ANTHROPIC_API_KEY" not in merged[KEY_WITHHELD]


@pytest.mark.parametrize("content", [b"\xff\xfe\0", "OPENAI_API_KEY=caf\u00e9".encode("latin-1")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    """A file that is not UTF-8 is an error of one line that begins with its path."""
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=r"\A[^\n]*\Z") as caught:
        environment_with_file({}, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / '.env'}: cannot be read (")


def test_a_file_of_another_system_is_read(tmp_path: Path) -> None:
    """A byte order mark and line ends of Windows are no part of what the file says."""
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfOPENAI_API_KEY=file\r\nMINIAGENTS_MODEL=m\r\n")
    assert environment_with_file({}, tmp_path) == {"OPENAI_API_KEY": "file", "MINIAGENTS_MODEL": "m"}


@pytest.mark.parametrize("model", ["openai:x", "anthropic:x"])
def test_a_cloned_repository_collects_nothing(program: Program, model: str) -> None:
    """At the server that a `.env` names no key, token, organisation or header of the user's arrives; it says so."""
    with LLMServer.in_thread(keys=["the one of the file"]) as server:
        names = f"OPENAI_BASE_URL={server.openai_base_url}\nANTHROPIC_BASE_URL={server.anthropic_base_url}\n"
        (program.folder / ".env").write_text(f"{names}MINIAGENTS_MODEL={model}\n")
        ran = program.run("chat", "-o", "max_retries=0", "hi", environment=SECRETS)
        (request,) = server.requests
    assert "mine" not in str(request.headers)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, b"", 1)
    assert ran.err.startswith(f"miniagents: {server.url.removeprefix('http://')}: the key was refused")
    assert f"_BASE_URL comes from {program.folder / '.env'}, so your " in ran.err


@pytest.mark.parametrize("written", ["sk-mine-of-file", "cmd:echo sk-mine-of-command"])
def test_a_cloned_repository_collects_no_key_of_the_keys_file(program: Program, written: str) -> None:
    """At the server that a `.env` names no key of the keys file arrives, nor is a command run for it; it says so."""
    key_file.write(program.home / ".config" / "miniagents" / "keys.toml", "OPENAI_API_KEY", written)
    with LLMServer.in_thread(keys=["the one of the file"]) as server:
        (program.folder / ".env").write_text(f"OPENAI_BASE_URL={server.openai_base_url}\nMINIAGENTS_MODEL=openai:x\n")
        ran = program.run("chat", "-o", "max_retries=0", "hi")
        (request,) = server.requests
    assert "mine" not in f"{request.headers} {ran.err}"
    assert (ran.code, ran.out) == (1, b"")
    assert "so your OPENAI_API_KEY is not sent there" in ran.err


@pytest.mark.usefixtures("measured")
def test_a_key_that_is_held_back_is_said_where_it_decides(program: Program) -> None:
    """Where no model is named, a key that is held back would have chosen one: the program says that it does not."""
    (program.folder / ".env").write_text("OPENAI_BASE_URL=http://127.0.0.1:1/v1\n")
    ran = program.run("chat", "hi", environment=SECRETS | {"ANTHROPIC_API_KEY": ""})
    assert ran.code == 1
    held_back, nothing = ran.err.splitlines()
    assert held_back.startswith(f"miniagents: OPENAI_BASE_URL comes from {program.folder / '.env'}, so your OPENAI_API")
    assert nothing.startswith("miniagents: no model to talk to; ")


def test_a_file_names_the_model_and_the_key(program: Program) -> None:
    """A `.env` above the folder brings model, server and key together."""
    with LLMServer.in_thread(keys=["sk-of-file"]) as server:
        (program.folder / ".env").write_text(
            f"OPENAI_BASE_URL={server.openai_base_url}\nOPENAI_API_KEY=sk-of-file\nMINIAGENTS_MODEL=openai:named\n"
        )
        (program.folder / "deep").mkdir()
        ran = program.run("chat", "hi", environment=SECRETS, cwd=program.folder / "deep")
        assert (ran.code, ran.out, ran.err) == (0, b"You said: hi", "")
        assert server.requests[0].body["model"] == "named"
    assert os.listdir(program.folder / "deep") == ["chats"]  # noqa: PTH208 - names alone


@pytest.mark.parametrize("model", ["./its-own.GGUF", "local:weights/its-own.bin"])
def test_a_cloned_repository_names_no_file_to_load(tmp_path: Path, model: str) -> None:
    """A model's file is read by native code, so the person names it, and no `.env` does."""
    (tmp_path / ".env").write_text(f"MINIAGENTS_MODEL={model}\n")
    with pytest.raises(SettingsError, match="names a file; if you trust that one, export it yourself"):
        environment_with_file({}, tmp_path)

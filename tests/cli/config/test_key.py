"""One key: by itself, of a command, of the keyring; and what is never said of it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from miniagents.cli.config import key as room
from miniagents.cli.config.key import NAME, Key
from miniagents.errors import KeyMissingError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk-nobody-may-see-123"
KEYRING = f"""
from pathlib import Path
def get_password(service, user):
    if user == "broken":
        raise RuntimeError("{SECRET}")
    return {{("mail/office", "ann"): "{SECRET}"}}.get((service, user))
"""


@pytest.fixture
def in_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package `keyring` with one key in it."""
    (tmp_path / "keyring.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)


def of_shell(line: str) -> Key:
    """Return the key that a line of shell writes."""
    return Key("A_KEY", f"cmd:sh -c '{line}'")


def missing(key: Key) -> str:
    """Return why a key is not to be had: one line, in which nothing of a key is, nor in what came before it."""
    with pytest.raises(KeyMissingError, match=r"\A[^\n]*\Z") as caught:
        key.read()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in str(caught.value)
    assert str(caught.value).startswith(key.name)
    return str(caught.value)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "A_KEY", "HF_TOKEN", "A1_B2_API_KEY"])
def test_names_of_keys(name: str) -> None:
    """A variable in capitals that ends in KEY or TOKEN may be a key's."""
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "openai", "_KEY", "PATH", "OPENAI_BASE_URL", "1_KEY", "A-B_KEY", "A_KEY ", SECRET]
)
def test_what_is_no_name_of_a_key(name: str) -> None:
    """Other variables, and keys themselves, are no names of keys."""
    assert not NAME.fullmatch(name)


def test_a_key_by_itself() -> None:
    """It is there at once, and what Python shows of it is only its name and where it is."""
    key = Key("A_KEY", SECRET)
    assert (key.read(), key.origin, key.is_here) == (SECRET, "keys file", True)
    assert repr(key) == "Key('A_KEY', 'keys file')"


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", f"{SECRET} x", f"{SECRET}\n", f"{SECRET}é", "cmd:", "cmd: ", f"cmd:a '{SECRET}"),
        *("keyring:", "keyring:x", "keyring:/x", "keyring:x/"),
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(written: str) -> None:
    """What cannot be sent, and a reference to nothing, is an error of one line without what was written."""
    with pytest.raises(SettingsError, match=r"\AA_KEY: [^\n]*\Z") as caught:
        Key("A_KEY", written)
    assert SECRET not in str(caught.value)


def test_a_command_is_run_when_the_key_is_read_and_once(tmp_path: Path) -> None:
    """Nothing is run before; then the line that the command writes is the key, and it is not run again."""
    log = tmp_path / "log"
    key = of_shell(f"echo ran >> {log}; echo {SECRET}")
    assert (key.origin, key.is_here, repr(key)) == ("cmd", False, "Key('A_KEY', 'cmd')")
    assert not log.exists()
    assert [key.read(), key.read()] == [SECRET, SECRET]
    assert log.read_text() == "ran\n"
    assert key.is_here


def test_many_that_read_at_once_run_the_command_once(tmp_path: Path) -> None:
    """Several agents that need the key at the same time wait for one command."""
    before = {*threading.enumerate()}
    log = tmp_path / "log"
    key = of_shell(f"echo ran >> {log}; echo {SECRET}")

    async def read_it() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(key.read) for _ in range(5)))

    assert asyncio.run(read_it()) == [SECRET] * 5
    assert log.read_text() == "ran\n"
    assert {*threading.enumerate()} <= before


def test_words_are_words_and_no_shell(tmp_path: Path) -> None:
    """Quotes make words, and what a shell would make of `;` or `$` is not made of it."""
    script = tmp_path / "pass"
    script.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    script.chmod(0o700)
    assert Key("A_KEY", f"cmd:{script} show 'a;b' $HOME;").read() == "show|a;b|$HOME;|"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"echo {SECRET}; echo {SECRET} >&2; exit 3", "the command sh ended with 3"),
        (f"echo {SECRET}; echo more", "the command sh wrote more than one line"),
        (f"echo; echo {SECRET}", "the command sh wrote more than one line"),
        ("true", "what cmd: gave is no key"),
        ("echo two words", "what cmd: gave is no key"),
        ("kill -9 $$", "the command sh ended with -9"),
    ],
)
def test_a_command_that_gives_no_key(capfd: pytest.CaptureFixture[str], line: str, said: str) -> None:
    """One line says what went wrong and what to do, and nothing of what the command said is anywhere."""
    assert said in missing(of_shell(line))
    assert capfd.readouterr() == ("", "")


def test_a_command_that_is_not_there() -> None:
    """The error names the command, and the reason of the system."""
    said = missing(Key("A_KEY", f"cmd:no-such-command {SECRET}"))
    assert said.startswith("A_KEY: the command no-such-command cannot be run (No such file or directory); run it ")


@pytest.mark.parametrize("line", ["exec sleep 100", "sleep 100 & wait"])
def test_a_command_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """After its time a command is killed, whatever it has started; the error says how long it had."""
    monkeypatch.setattr(room, "_WITHIN_S", 0.01)
    assert "the command sh took more than 0 s" in missing(of_shell(line))


def test_a_command_that_never_stops_writing_is_ended() -> None:
    """It is ended once it has written more than any key, and does not fill the memory for a minute."""
    key = Key("A_KEY", "cmd:yes")
    assert missing(key) == "A_KEY: the command yes writes more than a key; run it yourself, and see what it says"


def test_a_command_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    """Whoever wants the key no more ends the command; who wants it later starts it again."""
    key = of_shell(f"echo $$ >> {tmp_path}/log; test -e {tmp_path}/there || exec sleep 100; echo {SECRET}")

    class WhenItRuns(threading.Event):
        def is_set(self) -> bool:
            return (tmp_path / "log").exists() and (tmp_path / "log").read_text().endswith("\n")

    with pytest.raises(KeyMissingError, match="the command sh was ended"):
        key.read(WhenItRuns())
    pid = int((tmp_path / "log").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    (tmp_path / "there").touch()
    assert key.read() == SECRET


def test_a_command_reads_nothing() -> None:
    """What is piped into the program is not for the command."""
    assert of_shell(f"cat; echo {SECRET}").read() == SECRET


def test_a_key_that_was_not_to_be_had_is_asked_for_again(tmp_path: Path) -> None:
    """Whoever unlocks their password manager need not start anew."""
    key = of_shell(f"cat {tmp_path}/there")
    missing(key)
    (tmp_path / "there").write_text(SECRET)
    assert key.read() == SECRET


@pytest.mark.usefixtures("in_keyring")
def test_the_keyring() -> None:
    """A key is read by service, which may have a slash in it, and user; what the keyring lacks is said."""
    key = Key("A_KEY", "keyring:mail/office/ann")
    assert (key.origin, key.where, key.is_here) == ("keyring", ("mail/office", "ann"), False)
    assert key.read() == SECRET
    said = missing(Key("A_KEY", "keyring:mail/you"))
    assert said == "A_KEY: the keyring has none, of you at mail; run `miniagents keys set A_KEY`"


@pytest.mark.usefixtures("in_keyring")
def test_a_keyring_that_fails() -> None:
    """Of the failure there is its class, and not what it says."""
    assert "the keyring failed (RuntimeError)" in missing(Key("A_KEY", "keyring:s/broken"))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `keyring` is not installed, the error says how to get it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    said = missing(Key("A_KEY", "keyring:s/u"))
    assert said == "A_KEY is in the keyring; install the package keyring: miniagents[keyring]"

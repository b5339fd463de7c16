"""Which servers there are: the file is read as other clients read it, and what is wrong in it is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_mcp.servers import Entry, Server, chosen, file_in_config, read

from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

ECHO = {"command": "echo"}


def test_a_file(write: Callable[..., Path]) -> None:
    """Servers are there by name, but those that are disabled; VS Code's word for them is taken too."""
    path = write(one=ECHO, two={"url": "http://h/mcp", "type": "http"}, off={**ECHO, "disabled": True})
    assert [*read(path)] == ["one", "two"]
    path.write_text('\ufeff{"servers": {"x": {"command": "y", "type": "stdio", "timeout": 2.5, "foreign": 1}}}')
    assert read(path)["x"].resolved({}) == Server(name="x", command="y", timeout_s=2.5)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", ":1:2: Expecting property name enclosed in double quotes; it must be JSON"),
        ("[]", ': there are no servers in it; write them as {"mcpServers": {"name": {…}}}'),
        ('{"mcpServers": 1}', ': there are no servers in it; write them as {"mcpServers": {"name": {…}}}'),
        ('{"mcpServers": {"a\\u001b": 1}}', ': a␛: it must be an object, such as {"command": "…"}'),
        ('{"mcpServers": {"a": {}}}', ": a: it needs a command, or the url where it is"),
        ('{"mcpServers": {"a": {"command": ""}}}', ": a: it needs a command, or the url where it is"),
        ('{"mcpServers": {"a": {"type": "http", "command": "x"}}}', ": a: it needs a command, or the url where it is"),
        ('{"mcpServers": {"a": {"command": 1}}}', ": a: command must be text in quotes"),
        ('{"mcpServers": {"a": {"command": "x", "args": [1]}}}', ": a: args must be a list of texts"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"A": 1}}}}', ": a: env must be an object of texts"),
        (
            '{"mcpServers": {"a": {"command": "x", "timeout": true}}}',
            ": a: timeout must be a number of seconds above 0",
        ),
        ('{"mcpServers": {"a": {"command": "x", "timeout": 0}}}', ": a: timeout must be a number of seconds above 0"),
        (
            '{"mcpServers": {"a": {"url": "x", "type": "sse"}}}',
            ": a: type sse is none that is spoken here; use stdio or http",
        ),
        (
            '{"mcpServers": {"a": {"url": "x", "command": "y"}}}',
            ": a: it has both a command and a url; leave one of them out",
        ),
    ],
)
def test_what_makes_no_sense(home: Path, text: str, line: str) -> None:
    """It is said in one line that begins with the file, and with place or server."""
    path = home / "mcp.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read(path)
    assert str(caught.value) == f"{path}{line}"


def test_a_file_that_cannot_be_read(home: Path) -> None:
    """One that is not there says how to write one; one that is no text, or a folder, says so."""
    with pytest.raises(SettingsError, match=r"mcp\.json: there is no such file; write one: \{"):
        read(home / "mcp.json")
    with pytest.raises(SettingsError, match="cannot be read"):
        read(home)
    (home / "mcp.json").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        read(home / "mcp.json")


def entry(**told: Any) -> Entry:
    """Return a server of a file."""
    return Entry("it", "mcp.json", told)


def test_variables() -> None:
    """They are filled in wherever a text is, however they are written; one that is missing is named with the server."""
    told = entry(
        command="${HOME}/bin/x",
        args=["--key=${env:KEY}", "${NONE:-else}", "$KEY", "${}"],
        env={"A": "${KEY}"},
        cwd="~",
        alwaysAllow=["${KEY}"],
    )
    server = told.resolved({"HOME": "/h", "KEY": "k3y!", "NONE": ""})
    assert server.command == "/h/bin/x"
    assert server.args == ("--key=k3y!", "else", "$KEY", "${}")
    assert server.env == {"A": "k3y!"}
    assert server.allowed == ("${KEY}",)
    assert server.cwd is not None
    assert "~" not in server.cwd
    with pytest.raises(SettingsError, match=r"^mcp\.json: it: KEY is not set; export it$"):
        told.resolved({"HOME": "/h"})


def test_no_secret_is_shown() -> None:
    """Neither a server nor its entry shows what it was given, and texts of the server go without it."""
    told = entry(url="https://${env:USER_OF}:pw@host/mcp?key=${KEY}", headers={"Authorization": "Bearer ${KEY}"})
    server = told.resolved({"USER_OF": "me", "KEY": "k3y!!"})
    assert "k3y" not in repr((told, server))
    assert "pw" not in repr((told, server))
    assert told.where == "host"
    assert entry(command="npx\n", args=["secret"]).where == "npx"
    assert entry(url="${URL}").where == "an address"
    assert server.without_secrets("no Bearer k3y!! here\x1b") == "no … here␛"
    assert Server(name="n", env={"A": "1"}).without_secrets("a 1") == "a 1"


def test_who_is_meant(write: Callable[..., Path], environment: dict[str, str], home: Path) -> None:
    """Nothing means all of the person's own file, a name one of them, and a path all of another file."""
    own = write(one=ECHO, two=ECHO)
    assert file_in_config(environment) == own
    assert [each.name for each in chosen("", environment)] == ["one", "two"]
    assert [each.name for each in chosen("two", environment)] == ["two"]
    other = write(home / "other.json", three=ECHO)
    assert [each.name for each in chosen(str(other), environment)] == ["three"]
    with pytest.raises(SettingsError, match=r"mcp\.json: no server is called tow; did you mean two\?"):
        chosen("tow", environment)
    with pytest.raises(SettingsError, match="no server is called x; there is one, two"):
        chosen("x", environment)
    write()
    with pytest.raises(SettingsError, match="there is no server in it; add one"):
        chosen("", environment)


def test_a_server_by_itself() -> None:
    """One that is written out, as in a file of agents, has its program's name, or its host's."""
    (one,) = chosen('{"command": "/usr/bin/npx", "args": ["x"]}', {})
    assert (one.name, one.resolved({}).args) == ("npx", ("x",))
    (other,) = chosen('{"url": "https://host/mcp"}', {})
    assert other.name == "host"
    with pytest.raises(SettingsError, match=r"^mcp: a server: it needs a command, or the url where it is$"):
        chosen("{}", {})
    with pytest.raises(SettingsError, match=r"^mcp: \{x: it must be JSON"):
        chosen("{x", {})


def test_the_example(home: Path) -> None:
    """What the README says a file looks like makes sense."""
    page = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = home / "mcp.json"
    path.write_text(example, encoding="utf-8")
    servers = {name: entry.resolved({"ISSUES_TOKEN": "t0ken"}) for name, entry in read(path).items()}
    assert servers["files"].allowed == ("read_*", "list_*")
    assert servers["issues"].headers == {"Authorization": "Bearer t0ken"}


def test_a_project_names_nobody(
    write: Callable[..., Path], environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the current folder is not read unless the person names it."""
    write(tmp_path / "mcp.json", evil=ECHO)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="there is no such file"):
        chosen("", environment)
    assert [each.name for each in chosen("./mcp.json", environment)] == ["evil"]

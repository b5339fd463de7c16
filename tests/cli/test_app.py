"""One shot, from a shell: what is said, what comes out on which stream, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes.llm_server import Reply, Usage

if TYPE_CHECKING:
    from tests.cli.conftest import Program
    from tests.fakes.llm_server import LLMServer

pytestmark = pytest.mark.usefixtures("measured")

EXACT = "tab\there\r\n" + "x" * 300 + " [bold]b[/bold] <b> \x1b[31mred\x07 \x9b2J \u202e é 😀 \0 no end"


def asked(provider: LLMServer, number: int = -1) -> list[tuple[str, str]]:
    """Return what a request said to the model."""
    return [(turn["role"], turn["content"]) for turn in provider.requests[number].body["messages"]]


@pytest.mark.usefixtures("echo")
def test_the_prompt_is_the_argument_the_input_or_both(program: Program) -> None:
    """What is asked is the words, the input, or the words, a blank line and the input; `-` reads it as well."""
    asked_of = {
        ("two", "words"): ("two words", b""),
        (): ("one\ntwo", b"one\ntwo\n"),
        ("Explain:",): ("Explain:\n\nthe code", b"the code\r\n"),
        ("-",): ("only this", b"only this"),
        ("say", "-"): ("say\n\nthis", b"this"),
    }
    running = [program.start("chat", *words) for words in asked_of]
    for process, (_, given) in zip(running, asked_of.values(), strict=True):
        process.stdin.write(given)
        process.stdin.close()
        process.stdin = None
    for process, (text, _) in zip(running, asked_of.values(), strict=True):
        ran = program.end(process)
        assert (ran.code, ran.out, ran.err) == (0, f"You said: {text}".encode(), "")
    assert len(program.transcripts) == len(asked_of)


def test_standard_output_is_the_reply_to_the_byte(program: Program, provider: LLMServer) -> None:
    """Into a pipe the reply goes as it is, streamed or whole: nothing is added, wrapped, coloured or left out."""
    provider.script(Reply([*EXACT, "\ud83d", "\ude00", "\ud83d"]))
    running = [program.start("chat", "hi", *more, stdin=subprocess.DEVNULL) for more in ((), ("--no-stream",))]
    for process in running:
        ran = program.end(process)
        assert (ran.code, ran.out, ran.err) == (0, f"{EXACT}😀\ufffd".encode(), "")
    assert {request.body.get("stream", False) for request in provider.requests} == {True, False}
    kept = program.transcripts[0].read_bytes()
    assert not {*kept} & ({*range(32)} - {9, 10})


def test_on_a_terminal_the_reply_is_safe_and_ends_its_line(program: Program, provider: LLMServer) -> None:
    """A terminal gets pictures of what could steer it, and a line end only where the reply has none."""
    provider.script(Reply([*"a\x1b[31m \x1b", "]0;title\x07 \x9b2J \rb"]), "two\n")
    terminal = program.terminal("chat", "hi", "--plain")
    assert terminal.end() == 0
    assert terminal.raw.decode() == "a␛[31m ␛]0;title␇ ⟨U+009B⟩2J ␍b\r\n"
    terminal = program.terminal("chat", "hi", "--plain")
    assert terminal.end() == 0
    assert terminal.raw == b"two\r\n"


def test_options_reach_the_provider(program: Program, provider: LLMServer) -> None:
    """System text, model and options go to the API, the options as the JSON that they are, the rest as text."""
    options = ("temperature=0.25", 'stop=["a", "b"]', "user=me", "seed=7", "logit_bias={}", "new_one=true")
    given = [word for option in options for word in ("-o", option)]
    ran = program.run("chat", "-m", "openai:anything", "-s", "Be brief.", *given, "hi")
    assert (ran.code, ran.err) == (0, "")
    body = provider.requests[0].body
    assert asked(provider) == [("system", "Be brief."), ("user", "hi")]
    assert (body["model"], body["temperature"], body["stop"]) == ("anything", 0.25, ["a", "b"])
    assert (body["user"], body["seed"], body["logit_bias"], body["new_one"]) == ("me", 7, {}, True)


def test_json_is_one_object_with_all_that_is_known(program: Program, provider: LLMServer) -> None:
    """`--json` gives text, model, usage, hash and the transcript's path, in one line of valid JSON."""
    provider.script(Reply("é \x1b[0m\n“b”", model="gpt-other", usage=Usage(9, 7, cached_tokens=4)))
    ran = program.run("chat", "--json", "hi")
    assert (ran.code, ran.err, ran.out.count(b"\n")) == (0, "", 1)
    told = json.loads(ran.out)
    assert told == {
        "text": "é \x1b[0m\n“b”",
        "model": "gpt-other",
        "usage": {"in": 9, "out": 7, "cached": 4},
        "hash": program.said()[-1].content_hash,
        "transcript": str(program.transcripts[0]),
    }


def test_json_on_a_terminal_cannot_steer_it(program: Program, provider: LLMServer) -> None:
    """On a terminal the JSON has escapes for everything that is not ASCII; without a transcript its path is null."""
    provider.script("\x9b2J é")
    terminal = program.terminal("chat", "--json", "--no-save", "hi", columns=200)
    assert terminal.end() == 0
    assert terminal.raw.isascii()
    told = json.loads(terminal.raw)
    assert (told["text"], told["transcript"]) == ("\x9b2J é", None)
    assert not (program.folder / "chats").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chat", "-o", "temperature", "hi"), "miniagents: -o temperature: write it as name=value, "),
        (("chat", "-o", "a-b=1", "hi"), "miniagents: -o a-b=1: write it as name=value, "),
        (("chat", "-o", "model=x", "hi"), "miniagents: -o model=x: use --model for it\n"),
        (("chat", "--nosuch"), "Usage: miniagents chat [OPTIONS] [PROMPT]...\n"),
        (("nosuch",), "Usage: miniagents [OPTIONS] COMMAND [ARGS]...\n"),
        ((), "Usage: miniagents [OPTIONS] COMMAND [ARGS]...\n"),
        (("chat",), "miniagents: there is nothing to say; give a prompt, or pipe it in\n"),
        (("chat", "--chats-dir", "~no-such-user/x", "hi"), "miniagents: ~no-such-user/x: there is no such home; "),
        (("models", "pull", "openai"), "miniagents: openai: no such model can be fetched; "),
    ],
)
def test_wrong_usage_is_said_and_has_exit_code_2(program: Program, arguments: tuple[str, ...], said: str) -> None:
    """A word that makes no sense is named on standard error, and nothing is asked or kept."""
    ran = program.run(*arguments)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith(said)
    assert not (program.folder / "chats").exists()


@pytest.mark.usefixtures("echo")
def test_files_that_are_wrong_are_named(program: Program) -> None:
    """A config file or a `.env` that makes no sense is one line that begins with its path, and exit code 2."""
    config = program.home / ".config" / "miniagents" / "config.toml"
    config.parent.mkdir(parents=True)
    for path, content in ((config, b"model = local"), (program.folder / ".env", b"\xff")):
        path.write_bytes(content)
        ran = program.run("chat", "hi", environment={"MINIAGENTS_CONFIG": str(config)})
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, b"", 1)
        assert ran.err.startswith(f"miniagents: {path}:")
        path.unlink()
    assert program.run("chat", "hi").code == 0


def test_help_and_version_need_nothing(program: Program) -> None:
    """Without a key, a network, a home or a plugin that works, help and version are there."""
    program.install("broken", broken="raise ValueError('broken')")
    program.environment["HOME"] = str(program.site / "broken.py" / "home")
    version = program.run("--version")
    module = [sys.executable, "-m", "miniagents.cli", "--version"]
    assert subprocess.check_output(module, env=program.environment) == version.out
    assert (version.code, version.err) == (0, "")
    assert version.out.startswith(b"miniagents 0.")
    assert program.run("--version", "models") == version
    for arguments in (("--help",), ("chat", "-h"), ("models", "--help"), ("models", "pull", "-h")):
        ran = program.run(*arguments)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith(b"Usage: miniagents ")


@pytest.mark.usefixtures("echo")
def test_a_home_that_is_none_is_no_hindrance(program: Program) -> None:
    """A home that is not there, or that is a file, has no settings and takes none; a chat works."""
    a_file = program.site / "file"
    a_file.touch()
    homes = (str(program.home / "gone"), str(a_file))
    running = [program.start("chat", "hi", environment={"HOME": home}, stdin=subprocess.DEVNULL) for home in homes]
    for process in running:
        ran = program.end(process)
        assert (ran.code, ran.out, ran.err) == (0, b"You said: hi", "")

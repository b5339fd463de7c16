"""A run from its beginning to its end: the reply, what is kept, what goes wrong."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.chain.conftest import Shell, Told

HEAD = "version: 1\nname: spoken\nagents:\n"
WRITER = "  writer: {python: 'spoken:says', with: {text: what was written}}\n"
BROKEN = "  broken: {python: 'spoken:fails', with: {kind: %s, text: %s}}\n"
ASIDE = """
  echo: {plugin: echo}
flow:
  - parallel: [writer, broken]
  - {agent: echo, input: writer}
"""


def run(shell: Shell, text: str, *words: str, given: str | None = "") -> Told:
    """Run a file of this text."""
    shell.write("c.yaml", HEAD + text)
    return shell("c.yaml", "--allow-code", *words, given=given)


@contextmanager
def unread(folder: Path) -> Iterator[None]:
    """Let nobody read standard output."""
    reading, writing = os.pipe()
    os.close(reading)
    before, sys.stdout = sys.stdout, os.fdopen(writing, "w")
    try:
        yield
    finally:
        broken, sys.stdout = sys.stdout, before
        os.dup2(os.open(folder / "nothing", os.O_CREAT | os.O_WRONLY), broken.fileno())
        broken.close()


def test_a_transcript_is_kept_as_of_any_chat(shell: Shell) -> None:
    """What the person said is in it, and what each agent said, with the agent's name."""
    run(shell, WRITER + "  two: {plugin: echo}\n", "hi")
    said = [(message.role, message.metadata.get("agent"), message.text) for message in shell.said()]
    assert said == [
        ("user", None, "hi"),
        ("assistant", "writer", "what was written"),
        ("assistant", "two", "what was written"),
    ]


def test_what_failed_is_told_with_its_step(shell: Shell) -> None:
    """The line says where in the file, what, the cure, and through whom; what others said is kept."""
    told = run(shell, WRITER + BROKEN % ("provider", '""') + "  last: {plugin: echo}\n", "hi")
    assert (told.code, told.out) == (1, "")
    assert told.lines[-1].startswith(
        "miniagents: c.yaml:5: example.com: the provider failed; try again later (through:"
    )
    assert "broken: failed" in told.lines
    assert [message.text for message in shell.said()] == ["hi", "what was written"]


def test_what_came_of_a_reply_that_breaks_is_out_and_kept(shell: Shell) -> None:
    """The tokens before the failure are on standard output, and in the transcript with what happened."""
    told = run(shell, BROKEN % ("unexpected", "as far as this"), "hi")
    assert (told.code, told.out) == (1, "as far as this")
    assert told.lines[-1].startswith("miniagents: c.yaml:4: unexpected ValueError: of what nobody thought (spoken.py")
    assert shell.said()[-1].text == "as far as this"
    assert shell.said()[-1].metadata["status"] == "failed"


def test_a_limit_is_an_exit_code_of_its_own(shell: Shell) -> None:
    """A run that comes to a limit ends with what it has, says which limit, and leaves with 3."""
    told = run(shell, WRITER + "  never: {python: 'spoken:waits'}\nlimits: {seconds: 0.3}\n", "hi")
    assert (told.code, told.out) == (3, "what was written")
    assert "the limit of 0.3 seconds is reached" in told.lines[-1]
    assert [message.text for message in shell.said()] == ["hi", "what was written"]


def test_an_agent_that_fails_by_a_limit(shell: Shell) -> None:
    """The exit code is the same where an agent of one's own says that there is a limit."""
    told = run(shell, WRITER + BROKEN % ("limit", '""'), "hi")
    assert told.code == 3
    assert "the limit of 3 calls is reached; raise calls in `limits`" in told.lines[-1]


def test_what_failed_aside_is_told(shell: Shell) -> None:
    """An agent that fails is told of though nobody was to read its reply; what comes out is out."""
    told = run(shell, WRITER + BROKEN % ("provider", '""') + ASIDE, "hi")
    assert (told.code, told.out) == (1, "what was written")
    assert told.lines[-1].startswith("miniagents: c.yaml:9: example.com: the provider failed")


def test_code_is_not_run_unasked(shell: Shell) -> None:
    """A file that names Python is refused unless the command line allows it."""
    shell.write("c.yaml", HEAD + WRITER)
    told = shell("c.yaml", "hi")
    assert (told.code, told.out) == (2, "")
    assert "--allow-code" in told.lines[-1]
    assert not (shell.folder / "chats").exists()


def test_nothing_is_left_of_a_run_that_never_began(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat that cannot be kept is refused before anybody is asked; the line says what else to do."""
    (shell.folder / "chats").write_text("no folder")
    told = run(shell, WRITER, "hi")
    assert (told.code, told.out) == (1, "")
    assert "--chats-dir" in told.lines[-1]
    assert run(shell, WRITER, "hi", "--no-save").out == "what was written"
    monkeypatch.setenv("MINIAGENTS_CHATS_DIR", str(shell.folder / "others"))
    run(shell, WRITER, "hi")
    assert len(list((shell.folder / "others").glob("*.md"))) == 1


@pytest.mark.parametrize(
    ("form", "written"), [("text", "what was written\n"), ("json", "{\n"), ("jsonl", '{"call": 1')]
)
def test_the_file_of_the_output(shell: Shell, form: str, written: str) -> None:
    """The reply goes to standard output and, whole, into the file, whose name counts from the chain's."""
    (shell.folder / "sub").mkdir()
    shell.write("sub/c.yaml", HEAD + WRITER + f"output: {{file: out.txt, format: {form}}}\n")
    shell.write("sub/spoken.py", (shell.folder / "spoken.py").read_text())
    for _ in range(2):  # what a run wrote the next one may replace
        told = shell("sub/c.yaml", "--allow-code", "hi")
        assert (told.code, told.out) == (0, "what was written")
        assert told.lines[-1].startswith("miniagents: written to ")
        assert (shell.folder / "sub" / "out.txt").read_text().startswith(written)


def test_a_file_that_is_there_is_kept(shell: Shell) -> None:
    """Nobody is asked anything if the output would replace what no chain has written, unless it may."""
    path = shell.write("out.txt", "mine")
    told = run(shell, WRITER, "hi", "--output", "out.txt")
    assert (told.code, told.out) == (2, "")
    assert "--force" in told.lines[-1]
    assert path.read_text() == "mine"
    assert not (shell.folder / "chats").exists()
    assert run(shell, WRITER, "hi", "--output", "out.txt", "--force").code == 0
    assert path.read_text() == "what was written\n"


def test_the_file_of_the_output_may_be_named_by_the_environment(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any setting; the person's folder is `~`."""
    monkeypatch.setenv("HOME", str(shell.folder))
    monkeypatch.setenv("PLACE", "out")
    assert run(shell, WRITER + "output: {file: '~/${env:PLACE}.txt'}\n", "hi").code == 0
    assert (shell.folder / "out.txt").read_text(encoding="utf-8") == "what was written\n"


def test_the_form_of_the_output_without_a_file(shell: Shell) -> None:
    """`output.format` is that of standard output where there is no file; the command line comes first."""
    assert run(shell, WRITER + "output: {format: json}\n", "hi").out.startswith('{"text": "what was written"')
    assert run(shell, WRITER + "output: {format: jsonl}\n", "hi").out.startswith('{"event": "start"')
    assert run(shell, WRITER + "output: {format: json}\n", "hi", "--jsonl").out.startswith('{"event": "start"')


def test_a_dialog_in_a_pipe(shell: Shell) -> None:
    """The person's part is the lines of standard input; each answer is out once, and nothing is asked."""
    told = run(shell, "  echo: {plugin: echo}\nflow: [user, echo]\n", given="one\n\ntwo\n")
    assert (told.code, told.out) == (0, "one\n\ntwo")
    assert [message.text for message in shell.said()] == ["one", "one", "two", "two"]


def test_a_dialog_in_which_nothing_is_said(shell: Shell) -> None:
    """Nothing is left of it."""
    told = run(shell, "  echo: {plugin: echo}\nflow: [user, echo]\n", given="")
    assert (told.code, told.out, told.err) == (0, "", "")
    assert json.loads(shell("c.yaml", "--json").out)["transcript"] is None
    assert list(shell.folder.glob("chats/*")) == []


@pytest.mark.parametrize("words", [("hi",), ("hi", "--dry-run")])
@pytest.mark.parametrize("show", ["", "nobody"])
def test_nobody_to_show(words: tuple[str, ...], show: str, shell: Shell) -> None:
    """Names that are none are refused before anything is asked, also where nothing would be."""
    told = run(shell, WRITER, *words, "--show", show)
    assert (told.code, told.out) == (2, "")
    assert told.lines == [f"miniagents: --show {show}: no agent is called that; there are all, last, writer"]


def test_a_dialog_that_nobody_reads(shell: Shell, tmp_path: Path) -> None:
    """`| head -1` ends one quietly, too: what a person is sent is written in their step."""
    shell.write("c.yaml", HEAD + "  echo: {plugin: echo}\nflow: [user, echo]\n")
    with unread(tmp_path):
        told = shell("c.yaml", "--allow-code", "--quiet", given="one\ntwo\n")
    assert (told.code, told.err) == (0, "")


def test_inputs_without_a_text(shell: Shell) -> None:
    """A chain that has inputs needs no text; its name is the title of the chat."""
    text = "  echo: {plugin: echo}\ninputs: {topic: {required: true}}\nflow: [{agent: echo, input: inputs.topic}]\n"
    assert run(shell, text, "--input", "topic=bees").out == "bees"
    assert 'title: "spoken"' in next(shell.folder.glob("chats/*.md")).read_text()
    told = run(shell, text)
    assert (told.code, len(told.lines)) == (2, 1)
    assert "topic" in told.lines[0]


def test_what_it_used(shell: Shell) -> None:
    """`--usage` adds up what all agents used."""
    told = run(shell, WRITER + WRITER.replace("writer", "other"), "hi", "--usage")
    assert "miniagents: 6 tokens in, 4 out, $0.5" in told.lines


def test_a_reader_that_has_had_enough(shell: Shell, tmp_path: Path) -> None:
    """`| head -1` ends the run quietly."""
    shell.write("c.yaml", HEAD + WRITER)
    with unread(tmp_path):
        told = shell("c.yaml", "--allow-code", "--quiet", "hi")
    assert (told.code, told.err) == (0, "")

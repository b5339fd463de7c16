"""Files, addresses and standard input on their way into a message."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from miniagents import Message
from miniagents.cli import attachments
from miniagents.cli.attachments import described, from_prompt, message_of, part_of
from miniagents.content import Audio, File, Image, Part, Text
from miniagents.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n\0rest"
KINDS: dict[str, tuple[bytes, Part]] = {
    "a.png": (PNG, Image(PNG, media_type="image/png")),
    "png without a suffix": (PNG, Image(PNG, media_type="image/png")),
    "a jpeg.txt": (b"\xff\xd8\xff\xe0", Image(b"\xff\xd8\xff\xe0", media_type="image/jpeg")),
    "a.gif": (b"GIF89a\0", Image(b"GIF89a\0", media_type="image/gif")),
    "a.webp": (b"RIFF\n\0\0\0WEBP", Image(b"RIFF\n\0\0\0WEBP", media_type="image/webp")),
    "a.wav": (b"RIFF\0\0\0\0WAVE", Audio(b"RIFF\0\0\0\0WAVE", media_type="audio/wav")),
    "a.mp3": (b"ID3\0", Audio(b"ID3\0", media_type="audio/mpeg")),
    "by its name.bmp": (b"BM\0", Image(b"BM\0", media_type="image/bmp")),
    "by its name.aiff": (b"FORM\0", Audio(b"FORM\0", media_type="audio/x-aiff")),
    "a.pdf": (b"%PDF-1.7\xff", File(b"%PDF-1.7\xff", media_type="application/pdf", name="a.pdf")),
    "a.zip": (b"PK\0\xff", File(b"PK\0\xff", media_type="application/zip", name="a.zip")),
    "a.tar.gz": (b"\x1f\x8b\xff", File(b"\x1f\x8b\xff", media_type="application/gzip", name="a.tar.gz")),
    "a.txt.xz": (b"\xfd7zXZ\0", File(b"\xfd7zXZ\0", media_type="application/octet-stream", name="a.txt.xz")),
    "a.py": (b"x = 1\n", Text("### a.py\n\n```py\nx = 1\n```")),
    "a.svg": (b"<svg/>", Text("### a.svg\n\n```svg\n<svg/>\n```")),
    "empty": (b"", Text("### empty\n\n```\n```")),
    "bom.txt": ("\ufeffé".encode(), Text("### bom.txt\n\n```txt\né\n```")),
    "utf-16.txt": ("é".encode("utf-16"), Text("### utf-16.txt\n\n```txt\né\n```")),
    "a.md": (b"`````\nx\n`````\n", Text("### a.md\n\n``````md\n`````\nx\n`````\n``````")),
    "odd.c++": (b"x", Text("### odd.c++\n\n```\nx\n```")),
    "two\nlines \x1b[2J": (b"x", Text("### two lines ␛[2J\n\n```\nx\n```")),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_becomes_what_it_is(tmp_path: Path, name: str) -> None:
    """The first bytes say what a file is, or that it is text, and else its name; the heading of a text is one line."""
    data, part = KINDS[name]
    (tmp_path / name).write_bytes(data)
    assert part_of(name, tmp_path) == part
    assert part_of(str(tmp_path / name)).kind == part.kind


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://host/a.png?size=1.pdf#x", Image(url="https://host/a.png?size=1.pdf#x", media_type="image/png")),
        ("http://host", Image(url="http://host")),
        ("HTTPS://host/a.pdf", File(url="HTTPS://host/a.pdf", media_type="application/pdf", name="a.pdf")),
        ("https://host/a.mp3", Audio(url="https://host/a.mp3", media_type="audio/mpeg")),
    ],
)
def test_an_address_is_passed_on(url: str, part: Part) -> None:
    """Nobody fetches an address; its path says what is there, a picture if it says nothing."""
    assert part_of(url) == part


def _make_unreadable(path: Path) -> None:
    path.write_text("x")
    path.chmod(0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.txt", "there is no such file"),
        ("file/inside", "there is no such file"),
        ("nul\0", "there is no such file"),
        ("folder", "it is a folder; attach the files in it, one by one"),
        ("long.txt", "it is longer than 20 MB"),
        ("binary", "it is neither UTF-8 text nor of a kind that is known"),
        ("latin.txt", "it is neither UTF-8 text nor of a kind that is known"),
        ("~no-such-user/x", "there is no such file"),
        ("x" * 300, "File name too long"),
        ("bad\n\x1b[2J", "there is no such file"),
    ],
)
def test_what_cannot_be_attached(tmp_path: Path, name: str, reason: str) -> None:
    """What is missing, no file, too long or of an unknown kind is one line with its name, which steers no terminal."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with (tmp_path / "long.txt").open("wb") as long:
        long.truncate(20_000_001)
    with pytest.raises(SettingsError) as caught:
        part_of(name, tmp_path)
    shown = str(caught.value)
    assert shown.endswith(f"cannot be attached: {reason}")
    assert shown.isprintable()


def test_a_file_of_just_the_limit_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit itself is not too long, and one byte more is."""
    monkeypatch.setattr(attachments, "LIMIT_BYTES", 1_000_000)
    (tmp_path / "a").write_bytes(b"x" * 1_000_000)
    assert part_of("a", tmp_path).kind == "text"
    (tmp_path / "a").write_bytes(b"x" * 1_000_001)
    with pytest.raises(SettingsError, match="longer than 1 MB"):
        part_of("a", tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A file without permission says so."""
    _make_unreadable(tmp_path / "secret")
    with pytest.raises(SettingsError, match="may not be read; change its permissions"):
        part_of("secret", tmp_path)


def given(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_taken_as_its_bytes_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is all of standard input, by its first bytes; a text gets a heading, and a closed one is named."""
    given(PNG, monkeypatch)
    assert part_of("-") == Image(PNG, media_type="image/png")
    given(b"a\n", monkeypatch)
    assert part_of("-") == Text("### standard input\n\n```\na\n```")
    given(b"%PDF-\xff", monkeypatch)
    assert part_of("-") == File(b"%PDF-\xff", media_type="application/pdf")
    for closed in (None, io.StringIO()):
        if closed is not None:
            closed.close()
        monkeypatch.setattr(sys, "stdin", closed)
        with pytest.raises(SettingsError, match=r"\A--attach -: standard input is closed\Z"):
            part_of("-")


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("see @a.txt", ["a.txt"]),
        ("@a.txt", ["a.txt"]),
        ('see @"b c.txt", please', ["b c.txt"]),
        ("is (@a.txt) or [@sub/d] it?", ["a.txt", "sub/d"]),
        ("@a.txt, @a.txt and @sub/d.", ["a.txt", "sub/d"]),
        ("@a.txt?!", ["a.txt"]),
        ("@dotted.", ["dotted."]),
        ("me@a.txt, @sub, @gone, @someone, @ a.txt, @", []),
        ('@"gone", @"a.txt.", @""', []),
        ("@" + "x" * 300, []),
        ("@~no-such-user/x @?! @...", []),
        ("@a\0b", []),
    ],
)
def test_files_that_a_prompt_mentions(tmp_path: Path, prompt: str, names: list[str]) -> None:
    """`@path` is a file if there is one of that name, each once; an address, a folder, a person stay text."""
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "b c.txt", "sub/d", "dotted."):
        (tmp_path / name).write_text(name)
    text, parts = from_prompt(prompt, tmp_path)
    assert text == prompt
    assert [described(part) for part in parts] == names


def test_a_mentioned_file_that_cannot_be_sent(tmp_path: Path) -> None:
    """A file that is there and cannot be sent is an error, not left out in silence."""
    (tmp_path / "a").write_bytes(b"\0")
    with pytest.raises(SettingsError, match="neither UTF-8 text"):
        from_prompt("@a", tmp_path)


def test_what_is_said_with_attachments() -> None:
    """Texts are said behind the prompt, in one text; all else comes behind, as it is."""
    image, text = Image(PNG, media_type="image/png"), Text("### a\n\n```\nx\n```")
    assert message_of("see", []) == {"text": "see", "role": "user"}
    assert message_of("", [text]) == {"text": text.text, "role": "user"}
    assert Message(**message_of("see", [image, text])).parts == (Text(f"see\n\n{text.text}"), image)
    assert Message(**message_of("", [image])).parts == (image,)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Text("### a.py\n\n```py\nx\n```"), "a.py"),
        (Image(PNG, media_type="image/png"), "image: image/png, 0.0 KB"),
        (Image(url="https://host/\x1b"), "image: https://host/␛"),
        (File(b"%PDF-", media_type="application/pdf", name="a\n\x1b.pdf"), "a ␛.pdf (file: application/pdf, 0.0 KB)"),
    ],
)
def test_an_attachment_in_words(part: Part, words: str) -> None:
    """A person is told what is attached in one line that steers no terminal."""
    assert described(part) == words

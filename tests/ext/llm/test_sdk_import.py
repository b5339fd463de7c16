"""The import of an SDK: in a thread of its own, once, and nobody is held up by it."""

import asyncio
import sys
import threading
from importlib import invalidate_caches
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from miniagents.errors import SettingsError
from miniagents.ext.llm.sdk import imported
from tests.clocks import let_pass
from tests.ext.llm.asking import Api, ask, asked, both_apis
from tests.interrupted.terminal import check_moments, terminal

PROGRAM: Final = Path(__file__).parents[2] / "interrupted" / "asking.py"
SLOW: Final = "import gate_of_the_test\nassert gate_of_the_test.opened.wait(50)\n"
real_time = pytest.mark.real_time


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Give what the import of a slow SDK waits for."""
    opened = threading.Event()
    monkeypatch.setitem(sys.modules, "gate_of_the_test", SimpleNamespace(opened=opened))
    return opened


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> Path:
    """Give a module, `slow_sdk`, whose import waits for the gate and leaves a line in `log` each time."""
    path = tmp_path / "slow_sdk.py"
    path.write_text(f"{SLOW}with open({str(tmp_path / 'log')!r}, 'a') as log: print('once', file=log)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("miniagents.ext.llm.sdk._imports", {})
    monkeypatch.setitem(sys.modules, "slow_sdk", None)  # so that what is imported is forgotten afterwards
    del sys.modules["slow_sdk"]
    return path


def end_of_import() -> None:
    """Wait until no SDK is imported any more."""
    for thread in threading.enumerate():
        if thread.name == "SDK import":
            thread.join()


@real_time
async def test_the_loop_goes_on(sdk: Path, gate: threading.Event) -> None:
    """While an SDK is imported for two calls at once, others run; it is imported once, and then there at no cost."""
    both = asyncio.gather(imported("slow_sdk"), imported("slow_sdk"))
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not both.done()
    gate.set()
    await both
    assert "slow_sdk" in sys.modules
    await imported("slow_sdk")
    assert sdk.with_name("log").read_text() == "once\n"
    end_of_import()


@real_time
async def test_who_is_cancelled_does_not_wait(sdk: Path, gate: threading.Event) -> None:
    """A call that is cancelled ends at once, and one that waits for the same import gets it all the same."""
    other, cancelled = (asyncio.create_task(imported("slow_sdk")) for _ in range(2))
    await asyncio.sleep(0.01)
    assert not other.done()
    cancelled.cancel()
    await asyncio.wait([cancelled])
    assert not other.done()
    gate.set()
    await other
    assert sdk.with_name("log").exists()
    end_of_import()


@pytest.mark.parametrize("fails", [False, True])
def test_the_loop_may_be_gone(
    sdk: Path,
    gate: threading.Event,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    *,
    fails: bool,
) -> None:
    """An import that ends, well or not, when its call was cancelled and its loop closed, or only closed, is silent."""
    if fails:
        sdk.write_text(f"{SLOW}raise ImportError('broken')\n")

    async def call() -> None:
        await asyncio.wait_for(imported("slow_sdk"), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(call())
    loop = asyncio.new_event_loop()
    forgotten = imported("slow_sdk")
    loop.call_soon(forgotten.send, None)
    loop.call_later(0.01, loop.stop)
    loop.run_forever()
    loop.close()
    gate.set()
    end_of_import()
    forgotten.close()
    assert (caplog.records, capfd.readouterr()) == ([], ("", ""))


def test_an_import_that_fails_is_tried_again(sdk: Path, gate: threading.Event) -> None:
    """What cannot be imported raises nothing here, for it will where it is used, and may be there for the next call."""
    gate.set()
    sound = sdk.read_text()
    sdk.write_text("raise ImportError('broken')\n")
    asyncio.run(imported("slow_sdk"))
    assert "slow_sdk" not in sys.modules
    sdk.write_text(sound)
    invalidate_caches()
    asyncio.run(imported("slow_sdk"))
    assert "slow_sdk" in sys.modules
    end_of_import()


@real_time
@both_apis
async def test_an_sdk_that_is_not_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SDK that cannot be imported is an error of the call, in the words of the import."""
    monkeypatch.setattr("miniagents.ext.llm.sdk._imports", {})
    monkeypatch.setitem(sys.modules, api, None)
    heard = await ask(api, {f"{api.upper()}_API_KEY": "k"})
    assert isinstance(heard.error, SettingsError)
    assert f"import of {api} halted" in str(heard.error)
    end_of_import()


@real_time
@both_apis
async def test_the_clock_of_a_reply_starts_behind_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the import takes, the latency in a reply's metadata is the provider's alone."""
    import_s = 3600.0

    async def slowly(*_modules: str) -> None:
        let_pass(import_s)

    monkeypatch.setattr("miniagents.ext.llm.sdk.imported", slowly)
    heard, _ = await asked(api, "hi")
    assert 0 < heard.metadata["latency_s"] < import_s


@real_time
@both_apis
@pytest.mark.timeout(900)
def test_ctrl_c_during_the_import(api: Api) -> None:
    """Ctrl-C while a program's first call imports its SDK ends it within 0.2 s, with 130 and without a word."""
    with terminal("asyncio", "miniagents.messages", f"miniagents.ext.llm.{api}") as screen:
        check_moments(screen, PROGRAM, api, count=10, within_s=0.25, warm=True, modules=(api,))

"""However a program ends while a model is loaded or at work, it ends cleanly: no crash, no hang, no native noise."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """\
import asyncio, os, sys
from miniagents_llamacpp.engine import Engine

engine = Engine.shared(sys.argv[1], context_tokens=4096)

async def stream(text="Tell a long story.", **options):
    async for piece in engine.stream([{"role": "user", "content": text}], ignore_eos=True, **options):
        yield piece

async def work(text="Tell a long story."):
    print("ready", flush=True)
    async for piece in stream(text):
        print("token", flush=True)

async def leave():
    async for piece in stream():
        sys.exit(3)

"""

ENDS = {
    "a model is loaded": "asyncio.run(engine.complete([{'role': 'user', 'content': 'Hi'}], max_tokens=2)); sys.exit(3)",
    "in the middle of a reply": "asyncio.run(leave())",
    "a loop was left behind": """\
loop = asyncio.new_event_loop()
left = engine.stream([{'role': 'user', 'content': 'Hi'}], ignore_eos=True)
loop.run_until_complete(anext(left))
sys.exit(3)""",
    "a request was started in vain": """\
loop = asyncio.new_event_loop()
task = loop.create_task(anext(engine.stream([{'role': 'user', 'content': 'Hi'}], ignore_eos=True)))
loop.run_until_complete(asyncio.sleep(0))
task._log_destroy_pending = False
sys.exit(3)""",
}


def start(code: str, model: Path) -> subprocess.Popen[str]:
    """Run a program that does this with the engine."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", SCRIPT + code, str(model)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@pytest.mark.parametrize("name", ENDS)
def test_exit_is_quiet(name: str, model: Path) -> None:
    """A program that exits has its own exit code and an empty standard error."""
    process = start(ENDS[name], model)
    assert process.communicate() == ("", "")
    assert process.returncode == 3


@pytest.mark.parametrize("presses", [1, 3])
@pytest.mark.parametrize(
    ("code", "after_s"),
    [
        ("asyncio.run(work())", 0.1),  # while xllamacpp is imported or the model is loaded
        ("asyncio.run(work())", 0.25),
        ("asyncio.run(work('one two three ' * 1300))", 1.0),  # while the prompt is read
        ("asyncio.run(work())", None),  # while it generates
    ],
)
def test_ctrl_c_ends_the_program(code: str, after_s: float | None, presses: int, model: Path) -> None:
    """Ctrl-C, once or in anger, at any moment, ends the program as an interrupt does, long before its work is done."""
    process = start(code, model)
    assert process.stdout.readline() == "ready\n"
    if after_s is None:
        assert process.stdout.readline() == "token\n"
    else:
        time.sleep(after_s)
    pressed = time.perf_counter()
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, errors = process.communicate()
    assert process.returncode in (-signal.SIGINT, 130), errors
    assert "KeyboardInterrupt" in errors
    assert "FATAL" not in errors
    assert time.perf_counter() - pressed < 30  # it takes 0.3; the whole prompt, and every reply, a minute


def test_an_interrupt_is_told_by_the_exit_code(model: Path) -> None:
    """Whatever code is still run at the end, as when a thread imports something; an exit code of one's own stays."""
    late = "import atexit; atexit.register(exec, 'pass', {}); "
    process = start(f"{late}raise KeyboardInterrupt", model)
    assert process.communicate()[1].endswith("\nKeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT
    process = start(f"{late}sys.exit(3)", model)
    assert process.communicate() == ("", "")
    assert process.returncode == 3


def test_a_model_that_is_dropped_as_soon_as_it_is_loaded(model: Path) -> None:
    """Destroying a server at once never waits for a thread of it that had not begun."""
    process = start(
        """\
from miniagents_llamacpp import native
for _ in range(5):
    native.load(engine.path, context_tokens=64, parallel=1, threads=1)
""",
        model,
    )
    assert process.communicate() == ("", "")
    assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_is_told_that_it_cannot(model: Path) -> None:
    """A child that inherits a loaded model gets one clear error instead of waiting for ever."""
    process = start(
        """\
import warnings; warnings.simplefilter("ignore")  # Python 3.12 warns of just this
hello = [{'role': 'user', 'content': 'Hi'}]
asyncio.run(engine.complete(hello, max_tokens=2))
if not (child := os.fork()):
    try:
        asyncio.run(engine.complete(hello, max_tokens=2))
    except Exception as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
""",
        model,
    )
    output, errors = process.communicate()
    assert "forked" in output
    assert "spawn" in output
    assert errors == ""
    assert process.returncode == 0

"""The one room that touches `xllamacpp`: a model file becomes a loaded native server, or one clear error.

Never here: requests, streams, event loops. `xllamacpp` is imported by the first load, never before.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from miniagents.errors import ModelError

from .errors import ModelFileError, one_line

__all__ = ["forbid", "held_to", "load", "thread_count"]

_MAGIC = b"GGUF"
_SILENT = -1  # below every level that llama.cpp knows; 0 would still let its "output" level through
_NO_PINGS = -1  # keep-alive comments are for HTTP; xllamacpp would take them for JSON

# A request is given up between two batches: 64 tokens of prompt take a 135M model 0.25 s on two cores, and cost 8 %
# of the speed of 2,048. A graphics card is done with 512 in no time, and needs them.
_CPU_BATCH_TOKENS = 64
_GPU_BATCH_TOKENS = 512

_PROMPT_CACHE_MIB = 512  # prompts of other conversations kept for their return; llama.cpp's own default is 8 GiB

# llama.cpp's threads wait for each other by spinning. On a busy machine libgomp's default of 300,000 rounds makes a
# reply 3 to 10 times slower; 1,000 is what libgomp takes by itself when it has more threads than cores, and costs 10 %
# on an idle machine.
_SPIN_ROUNDS = "1000"

_GUIDANCE = {"lenient": True, "whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}
"""How JSON is held to a schema: what cannot be is left out, and a small model does not lose itself in white space."""
_HARD = ("(?", "\\b", "\\B")
"""What no pattern has that llama.cpp can hold a reply to."""

_LONGEST_SOCKET_PATH = 100  # sun_path has 104 bytes on macOS, 108 on Linux

_importing = Lock()
_forbidden = ""


def load(
    path: Path, *, context_tokens: int, parallel: int, threads: int | None, pooling: Literal["", "own", "mean"] = ""
) -> Any:
    """Load the model and give its `xllamacpp.Server`: for chats, or, with a `pooling`, for embeddings.

    A model that was made for embeddings has a pooling of its own: how the vectors of its tokens become one.

    Blocks; and because `xllamacpp` keeps the interpreter's lock while it loads, so does every other thread.

    Raises:
        ModelFileError: no such file, not a GGUF file, or one that llama.cpp cannot load.
        ModelError: `xllamacpp` itself cannot be imported, or cannot run in this process.
    """
    if _forbidden:
        raise ModelError(_forbidden, host=str(path), cure="start processes with the `spawn` method of multiprocessing")
    _check(path)
    xllamacpp = _import()
    params = _params(xllamacpp, path, context_tokens=context_tokens, parallel=parallel)
    if pooling:
        params.embedding = True
        params.n_batch = params.n_ubatch = context_tokens  # a text is read in one batch, or not at all
    if pooling == "mean":
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or thread_count()
    for address in _addresses():
        with address as params.hostnames:
            try:
                server = xllamacpp.Server(params)
            except RuntimeError:  # it never says why: the file, the memory, or the address
                continue
            server.handle_metrics()  # answered by its own thread: a server that is destroyed before that runs hangs
            return server
    raise ModelFileError(
        f"llama.cpp cannot load it: cut short, damaged, newer than xllamacpp {xllamacpp.__version__}, or too big for"
        f" the memory with {context_tokens * parallel} tokens of context",
        host=str(path),
        cure="fetch the file again, ask for fewer `context_tokens`, or upgrade xllamacpp",
    )


def held_to(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a request by which its reply fits a JSON Schema, as far as llama.cpp can see to that.

    A model that thinks before it answers does not: its first token belongs to the answer.
    """
    guided = {"x-guidance": _GUIDANCE, **_without_hard_patterns(schema)}
    return {"grammar": str(_import().json_schema_to_grammar(guided)), "reasoning_format": "none"}


def _without_hard_patterns(value: Any) -> Any:
    """Return a plain copy of a schema without the patterns for which all of it would be given up."""
    if isinstance(value, Mapping):
        return {
            name: _without_hard_patterns(each)
            for name, each in value.items()
            if name != "pattern" or not isinstance(each, str) or not any(hard in each for hard in _HARD)
        }
    return list(map(_without_hard_patterns, value)) if isinstance(value, list | tuple) else value


def forbid(cause: str) -> None:
    """Refuse every further load in this process: libgomp would wait for ever for the threads of its parent."""
    global _forbidden  # noqa: PLW0603 - a fact about the process
    _forbidden = cause


def _check(path: Path) -> None:
    """Tell the common mistakes apart, which llama.cpp does not."""
    cure = "give the path of a .gguf file"
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise ModelFileError("there is no such file", host=str(path), cure=cure) from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise ModelFileError(f"the file cannot be read: {cause}", host=str(path), cure=cure) from None
    if magic != _MAGIC:
        raise ModelFileError("this is no GGUF file", host=str(path), cure=cure)


def _import() -> Any:
    with _importing:
        if (loaded := sys.modules.get("xllamacpp")) is not None:
            return loaded
        ours = "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ
        if ours:
            os.environ["GOMP_SPINCOUNT"] = _SPIN_ROUNDS  # libgomp reads it once, when it is loaded
        try:
            return import_module("xllamacpp")  # 100 MB of native code: only who loads a model pays for it
        except ImportError as error:
            cure = "`pip install --force-reinstall xllamacpp`"
            raise ModelError(f"xllamacpp cannot be imported: {one_line(error)}", cure=cure) from error
        finally:
            if ours:
                del os.environ["GOMP_SPINCOUNT"]


def _params(xllamacpp: Any, path: Path, *, context_tokens: int, parallel: int) -> Any:
    on_gpu = any("CPU" not in device["type"].name for device in xllamacpp.get_device_info())
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.n_ctx = context_tokens * parallel
    params.n_parallel = parallel
    params.n_batch = _GPU_BATCH_TOKENS if on_gpu else _CPU_BATCH_TOKENS
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.fit_params = on_gpu  # how many layers fit a card; without one it doubles the time of loading
    params.warmup = False  # the first request does it, without the interpreter's lock
    params.prefill_assistant = False  # an assistant's message at the end is answered, as elsewhere, not continued
    params.verbosity = _SILENT
    # The server opens a socket whether one wants it or not: nobody shall get in.
    params.api_keys = [secrets.token_hex(16)]
    params.cors_origins = ""
    params.ui = params.endpoint_slots = False
    params.endpoint_metrics = True
    params.n_threads_http = 1
    params.sse_ping_interval = _NO_PINGS
    return params


@contextmanager
def _socket_file() -> Iterator[list[str]]:
    """Lend an address in a folder that only we can enter, and that is gone when the server is up."""
    with tempfile.TemporaryDirectory(prefix="miniagents-") as folder:
        yield [f"{folder}/s.sock"]


@contextmanager
def _loopback() -> Iterator[list[str]]:
    yield ["127.0.0.1"]


def _addresses() -> Iterator[Any]:
    """Give what the server may listen on, best first; a file needs no network and can be hidden."""
    try:
        if os.name == "posix" and len(os.fsencode(tempfile.gettempdir())) + 40 <= _LONGEST_SOCKET_PATH:
            yield _socket_file()
    except OSError:  # no folder for temporary files at all
        pass
    yield _loopback()


def thread_count() -> int:
    """How many threads compute: the physical cores that this process may use (siblings would only get in the way)."""
    try:
        cpus = os.sched_getaffinity(0)
    except AttributeError:  # not on macOS and Windows
        cpus = set(range(os.cpu_count() or 1))
    try:
        topology = "/sys/devices/system/cpu/cpu{}/topology/core_cpus_list"
        cores = len({Path(topology.format(cpu)).read_text(encoding="ascii") for cpu in cpus})
    except OSError:
        cores = len(cpus)
    try:  # what a container was given; cgroup v2, "200000 100000" or "max 100000"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass
    return max(1, cores)

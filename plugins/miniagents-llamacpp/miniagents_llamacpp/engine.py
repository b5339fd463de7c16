"""An engine: one loaded model that answers chats, a token at a time.

1. `stream` waits for a turn and starts one native thread for the request;
2. the thread loads the model, where that was not done, and hands every token to the request's `Job`;
3. the reader gets what the job has; when it goes, the job tells the thread to stop, and the thread gives the turn back.

Several engines may be loaded at once; those that are shared leave memory, longest unused first, where they become too
many (`keep_loaded`). Never here: where models come from, what an agent or a message is.
"""

import asyncio
import atexit
import ctypes
import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from itertools import count
from json import dumps, loads
from pathlib import Path
from typing import Any, Self

from miniagents.errors import ModelError, RequestRefusedError

from . import native
from .errors import one_line
from .job import Completion, Job
from .turns import Turns

__all__ = ["DEFAULT_CONTEXT_TOKENS", "Completion", "Engine", "keep_loaded"]

DEFAULT_CONTEXT_TOKENS = 8192
"""What SmolLM2 was trained with: 190 MB of memory with that model, 1 GB with one of 8 billion parameters."""

_engines: weakref.WeakSet["Engine"] = weakref.WeakSet()
_shared: dict[tuple[type, Path, int, int, int | None], "Engine"] = {}
_sharing = threading.Lock()
_most_loaded = 2
"""Two agents that talk with each other do not load a model for every turn, and two small models fit most machines."""
_uses = count()


class Engine:
    """One model, loaded by the first request and kept until it is closed or the program ends (see `keep_loaded`, too).

    Any number of requests may be made at once, from any event loop; `parallel` of them run at a time, each with
    `context_tokens` of memory to itself, the others wait in order. `threads` defaults to the cores there are.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        parallel: int = 1,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self.name = self.path.stem
        """The model's name, as it appears in a `Completion`."""
        self._load_options = {"context_tokens": context_tokens, "parallel": parallel, "threads": threads}
        self._is_shared = False
        self._last_use = -1
        self._start_afresh()
        _engines.add(self)

    @classmethod
    def shared(
        cls,
        path: str | os.PathLike[str],
        *,
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        parallel: int = 1,
        threads: int | None = None,
    ) -> Self:
        """Give the process's one engine for this file and these numbers; as the constructor otherwise."""
        with _sharing:
            key = (cls, Path(path).expanduser().resolve(), context_tokens, parallel, threads)
            if key not in _shared:
                _shared[key] = cls(path, context_tokens=context_tokens, parallel=parallel, threads=threads)
                _shared[key]._is_shared = True  # noqa: SLF001 - its own class
            return _shared[key]  # type: ignore[return-value]  # its class is in the key

    async def stream(
        self, messages: Sequence[Mapping[str, Any]], *, schema: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncGenerator[str | Completion, None]:
        """Give the reply's tokens as they come, then a `Completion`.

        Leaving early (`aclose`, a cancelled task) stops the generation: at the next token, or, while the prompt is
        being read, within a batch of it. Messages and options are those of OpenAI's chat completions and llama.cpp's
        server (`temperature`, `max_tokens`, `seed`, `stop`, `top_k`, …); an option that is None counts as not given.
        With a JSON Schema the model can write nothing that does not fit, as far as a grammar can tell.

        Raises:
            ModelFileError: the file holds no model that can be loaded.
            RequestRefusedError: an option has no sense, or the conversation is longer than the context.
            ProviderFailedError: the generation failed; the tokens that came before it are good.
        """
        request = _encode(messages, options, path=str(self.path))

        def chat(server: Any, job: Job) -> None:
            held = {} if schema is None else native.held_to(schema)
            server.handle_chat_completions(dumps({**loads(request), **held}) if held else request, job.receive)

        await self._turns.take()
        job = self._start(chat)
        try:
            while True:
                for piece in await job.pieces():
                    yield piece
                    if isinstance(piece, Completion):
                        return
        finally:
            job.abort()

    async def complete(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> tuple[str, Completion]:
        """Give the whole reply at once; as `stream` otherwise, also when it is cancelled."""
        tokens: list[str] = []
        async with aclosing(self.stream(messages, **options)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Completion):
                    return "".join(tokens), piece
                tokens.append(piece)
        raise AssertionError("a stream ends with a Completion or an error")

    async def close(self) -> None:
        """Stop what is running and free the model's memory; the next request loads it again."""
        await asyncio.to_thread(self._close)

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._server is not None

    @property
    def busy(self) -> int:
        """How many requests the native code is working on, those included that were left and are about to stop."""
        return len(self._running)

    def _start_afresh(self) -> None:
        self._server: Any = None
        self._loading = threading.Lock()
        self._running: dict[Job, threading.Thread] = {}
        self._turns = Turns(self._load_options["parallel"] or 1)

    def _start(self, work: Callable[[Any, Job], None]) -> Job:
        job = Job(self.name, str(self.path))
        thread = threading.Thread(target=self._serve, args=(job, work), name=f"llamacpp {self.name}")
        self._running[job] = thread
        try:
            thread.start()
        except RuntimeError:  # no more threads
            self._finish(job)
            raise
        return job

    def _serve(self, job: Job, work: Callable[[Any, Job], None]) -> None:
        try:
            server = self._loaded()
            if not job.unwanted:
                work(server, job)
            job.end()
        except ModelError as error:
            job.fail(error)
        except Exception as error:  # noqa: BLE001 - C++ exceptions come as any type; the reader gets them all
            job.fail(RequestRefusedError(one_line(error), host=str(self.path)))
        finally:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        self._running.pop(job, None)
        self._turns.release()
        _make_room()

    def _loaded(self) -> Any:
        self._last_use = next(_uses)
        with self._loading:
            if self._server is None:
                if self._is_shared:
                    _make_room(for_more=1)
                self._server = self._load()
            return self._server

    def _load(self) -> Any:
        return native.load(self.path, **self._load_options)  # type: ignore[arg-type]

    def _unload(self) -> None:
        """Free the memory, unless somebody has come meanwhile."""
        with self._loading:
            if not self._running:
                self._server = None

    def _close(self) -> None:
        for job, thread in list(self._running.items()):
            job.abort()
            thread.join()
        with self._loading:
            self._server = None

    def _abandon(self) -> None:
        """Forget the native server without destroying it: it would wait for threads that a forked process has not."""
        if self._server is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._server))
            native.forbid("this process was forked from one that had loaded a model, where llama.cpp cannot run")
        self._start_afresh()


def keep_loaded(models: int) -> None:
    """Let so many models of shared engines stay in memory, 2 unless this is called.

    Before another one is loaded, and whenever a request ends, those that answer nobody leave memory, longest unused
    first, until no more than that are there. One that is at work never does, so there may be more for a while.
    """
    global _most_loaded  # noqa: PLW0603 - a setting of the process
    _most_loaded = models
    _make_room()


def _make_room(*, for_more: int = 0) -> None:
    with _sharing:
        loaded = [engine for engine in _shared.values() if engine.loaded]
    idle = sorted((engine for engine in loaded if not engine.busy), key=lambda engine: engine._last_use)  # noqa: SLF001 - the engine's own module
    for engine in idle[: max(0, len(loaded) + for_more - _most_loaded)]:
        engine._unload()  # noqa: SLF001 - as above


def _encode(messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any], *, path: str) -> bytes:
    body = {name: value for name, value in options.items() if value is not None}
    body |= {"messages": list(messages), "stream": True, "stream_options": {"include_usage": True}}
    body["return_progress"] = True  # an event a batch: without one there is no moment to stop in a prompt
    if not body["messages"]:
        raise RequestRefusedError("there is no message to answer", host=path)
    try:  # half a surrogate pair, from a file name or a terminal, is no reason to fail
        return dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except (TypeError, ValueError) as error:
        raise RequestRefusedError(f"an option cannot be sent: {one_line(error)}", host=path) from None


@atexit.register
def _close_all() -> None:
    """Take the native threads down while the interpreter is whole: one that outlives it aborts the process."""
    try:
        for engine in list(_engines):
            engine._close()  # noqa: SLF001 - the engine's own module
        _tell_of_the_interrupt()
    except KeyboardInterrupt:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(130)  # an impatient second Ctrl-C: go now, before that thread meets a finished interpreter


def _tell_of_the_interrupt() -> None:
    """See to it that a program that Ctrl-C has ended says so by its exit code.

    CPython has this in a global variable, `unhandled_keyboard_interrupt`, that every `exec` of a string clears, in any
    thread (`run_eval_code_obj` of pythonrun.c, 2026-11). Ours may have gone on to import xllamacpp, which runs some.
    """
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        with suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")  # noqa: S102 - what sets it again


def _abandon_all() -> None:
    global _sharing  # noqa: PLW0603 - another thread of the parent may have held it
    _sharing = threading.Lock()
    for engine in list(_engines):
        engine._abandon()  # noqa: SLF001 - the engine's own module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)

"""What models reply, kept and given again: the seam between the walk and a file.

    walk ─request→ Recorder.tokens ┬─ recording: the provider's `decode`, and each exchange into the file at its end
                                   └─ replaying: the file; no key, no SDK, no network

In: providers and their requests. Out: the pieces of replies with their timing, what is known of them, their errors.
Never: a wire format, how a request is told apart (`recording_asked`), how it is written down (`recording_file`).
"""

import asyncio
import logging
import os
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, cast, get_args

from ...errors import ModelError, NotRecordedError, SettingsError
from ...safe_text import one_line
from .provider import Answer
from .recorder import RECORDER
from .recording_asked import asked_of, difference, hash_of, nearest, plain
from .recording_file import Exchange, Piece, again, append, load

__all__ = ["Mode", "Recorder"]

Mode = Literal["auto", "record", "replay", "append"]
"""`auto` replays a file that is there, and records one that is not; `record` records anew; `replay` asks no model ever;
`append` replays what is there, and records what is not.
"""

_KNOWN: Final = tuple(each.name for each in fields(Answer) if each.name != "headers")
"""What is kept of an answer. Its headers are of the moment (limits, dates), and may hold cookies."""
_VARIABLE: Final = "MINIAGENTS_RECORD"
_LOGGER = logging.getLogger("miniagents")


class Recorder:
    """The replies of model agents, recorded in a file or replayed from it, for all that is called inside `with`.

    A question is known by the API, the model, the options and the request; not by its host. One that was recorded
    several times is answered in that order, by the last one again when they are used up; what was asked at the same
    time keeps its order too. An error of a model is recorded and replayed with what came before it. An exchange that
    was cancelled, or whose reader left early, is not recorded, and a warning is logged.

    Each exchange is written when it ends. The file, and its folder, are made by the first of them: a recording anew in
    which nobody asks anything leaves the file as it was.
    """

    def __init__(self, path: str | os.PathLike[str], *, mode: Mode = "auto", speed: float = 0.0) -> None:
        """Make it; the file is looked at when it is entered.

        Args:
            path: The file.
            mode: See `Mode`; the environment variable `MINIAGENTS_RECORD` overrides it.
            speed: How fast replies are replayed: 1.0 as they came, 2.0 twice as fast, 0 at once.

        Raises:
            SettingsError: There is no such mode, or no such speed.
        """
        if not speed >= 0:  # nor NaN, which is no number at all
            raise SettingsError(f"a recording cannot be replayed with speed={speed}; give 0 (at once) or more")
        self.path = Path(path)
        self.mode = _checked(mode, "mode")
        self.speed = speed
        self._replays = self._records = False
        self._anew = False
        """Whether the next exchange replaces what the file holds."""
        self._number = 0
        self._recorded: dict[str, list[Exchange]] = {}
        self._next: defaultdict[str, int] = defaultdict(int)
        self._outer: Recorder | None = None

    @property
    def is_replaying(self) -> bool:
        """Whether no model is ever asked: neither a key nor an SDK is needed."""
        return not self._records

    def __enter__(self) -> Self:
        mode = self.mode
        if variable := os.environ.get(_VARIABLE, "").strip():
            mode = _checked(variable, _VARIABLE)
        there = load(self.path) if mode != "record" else None
        self._records = mode in {"record", "append"} or (mode == "auto" and there is None)
        self._replays = not self._records or mode == "append"
        self._anew = mode == "record"
        self._recorded = {}
        for exchange in there or ():
            self._recorded.setdefault(hash_of(exchange.asked), []).append(exchange)
        self._number = max((exchange.number for exchange in there or ()), default=0)
        self._next.clear()
        self._outer = RECORDER.get()
        RECORDER.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        RECORDER.set(self._outer)

    def tokens(self, provider: Any, request: Any, answer: Answer) -> AsyncGenerator[Piece, None]:
        """Give what `provider.decode(request, answer)` gives, or gave once, and fill `answer`; its errors are raised.

        Raises:
            NotRecordedError: It is not in the recording, and no model is to be asked.
        """
        asked = asked_of(provider, request)
        if not self._replays:
            return self._record(provider, request, answer, asked)
        key = hash_of(asked)
        exchanges, index = self._recorded.get(key, ()), self._next[key]
        self._next[key] += 1
        if self._records and index >= len(exchanges):
            return self._record(provider, request, answer, asked)
        if not exchanges:
            raise self._not_recorded(asked)
        return self._replay(exchanges[min(index, len(exchanges) - 1)], answer)

    async def _replay(self, exchange: Exchange, answer: Answer) -> AsyncGenerator[Piece, None]:
        await asyncio.sleep(0)  # as one that came over a network, it leaves others their turn
        for gap_ms, piece in exchange.pieces:
            if gap_ms:
                await asyncio.sleep(self._paced(gap_ms / 1000))
            yield piece
        if exchange.end_ms:
            await asyncio.sleep(self._paced(exchange.end_ms / 1000))
        for name in _KNOWN:
            if name in exchange.answer:
                setattr(answer, name, deepcopy(exchange.answer[name]))
        if exchange.error is not None:
            raise again(exchange.error)

    def wait_s(self, seconds: float) -> float:
        """Return how long to wait here between two tries for which a model would be waited for so many seconds."""
        return self._paced(seconds) if self.is_replaying else seconds

    def _paced(self, seconds: float) -> float:
        return seconds / self.speed if self.speed else 0.0

    async def _record(
        self, provider: Any, request: Any, answer: Answer, asked: Mapping[str, Any]
    ) -> AsyncGenerator[Piece, None]:
        self._number += 1
        taken = _Taken(self._number, asked)
        failure: ModelError | None = None
        try:
            async with aclosing(provider.decode(request, answer)) as pieces:
                while (piece := await taken.next(pieces)) is not None:
                    yield piece
        except (asyncio.CancelledError, GeneratorExit):
            _LOGGER.warning("%s: not recorded, for nobody waited for its end: a reply of %s", self.path, asked["model"])
            raise
        except Exception as error:
            failure = error if isinstance(error, ModelError) else provider.explain(error)
            if failure is None:
                raise
        # Here, outside of the `except`: what an SDK raised knows the request, its key included.
        secrets = getattr(provider, "secrets", ())
        append(self.path, taken.exchange(answer, failure), anew=self._anew, secrets=secrets)
        self._anew = False
        if failure is not None:
            failure.__cause__ = failure.__context__ = None
            raise failure

    def _not_recorded(self, asked: Mapping[str, Any]) -> NotRecordedError:
        cure = f"record it with {_VARIABLE}=append, or all anew with {_VARIABLE}=record"
        recorded = [exchanges[0] for exchanges in self._recorded.values()]
        index = nearest(asked, [exchange.asked for exchange in recorded])
        if index is None:
            return NotRecordedError("nothing is recorded here", host=str(self.path), cure=cure)
        near = recorded[index]
        parts, lines = difference(near.asked, asked, f"{self.path}:{near.line}")
        cause = f"this request is not recorded; the nearest one, in line {near.line}, differs in its {parts}"
        error = NotRecordedError(cause, host=str(self.path), cure=cure)
        error.add_note(lines)
        return error


class _Taken:
    """An exchange while it is recorded."""

    def __init__(self, number: int, asked: Mapping[str, Any]) -> None:
        self._number = number
        self._asked = asked
        self._pieces: list[tuple[float, Piece]] = []
        self._waited_s = 0.0
        self._told_ms = 0

    async def next(self, pieces: AsyncGenerator[Piece, None]) -> Piece | None:
        """Return the next piece; None at the end. Only the time that it is waited for counts: readers may be slow."""
        clock = asyncio.get_running_loop().time
        since_s = clock()
        try:
            piece = await anext(pieces)
        except StopAsyncIteration:
            return None
        finally:
            self._waited_s += clock() - since_s
        self._pieces.append((self._gap_ms(), piece))
        return piece

    def exchange(self, answer: Answer, error: ModelError | None) -> Exchange:
        """Return it when it has ended."""
        told = {name: plain(value) for name in _KNOWN if (value := getattr(answer, name))}
        return Exchange(
            number=self._number,
            asked=self._asked,
            pieces=tuple(self._pieces),
            end_ms=self._gap_ms(),
            answer=told,
            error=error,
        )

    def _gap_ms(self) -> int:
        """Return how long the wait since the last piece was, rounded so that no error adds up."""
        before_ms, self._told_ms = self._told_ms, round(self._waited_s * 1000)
        return self._told_ms - before_ms


def _checked(mode: str, name: str) -> Mode:
    if mode not in get_args(Mode):
        modes = ", ".join(get_args(Mode))
        raise SettingsError(f"{name}={one_line(mode)}: there is no such mode of recording; take one of {modes}")
    return cast("Mode", mode)

"""A provider of models on the loopback interface, for the real SDKs to talk to: OpenAI's APIs and Anthropic's.

Three ways to run it:

    async with LLMServer(["Hello", Reply(fault="http_429", retry_after_s=2)]) as server: ...  # in a test's event loop
    with LLMServer.in_thread() as server: ...  # beside a test that drives subprocesses
    python -m tests.fakes.llm_server --port 0  # alone; its base URL is the first line of its output

Holds the server itself: what arrives, which reply it gets, who is connected. `replies.py` says what can be scripted,
`openai_wire.py`, `responses_wire.py` and `anthropic_wire.py` cite the wire formats.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from ssl import SSLError
from typing import TYPE_CHECKING, Self

from tests.fakes import anthropic_wire, openai_wire, responses_wire
from tests.fakes.answering import Exchange
from tests.fakes.certificates import identity
from tests.fakes.connection import Connection, Request, milestone
from tests.fakes.replies import Fault, Reply, ToolUse, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tests.fakes.wire import Wire

__all__ = ["Fault", "LLMServer", "Reply", "Request", "ToolUse", "Usage"]

WIRES: tuple[Wire, ...] = (openai_wire, responses_wire, anthropic_wire)
MODELS = {openai_wire.PATH: ("gpt-4o", "gpt-4o-mini"), anthropic_wire.PATH: ("claude-large", "claude-small")}
START_S = 60.0  # far more than a thread needs to start listening


class LLMServer:
    """The provider; it listens while it is entered, and leaves no task, thread or socket behind.

    Attributes:
        keys: The keys it takes; if there are none, any but an empty one.
        requests: What has arrived, in order.
    """

    def __init__(
        self, replies: Sequence[Reply | str] = (), *, keys: Collection[str] = (), burst: bool = False, tls: bool = False
    ) -> None:
        self.keys = set(keys)
        self.requests: list[Request] = []
        self._burst = burst
        self._tls = identity().context() if tls else None
        self._connections: list[Connection] = []
        self._numbers = itertools.count(1)
        self._arrivals: dict[int, Future[Request]] = {}
        self._lock = threading.Lock()  # of the two that other threads use: arrivals and replies
        self._replies: deque[Reply] = deque()
        self.script(*replies)

    # ------------------------------------------------------------ script

    def script(self, *replies: Reply | str) -> None:
        """Replace the script: one reply a request, the last for all that follow; with none, requests are echoed."""
        with self._lock:
            self._replies = deque(reply if isinstance(reply, Reply) else Reply(reply) for reply in replies or [Reply()])

    def _next_reply(self) -> Reply:
        with self._lock:
            return self._replies.popleft() if len(self._replies) > 1 else self._replies[0]

    # ------------------------------------------------------- observation

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def certificate(self) -> str:
        """With `tls`: what its clients have to trust, in PEM; a file of it may be named by SSL_CERT_FILE."""
        return identity().certificate

    @property
    def openai_base_url(self) -> str:
        """The `base_url` for OpenAI's SDK."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """The `base_url` for Anthropic's SDK."""
        return self.url

    @property
    def connections(self) -> int:
        """How many connections there were, those that came to no request included."""
        return len(self._connections)

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return sum(not connection.lost.is_set() for connection in self._connections)

    async def arrived(self, number: int = 1) -> Request:
        """Wait for the request of this number, counted from 1, from any event loop."""
        return await asyncio.wrap_future(self._arrival(number))

    def wait_for_request(self, timeout_s: float, number: int = 1) -> Request:
        """As `arrived`, for a thread; raises TimeoutError when the time is over."""
        return self._arrival(number).result(timeout_s)

    def _arrival(self, number: int) -> Future[Request]:
        with self._lock:
            return self._arrivals.setdefault(number, milestone())

    # ----------------------------------------------------------- service

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0)
        self._port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.abort()
        for connection in self._connections:
            await connection.lost.wait()
        await self._server.wait_closed()
        ends = await asyncio.gather(*(connection.task for connection in self._connections), return_exceptions=True)
        for defect in ends:
            if isinstance(defect, Exception):  # of the server: the test that met it shall know
                raise defect

    def _accept(self) -> Connection:
        self._connections.append(Connection(len(self._connections) + 1, self._numbers, self._serve, self._tls))
        return self._connections[-1]

    async def _serve(self, connection: Connection) -> None:
        """Answer the requests of one connection until either side closes it."""
        try:
            await connection.secure()
            while not connection.closing:
                request = await connection.read()
                self.requests.append(request)
                self._arrival(request.number).set_result(request)
                await self._respond(connection, request)
        except (ConnectionError, SSLError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            connection.close()

    async def _respond(self, connection: Connection, request: Request) -> None:
        wire = _wire_of(request)
        exchange = Exchange(connection, wire, request)
        key = wire.key(request.headers)
        if not key or (self.keys and key not in self.keys):
            await exchange.send_json(401, wire.error(request, 401))
        elif (request.method, request.path) == ("GET", "/v1/models"):
            await exchange.send_json(200, wire.models(MODELS[wire.PATH]))
        elif (request.method, request.path) != ("POST", wire.PATH):
            await exchange.send_json(404, wire.no_such_url(request))
        elif objection := wire.objection(request):
            await exchange.send_json(400, objection)
        else:
            await exchange.perform(self._next_reply(), burst=self._burst)

    # ------------------------------------------------------- other homes

    @classmethod
    @contextmanager
    def in_thread(
        cls, replies: Sequence[Reply | str] = (), *, keys: Collection[str] = (), burst: bool = False, tls: bool = False
    ) -> Iterator[Self]:
        """Run one in an event loop of its own, in a thread of its own."""
        server = cls(replies, keys=keys, burst=burst, tls=tls)
        stopper: Future[Callable[[], object]] = Future()

        async def live() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            async with server:
                stopper.set_result(lambda: loop.call_soon_threadsafe(stop.set))
                await stop.wait()

        thread = threading.Thread(target=lambda: asyncio.run(live()), name="LLMServer")
        thread.start()
        stop = stopper.result(START_S)
        try:
            yield server
        finally:
            stop()
            thread.join()


def _wire_of(request: Request) -> Wire:
    """The API that a request means: by its path, or by the header that only one API has."""
    elsewhere = anthropic_wire if "anthropic-version" in request.headers else openai_wire
    return next((wire for wire in WIRES if request.path == wire.PATH), elsewhere)


def _parsed(reply: str) -> Reply:
    """A reply from the command line: its text, or a JSON object of its fields."""
    if not reply.startswith("{"):
        return Reply(reply)
    try:
        return Reply.from_json(json.loads(reply))
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _run_alone(server: LLMServer) -> None:
    async with server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run alone, until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.llm_server", description="A provider of models, faked."
    )
    parser.add_argument(
        "--port", type=int, choices=[0], default=0, help="always 0: a free one is taken, see the output"
    )
    parser.add_argument(
        "--reply", dest="replies", type=_parsed, action="append", default=[], help="text, or JSON of a Reply"
    )
    parser.add_argument("--key", dest="keys", action="append", default=[], help="a key to take; otherwise any")
    parser.add_argument("--burst", action="store_true", help="tokens without delay go out many to a write")
    options = parser.parse_args(arguments)
    with suppress(KeyboardInterrupt):
        asyncio.run(_run_alone(LLMServer(options.replies, keys=options.keys, burst=options.burst)))


if __name__ == "__main__":
    main()

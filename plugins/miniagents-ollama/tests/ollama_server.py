"""An Ollama server on the loopback interface: the wire format of its documentation, and the ways in which it fails.

    with OllamaServer() as server: ...  # `server.environment` leads there; it runs in a thread of its own

Formats: docs/api.md, docs/openapi.yaml, docs/api/errors.mdx, docs/api/streaming.mdx, docs/capabilities/tool-calling.mdx
and thinking.mdx of Ollama's repository, as they were in 2026-11. Scripted with `Reply`s; without any, it echoes.
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["Asked", "OllamaServer", "Reply", "said"]

CREATED = "2026-11-26T03:40:02.166576Z"
COUNTS = {
    "total_duration": 4883583458,
    "load_duration": 1334875,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 342546000,
    "eval_count": 282,
    "eval_duration": 4535599000,
}
LAYER_BYTES = 2142590208
STEPS = 4


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What a chat is answered: objects, one a line; bytes are sent as they are."""

    objects: Sequence[Any] = ()
    status: int = 200
    content_type: str = "application/x-ndjson"
    cut: bool = False
    """Whether the connection breaks behind the last object."""
    held: bool = False
    """Whether, behind the first object, it waits until it is released, or until the client is gone."""
    refused: Sequence[Any] = field(default=())
    """Values of `think` for which there is an error in its place."""


def said(
    *tokens: str,
    thoughts: Iterable[str] = (),
    calls: Sequence[dict[str, Any]] = (),
    model: str = "llama3.2",
    **last: Any,
) -> list[dict[str, Any]]:
    """Return the objects of a stream that says this; `last` goes into the last one."""
    messages: list[dict[str, Any]] = [{"content": "", "thinking": thought} for thought in thoughts]
    messages += [{"content": token} for token in tokens]
    messages += [{"content": "", "tool_calls": [call]} for call in calls]
    known = {"model": model, "created_at": CREATED}
    stream = [{**known, "message": {"role": "assistant", **each}, "done": False} for each in messages]
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return [*stream, {**known, **end, **COUNTS, **last}]


class OllamaServer:
    """The server; it listens while it is entered.

    Attributes:
        host: The address and the port.
        models: The names of the models that it has, with their tags.
        library: The names of those that it could fetch.
        requests: What has arrived, in order.
        released: Set it to let a `held` reply go on.
        gone: Set when a client has left in the middle of an answer.
        kept: How many steps of a pull have been made, by model.
        breaks_after: After how many lines a pull breaks off; None for never.
        pulls_say: Lines of a pull in place of its own.
        lists: The list of its models in place of its own.
        shows: What it tells of a model.
    """

    def __init__(self) -> None:
        self.models = {"llama3.2:latest", "qwen3:0.6b"}
        self.library = {"llama3.2:latest", "gemma3:latest"}
        self.requests: list[Asked] = []
        self.released, self.gone = threading.Event(), threading.Event()
        self.kept: dict[str, int] = {}
        self.breaks_after: int | None = None
        self.pulls_say: list[Any] | None = None
        self.lists: bytes | None = None
        self.shows: dict[str, Any] = {
            "capabilities": ["completion", "tools"],
            "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
        }
        self._replies: deque[Reply] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the double of Ollama")
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def script(self, *replies: Reply) -> None:
        """Answer the next chats with these, and the last of them for ever."""
        self._replies = deque(replies)

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client here."""
        return {"OLLAMA_HOST": self.host}

    @property
    def chats(self) -> list[Any]:
        """The bodies of the chats that were asked for."""
        return [asked.body for asked in self.requests if asked.path == "/api/chat"]

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._meet, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)
        self.host = "{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def close(self) -> None:
        """Listen no more, so that who comes is refused."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)

    async def _close(self) -> None:
        for _ in range(10):  # a connection that is half accepted when the server closes is lost, its socket open
            await asyncio.sleep(0)
        self._server.close()
        me = asyncio.current_task()
        while tasks := [task for task in asyncio.all_tasks() if task is not me]:
            for writer in self._connections.values():
                writer.transport.abort()
            await asyncio.wait(tasks, timeout=0.1)
        await asyncio.sleep(0)  # a transport closes its socket in the round after

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    await self._exchange(await self._read(reader), reader, writer)
        finally:
            del self._connections[task]
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = first.split(" ")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, json.loads(body) if body else None)
        self.requests.append(asked)
        return asked

    async def _exchange(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reply = self._reply_to(asked)
        writer.write(f"HTTP/1.1 {reply.status} Whatever\r\nContent-Type: {reply.content_type}\r\n".encode())
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        async for line in self._lines(asked, reply, reader):
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
        if reply.cut:
            raise ConnectionError
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _lines(self, asked: Asked, reply: Reply, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        for place, each in enumerate(self._pulled(asked.body["model"]) if asked.path == "/api/pull" else reply.objects):
            if place == 1 and reply.held:
                await self._hold(reader)
            if each is None:
                raise ConnectionError
            yield each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n"

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            while not self.released.is_set():
                await asyncio.wait([leaving], timeout=0.01)
                if leaving.done() and not leaving.result():
                    self.gone.set()
                    raise ConnectionError
        finally:
            leaving.cancel()

    def _reply_to(self, asked: Asked) -> Reply:
        name = _tagged((asked.body or {}).get("model", ""))
        match asked.method, asked.path:
            case "GET", "/api/tags":
                listed = [{"name": name, "model": name, "size": 3825819519} for name in sorted(self.models)]
                return _whole({"models": listed}) if self.lists is None else Reply([self.lists])
            case "DELETE", "/api/delete" if name in self.models:
                self.models.remove(name)
                return Reply()
            case ("POST", "/api/chat" | "/api/show") | ("DELETE", "/api/delete") if name not in self.models:
                return _whole({"error": f"model '{asked.body['model']}' not found"}, 404)
            case "POST", "/api/show":
                return _whole(self.shows)
            case "POST", "/api/chat":
                return self._chat(asked.body)
        known = asked.path == "/api/pull"
        return Reply() if known else Reply([b"404 page not found"], 404, "text/plain")

    def _chat(self, body: dict[str, Any]) -> Reply:
        if not self._replies:
            words = f"You said: {body['messages'][-1]['content']}"
            objects = said(*words.partition(" "), model=body["model"])
            return Reply(objects) if body["stream"] else _whole(_joined(objects))
        reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        if body.get("think") in reply.refused and "think" in body:
            return _whole({"error": f'think value "{body["think"]}" is not supported for this model'}, 400)
        return reply if body["stream"] or reply.status != 200 else _whole(_joined(reply.objects))

    def _pulled(self, model: str) -> Iterable[Any]:
        if self.pulls_say is not None:
            yield from self.pulls_say
            return
        yield {"status": "pulling manifest"}
        if _tagged(model) not in self.library:
            yield {"error": "pull model manifest: file does not exist"}
            return
        lines = 1
        layer = {"status": "pulling dde5aa3fc5ff", "digest": "sha256:dde5aa3fc5ff", "total": LAYER_BYTES}
        yield layer if not self.kept.get(model) else {**layer, "completed": self._there(model)}
        while self.kept.get(model, 0) < STEPS:
            if lines == self.breaks_after:
                self.breaks_after = None
                yield None
            lines += 1
            self.kept[model] = self.kept.get(model, 0) + 1
            yield {**layer, "completed": self._there(model)}
        small = {"status": "pulling 8eeb52dfb3bb", "digest": "sha256:8eeb52dfb3bb", "total": 1000}
        yield {**small, "completed": 1000}
        self.models.add(_tagged(model))
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield {"status": status}

    def _there(self, model: str) -> int:
        return LAYER_BYTES * self.kept[model] // STEPS


def _tagged(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


def _whole(body: Any, status: int = 200) -> Reply:
    return Reply([json.dumps(body).encode()], status, "application/json; charset=utf-8")


def _joined(objects: Sequence[Any]) -> dict[str, Any]:
    messages = [each["message"] for each in objects]
    message = {"role": "assistant", "content": "".join(each["content"] for each in messages)}
    if thoughts := "".join(each.get("thinking", "") for each in messages):
        message["thinking"] = thoughts
    if calls := [call for each in messages for call in each.get("tool_calls", ())]:
        message["tool_calls"] = calls
    return {**objects[-1], "message": message}

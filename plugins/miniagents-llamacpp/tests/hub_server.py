"""Hugging Face's hub on the loopback interface: its listing, its redirect to where files are, and how both fail.

    with HubServer() as hub: ...  # `hub.environment` leads there; it runs in threads of its own

Formats: `/api/models/NAME/revision/main?blobs=true` and `/NAME/resolve/COMMIT/FILE` of the hub's OpenAPI page, the
headers as the client `huggingface_hub` reads them (2026-11). Files are on a second server, on another port: to a client
that is another host.
"""

import hashlib
import json
import re
import threading
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

__all__ = ["COMMIT", "CONTENT", "REPOSITORY", "Asked", "HubServer", "files_in"]

REPOSITORY = "someone/Tiny-GGUF"
CONTENT = b"GGUF" + bytes(range(256)) * 4096
"""What the better of its two models is: 1 MB."""
COMMIT = "c0ffee" * 6 + "c0de"
STEP_BYTES = 1 << 16


def files_in(folder: Path) -> list[str]:
    """List all files in a folder, at any depth."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class Asked:
    """A request that arrived."""

    server: str
    """`hub` or `files`."""
    path: str
    range: str
    authorization: str


class HubServer:
    """The two servers; they listen while it is entered.

    Attributes:
        repositories: The files of each, with their content.
        small: Paths of files that are not in LFS.
        gated: Names of repositories whose terms have to be accepted.
        token: The one that may read those, and knows what is private.
        old_names: Names of repositories that were renamed, and what to.
        requests: What has arrived, in order.
        cuts: After how many bytes the next answers with a file break off.
        refusals: Status and headers of the next answers that there are in place of a file.
        listing: What it lists in place of the truth.
        knows_ranges: Whether it can begin in the middle.
        mistakes_ranges: Whether it begins somewhere else than it was asked to.
        tells_length: Whether it says beforehand how much it sends.
        changes: What is done with a file's content before it is sent.
        hold_after: After how many bytes of a file it waits until it is `released`; None for never.
        holding: Set when it does.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.small: set[str] = set()
        self.gated: set[str] = set()
        self.token = "hf_of_the_tests"
        self.old_names: dict[str, str] = {}
        self.requests: list[Asked] = []
        self.cuts: deque[int] = deque()
        self.refusals: deque[tuple[int, dict[str, str]]] = deque()
        self.listing: bytes | None = None
        self.knows_ranges, self.mistakes_ranges, self.tells_length = True, False, True
        self.changes: Any = lambda content: content
        self.hold_after: int | None = None
        self.holding, self.released = threading.Event(), threading.Event()
        self._servers = {name: _Server(self, name) for name in ("hub", "files")}

    @property
    def host(self) -> str:
        """The hub's address and port."""
        return f"127.0.0.1:{self._servers['hub'].server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client here."""
        return {"HF_ENDPOINT": f"http://{self.host}"}

    def ranges(self) -> list[str]:
        """Return which part of a file each request for one asked for."""
        return [asked.range for asked in self.requests if asked.server == "files"]

    def __enter__(self) -> Self:
        for server in self._servers.values():
            server.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self.released.set()
        for server in self._servers.values():
            if server.thread.is_alive():
                server.shutdown()
                server.server_close()
                server.thread.join()

    def file_address(self, path: str) -> str:
        """Return where the content of a file is."""
        return f"http://127.0.0.1:{self._servers['files'].server_port}/{path}"


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: HubServer, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.name = name
        self.thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, name=f"double: {name}"
        )

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that leaves is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        asked = Asked(self.server.name, path, self.headers.get("range", ""), self.headers.get("authorization", ""))
        hub.requests.append(asked)
        if self.server.name == "files":
            self._file(path.removeprefix("/"), asked.range)
        elif found := re.fullmatch(r"/api/models/(.+)/revision/main", path):
            self._listing(found[1], path)
        elif found := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", path):
            self._redirect(hub.file_address(f"{found[1]}/{found[2]}"), 302)
        else:
            self._say(404, b"Not Found")

    def _listing(self, name: str, path: str) -> None:
        hub = self.server.hub
        is_known = self.headers.get("authorization") == f"Bearer {hub.token}"
        if name in hub.old_names:
            self._redirect(path.replace(name, hub.old_names[name]) + "?blobs=true", 307)
        elif self.headers.get("authorization") and not is_known:
            message = "Invalid credentials in Authorization header"
            self._say(401, json.dumps({"error": message}).encode(), {"X-Error-Message": message})
        elif name not in hub.repositories:
            code = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            self._say(404 if is_known else 401, b'{"error":"Repository not found"}', code)
        elif name in hub.gated and not is_known:
            code = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model is restricted"}
            self._say(401, b"", code)
        else:
            self._say(200, hub.listing if hub.listing is not None else self._told(name))

    def _told(self, name: str) -> bytes:
        hub = self.server.hub
        siblings = []
        for path, content in hub.repositories[name].items():
            told: dict[str, Any] = {"rfilename": path, "size": len(content)}
            told["blobId"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            if path not in hub.small:
                told["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 134,
                }
            siblings.append(told)
        return json.dumps({"id": name, "sha": COMMIT, "gated": name in hub.gated, "siblings": siblings}).encode()

    def _file(self, path: str, wanted: str) -> None:
        hub = self.server.hub
        if hub.refusals:
            status, headers = hub.refusals.popleft()
            self._say(status, b"", headers)
            return
        owner, name, file = path.split("/", 2)
        content = hub.changes(hub.repositories[f"{owner}/{name}"][file])
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and hub.knows_ranges else 0
        if first >= len(content) > 0:
            self._say(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(206 if first else 200)
        if hub.tells_length:
            self.send_header("Content-Length", str(len(content) - first))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        if first:
            begin = 0 if hub.mistakes_ranges else first
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self._send(content[first:])

    def _send(self, content: bytes) -> None:
        hub = self.server.hub
        end = hub.cuts.popleft() if hub.cuts else len(content)
        for at in range(0, min(end, len(content)), STEP_BYTES):
            try:
                self.wfile.write(content[at : min(at + STEP_BYTES, end)])
            except OSError:  # nobody reads it
                break
            if hub.hold_after is not None and at + STEP_BYTES >= hub.hold_after and not hub.released.is_set():
                hub.holding.set()
                hub.released.wait(60)
        if end < len(content):
            self.close_connection = True

    def _redirect(self, where: str, status: int) -> None:
        self._say(status, b"", {"Location": where})

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

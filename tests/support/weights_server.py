"""A server of model files on 127.0.0.1 that fails in every way a network fails, when told to."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from semantik.downloads.resumable_transfer import DownloadLimits
from tests.support.waiting import PATIENCE

QUICK = DownloadLimits(timeout=3.0, retries=2, pause=0.01)
PATIENT = DownloadLimits(timeout=PATIENCE, retries=2, pause=0.01)  # where the answer is certain to come


@dataclass
class Server:
    """What the server does, and what it was asked. ``cuts``: after how many body bytes each answer breaks."""

    url: str = ""
    content: bytes = b""
    etag: str = '"one"'
    ranges: bool = True
    status: int = 200
    cuts: list[int] = field(default_factory=list)
    announce: bool = True  # whether Content-Length is sent
    silent_after: int | None = None  # body bytes until the server stops talking
    silent_head: bool = False
    gate: threading.Event | None = None  # the body waits for it
    redirect: str = ""
    redirect_always: bool = False
    honour_if_range: bool = True
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def serving(content: bytes, path: str = "/file") -> Iterator[Server]:
    """A running server whose ``url`` gives ``content``; whatever waits is let go in the end."""
    state = Server(content=content)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}{path}"
    try:
        yield state
    finally:
        state.stopped.set()
        if state.gate:
            state.gate.set()
        http.shutdown()
        http.server_close()
        thread.join()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            server.requests.append(dict(self.headers.items()))
            position = len(server.sent)
            server.sent.append(0)
            self.close_connection = True
            if server.silent_head:
                server.stopped.wait(PATIENCE)
                return
            if server.redirect:
                self._redirect()
                return
            start = self._start()
            if start >= len(server.content) and start:
                self._head(416, {"Content-Range": f"bytes */{len(server.content)}", "Content-Length": "0"})
                return
            body = server.content[start:]
            extra = {"ETag": server.etag} if server.etag else {}
            if server.announce:
                extra["Content-Length"] = str(len(body))
            if start:
                extra["Content-Range"] = f"bytes {start}-{len(server.content) - 1}/{len(server.content)}"
            if server.status != 200:
                self._head(server.status, {"Content-Length": "0"})
                return
            self._head(206 if start else 200, extra)
            self._send(body, position)

        def _send(self, body: bytes, position: int) -> None:
            if server.cuts:
                body = body[: server.cuts.pop(0)]
            if server.gate:
                server.gate.wait(PATIENCE)
            for at in range(0, len(body[: server.silent_after]), 50_000):
                piece = body[: server.silent_after][at : at + 50_000]
                server.sent[position] += len(piece)  # before: who has the last piece may look at once
                try:
                    self.wfile.write(piece)
                except OSError:
                    server.sent[position] -= len(piece)
                    return
            if server.silent_after is not None:
                server.stopped.wait(PATIENCE)

        def _redirect(self) -> None:
            target = server.redirect
            if not server.redirect_always:
                server.redirect = ""  # before the answer: the next request may come while this thread still waits
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Set-Cookie", "who=you")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _start(self) -> int:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if not asked or not server.ranges:
                return 0
            condition = self.headers.get("If-Range")
            if condition and server.honour_if_range and condition != server.etag:
                return 0
            return int(asked[1])

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Connection", "close")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler

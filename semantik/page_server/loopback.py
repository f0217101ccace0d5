"""waitress as a loopback server: nothing but 127.0.0.1, no patience with slow requests, ended at once on request.

waitress documents how to serve, not the classes that serve. What this file, and no other, takes of them is held by
tests/project/test_inside_packages.py, which says what to do when a new version has it otherwise.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from semantik.page_server.limits import Limits
from semantik.words.text import say

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer, unless it has another value for one of them."""

_QUIET = 60.0  # seconds between two looks at the clock while nobody is connected
_PATIENCE = 1.0  # seconds for the threads to end

# They tell addresses, with the token in them, of pages that were closed, and each wait for a free thread.
logging.getLogger("waitress").setLevel(logging.WARNING)
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Knows when a request began."""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.since = time.time()


class _ErrorTask(ErrorTask):  # type: ignore[misc]
    """Searching what is no HTTP, or too much of it, in the same form as everything else."""

    def execute(self) -> None:
        error = self.request.error
        body = json.dumps({"message": say("error.page_request")}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([*HEADERS.items(), ("Content-Type", "application/json")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = _Parser
    error_task_class = _ErrorTask


def _is_idle(channel: Any) -> bool:
    """Whether nothing was asked on a connection that is not answered: it is half open, or kept for later."""
    return not channel.total_outbufs_len and not channel.will_close


class LoopbackServer(TcpWSGIServer):  # type: ignore[misc]
    """Serves a WSGI application at 127.0.0.1 and a port that is free, in threads of its own."""

    channel_class = _Channel

    def __init__(self, application: WSGIApplication, limits: Limits) -> None:
        """Listens from now on and answers from ``start`` on. Raises OSError."""
        self._limits = limits
        self._stopped = False
        self._room = max(1, limits.connections // 2)  # for those that have not asked for anything yet
        self._thread = threading.Thread(target=self._serve, name="page server", daemon=True)
        adjustments = Adjustments(
            listen="127.0.0.1:0",
            threads=limits.threads,
            ident=None,  # no need to tell what listens here
            connection_limit=limits.connections,
            channel_timeout=limits.idle_seconds,
            max_request_header_size=limits.header_bytes,
            max_request_body_size=limits.large_body + (1 << 16),  # just above, the application itself answers
            outbuf_high_watermark=1 << 22,  # bytes of a download made ahead of its reader
            log_socket_errors=False,  # browsers hang up all the time
        )
        adjustments.cleanup_interval = limits.tick
        self._sockets: dict[int, Any] = {}  # by their numbers: the port, its connections, and what wakes the thread
        super().__init__(application, map=self._sockets, adj=adjustments, dispatcher=ThreadedTaskDispatcher())

    @property
    def host(self) -> str:
        """Where it listens: ``127.0.0.1:port``."""
        return f"{self.effective_host}:{self.effective_port}"

    def start(self) -> None:
        """Begin to answer."""
        self.task_dispatcher.set_thread_count(self._limits.threads)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections, also those in the middle of a request or an answer.

        Waits a second at most for what the application still does; that ends by itself later, unheard.
        """
        self.trigger.pull_trigger(self._hang_up)
        self._thread.join()
        self.task_dispatcher.shutdown(timeout=_PATIENCE)
        if not self.task_dispatcher.threads:
            # Whoever still runs may yet pull the trigger; its number must not have become another file's by then.
            self.trigger.close()

    def set_reuse_addr(self) -> None:
        """As bound by waitress, other programs on Windows could bind the same port and take over its callers."""
        if os.name == "nt":
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009

    def handle_accept(self) -> None:
        """Take a connection; when many are open, the one that has kept us waiting longest makes room for it.

        Whoever opens connections and asks for nothing must not keep out a page, which asks at once.
        """
        super().handle_accept()
        waiting = [channel for channel in self.active_channels.values() if not channel.requests and _is_idle(channel)]
        for channel in sorted(waiting, key=lambda channel: channel.creation_time)[: max(0, len(waiting) - self._room)]:
            channel.handle_close()

    def maintenance(self, now: float) -> None:
        """Close connections that are idle, or whose request does not come to its end."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            request = channel.request
            if request and not channel.requests and request.since < now - self._limits.request_seconds:
                channel.will_close = True

    def _serve(self) -> None:
        while not self._stopped:
            connected: dict[int, Any] = self.active_channels
            wasyncore.loop(self._limits.tick if connected else _QUIET, use_poll=True, map=self._sockets, count=1)

    def _hang_up(self) -> None:
        self._stopped = True
        for channel in list(self.active_channels.values()):
            channel.handle_close()  # wakes up whoever waits for its reader
        wasyncore.dispatcher.close(self)

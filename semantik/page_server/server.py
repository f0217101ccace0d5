"""The server's life, the pages that it knows, and what it asks of the window."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from semantik.page_server.actions import PageActions
from semantik.page_server.limits import Limits
from semantik.page_server.pages import Pages
from semantik.records import Hit
from semantik.results.page import PageLink

if TYPE_CHECKING:
    from semantik.page_server.application import Application
    from semantik.page_server.loopback import LoopbackServer


class PageServer:
    """Listens on the loopback interface to the results pages that were registered, and to nobody else.

    A request names the run's token, a page, and a hit by its number among the page's; no path ever comes from a
    request. All must be told in its address, and come from a file (Origin null) to this very host and port.
    """

    def __init__(self, actions: PageActions, limits: Limits | None = None) -> None:
        self._actions = actions
        self._limits = limits or Limits()
        self._pages = Pages(self._limits.pages, self._limits.hits)
        self._token = secrets.token_urlsafe(32)
        self._running: tuple[Application, LoopbackServer] | None = None

    def start(self) -> None:
        """Listen from now on. Raises OSError when the system admits no listening socket."""
        from semantik.page_server.application import Application
        from semantik.page_server.loopback import LoopbackServer

        application = Application(self._actions, self._pages, self._token, self._limits)
        server = LoopbackServer(application, self._limits)
        application.host = server.host
        self._running = application, server
        server.start()

    def close(self) -> None:
        """Stop listening and end all connections, within two seconds; calls of actions that last are left behind."""
        if self._running:
            (application, server), self._running = self._running, None
            application.control.cancel()
            server.stop()

    def register(self, hits: Sequence[Hit], newer: Callable[[], int] = lambda: 0) -> PageLink:
        """Make a new page's hits and their copies known; where the page finds the server.

        The hits are numbered from 0, each followed by its copies. Only the latest pages are kept. To be called
        between ``start`` and ``close``; from any thread. ``newer``: as of ``Pages.add``.
        """
        if self._running is None:
            raise RuntimeError("the server does not run")
        return PageLink(f"http://{self._running[1].host}", f"/{self._token}/pages/{self._pages.add(hits, newer)}")

"""What a results page can ask of the window; called on the server's threads, done in the window's turn."""

from __future__ import annotations

import threading
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.errors import Cancelled, PageBusy
from semantik.gui.widgets.file_dialogs import choose_folder
from semantik.gui.window_services import WindowServices
from semantik.queries import Query
from semantik.words.text import counted, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library

Begin = Callable[[Callable[[Any], None], Callable[[BaseException], None]], None]
"""Begins something on the window's thread; one of the two functions that it gets is to be called at its end."""

PICTURE_SIDE = 2048
"""Longer side in pixels of a picture that the browser cannot show itself."""


class PageRequests:
    """``page_server.PageActions`` for a window: one task at a time, the same as if its buttons were pressed.

    Searches are made beside an indexing, too.
    """

    def __init__(
        self,
        services: WindowServices,
        engine: Engine,
        search: Callable[[Callable[[Library], Query], str], Begin],
        star: Callable[[str, bool, Callable[[Any], None], Callable[[BaseException], None]], None],
    ) -> None:
        """``search`` gives what begins the search for a page.

        It is given what makes the query, in the worker, and K as it was typed, "" for the window's. ``star`` stars
        the search for these words or takes the star away, on the window's thread, and tells one of the two in words.
        """
        self._services = services
        self._engine = engine
        self._search = search
        self._star = star
        self._waiting: set[Future[Any]] = set()
        self._closed = threading.Event()

    def similar(self, path: Path) -> str:
        """Address of a page of pictures like ``path``. Raises PageBusy and as ``Library.ask`` does."""
        return str(self._search_in_turn(lambda library: Query.like(path), ""))

    def refine(self, words: str, choices: Mapping[str, str]) -> str:
        """Address of a page that answers ``words``, with what the page's controls say in place of theirs.

        Raises PageBusy, BadFilter, BadTopK, and as ``Library.read`` and ``ask`` do.
        """
        limits = dict(choices)
        top_k = limits.pop("top_k", "")
        return str(self._search_in_turn(lambda library: _limited(library.read(words), limits), top_k))

    def star(self, words: str, saved: bool) -> str:
        """Star a search, or take its star away; returns what was done. Raises PageBusy, and as ``Library.read``."""

        def begin(done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
            self._star(words, saved, done, failed)

        return str(self._in_turn(begin, lambda: True))

    def reveal(self, path: Path) -> None:
        """Show a picture in the system's file manager. Raises as ``file_manager.reveal`` does."""
        from semantik.desktop.file_manager import reveal

        reveal(path)

    def copy(self, paths: Sequence[Path]) -> str:
        """Ask for a folder, copy pictures there, and say how many; "" when the user chose none. Raises PageBusy."""
        from semantik.results.export import copied_message, copy_files

        def begin(done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
            services = self._services
            _bring_to_front(services.root)
            folder = choose_folder(services.root, say("window.pick_export"), Path.home())
            if not folder:
                done("")
                return
            services.tell(counted("status.copying", len(paths)))

            def show(report: Any) -> None:
                message = copied_message(report, Path(folder))
                services.tell(message)
                done(message)

            services.start(lambda: copy_files(paths, Path(folder), services.tasks.control), show, failed)

        return str(self._in_turn(begin, lambda: not self._services.tasks.busy))

    def picture(self, path: Path) -> bytes:
        """A picture as a JPEG for a browser that cannot show it itself. Raises DecodeFailed."""
        return self._engine.pool.thumbnail(path, PICTURE_SIDE).jpeg

    def close(self) -> None:
        """Nothing is answered any more; who waits is told so."""
        self._closed.set()
        for future in tuple(self._waiting):
            if not future.done():
                future.set_exception(Cancelled())

    def _search_in_turn(self, query_of: Callable[[Library], Query], typed_k: str) -> Any:
        return self._in_turn(self._search(query_of, typed_k), lambda: self._services.can_start_search)

    def _in_turn(self, begin: Begin, is_free: Callable[[], bool]) -> Any:
        """Have ``begin`` called on the window's thread if ``is_free`` says so there, and wait for its outcome."""
        outcome: Future[Any] = Future()
        self._waiting.add(outcome)

        def settle(set_it: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: None if outcome.done() else set_it(value)

        def turn() -> None:
            if self._closed.is_set():
                return
            if not is_free():
                settle(outcome.set_exception)(PageBusy())
            else:
                begin(settle(outcome.set_result), settle(outcome.set_exception))

        try:
            self._services.tasks.post(turn)
            if self._closed.is_set():
                raise Cancelled
            return outcome.result()
        finally:
            self._waiting.discard(outcome)


def _limited(query: Query, limits: Mapping[str, str]) -> Query:
    """The query with these filters and this order in place of its own. Raises BadFilter."""
    from semantik.search.typed_filters import limited

    filters, order = query.filters, query.order
    for key, value in limits.items():
        filters, order = limited(key, value, filters, order)
    return replace(query, filters=filters, order=order)


def _bring_to_front(root: tk.Tk) -> None:
    """The browser is in front when a page asks; the window that now asks something must be seen."""
    root.deiconify()
    root.lift()
    root.attributes("-topmost", True)
    root.after_idle(root.attributes, "-topmost", False)
    root.focus_force()

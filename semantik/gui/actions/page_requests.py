"""What a results page can ask of the window; called on the server's threads, done in the window's turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from tkinter import filedialog
from typing import TYPE_CHECKING, Any

from semantik.errors import Cancelled, PageBusy
from semantik.queries import Query
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.library import Library
    from semantik.gui.actions.searching import Searching
    from SemantikSearch import SemantikSearchApp

PICTURE_SIDE = 2048
"""Longer side in pixels of a picture that the browser cannot show itself."""


class PageRequests:
    """``page_server.PageActions`` for a window: one task at a time, the same as if its buttons were pressed."""

    def __init__(self, app: SemantikSearchApp, answers: Searching) -> None:
        self._app = app
        self._answers = answers
        self._waiting: set[Future[Any]] = set()
        self._closed = threading.Event()

    def similar(self, path: Path) -> str:
        """Address of a page of pictures like ``path``. Raises PageBusy and as ``Library.ask`` does."""
        return self._search(lambda library: Query.of_image(path))

    def refine(self, words: str) -> str:
        """Address of a page that answers ``words``. Raises PageBusy and as ``Library.read`` and ``ask`` do."""
        return self._search(lambda library: library.read(words))

    def reveal(self, path: Path) -> None:
        """Show a picture in the system's file manager. Raises as ``file_manager.reveal`` does."""
        from semantik.desktop.file_manager import reveal

        reveal(path)

    def copy(self, paths: Sequence[Path]) -> str:
        """Ask for a folder, copy pictures there, and say how many; "" when the user chose none. Raises PageBusy."""
        from semantik.results.export import copied_message, copy_files

        def begin(done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
            app = self._app
            _bring_to_front(app)
            folder = filedialog.askdirectory(parent=app.root, title=say("window.pick_export"), mustexist=True)
            if not folder:
                done("")
                return
            app.view.say(say("status.copying", count=len(paths)))

            def show(report: Any) -> None:
                message = copied_message(report, Path(folder))
                app.view.say(message)
                done(message)

            app.start(lambda: copy_files(paths, Path(folder), app.tasks.control), show, failed)

        return str(self._in_turn(begin))

    def picture(self, path: Path) -> bytes:
        """A picture as a JPEG for a browser that cannot show it itself. Raises DecodeFailed."""
        engine = self._app.engine
        assert engine
        return engine.pool.thumbnail(path, PICTURE_SIDE).jpeg

    def close(self) -> None:
        """Nothing is answered any more; who waits is told so."""
        self._closed.set()
        for future in tuple(self._waiting):
            if not future.done():
                future.set_exception(Cancelled())

    def _search(self, query_of: Callable[[Library], Query]) -> str:
        def begin(done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
            app, library = self._app, self._app.opened.library
            assert library
            app.view.say(say("status.searching"))
            only_relevant = app.config.only_relevant

            def work() -> Any:
                query = query_of(library)
                return self._answers.answer(library, query, app.within_index(library), only_relevant=only_relevant)

            def show(found: Any) -> None:
                answer, page = found
                app.view.say(self._answers.told(answer))
                app.recent.show(answer, page)
                done(page.absolute().as_uri())

            def fail(error: BaseException) -> None:
                app.opened.show_index()
                failed(error)

            app.start(work, show, fail)

        return str(self._in_turn(begin))

    def _in_turn(self, begin: Callable[[Callable[[Any], None], Callable[[BaseException], None]], None]) -> Any:
        """Have ``begin`` called on the window's thread unless a task runs there, and wait for its outcome."""
        outcome: Future[Any] = Future()
        self._waiting.add(outcome)

        def settle(set_it: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: None if outcome.done() else set_it(value)

        def turn() -> None:
            app = self._app
            if self._closed.is_set():
                return
            if app.tasks.busy or app.opened.library is None:
                settle(outcome.set_exception)(PageBusy())
            else:
                begin(settle(outcome.set_result), settle(outcome.set_exception))

        try:
            self._app.tasks.post(turn)
            if self._closed.is_set():
                raise Cancelled
            return outcome.result()
        finally:
            self._waiting.discard(outcome)


def _bring_to_front(app: SemantikSearchApp) -> None:
    """The browser is in front when a page asks; the window that now asks something must be seen."""
    app.root.deiconify()
    app.root.lift()
    app.root.attributes("-topmost", True)
    app.root.after_idle(app.root.attributes, "-topmost", False)
    app.root.focus_force()

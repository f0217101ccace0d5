"""From what stands in the window's entries to a results page in the browser."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import messagebox
from typing import TYPE_CHECKING

from semantik import errors
from semantik.queries import Query
from semantik.storage.search_history import SearchHistory
from semantik.words.text import number, say

if TYPE_CHECKING:
    from semantik.engine.answers import Answer
    from semantik.engine.library import Library
    from semantik.page_server import PageServer
    from SemantikSearch import SemantikSearchApp

log = logging.getLogger(__name__)


class Searching:
    """Reads queries, has the engine answer them in the background, and shows the pages."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self.history = SearchHistory(app.home)
        self._server: PageServer | None = None

    # -- What is asked ---------------------------------------------------------------------------------

    def ask(self, words: str, pictures: str) -> None:
        """Search by typed words and typed pictures, one of them or both; a picture of the web is fetched first."""
        from semantik.search.example_pictures import is_address

        if pictures and is_address(pictures):
            self._fetch(pictures, lambda path: self.ask(words, path))
            return
        library = self._app.opened.library
        assert library
        try:
            query = self._read(library, words, pictures)
            top_k = self._app.wanted_top_k(library)
        except errors.SemantikError as error:
            self._app.show_failure(error)
            return
        self.history.add(words)
        self._app.models.understand(query, lambda: self._begin(library, query, top_k))

    def _read(self, library: Library, words: str, pictures: str) -> Query:
        from semantik.gui.widgets.entries import typed_path
        from semantik.queries import merged
        from semantik.search.example_pictures import read_pictures
        from semantik.search.ranking import check_terms

        query = library.read(words)
        if pictures:
            found = read_pictures(pictures, typed_path(pictures), library.folders)
            query = replace(query, terms=(*query.terms, *found))
        query = merged(query, *self._app.view.filters.read())
        check_terms(query)
        return query

    def _fetch(self, address: str, then: Callable[[str], None]) -> None:
        """Download a picture when the user allows it, put it into the entry, and go on."""
        from semantik.search.example_pictures import fetch_picture, host_of

        app, host = self._app, host_of(address)
        if not messagebox.askyesno(say("window.title"), say("ask.fetch_picture", host=host), parent=app.root):
            return
        app.view.say(say("status.fetching_picture", host=host))

        def fetched(path: Path) -> None:
            app.examples.enter(str(path))
            then(str(path))

        app.start(lambda: fetch_picture(address, app.home, app.tasks.control), fetched, self._failed)

    # -- What is answered ------------------------------------------------------------------------------

    def _begin(self, library: Library, query: Query, top_k: int) -> None:
        self._app.view.say(say("status.searching"))
        only_relevant = self._app.config.only_relevant

        def work() -> tuple[Answer, Path]:
            return self.answer(library, query, top_k, only_relevant=only_relevant)

        self._app.start(work, lambda found: self._answered(*found), self._failed)

    def answer(self, library: Library, query: Query, top_k: int, *, only_relevant: bool) -> tuple[Answer, Path]:
        """In the worker: search, and write the page with its link to this program. Raises as the engine does."""
        config, engine = self._app.config, self._app.engine
        assert engine
        answer = library.ask(
            query, top_k, only_relevant=only_relevant, by_name=config.names_count, folded=config.fold_similar
        )
        server = self._listen()
        return answer, engine.write_page(answer, link=server.register(answer.shown) if server else None)

    def told(self, answer: Answer) -> str:
        """What the status line says of an answer."""
        seconds, title = number(answer.seconds, 2), self._app.models.title
        found = say("status.found", hits=number(len(answer.hits)), seconds=seconds, model=title)
        return say("status.read_as_english", found=found) if answer.read_as_english else found

    def _answered(self, answer: Answer, page: Path) -> None:
        from semantik.results.page import open_page

        self._app.view.say(self.told(answer))
        self._app.recent.show(answer, page)
        if not open_page(page):
            messagebox.showwarning(say("window.title"), say("warn.no_browser", path=page), parent=self._app.root)

    def _failed(self, error: BaseException) -> None:
        self._app.opened.show_index()
        self._app.show_failure(error)

    # -- The server that pages talk to -----------------------------------------------------------------

    def _listen(self) -> PageServer | None:
        """The server, which starts with the first page; None where none can be had: pages then only show."""
        if self._server is None:
            from semantik.gui.actions.page_requests import PageRequests
            from semantik.page_server import PageServer

            self._actions = PageRequests(self._app, self)
            server = PageServer(self._actions)
            try:
                server.start()
            except OSError as error:
                log.warning("pages cannot talk to the program: %s", error)
                return None
            self._server = server
        return self._server

    def close(self) -> None:
        """Stop listening to pages."""
        if self._server:
            self._actions.close()
            self._server.close()

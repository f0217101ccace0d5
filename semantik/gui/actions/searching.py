"""From what stands in the window's entries to a results page in the browser."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik import errors
from semantik.gui.actions.example_pictures import ExamplePicker
from semantik.gui.actions.model_picker import ModelPicker
from semantik.gui.actions.saved_searches import SavedActions
from semantik.gui.main_window.filter_chips import FilterChip
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.queries import Query
from semantik.storage.regular_files import file_address
from semantik.words.phrases import model_title
from semantik.words.text import counted, number, say

if TYPE_CHECKING:
    from semantik.engine.answers import Answer
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library
    from semantik.gui.actions.page_requests import Begin
    from semantik.page_server import PageServer

log = logging.getLogger(__name__)


class Searching:
    """Reads queries, has the engine answer them in the background, and shows the pages."""

    def __init__(
        self,
        services: WindowServices,
        view: MainView,
        examples: ExamplePicker,
        engine: Engine,
        models: ModelPicker,
        *,
        saved: SavedActions,
    ) -> None:
        self._services = services
        self._view = view
        self._examples = examples
        self._history = view.history
        self._engine = engine
        self._models = models
        self._saved = saved
        self._library: Library | None = None
        self._server: PageServer | None = None
        self._typed: Query | None = None  # the words of the last search here, without what the controls say
        services.happened.folders_opening.connect(self._opening)
        services.happened.index_changed.connect(self._fit_top_k)
        services.happened.indexing_searchable.connect(self._fit_top_k)

    def _opening(self, library: Library, named: Sequence[str]) -> None:
        self._library = library

    # -- What is asked ---------------------------------------------------------------------------------

    def by_text(self, library: Library) -> None:
        """Search for what was typed."""
        self.ask(library, self._view.text_entry.get(), "")

    def by_image(self, library: Library, words: str = "") -> None:
        """Search for pictures like the examples, and like ``words`` say; or say which of them is missing."""
        if not self._examples.typed:
            self._services.warn("warn.no_query_image")
        elif self._view.mode.get() == "both" and not words.strip():
            self._services.warn("warn.no_query_text")
        else:
            self.ask(library, words, self._examples.typed)

    def ask(self, library: Library, words: str, pictures: str) -> None:
        """Search by typed words and typed pictures, one of them or both; a picture of the web is fetched first."""
        from semantik.search.example_pictures import is_address

        if pictures and is_address(pictures):
            self._fetch(pictures, lambda path: self.ask(library, words, path))
            return
        try:
            query = self._read(library, words, pictures)
            self._typed = library.read(words)
            top_k = self._typed_top_k(library)
        except errors.SemantikError as error:
            self._services.show_failure(error)
            return
        self._history.add(words)
        self._models.understand(query, lambda: self._begin(library, query, top_k))

    def typed(self, library: Library) -> Query:
        """What is typed now, and the controls say. Raises as ``Library.read`` and ``check_terms``."""
        mode = self._view.mode.get()
        words = "" if mode == "image" else self._view.text_entry.get()
        return self._read(library, words, "" if mode == "text" else self._examples.typed)

    def _read(self, library: Library, words: str, pictures: str) -> Query:
        from semantik.queries import merged
        from semantik.search.example_pictures import read_pictures
        from semantik.search.query_embedding import check_terms
        from semantik.storage.typed_paths import typed_path

        query = library.read(words)
        if pictures:
            found = read_pictures(pictures, typed_path(pictures), library.folders, library.find)
            query = replace(query, terms=(*query.terms, *found))
        query = merged(query, *self._view.filters.read())
        check_terms(query)
        return query

    def _fetch(self, address: str, then: Callable[[str], None]) -> None:
        """Download a picture when the user allows it, put it into the entry, and go on."""
        from semantik.search.example_pictures import fetch_picture, host_of

        services, host = self._services, host_of(address)
        if not services.ask(say("ask.fetch_picture", host=host)):
            return
        services.tell(say("status.fetching_picture", host=host))

        def fetched(path: Path) -> None:
            self._examples.enter(str(path))
            then(str(path))

        services.start_search(
            lambda: fetch_picture(address, services.home, services.tasks.control), fetched, self._failed
        )

    def _typed_top_k(self, library: Library) -> int:
        """K as it was typed, remembered from now on. Raises BadTopK."""
        from semantik.search.ranking import parse_top_k

        most = library.expected
        top_k = parse_top_k(self._view.top_k.get(), most)
        if top_k != self._within(most):
            self._services.save(top_k=top_k)
        return top_k

    def _within(self, count: int) -> int:
        """The remembered K, or the number of pictures where there are fewer."""
        return min(self._services.config.top_k, count)

    def _fit_top_k(self, library: Library) -> None:
        if count := library.expected:
            self._view.top_k.configure(to=count)
            self._view.top_k.set(self._within(count))

    # -- What is answered ------------------------------------------------------------------------------

    def _begin(self, library: Library, query: Query, top_k: int) -> None:
        self._services.happened.search_began(True)
        self._services.tell(say("status.searching"))
        only_relevant = self._services.config.only_relevant
        self._services.start_search(
            lambda: self._answer(library, query, top_k, only_relevant=only_relevant),
            # Not when other folders were opened meanwhile.
            lambda found: self._answered(*found) if library is self._library else None,
            self._failed,
        )

    def _answer(self, library: Library, query: Query, top_k: int, *, only_relevant: bool) -> tuple[Answer, Path]:
        """In the worker: search, and write the page with its link to this program. Raises as the engine does."""
        config = self._services.config
        answer = library.ask(
            query, top_k, only_relevant=only_relevant, by_name=config.names_count, folded=config.fold_similar
        )
        answer = self._engine.new_hits.marked(library, answer)
        server = self._listen()
        link = server.register(answer.shown, self._newer_than(answer, library)) if server else None
        page = self._engine.write_page(answer, link=link, theme=config.theme, top_k=top_k)
        self._engine.new_hits.look(answer)
        return answer, page

    def _show(self, answer: Answer, page: Path) -> None:
        seconds, title = number(answer.seconds, 2), model_title(answer.model)
        found = counted("status.found", len(answer.hits), seconds=seconds, model=title)
        if answer.awaited:
            among = {"known": number(answer.known), "total": number(answer.of)}
            found = counted("status.found_of", len(answer.hits), **among, seconds=seconds, model=title)
        if answer.read_as_english:
            found = say("status.read_as_english", found=found)
        absent = say("status.absent_so_far" if answer.awaited else "status.seems_absent")
        new = counted("page.new_hits", len(answer.new))
        remarks = [*([new] if answer.new else []), *([absent] if answer.nearest else []), *answer.remarks(title)]
        self._services.tell(say("status.remarked", found=found, remarks=" ".join(remarks)) if remarks else found)
        self._services.happened.answer_shown(answer, page)

    def _newer_than(self, answer: Answer, library: Library) -> Callable[[], int]:
        """What tells how many more pictures can be found by now than when ``answer`` was given."""
        asked = weakref.ref(library)  # a page that is kept must not keep the index

        def newer() -> int:
            now = asked()
            return max(0, now.count - answer.known) if now is not None and now is self._library else 0

        return newer

    def _answered(self, answer: Answer, page: Path) -> None:
        from semantik.results.page import open_page

        self._show(answer, page)
        self._show_chips()
        if not open_page(page):
            self._services.warn("warn.no_browser", path=page)

    def _show_chips(self) -> None:
        from semantik.results.header import filters_of

        query, library = self._typed, self._library
        if query is None or library is None:
            return
        told = filters_of(query.filters, query.order)
        rest = library.without_each(query)
        chips = [FilterChip(f"{what}: {value}", words) for (what, value), words in zip(told, rest, strict=True)]
        self._view.chips.show(chips)

    def _failed(self, error: BaseException) -> None:
        self._services.happened.search_failed()
        self._show_chips()  # a date that no picture has can be taken away
        self._services.show_failure(error)

    # -- The server that pages talk to -----------------------------------------------------------------

    def _listen(self) -> PageServer | None:
        """The server, which starts with the first page; None where none can be had: pages then only show."""
        if self._server is None:
            from semantik.gui.actions.page_requests import PageRequests
            from semantik.page_server import PageServer

            self._requests = PageRequests(self._services, self._engine, self._search_for_page, self._saved.star_words)
            server = PageServer(self._requests)
            try:
                server.start()
            except OSError as error:
                log.warning("pages cannot talk to the program: %s", error)
                return None
            self._server = server
        return self._server

    def _search_for_page(self, query_of: Callable[[Library], Query], typed_k: str) -> Begin:
        """What begins a search in the folders that are open by then, and ends with its page's address.

        ``typed_k``: K from the page, remembered as if it were typed here; "" for the one that is.
        """

        def begin(done: Callable[[Any], None], failed: Callable[[BaseException], None]) -> None:
            library, config = self._library, self._services.config
            if library is None:
                failed(errors.PageBusy())
                return
            if typed_k:
                self._view.top_k.set(typed_k)
            try:
                top_k = self._typed_top_k(library) if typed_k else self._within(library.expected)
            except errors.BadTopK as error:
                self._fit_top_k(library)
                failed(error)
                return
            self._services.happened.search_began(False)
            self._services.tell(say("status.searching"))

            def show(found: tuple[Answer, Path]) -> None:
                answer, page = found
                self._show(answer, page)
                done(file_address(page.absolute()))

            def fail(error: BaseException) -> None:
                self._services.happened.search_failed()
                failed(error)

            only_relevant = config.only_relevant
            self._services.start_search(
                lambda: self._answer(library, query_of(library), top_k, only_relevant=only_relevant), show, fail
            )

        return begin

    def close(self) -> None:
        """Stop listening to pages."""
        if self._server:
            self._requests.close()
            self._server.close()

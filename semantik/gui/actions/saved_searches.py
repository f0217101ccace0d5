"""Starred searches in the window: the star beside the words, their list, and how many new pictures answer each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.errors import PageBusy, SemantikError
from semantik.gui.main_window.history_box import SavedLine
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.window_services import WindowServices
from semantik.queries import Query
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.answers import Answer
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library


class SavedActions:
    """Stars searches, opens them, and counts behind what the user does what is new since the last look.

    It is counted whenever what can be found has changed, with the model in use, in a thread of its own.
    """

    def __init__(self, services: WindowServices, view: MainView, engine: Engine) -> None:
        self._services = services
        self._view = view
        self._hits = engine.new_hits
        self._library: Library | None = None
        self._counts: dict[str, int] = {}  # by the words of a starred search
        self._starred: dict[tuple[object, ...], str] = {}  # words of a starred search, by what is typed for it
        self._counting = False
        self._again = False  # what can be found changed meanwhile
        self._closed = False
        self.typed: Callable[[Library], Query] = lambda library: Query()
        """The query that is typed now; whoever reads queries says it. Raises SemantikError."""
        view.saved = self._lines
        view.commands.star_search.connect(self._toggle)
        view.commands.open_saved.connect(self._open)
        happened = services.happened
        happened.folders_opening.connect(self._opening)
        happened.index_changed.connect(self._count)
        happened.answer_shown.connect(self._answered)
        happened.language_changed.connect(self._follow_typing)
        self._follow_typing()

    def _opening(self, library: Library, named: Sequence[str]) -> None:
        self._library = library

    def _lines(self) -> list[SavedLine]:
        return [SavedLine(each.words, self._counts.get(each.words, 0)) for each in self._hits.saved.entries]

    # -- The star --------------------------------------------------------------------------------------

    def _follow_typing(self) -> None:
        """The widgets are new: hear what is typed into them."""
        self._view.text_entry.words.trace_add("write", lambda *names: self._show_star())
        self._show_star()

    def _asked(self) -> tuple[object, ...]:
        view = self._view
        return (view.mode.get(), view.text_entry.get().strip(), view.image_entry.get(), view.filters.typed())

    def _starred_now(self) -> str:
        """The words of the starred search that is typed now, as far as that is known; "" for none."""
        words = self._starred.get(self._asked()) or self._view.text_entry.get().strip()
        return words if self._hits.saved.find(words) else ""

    def _show_star(self) -> None:
        typed = bool(self._view.text_entry.get().strip())
        self._view.star.show(typed and self._library is not None, bool(self._starred_now()))

    def _toggle(self) -> None:
        library = self._library
        if library is None:
            self._services.warn("warn.no_folder")
            return
        asked, starred = self._asked(), self._starred_now()
        try:
            words = starred or library.words_of(self.typed(library))
        except SemantikError as error:
            self._services.show_failure(error)
            return
        self._starred[asked] = words
        self._change(library, words, not starred, self._services.tell)

    def star_words(
        self, words: str, starred: bool, done: Callable[[Any], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Star the search for these words or take its star away, for a page; one of the two is told."""
        library = self._library
        if library is None:
            failed(PageBusy())
            return
        try:
            query = library.read(words)
        except SemantikError as error:
            failed(error)
            return
        known = self._hits.that_asks(library, query)
        self._change(library, known.words if known else library.words_of(query), starred, done)

    def _change(self, library: Library, words: str, starred: bool, done: Callable[[str], None]) -> None:
        """In the background, as all that is there by now is noted; ``done`` is told what was done."""
        told = say("saved.starred" if starred else "saved.unstarred")

        def show() -> None:
            self._counts.pop(words, None)
            self._recognise()
            done(told)

        def work() -> None:
            if starred:
                self._hits.star(library.as_it_is(), words)
            else:
                self._hits.unstar(words)
            self._services.tasks.post(show)

        self._services.start_aside(work)

    # -- Opening one, and what is new in it ------------------------------------------------------------

    def _open(self, words: str) -> None:
        """Search for just this: nothing that the controls say is part of it."""
        self._view.mode.set("text")
        self._view.filters.clear()
        self._view.show_filters()
        replace_text(self._view.text_entry, words)
        self._view.commands.search()

    def _answered(self, answer: Answer, page: Path) -> None:
        if answer.saved:
            self._counts[answer.saved.words] = 0
            self._recognise()

    def _recognise(self) -> None:
        """See whether what is typed is a starred search in other words."""
        if self._library:
            try:
                found = self._hits.that_asks(self._library, self.typed(self._library))
            except SemantikError:  # nothing that can be asked is typed
                found = None
            if found:
                self._starred[self._asked()] = found.words
        self._show_star()

    def _count(self, library: Library) -> None:
        """What can be found has changed."""
        self._show_star()
        if self._counting or library is not self._library:
            self._again = True
        elif self._hits.saved.entries and library.count:
            self._counting = True
            apart, config = library.apart(), self._services.config
            settings = {
                "only_relevant": config.only_relevant,
                "by_name": config.names_count,
                "folded": config.fold_similar,
            }
            self._services.tasks.ahead(lambda: self._count_each(apart, config.top_k, settings))

    def _count_each(self, library: Library, top_k: int, settings: dict[str, bool]) -> None:
        """In a thread beside all else: one search after the other, as long as the window is there."""
        try:
            for each in self._hits.saved.entries:
                if self._closed:
                    return
                try:
                    count = self._hits.count(library, each, top_k, **settings)
                except SemantikError:  # it is told when somebody asks it
                    count = 0
                self._services.tasks.post(partial(self._counts.__setitem__, each.words, count))
        finally:
            self._services.tasks.post(self._counted)

    def _counted(self) -> None:
        self._counting = False
        if self._again and self._library and not self._closed:
            self._again = False
            self._count(self._library)

    def close(self) -> None:
        """Count no more."""
        self._closed = True

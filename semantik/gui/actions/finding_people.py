"""The people in the pictures: the question whether to look for them, their window, and the search for one of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from semantik.errors import Cancelled, SemantikError
from semantik.gui.dialogs.people import PeopleActions, PeopleDialog
from semantik.gui.dialogs.people_offer import PeopleOffer
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.window_services import WindowServices
from semantik.long_tasks import Progress
from semantik.words.phrases import download_status
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library

log = logging.getLogger(__name__)


class FindingPeople:
    """Nothing is looked for, downloaded or kept before the user agrees."""

    def __init__(self, services: WindowServices, view: MainView, engine: Engine) -> None:
        self._services = services
        self._view = view
        self._engine = engine
        self._library: Library | None = None
        view.commands.show_people.connect(self.show)
        services.happened.folders_opening.connect(self._opening)

    def _opening(self, library: Library, named: object) -> None:
        self._library = library

    def show(self) -> None:
        """Show the people; where they are not looked for, ask whether they shall be."""
        services, people = self._services, self._engine.people
        models = people.models
        if not services.config.find_people or not (models.are_ready or people.groups()):  # or they were deleted
            size = 0 if models.are_ready else round(models.size / 1e6)
            PeopleOffer(services.root, size, self._accept, shared=self._is_shared and not self._read_only)
        elif self._library is None:
            services.warn("warn.no_folder")
        else:
            note = say("persons.names_stay" if self._read_only else "persons.names_shared") if self._is_shared else ""
            PeopleDialog(services, self._engine, people, PeopleActions(self._search, self._delete), note)

    @property
    def _is_shared(self) -> bool:
        """Whether others see what is known of the open folders."""
        return self._library is not None and any(each.is_shared for each in self._library.active)

    @property
    def _read_only(self) -> bool:
        """Whether what is learnt here stays here all the same."""
        return self._library is not None and all(each.read_only for each in self._library.active if each.is_shared)

    def _accept(self) -> None:
        """Bring what finds faces, then have them looked for from now on."""
        services, people = self._services, self._engine.people
        if services.tasks.busy:
            services.warn("warn.busy")
            return
        status = services.status

        def done(_: object) -> None:
            services.save(find_people=True)
            services.tell(say("persons.begun"))

        def failed(error: BaseException) -> None:
            services.tell(status)
            if not isinstance(error, SemantikError):
                raise error
            log.warning("what finds faces does not arrive: %r", error)
            if not isinstance(error, Cancelled):
                services.warn_of(error)

        services.start(lambda: people.enable(services.tasks.telling(self._show_download)), done, failed)
        services.tell(say("arrival.downloading", name=say("persons.finder")))

    def _show_download(self, progress: Progress) -> None:
        self._services.show_share(progress.done / max(1, progress.total))
        if not self._services.tasks.control.cancelled:
            self._services.tell(download_status(say("persons.finder"), progress))

    def _search(self, name: str) -> None:
        """Search for the pictures of a person."""
        from semantik.queries import Filters, Query
        from semantik.search.query_syntax import format_query

        folders, find = (self._library.folders, self._library.find) if self._library else ([], None)
        self._view.mode.set("text")
        words = format_query(Query(filters=Filters(people=(name,))), folders, find)
        replace_text(self._view.text_entry, words)
        self._view.commands.search()

    def _delete(self) -> None:
        """Look for nobody any more, and forget all that is known."""
        services, people = self._services, self._engine.people
        services.save(find_people=False)

        def work() -> None:
            try:
                people.delete_all()
            except OSError as error:
                failure = error
                services.tasks.post(lambda: services.show_failure(failure))
            else:
                services.tasks.post(lambda: services.tell(say("persons.deleted")))

        services.start_aside(work)

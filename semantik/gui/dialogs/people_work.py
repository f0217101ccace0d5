"""What the window of the people has done in the background: one change after the other, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from semantik.errors import SemantikError
from semantik.gui.window_services import WindowServices

if TYPE_CHECKING:
    from semantik.engine.people import People, PersonGroup


class PeopleWork:
    """Asks for the groups after each change, also after one that failed: what could not be changed is shown as it is.

    All methods are for the window's thread, and return at once.
    """

    def __init__(
        self, services: WindowServices, people: People, show: Callable[[Sequence[PersonGroup], int], None]
    ) -> None:
        """``show`` gets the groups, and how many pictures were not looked at yet, on the window's thread."""
        self._services, self._people, self._show = services, people, show
        self._turn, self._sharing = threading.Lock(), threading.Lock()
        self._unread = -1  # as it was shown last

    def change(self, work: Callable[[], object] = lambda: None) -> None:
        """Do ``work`` after what was asked for before; its failure is told. Others hear of it once that is seen."""

        def body() -> None:
            with self._turn:
                self._try(work)
                self._try(lambda: self._look(self._people.unread))
            with self._sharing:
                if self._people.share():
                    with self._turn:
                        self._try(lambda: self._look(self._people.unread))

        self._services.start_aside(body)

    def look_again(self) -> None:
        """See whether pictures were looked at meanwhile, while there are any left."""

        def body() -> None:
            with self._turn:
                if (unread := self._people.unread) != self._unread:
                    self._look(unread)

        if self._unread:
            self._services.start_aside(body)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (OSError, SemantikError) as error:
            failure = error
            self._services.tasks.post(lambda: self._services.show_failure(failure))

    def _look(self, unread: int) -> None:
        groups, self._unread = self._people.groups(), unread
        self._services.tasks.post(lambda: self._show(groups, unread))

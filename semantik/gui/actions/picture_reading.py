"""What stands in pictures is read behind the window, while the user has nothing done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.storage.settings import Config
from semantik.words.text import counted

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library


_LEFT = {frozenset({"text"}): "reading.left_of_texts", frozenset({"faces"}): "reading.left_of_faces"}


class PictureReading:
    """Follows the folders that are searched, steps back for every task, and says how much is left."""

    def __init__(self, services: WindowServices, view: MainView, engine: Engine) -> None:
        from semantik.engine.background_reading import BackgroundReading

        self._view = view
        self._engine = engine
        self._library: Library | None = None
        self._held = False
        self._left = 0, ""  # and the key of how that is told
        self._reading = BackgroundReading(
            engine.reading_pool,
            engine.readers_of,
            lambda left, kinds: services.tasks.post(lambda: self._tell(left, kinds)),
        )
        happened = services.happened
        happened.busy.connect(lambda busy, pausable: self._hold(busy))
        happened.folders_opening.connect(self._forget)
        happened.folders_ready.connect(self._follow)
        happened.index_changed.connect(self._follow)
        happened.settings_changed.connect(self._choose)
        happened.language_changed.connect(self._show)
        self._hold(services.tasks.busy)

    def aside(self) -> AbstractContextManager[None]:
        """On any thread: do something while nothing is read."""
        return self._reading.aside()

    def close(self) -> None:
        """End it at once."""
        self._reading.close()

    def _hold(self, busy: bool) -> None:
        if busy != self._held:
            self._held = busy
            (self._reading.hold if busy else self._reading.release)()

    def _forget(self, library: Library, named: Sequence[str]) -> None:
        """Other folders are opened: they are read once they are ready."""
        self._library = None
        self._reading.follow(())

    def _follow(self, library: Library) -> None:
        self._library = library
        self._reading.follow(library.active)

    def _choose(self, before: Config, now: Config) -> None:
        if (before.read_texts, before.find_people) != (now.read_texts, now.find_people):
            self._engine.choose_reading(texts=now.read_texts, people=now.find_people)
            if self._library:
                self._reading.follow(self._library.active)

    def _tell(self, left: int, kinds: frozenset[str]) -> None:
        self._left = left, _LEFT.get(kinds, "reading.left_of_both")
        self._show()

    def _show(self) -> None:
        left, key = self._left
        self._view.bottom.show_reading(counted(key, left) if left else "")

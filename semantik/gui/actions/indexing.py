"""A run of indexing as the window shows it: its progress, its pauses and its end."""

from __future__ import annotations

import ctypes
import sys
import time
import tkinter as tk
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from semantik.desktop.background_priority import in_background
from semantik.desktop.notifications import notify
from semantik.gui.actions.folder_watching import Watching
from semantik.gui.actions.index_questions import about_folder
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.words.phrases import indexing_status, model_title
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.long_tasks import Progress


ENOUGH = 200
"""Pictures from which on a search is made for somebody who sees the program's first answer."""


class Indexing:
    """Brings open folders up to date in the background, and shows how far it is."""

    def __init__(self, services: WindowServices, view: MainView, watching: Watching) -> None:
        self._services = services
        self._view = view
        self._watching = watching
        self.running = False
        self.plain = True  # whether the last run was an update and nothing else
        self._began: float | None = None
        self._searchable = self._enough = False
        self._told, self._found = "", ""  # how far it is; what was found since it began
        services.happened.answer_shown.connect(lambda answer, page: self._note_answer())
        services.happened.search_failed.connect(self._tell)
        view.commands.pause.connect(self.pause)

    def start(self, library: Library, indexed_folders: Sequence[IndexedFolder], **options: Any) -> None:
        """Index folders of ``library`` in the background, with progress; ``options`` as of ``Library.update``.

        What becomes of it is announced.
        """
        self.running, self.plain = True, not options
        self._began = time.monotonic()
        self._searchable = self._enough = bool(library.count)
        services = self._services
        services.happened.indexing_began()
        self._found, self._told = "", say("status.scanning", folder=visible(str(indexed_folders[0].folder)))
        self._tell()

        def ended(outcomes: Sequence[Outcome]) -> None:
            self.running = False
            services.happened.indexing_ended(library, outcomes)

        def failed(error: BaseException) -> None:
            self.running = False
            services.happened.indexing_failed(library, error)

        services.start(lambda: self.run(library, indexed_folders, **options), ended, failed, pausable=True)

    def run(self, library: Library, indexed_folders: Sequence[IndexedFolder], **options: Any) -> list[Outcome]:
        """In the worker: bring the indexes up to date, behind whatever else the user does."""
        tasks = self._services.tasks

        def tell(indexed_folder: IndexedFolder, progress: Progress) -> None:
            tasks.post(lambda: self._show(library, indexed_folder, progress))

        with self._watching.aside(), in_background():
            return library.update(indexed_folders, tasks.control, on_progress=tell, **options)

    def _show(self, library: Library, indexed_folder: IndexedFolder, progress: Progress) -> None:
        """How far it is, or that it holds still."""
        services = self._services
        if progress.done == 0 and not progress.paused:
            self._told = say("status.loading_model", model=model_title(library.encoder.name))
            self._tell()
        else:
            services.show_share(progress.done / progress.total)
            if not services.tasks.control.cancelled and progress.paused is services.tasks.control.paused:
                self._told = about_folder(library, indexed_folder, indexing_status(progress))
                self._tell()
        self._offer_search(library)
        services.happened.indexing_progressed(progress, indexed_folder)

    def _offer_search(self, library: Library) -> None:
        """Of a first indexing: the first pictures can be found, or as many as a first answer needs."""
        happened, count = self._services.happened, library.count
        if count and not self._searchable:
            self._searchable = True
            self._services.tasks.ahead(library.prepare)  # the first answer does not wait for the model, either
            happened.indexing_searchable(library)
        if count >= ENOUGH and not self._enough:
            self._enough = True
            happened.can_search()

    def _note_answer(self) -> None:
        self._found = self._services.status
        self._tell()

    def _tell(self) -> None:
        """How far it is, and below that what was found meanwhile."""
        if self.running:
            self._services.tell(f"{self._told}\n{self._found}" if self._found else self._told)

    def pause(self) -> None:
        """ "Pausar" or "Reanudar": hold it still after its batch, or let it go on."""
        control = self._services.tasks.control
        paused = not control.paused
        (control.pause if paused else control.resume)()
        self._view.show_paused(paused)
        self._services.tell(say("status.pausing" if paused else "status.resuming"))

    def call_user(self, message: str) -> None:
        """The run ended: call a user who waits elsewhere."""
        if self._began is not None:
            call_user(self._services.root, message, time.monotonic() - self._began)
        self._began = None


# -- Calling a user who does something else meanwhile

LONG = 30.0
"""Seconds after which nobody is expected to be still watching."""

_FLASH_UNTIL_SEEN = 0x0C | 0x02  # FLASHW_TIMERNOFG | FLASHW_TRAY


class _Flash(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("window", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("timeout", ctypes.c_uint32),
    )


def call_user(root: tk.Tk, message: str, seconds: float) -> bool:
    """Tell the end of a task of so many seconds unless the window is in front; whether it was told."""
    if seconds < LONG or in_front(root):
        return False
    notify(say("window.title"), message)
    if sys.platform == "win32":
        window = ctypes.windll.user32.GetParent(root.winfo_id())
        flash = _Flash(ctypes.sizeof(_Flash), window, _FLASH_UNTIL_SEEN, 0, 0)
        ctypes.windll.user32.FlashWindowEx(ctypes.byref(flash))
    return True


def in_front(root: tk.Tk) -> bool:
    """Whether one of the program's windows has the keyboard."""
    return bool(root.tk.call("focus", "-displayof", root))

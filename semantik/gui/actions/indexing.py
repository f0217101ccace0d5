"""A run of indexing as the window shows it: its progress, its pauses, its end, and the files that it skipped."""

from __future__ import annotations

import ctypes
import sys
import time
import tkinter as tk
from typing import TYPE_CHECKING

from semantik.desktop.notifications import notify
from semantik.gui.dialogs.skipped_files import ProblemsDialog
from semantik.words.phrases import indexing_status
from semantik.words.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.long_tasks import Progress
    from semantik.records import Problem
    from SemantikSearch import SemantikSearchApp


class IndexingDisplay:
    """What the user sees of indexing, and does to it, apart from cancelling."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self._began: float | None = None

    def begin(self) -> None:
        """A run begins."""
        self._began = time.monotonic()
        self._app.recent.idle(say("strip.indexing"))

    def show(self, progress: Progress, indexed_folder: IndexedFolder) -> None:
        """How far it is, or that it holds still."""
        app = self._app
        if progress.done == 0 and not progress.paused:
            app.view.say(say("status.loading_model", model=app.models.title))
            return
        app.view.show_share(progress.done / progress.total)
        if not app.tasks.control.cancelled and progress.paused is app.tasks.control.paused:
            app.view.say(app.opened.about(indexed_folder, indexing_status(progress)))

    def toggle(self) -> None:
        """ "Pausar" or "Reanudar": hold it still after its batch, or let it go on."""
        control = self._app.tasks.control
        paused = not control.paused
        (control.pause if paused else control.resume)()
        self._app.view.show_paused(paused)
        self._app.view.say(say("status.pausing" if paused else "status.resuming"))

    def end(self, message: str) -> None:
        """The run ended: call a user who waits elsewhere."""
        if self._began is not None:
            call_user(self._app.root, message, time.monotonic() - self._began)
        self._began = None

    def show_problems(self) -> None:
        """The files that were skipped or read in part; each can be shown in its folder, or tried again."""
        app = self._app
        library = app.opened.library
        assert library
        first = library.indexed_folders[0].folder

        def retry(chosen: Sequence[Problem]) -> None:
            again: dict[Path, list[str]] = {}
            for problem in chosen:
                again.setdefault(problem.folder or first, []).append(problem.path)
            app.index_images_threaded([each for each in library.indexed_folders if each.folder in again], again=again)

        ProblemsDialog(
            app.root,
            app.problems,
            lambda problem: app.recent.reveal((problem.folder or first) / problem.path),
            None if app.tasks.busy else retry,
        )


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

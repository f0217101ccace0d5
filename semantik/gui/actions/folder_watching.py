"""The open folders are watched while the window is open, and what is new in them is embedded if the user said so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from semantik import errors
from semantik.gui.actions.index_questions import about_folder
from semantik.gui.window_services import WindowServices
from semantik.storage.home import written_folders
from semantik.words.phrases import really_new
from semantik.words.shown_names import visible
from semantik.words.text import counted, explain, number, say

if TYPE_CHECKING:
    from semantik.engine.background_updates import News
    from semantik.engine.library import Library
    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.records import IndexReport

QUIET = 5.0
"""Seconds without a change after which a folder is looked at; see ``FolderWatch``."""

CHECK = 3.0
"""Seconds after which it is seen whether a disk was unplugged: a user waits no longer than some five to be told."""


class Watching:
    """Follows the folders that are searched, and no others."""

    def __init__(self, services: WindowServices, beside: Callable[[], AbstractContextManager[object]]) -> None:
        """``beside`` holds back what has more time than bringing folders up to date."""
        from semantik.engine.background_updates import BackgroundUpdates
        from semantik.folders.watching.folder_watch import FolderWatch

        self._services = services
        self._library: Library | None = None
        self._watch = FolderWatch(self._changed, quiet=QUIET, check=CHECK, first_report=True)
        self._updates = BackgroundUpdates(
            self._find,
            lambda: services.config.watch,
            lambda news: services.tasks.post(lambda: self._tell(news)),
            beside,
        )
        services.happened.folders_opening.connect(self._forget)
        services.happened.folders_ready.connect(self._follow)
        services.happened.folder_outdated.connect(self._updates.notice)

    def _forget(self, library: Library, named: Sequence[str]) -> None:
        """Other folders are opened: drop what was noticed."""
        self._updates.forget()
        self._library = library

    def _follow(self, library: Library) -> None:
        ours = written_folders(self._services.home)
        self._watch.watch([each.folder for each in library.active if each.index], exclude=ours)

    def aside(self) -> AbstractContextManager[None]:
        """For the worker: change indexes oneself, while nothing is done in the background."""
        return self._updates.aside()

    def close(self) -> None:
        """Stop watching, and stop at the next batch what is being done."""
        self._watch.close()
        self._updates.close()

    def _find(self, folder: Path) -> IndexedFolder | None:
        """On any thread."""
        library = self._library
        found = library.indexed_folders if library else ()
        return next((indexed_folder for indexed_folder in found if indexed_folder.folder == folder), None)

    def _changed(self, folder: Path) -> None:
        """On the watch's thread."""
        from semantik.folders.watching.folder_watch import WatchKind

        # Nobody told of a change: a scan over the network every few minutes is for those who asked for it.
        with contextlib.suppress(KeyError):
            if self._services.config.watch or self._watch.kind(folder) is not WatchKind.POLLING:
                self._updates.notice(folder)

    def _tell(self, news: News) -> None:
        library, indexed_folder = self._library, news.indexed_folder
        if library is None or self._find(indexed_folder.folder) is not indexed_folder:
            return  # other folders were opened meanwhile
        message = _message(news)
        told = about_folder(library, indexed_folder, message) if message else ""
        self._services.happened.folder_news(library, indexed_folder, _state(news), told)


def _state(news: News) -> str:
    if news.updating:
        return "folders.updating"
    if news.report and not news.report.cancelled:
        return "folders.ready"
    return f"folders.{news.check.state.value}"


def _message(news: News) -> str:
    """What the status line says; "" for nothing."""
    from semantik.folders.indexed_folder import State

    report, changes = news.report, news.check.changes
    if news.check.state is State.UNREACHABLE:
        return counted("status.unreachable", news.indexed_folder.count)
    if report and not report.cancelled:
        return _done(report)
    if news.updating or report or isinstance(news.error, errors.IndexLocked) or changes is None:
        return ""
    if news.error and not isinstance(news.error, errors.MassRemoval):
        return visible(explain(news.error))
    read_only, new = news.indexed_folder.read_only, really_new(changes)
    if new:
        return say("server.for_others" if read_only else "watch.changed", pictures=counted("watch.new", new))
    return "" if read_only else say("watch.other_changes")


def _done(report: IndexReport) -> str:
    if report.added:
        return say("watch.included", pictures=counted("watch.new", report.added), count=number(report.count))
    return say("watch.removed", count=number(report.count)) if report.removed else ""

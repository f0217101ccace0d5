"""The open folders are watched while the window is open, and what is new in them is embedded if the user said so."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from semantik import errors
from semantik.storage.home import written_folders
from semantik.words.shown_names import visible
from semantik.words.text import counted, explain, number, say

if TYPE_CHECKING:
    from semantik.engine.background_updates import BackgroundUpdates, News
    from semantik.engine.library import Library
    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.folders.watching.folder_watch import FolderWatch
    from semantik.records import IndexReport
    from SemantikSearch import SemantikSearchApp

QUIET = 5.0
"""Seconds without a change after which a folder is looked at; see ``FolderWatch``."""


class Watching:
    """Starts with the first folder that is opened."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self._watch: FolderWatch | None = None
        self._updates: BackgroundUpdates | None = None

    def follow(self, library: Library) -> None:
        """Watch the folders that are searched, and no others."""
        from semantik.engine.background_updates import BackgroundUpdates
        from semantik.folders.watching.folder_watch import FolderWatch

        app = self._app
        if self._watch is None or self._updates is None:
            self._updates = BackgroundUpdates(
                self._find,
                lambda: app.config.watch,
                lambda news: app.tasks.post(lambda: self._tell(news)),
            )
            self._watch = FolderWatch(self._changed, quiet=QUIET, first_report=True)
        self._watch.watch(
            [indexed_folder.folder for indexed_folder in library.active if indexed_folder.index],
            exclude=written_folders(app.home),
        )

    def notice(self, folder: Path) -> None:
        """Look at a folder soon, as if it had changed."""
        if self._updates:
            self._updates.notice(folder)

    def forget(self) -> None:
        """Other folders are opened: drop what was noticed."""
        if self._updates:
            self._updates.forget()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """For the worker: change indexes oneself, while nothing is done in the background."""
        with self._updates.aside() if self._updates else contextlib.nullcontext():
            yield

    def close(self) -> None:
        """Stop watching, and stop at the next batch what is being done."""
        if self._watch:
            self._watch.close()
        if self._updates:
            self._updates.close()

    def _find(self, folder: Path) -> IndexedFolder | None:
        library = self._app.opened.library
        found = library.indexed_folders if library else ()
        return next((indexed_folder for indexed_folder in found if indexed_folder.folder == folder), None)

    def _changed(self, folder: Path) -> None:
        """On the watch's thread."""
        from semantik.folders.watching.folder_watch import WatchKind

        # Nobody told of a change: a scan over the network every few minutes is for those who asked for it.
        if self._watch and self._updates:
            with contextlib.suppress(KeyError):
                if self._app.config.watch or self._watch.kind(folder) is not WatchKind.POLLING:
                    self._updates.notice(folder)

    def _tell(self, news: News) -> None:
        if self._find(news.indexed_folder.folder) is not news.indexed_folder:
            return  # other folders were opened meanwhile
        state, message = _state(news), _message(news)
        self._app.opened.news(
            news.indexed_folder, state, self._app.opened.about(news.indexed_folder, message) if message else ""
        )


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
        return say("status.unreachable", count=number(news.indexed_folder.count))
    if report and not report.cancelled:
        return _done(report)
    if news.updating or report or isinstance(news.error, errors.IndexLocked) or changes is None:
        return ""
    if news.error and not isinstance(news.error, errors.MassRemoval):
        return visible(explain(news.error))
    if changes.added:
        return say("watch.changed", pictures=counted("watch.new", len(changes.added)))
    return say("watch.other_changes")


def _done(report: IndexReport) -> str:
    if report.added:
        return say("watch.included", pictures=counted("watch.new", report.added), count=number(report.count))
    return say("watch.removed", count=number(report.count)) if report.removed else ""

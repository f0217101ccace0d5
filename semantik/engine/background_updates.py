"""Bringing folders up to date behind what the user does: searches go on meanwhile, in what was indexed before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from semantik.desktop.background_priority import in_background
from semantik.errors import SemantikError
from semantik.folders.indexed_folder import Check, IndexedFolder, State
from semantik.index import let_go
from semantik.long_tasks import TaskControl
from semantik.records import IndexReport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What became known of a folder; ``report`` when it was brought up to date, ``error`` when that failed."""

    indexed_folder: IndexedFolder
    check: Check
    updating: bool = False  # it is being brought up to date now
    report: IndexReport | None = None
    error: SemantikError | None = None


class BackgroundUpdates:
    """Looks at folders that were noticed, one at a time, and embeds what is new there where that is wanted.

    It works on a copy of the index (``IndexedFolder.fork``), which takes the place of the searched one once it is
    saved. All methods may be called from any thread.
    """

    def __init__(
        self,
        find: Callable[[Path], IndexedFolder | None],
        is_wanted: Callable[[], bool],
        on_news: Callable[[News], None],
        beside: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """``find``: the open folder of a path, if it is open; ``is_wanted``: whether new pictures are to be
        embedded without a question; ``on_news`` is called on the thread of this object; ``beside`` holds back, while
        a folder is looked at, what has still more time."""
        self._find = find
        self._is_wanted = is_wanted
        self._on_news = on_news
        self._beside = beside
        self._turn = threading.Lock()  # held by whoever changes indexes
        self._changed = threading.Condition()  # guards all below
        self._noticed: dict[Path, None] = {}
        self._asides = 0
        self._forgotten = 0
        self._running = TaskControl()  # of the folder that is being looked at
        self._closed = False
        self._thread: threading.Thread | None = None  # lives while there is something to do: see ``in_background``

    def notice(self, folder: Path) -> None:
        """Something may have changed in ``folder``: look at it soon."""
        with self._changed:
            self._noticed[folder] = None
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="background updates", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """Drop what was noticed, and stop what is being done at its next batch: other folders were opened."""
        with self._changed:
            self._forgotten += 1
            self._noticed.clear()
            self._running.cancel()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Change indexes oneself: what is done here stops at its next batch, is saved, and goes on afterwards."""
        with self._changed:
            self._asides += 1
            self._running.cancel()
        try:
            with self._turn:
                yield
        finally:
            with self._changed:
                self._asides -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Stop at the next batch, and wait for that."""
        with self._changed:
            self._closed = True
            self._running.cancel()
            self._changed.notify_all()
            thread = self._thread
        if thread:
            thread.join()

    def _run(self) -> None:
        with in_background():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or not self._asides)
                    if self._closed or not self._noticed:
                        self._thread = None
                        return
                    folder = next(iter(self._noticed))
                    del self._noticed[folder]
                    era = self._forgotten
                    self._running = control = TaskControl()
                finished = True
                try:
                    with self._turn, self._beside():
                        finished = self._look(folder, control)
                except Exception:  # a boundary: the worker's wrapper
                    log.exception("%s could not be looked at", folder)
                with self._changed:
                    if not finished and era == self._forgotten:
                        self._noticed[folder] = None

    def _look(self, folder: Path, control: TaskControl) -> bool:
        """Whether nothing is left to do there."""
        indexed_folder = self._find(folder)
        if indexed_folder is None or indexed_folder.index is None:
            return True
        if control.cancelled:
            return False
        other = indexed_folder.fork()
        check = other.check()
        indexed_folder.only_in_cloud = other.only_in_cloud
        if check.state is State.READY and other.index and other.index.without_fingerprint():
            other.learn_fingerprints(control)
            indexed_folder.index = other.index
        if check.state is State.READY:
            other.renew_details(control)
            other.quantize(control)
        indexed_folder.index.awaited = other.awaited
        # An older program's index lacks views of wide pictures; nothing is told of that, and nothing asked.
        behind = check.state is State.READY and other.index is not None and other.index.views_behind
        if not (check.state is State.CHANGED or behind) or not self._is_wanted() or other.read_only:
            self._on_news(News(indexed_folder, check))
            return True
        # Searches go on in what was there before, and say of how much they do not know.
        indexed_folder.index.awaited = len(check.changes.added) if check.changes else 0
        self._on_news(News(indexed_folder, check, updating=True))
        try:
            report = other.update(control)
        except SemantikError as error:
            log.info("%s: not brought up to date in the background: %r", folder, error)
            let_go(error)  # as in ``Library.update``; this call's own copy of the index goes with the traceback
            self._on_news(News(indexed_folder, check, error=error.with_traceback(None)))
            return True
        finally:
            # What was done before a failure is saved, and can be found.
            indexed_folder.index, indexed_folder.only_in_cloud = other.index, other.only_in_cloud
        told = None if behind and not report.cancelled else report
        self._on_news(News(indexed_folder, check if report.cancelled else Check(State.READY), report=told))
        return not report.cancelled

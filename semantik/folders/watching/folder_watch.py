"""Noticing that pictures come, change and go in image folders."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.storage.mounts import Mounts
from semantik.storage.regular_files import is_folder

if TYPE_CHECKING:
    from semantik.folders.watching.event_filter import EventMeaning
    from semantik.folders.watching.system_events import FolderEvents

log = logging.getLogger(__name__)

_CLOSING_SECONDS = 5.0
"""How long ``close`` waits: a network drive that does not answer can hold up the watch's thread for minutes."""


class WatchKind(Enum):
    """How a folder is watched."""

    PENDING = "pending"  # it is still to be looked at
    EVENTS = "events"  # the system tells
    POLLING = "polling"  # nobody tells: a change is supposed every so often
    MISSING = "missing"  # it is not there; it is watched as soon as it comes


class _Folder:
    """The state of one watched folder. Times are those of ``time.monotonic``."""

    def __init__(self, path: Path, exclude: tuple[Path, ...]) -> None:
        self.path = path
        self.exclude = exclude
        self.kind = WatchKind.PENDING
        self.view: Hashable = None
        self.lost = False
        self.stale = False  # its links and watches are to be looked at before the next report
        self.first = math.inf  # of the events that were not reported yet
        self.last = math.inf
        self.look_at = 0.0
        self.poll_at = math.inf

    def touch(self) -> None:
        self.last = time.monotonic()
        self.first = min(self.first, self.last)


class FolderWatch:
    """Tells when pictures may have been added, changed or removed in folders.

    ``on_change(folder)`` is called on the watch's own thread, so never twice at a time; what it does should be brief,
    or the other folders wait. It is told once that nothing happened for ``quiet`` seconds, or ``longest`` seconds
    after the first event, so that a long copy does not put it off for ever. It says no more than that a scan is worth
    while: hidden names, litter folders and excluded folders are left out as the scan does, the user's patterns are not.

    Folders on drives that tell nothing (see ``mounts``) are polled: ``on_change`` every ``poll`` seconds, and
    the receiver's scan finds whether there is anything. Watchdog's PollingObserver would be a second scan beside that
    one, with the status of every file asked over the network and kept in memory. Also polled are folders for which
    the system has no watches left (inotify's limits), and those in which a link or a mount leads to such a drive.

    Every ``check`` seconds it is seen whether a folder is still the same: a disk that is unmounted or a folder that is
    moved away is told by no event. One that goes or comes back is reported once. Events begin some time after
    ``watch``, when ``kind`` is no longer PENDING; with ``first_report`` they begin with a report, for what happened
    before and since the folder was looked at last.
    """

    def __init__(
        self,
        on_change: Callable[[Path], None],
        *,
        quiet: float = 5.0,
        longest: float = 60.0,
        poll: float = 600.0,
        check: float = 30.0,
        first_report: bool = False,
    ) -> None:
        self._on_change = on_change
        self._quiet = quiet
        self._longest = longest
        self._poll = poll
        self._check = check
        self._first_report = first_report
        self._condition = threading.Condition()  # guards what follows, and the state of every folder
        self._folders: dict[Path, _Folder] = {}
        self._dropped: list[_Folder] = []
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._refusal_told = False

    def watch(self, folders: Sequence[Path], exclude: Sequence[Path] = ()) -> None:
        """Watch these folders and no others; returns at once. Those watched already go on, with what they gathered.

        ``exclude``: folders in which nothing counts, such as the program's home. When they change, all folders are
        taken up anew. After ``close`` nothing happens.
        """
        excluded = tuple(exclude)
        with self._condition:
            if self._closing.is_set():
                return
            before, self._folders = self._folders, {}
            for path in folders:
                known = before.get(path)
                self._folders[path] = known if known and known.exclude == excluded else _Folder(path, excluded)
            self._dropped += [folder for path, folder in before.items() if self._folders.get(path) is not folder]
            self._condition.notify()
            if self._folders and not self._thread:
                self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)
                self._thread.start()

    def kind(self, folder: Path) -> WatchKind:
        """How a folder is watched now. Raises KeyError for one that is not to be watched."""
        with self._condition:
            return self._folders[folder].kind

    def close(self) -> None:
        """Stop watching and end all threads. What was gathered is not reported any more."""
        with self._condition:
            self._closing.set()
            self._condition.notify()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(_CLOSING_SECONDS)

    # What follows runs on the watch's own thread, but for _notice. Watchdog is never called with the lock held: its
    # threads wait for ours in _notice while it waits for them.

    def _run(self) -> None:
        from semantik.folders.watching.system_events import FolderEvents

        events = FolderEvents(self._notice, self._closing)
        try:
            while task := self._next():
                task(events)
        finally:
            events.close()

    def _next(self) -> Callable[[FolderEvents], None] | None:
        """Wait for something to do; None once the watch is closed."""
        with self._condition:
            while not self._closing.is_set():
                if self._dropped:
                    path = self._dropped.pop().path
                    return lambda events: events.remove(path)
                due, folder = self._earliest()
                left = due - time.monotonic()
                if folder and left <= 0:
                    return partial(self._look if folder.look_at <= due else self._report, folder)
                self._condition.wait(None if math.isinf(left) else left)
            return None

    def _earliest(self) -> tuple[float, _Folder | None]:
        due, earliest = math.inf, None
        for folder in self._folders.values():
            when = min(folder.look_at, folder.last + self._quiet, folder.first + self._longest, folder.poll_at)
            if when < due:
                due, earliest = when, folder
        return due, earliest

    def _notice(self, path: Path, change: EventMeaning) -> None:
        """An event, on one of watchdog's threads."""
        from semantik.folders.watching.event_filter import EventMeaning

        with self._condition:
            folder = self._folders.get(path)
            if folder is None:
                return
            folder.touch()
            folder.stale |= change is EventMeaning.FOLDERS
            if change is EventMeaning.LOST:
                folder.lost = True
                folder.look_at = 0.0
            self._condition.notify()

    def _look(self, folder: _Folder, events: FolderEvents) -> None:
        """See whether a folder is what it was, and take it up anew if not."""
        with self._condition:
            lost, folder.lost = folder.lost, False
        mounts = Mounts.read()
        if lost or events.see(folder.path, mounts) != folder.view:
            events.remove(folder.path)
            kind = self._take_up(folder, events, mounts)
            folder.view = events.see(folder.path, mounts)
            with self._condition:
                if folder.kind is not WatchKind.PENDING:
                    log.info("%s is not what it was; from now on: %s", folder.path, kind.value)
                    folder.touch()
                    if kind is WatchKind.MISSING:  # nothing more will happen that could be waited for
                        folder.last = -math.inf
                elif self._first_report and kind is WatchKind.EVENTS:
                    folder.touch()
                folder.kind = kind
                self._plan_poll(folder, events)
        with self._condition:
            if not folder.lost:
                folder.look_at = time.monotonic() + self._check

    def _take_up(self, folder: _Folder, events: FolderEvents, mounts: Mounts) -> WatchKind:
        if mounts.needs_polling(folder.path):  # asked first, and by name: a server that is down is not to be touched
            return WatchKind.POLLING
        if not is_folder(folder.path):
            return WatchKind.MISSING
        if mounts.needs_polling(folder.path.resolve()):
            return WatchKind.POLLING
        try:
            events.add(folder.path, folder.exclude, mounts)
        except FileNotFoundError:
            return WatchKind.MISSING
        except OSError as error:
            self._tell_refusal(folder, error)
            return WatchKind.POLLING
        return WatchKind.EVENTS

    def _report(self, folder: _Folder, events: FolderEvents) -> None:
        """Say that a folder may have changed."""
        with self._condition:
            folder.first = folder.last = folder.poll_at = math.inf
            stale, folder.stale = folder.stale, False
        # Before the report: what comes after the scan that it causes is then told by an event.
        if stale and folder.kind is WatchKind.EVENTS:
            self._refresh(folder, events)
        with self._condition:
            if self._closing.is_set() or self._folders.get(folder.path) is not folder:
                return
        try:
            self._on_change(folder.path)
        except Exception:  # the receiver's own; a boundary like the message pump: the watch goes on
            log.exception("a change in %s was not received", folder.path)
        with self._condition:
            self._plan_poll(folder, events)

    def _refresh(self, folder: _Folder, events: FolderEvents) -> None:
        try:
            events.refresh(folder.path, folder.exclude, mounts := Mounts.read())
        except OSError as error:
            self._tell_refusal(folder, error)
            events.remove(folder.path)
            with self._condition:
                folder.kind = WatchKind.POLLING
        folder.view = events.see(folder.path, mounts)

    def _plan_poll(self, folder: _Folder, events: FolderEvents) -> None:
        polled = folder.kind is WatchKind.POLLING or (
            folder.kind is WatchKind.EVENTS and events.is_partial(folder.path)
        )
        folder.poll_at = time.monotonic() + self._poll if polled else math.inf

    def _tell_refusal(self, folder: _Folder, error: OSError) -> None:
        # Once: with the limit reached every folder has the same to say.
        if not self._refusal_told:
            self._refusal_told = True
            log.warning("%s is polled, the system watches no (more) folders: %s", folder.path, error)

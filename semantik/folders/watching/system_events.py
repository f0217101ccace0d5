"""Hearing from the system what happens in image folders: watchdog, with what it leaves out."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from semantik.errors import SemantikError
from semantik.folders.walk import identify
from semantik.folders.watching.event_filter import EventFilter, EventMeaning, Scope, folder_links, is_in
from semantik.storage.mounts import Mounts
from semantik.storage.regular_files import is_folder

# Opening, reading and closing are not asked for: on Linux the kernel does not even wake us when pictures are indexed.
_ASKED: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileClosedEvent, FileMovedEvent, FileDeletedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]

# The other observers of watchdog hold a file open for every picture (kqueue), or scan as polling does here.
_NATIVE = frozenset({"inotify", "fsevents", "read_directory_changes"})

_ELSEWHERE = "/proc"
"""A folder that is no image folder's and always there where inotify is."""


@dataclass(eq=False)
class _Taken:
    """An image folder that is listened to: its real path and those that links in it lead to."""

    sieves: dict[str, EventFilter] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    partial: bool = False


class FolderEvents:
    """One watchdog observer for all image folders.

    All methods are for one thread; ``on_change`` is called on watchdog's threads and must be quick.
    """

    def __init__(self, on_change: Callable[[Path, EventMeaning], None], closing: threading.Event) -> None:
        self._on_change = on_change
        self._closing = closing
        self._observer: BaseObserver | None = None
        self._taken: dict[Path, _Taken] = {}
        self._watches: dict[str, ObservedWatch] = {}
        self._users: dict[
            str, set[EventFilter]
        ] = {}  # of each watch: links of two image folders may lead to one folder
        self._overflow = _OverflowHandler(self._tell_all)

    def add(self, folder: Path, exclude: Sequence[Path], mounts: Mounts) -> None:
        """Listen to all that is below ``folder`` and below the folders that links in it lead to, as the scan does.

        Raises OSError when the system takes no watch, or not enough of them; nothing is listened to then.
        """
        self._taken[folder] = _Taken()
        try:
            self._listen(folder, os.path.realpath(folder), exclude)
            self.refresh(folder, exclude, mounts)
        except OSError:
            self.remove(folder)
            raise

    def refresh(self, folder: Path, exclude: Sequence[Path], mounts: Mounts) -> None:
        """Follow the links as they are now. Raises OSError as ``add``, after which the folder is to be removed."""
        taken = self._taken[folder]
        own, *others = taken.sieves
        reached = [own]
        links = set()
        taken.partial = any(mounts.needs_polling(Path(name)) for name, _ in mounts.below(Path(own)))
        for root in reached:  # which grows meanwhile: links in what links lead to
            for link in folder_links(root, Scope(root, exclude), self._closing):
                links.add(link)
                target = os.path.realpath(link)
                if mounts.needs_polling(Path(target)):
                    taken.partial = True
                elif not any(is_in(target, other) for other in reached):
                    reached.append(target)
        taken.links = frozenset(links)
        for root in others:
            if root not in reached or taken.sieves[root].dead:
                self._release(root, taken.sieves.pop(root))
        for root in reached:
            if root not in taken.sieves and is_folder(Path(root)):
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    self._listen(folder, root, exclude)
        for sieve in taken.sieves.values():
            sieve.links = taken.links
        self._assert_room()

    def remove(self, folder: Path) -> None:
        """Listen to a folder no longer; one that is not listened to is no error."""
        taken = self._taken.pop(folder, None)
        if taken:
            for root, sieve in taken.sieves.items():
                self._release(root, sieve)

    def see(self, folder: Path, mounts: Mounts) -> Hashable:
        """What tells a folder, and all that is listened to for it, from what may take their places."""
        if mounts.needs_polling(folder):
            return "untold"  # not touched: a server that does not answer would hold up the other folders
        roots = [Path(root) for root in self._taken[folder].sieves] if folder in self._taken else []
        return (_identity(folder), *map(_identity, roots), *map(mounts.below, roots))

    def is_partial(self, folder: Path) -> bool:
        """Whether a link or a mount in it leads to a drive that tells nothing."""
        return folder in self._taken and self._taken[folder].partial

    def close(self) -> None:
        """End watchdog's threads."""
        if self._observer:
            logging.getLogger("watchdog").removeHandler(self._overflow)
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _listen(self, folder: Path, root: str, exclude: Sequence[Path]) -> None:
        if not self._observer:
            self._observer = _start()
            logging.getLogger("watchdog").addHandler(self._overflow)
        sieve = EventFilter(Scope(root, exclude), lambda change: self._on_change(folder, change))
        sieve.is_link = root != next(iter(self._taken[folder].sieves), root)
        if any(user.dead for user in self._users.get(root, ())):
            self._end(root)
        try:
            self._watches[root] = self._observer.schedule(sieve, root, recursive=True, event_filter=_ASKED)
        except (RuntimeError, SystemError) as error:  # FSEvents
            raise OSError(errno.EIO, str(error), root) from error
        self._users.setdefault(root, set()).add(sieve)
        self._taken[folder].sieves[root] = sieve

    def _release(self, root: str, sieve: EventFilter) -> None:
        users = self._users.get(root, set())
        if sieve not in users:
            return  # it ended with its folder, for another image folder first
        users.remove(sieve)
        if sieve.dead or not users:
            self._end(root)
        elif self._observer:
            self._observer.remove_handler_for_watch(sieve, self._watches[root])

    def _end(self, root: str) -> None:
        """End a watch; watchdog never wakes one whose folder was deleted, though another may have its name."""
        del self._users[root]
        watch = self._watches.pop(root)
        if self._observer:
            self._observer.unschedule(watch)

    def _assert_room(self) -> None:
        """Raise OSError when the limit of watches was reached.

        Below its root watchdog leaves out silently what it gets no watch for, so one more watch is tried.
        """
        if self._observer and Observer.__module__.endswith("inotify") and is_folder(Path(_ELSEWHERE)):
            try:
                self._observer.unschedule(
                    self._observer.schedule(FileSystemEventHandler(), _ELSEWHERE, event_filter=_ASKED)
                )
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.ENOMEM):
                    raise

    def _tell_all(self) -> None:
        for folder in list(self._taken):
            self._on_change(folder, EventMeaning.FOLDERS)


def _start() -> BaseObserver:
    if Observer.__module__.rpartition(".")[2] not in _NATIVE:
        raise OSError(errno.ENOTSUP, "no native observer", Observer.__module__)
    # It says so of every folder that it sees both made and listed, which is nothing to be done about.
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning, r"watchdog\.observers")
    observer = Observer()
    observer.start()
    return observer


def _identity(folder: Path) -> Hashable:
    """None for a folder that is not there."""
    try:
        return identify(folder)
    except SemantikError:
        return None


class _OverflowHandler(logging.Handler):
    """Hears watchdog say that the kernel dropped events, which it says in its log only."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_overflow = on_overflow

    def emit(self, record: logging.LogRecord) -> None:
        # On Windows nothing at all is said; there the first events of the flood have to do, since the report waits
        # until it is over.
        if "overflow" in record.getMessage():
            self._on_overflow()

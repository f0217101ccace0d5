"""Which events below an image folder may concern its pictures."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path

from watchdog.events import (
    DirDeletedEvent,
    FileClosedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.pictures.unlisted import spoken_extension
from semantik.folders.known_endings import may_be_picture
from semantik.folders.litter import is_derived, is_litter
from semantik.folders.raw_jpeg_pairs import suffix
from semantik.folders.scan import TAKEN
from semantik.folders.walk import FolderWalk
from semantik.storage.regular_files import is_folder, is_link, long_path

# Windows tells of a file that was only read, too (watchdog asks for FILE_NOTIFY_CHANGE_LAST_ACCESS).
READING_COUNTS_AS_CHANGE = sys.platform == "win32"
# Windows does not tell whether what was deleted was a folder, and watchdog says file (its issue 1156).
DELETED_FOLDERS_LOOK_LIKE_FILES = sys.platform == "win32"

_FRESH = 60.0
"""Seconds since a file's last change within which an event that may be one of reading is taken for one of writing."""


class EventMeaning(Enum):
    """What an event may mean for an image folder."""

    PICTURES = "pictures"
    FOLDERS = "folders"  # there are others than before, or events were lost: look at the links and watches again
    LOST = "lost"  # the image folder itself is gone, or another has its name


class Scope:
    """Which paths below a watched folder are looked at."""

    def __init__(self, root: str, exclude: Sequence[Path]) -> None:
        # Parts are counted: macOS writes accents in events otherwise than in the name that was given.
        self._name = Path(root).name
        self._depth = len(_parts(root))
        real = [os.path.realpath(path) for path in exclude]
        self._exclude = [path for path in real if is_in(path, root) and not is_in(root, path)]

    def below(self, path: str) -> Sequence[str]:
        """The names that lead from the watched folder to a path; none for the folder itself."""
        return _parts(path)[self._depth :]

    def admits(self, path: str) -> bool:
        """Whether neither the path nor a folder on the way to it is hidden, litter or excluded."""
        parts = self.below(path)
        if any(map(is_litter, parts)) or any(map(is_derived, (self._name, *parts), parts)):
            return False
        return not any(is_in(path, excluded) for excluded in self._exclude)


class EventFilter(FileSystemEventHandler):
    """Lets through the events of one watched folder that may concern pictures."""

    def __init__(self, scope: Scope, on_change: Callable[[EventMeaning], None]) -> None:
        self.links: frozenset[str] = frozenset()
        self.is_link = False
        self.dead = False  # watchdog has stopped watching it
        self._scope = scope
        self._on_change = on_change

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if isinstance(event, DirDeletedEvent) and not self._scope.below(paths[0]):
            self.dead = True
            self._on_change(EventMeaning.FOLDERS if self.is_link else EventMeaning.LOST)
            return
        paths = [path for path in paths if self._scope.admits(path)]
        if not paths:
            return
        names = [_parts(path)[-1] for path in paths]
        if not event.is_directory and any(suffix(name) in TAKEN for name in names):
            if not _is_by_reading(event):
                self._on_change(EventMeaning.PICTURES)
        elif event.is_directory or any(self._may_be_folder(event, path) for path in paths):
            self._on_change(EventMeaning.FOLDERS)
        elif any(_is_worth_a_look(event, name) for name in names) and not _is_by_reading(event):
            self._on_change(EventMeaning.PICTURES)

    def _may_be_folder(self, event: FileSystemEvent, path: str) -> bool:
        """Whether a file's event is one of a folder or of a link to one."""
        if isinstance(event, FileModifiedEvent | FileClosedEvent):
            return False
        if isinstance(event, FileDeletedEvent) and DELETED_FOLDERS_LOOK_LIKE_FILES:
            return True
        return path in self.links or _links_to_folder(Path(path))


def _is_worth_a_look(event: FileSystemEvent, name: str) -> bool:
    """Whether what happened to a file that has no picture's ending may concern a picture."""
    if isinstance(event, FileDeletedEvent):  # nobody can look at it any more
        return spoken_extension(name) in IMAGE_EXTENSIONS
    return may_be_picture(name)


def _links_to_folder(path: Path) -> bool:
    try:
        return is_link(long_path(path)) and is_folder(path)
    except OSError:  # gone again
        return False


def _is_by_reading(event: FileSystemEvent) -> bool:
    if not (READING_COUNTS_AS_CHANGE and isinstance(event, FileModifiedEvent)):
        return False
    try:
        return time.time() - long_path(Path(os.fsdecode(event.src_path))).stat().st_mtime > _FRESH
    except OSError:
        return False


def folder_links(root: str, scope: Scope, closing: threading.Event) -> list[str]:
    """The links to folders below ``root``."""
    walk = FolderWalk(enters=lambda name, path: scope.admits(str(Path(root, path))), is_over=closing.is_set)
    with contextlib.suppress(OSError):  # the scan tells of folders that cannot be listed
        for _ in walk.walk(walk.list(Path(root))):
            pass
    return [str(Path(root, path)) for _, path in walk.links]


def is_in(path: str, folder: str) -> bool:
    """Whether a path is that folder or something in it."""
    path, folder = _plain(path), _plain(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _plain(path: str) -> str:
    return os.path.normcase(path if path.isascii() else unicodedata.normalize("NFC", path))


def _parts(path: str) -> tuple[str, ...]:
    return Path(path).parts

"""In which order pictures came into the indexes, so that it can be told which are new since somebody looked.

A picture is known by its content, and by where it lies: one that is renamed, moved, indexed anew or with another model,
or that a program wrote a rating into, is no new one. Nothing but digests and numbers is kept, in one file of the home,
and only while there is a starred search that needs it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from semantik.folders.folder_database import FolderDatabase, select_among, version_of_tables
from semantik.index import ImageIndex
from semantik.records import split_key
from semantik.storage.home import arrivals_file

_FORMAT = 1
_BYTES = 12  # of a key: among a thousand million pictures two are the same by chance once in 10^11


class Arrivals:
    """Numbers of pictures, a higher one for those that came later. May be called from any thread.

    A file that is damaged or lost is made anew: all that is there by then counts as having been there for long.
    """

    def __init__(self, home: Path) -> None:
        self._path = arrivals_file(home)
        self._file = FolderDatabase(self._path, _prepare, "arrivals")
        self._noted: tuple[object, ...] = ()
        self._latest = 0

    def note(self, indexes: Sequence[ImageIndex], after: int = 0) -> int:
        """Give the pictures that are not known yet the next number, one for all of them; returns the latest number.

        The very first ones get 0. ``after``: the next number is higher than this, too.
        """
        state = tuple((index.folder, index.state) for index in indexes)
        if state == self._noted and self._path.exists():
            return max(self._latest, after)
        keys = [pair for index in indexes for pair in _keys(index)]

        def work(base: sqlite3.Connection) -> int:
            known: dict[bytes, int] = dict(base.execute("SELECT key, number FROM pictures"))
            if not all(type(number) is int for number in known.values()):
                raise sqlite3.DatabaseError("somebody edited it")
            latest = max(known.values(), default=0)
            following = max(latest, after) + 1 if known else 0
            new: dict[bytes, int] = {}
            for content, place in keys:
                numbers = [known[key] for key in (content, place) if key in known]
                number = min(numbers, default=following)
                new.update((key, number) for key in (content, place) if key not in known)
            base.executemany("INSERT OR IGNORE INTO pictures VALUES (?, ?)", new.items())
            return max(latest, *new.values()) if new else latest

        self._latest = self._file.run(work)
        self._noted = state
        return max(self._latest, after)

    def newer(self, indexes: Sequence[ImageIndex], pictures: Iterable[Path], looked: int) -> frozenset[Path]:
        """Those of these files of the indexes that came after the number ``looked``; noted they all are by now."""
        keys = {path: pair for path in pictures if (pair := _key_of(indexes, path))}
        wanted = list({key for pair in keys.values() for key in pair})

        def work(base: sqlite3.Connection) -> list[tuple[bytes, int]]:
            return [*select_among(base, "SELECT key, number FROM pictures WHERE key IN", wanted)]

        numbers = {key: number for key, number in self._file.run(work) if type(number) is int} if wanted else {}
        return frozenset(
            path
            for path, pair in keys.items()
            if min((numbers[key] for key in pair if key in numbers), default=0) > looked
        )

    def forget(self) -> None:
        """Delete all of it: there is nothing that needs it."""
        self._noted, self._latest = (), 0
        with contextlib.suppress(OSError):
            self._path.unlink()


def _prepare(base: sqlite3.Connection) -> None:
    version_of_tables(base, _FORMAT)
    base.execute("CREATE TABLE IF NOT EXISTS pictures (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID")
    base.execute(f"PRAGMA user_version = {_FORMAT}")


def _keys(index: ImageIndex) -> Iterator[tuple[bytes, bytes]]:
    """(content, place) of each file of an index."""
    files: dict[str, int] = {}
    for key, row in index.rows().items():
        files.setdefault(split_key(key)[0], row)
    top = _top(index)
    for path, row in files.items():
        yield _pair(top, path, index.fingerprint_of(row))


def _key_of(indexes: Sequence[ImageIndex], path: Path) -> tuple[bytes, bytes] | None:
    for index in indexes:
        if path.is_relative_to(index.folder):
            key = path.relative_to(index.folder).as_posix()
            if rows := index.rows_of(key):
                return _pair(_top(index), key, index.fingerprint_of(rows[0]))
    return None


def _top(index: ImageIndex) -> bytes:
    return os.fsencode(os.path.normcase(os.path.realpath(index.folder)))


def _pair(top: bytes, path: str, fingerprint: str) -> tuple[bytes, bytes]:
    place = _digest(b"place", top, os.fsencode(path))
    return _digest(b"content", fingerprint.encode()) if fingerprint else place, place


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\0".join(parts), digest_size=_BYTES).digest()

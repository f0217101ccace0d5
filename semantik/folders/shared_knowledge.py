"""What is known of a folder's pictures goes to where its index is kept, and from there to each computer that opens it.

The stores of the home stay what is asked: filters, orders and the search for words work as ever, and without the server
for as long as it is away. What changes are whole rows, by the numbers of their writes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from semantik.errors import StoreCopyDiffers
from semantik.folders.details_rows import version_of
from semantik.folders.folder_database import FolderDatabase, version_of_tables
from semantik.folders.shared_kinds import SharedFaces, SharedKind
from semantik.index import ImageIndex, SharedRow, SharedRows

log = logging.getLogger(__name__)

VERSION = 1

_TABLES = (
    "CREATE TABLE IF NOT EXISTS library (token TEXT)",
    # By kind: up to which number rows were taken, and in which state the store was when all of it was there.
    "CREATE TABLE IF NOT EXISTS kinds (kind TEXT PRIMARY KEY, taken INTEGER, sent TEXT)",
    # What is there, and whether it is of this computer.
    "CREATE TABLE IF NOT EXISTS there (kind TEXT, path BLOB, digest BLOB, ours INTEGER, PRIMARY KEY (kind, path))"
    " WITHOUT ROWID",
)


def _prepare(base: sqlite3.Connection) -> None:
    version = version_of_tables(base, VERSION)
    for statement in _TABLES:
        base.execute(statement)
    if version != VERSION:
        base.execute(f"PRAGMA user_version = {VERSION}")


class SharedKnowledge:
    """Passes on what the stores of one folder have learnt, and takes over what others have. Any thread may call it."""

    def __init__(self, path: Path, kinds: Sequence[SharedKind]) -> None:
        """``path``: of the file that remembers what is there already, and what was taken from there."""
        self._file = FolderDatabase(path, _prepare, "what is shared")
        self._kinds = kinds
        self._lock = threading.RLock()

    def exchange(self, shared: SharedRows, index: ImageIndex, *, kinds: Collection[str], read_only: bool) -> None:
        """Take what others have learnt, and pass on what is known here of the files as the index has them.

        ``kinds``: those that the user wants. Raises as ``SharedRows``.
        """
        with self._lock:
            token = shared.token()
            if not token and not read_only:  # whoever made the index knew nothing of this
                shared.write(())
                token = shared.token()
            self._begin(token)
            if not read_only:
                self._take_back(shared)
            for each in self._kinds:
                if each.kind in kinds:
                    self._take(shared, each, index)
                    if not read_only:
                        self._send(shared, each, index)

    def compare(self, shared: SharedRows, index: ImageIndex, *, kinds: Collection[str], place: str) -> int:
        """How many rows of the index's files both have. Raises StoreCopyDiffers with the first that only one has."""
        count = 0
        versions = {file.path: [*version_of(file)[1:]] for file in index.files()}
        for each in self._kinds:
            if each.kind not in kinds:
                continue
            here, there = self._told(each, index), dict[str, str]()

            def take(rows: Sequence[SharedRow], there: dict[str, str] = there) -> None:
                there.update({row.path: row.cells for row in rows if row.cells})

            shared.read(each.kind, 0, take)
            of_index = {path for path, cells in there.items() if _version(cells) == versions.get(path)}
            for path in sorted(here.keys() | of_index):
                if here.get(path) != there.get(path):
                    raise StoreCopyDiffers(place=place, path=path)
            count += len(here)
        return count

    def _begin(self, token: str) -> None:
        """Forget what another library had, in whose place this one is."""

        def begin(base: sqlite3.Connection) -> None:
            if base.execute("SELECT token FROM library").fetchall() != [(token,)]:
                for table in ("library", "kinds", "there"):
                    base.execute(f"DELETE FROM {table}")
                base.execute("INSERT INTO library VALUES (?)", (token,))

        self._file.run(begin)

    def _take(self, shared: SharedRows, each: SharedKind, index: ImageIndex) -> None:
        after, known = self._state(each.kind)[0], self._there(each.kind)
        if (after or known) and each.is_empty:  # it was damaged, or deleted here: what others know helps
            self._forget(each.kind)
            after, known = 0, {}
        # Whoever comes with knowledge of their own may know more of a file than those who read it before it changed.
        ours = {} if after else self._told(each, index)

        def take(rows: Sequence[SharedRow]) -> None:
            others = [row for row in rows if known.get(_name(row.path)) != _digest(row.cells)]
            wanted = [row for row in others if row.path not in ours or _version(row.cells) == _version(ours[row.path])]
            if wanted:
                each.take(wanted)
            self._note(others, ours=False)

        newest = shared.read(each.kind, after, take)
        if newest != after:
            self._note_state(each.kind, newest, None)

    def _send(self, shared: SharedRows, each: SharedKind, index: ImageIndex) -> None:
        """What is known here and not there."""
        taken, sent = self._state(each.kind)
        state = _state_of(each.path, index)
        if sent == state:
            return
        known = self._there(each.kind)
        rows = [
            SharedRow(each.kind, path, cells)
            for path, cells in self._told(each, index).items()
            if known.get(_name(path)) != _digest(cells)
        ]
        if rows:
            shared.write(rows)
            self._note(rows, ours=True)
        self._note_state(each.kind, taken, state)

    def _take_back(self, shared: SharedRows) -> None:
        """The user had all faces forgotten here: nobody is to have those that came from here."""
        for each in self._kinds:
            if isinstance(each, SharedFaces) and each.was_deleted and self._there(each.kind):
                rows = [SharedRow(each.kind, _path(name), None) for name in self._there(each.kind, ours=True)]
                if rows:
                    shared.write(rows)
                self._forget(each.kind)

    def _forget(self, kind: str) -> None:
        def forget(base: sqlite3.Connection) -> None:
            for table in ("kinds", "there"):
                base.execute(f"DELETE FROM {table} WHERE kind = ?", (kind,))

        self._file.run(forget)

    def _told(self, each: SharedKind, index: ImageIndex) -> dict[str, str]:
        """What is known of the files as the index has them, by path."""
        versions = {version_of(file) for file in index.files()}
        return {os.fsdecode(row.version[0]): row.cells for row in each.rows() if row.version in versions}

    def _there(self, kind: str, *, ours: bool = False) -> dict[bytes, bytes]:
        """What is there by now, or of it what is of this computer: digests by path."""
        statement = f"SELECT path, digest FROM there WHERE kind = ?{' AND ours' if ours else ''}"
        return dict(self._file.run(lambda base: base.execute(statement, (kind,)).fetchall()))

    def _note(self, rows: Sequence[SharedRow], *, ours: bool) -> None:
        """These rows are there now."""
        gone = [(row.kind, _name(row.path)) for row in rows if row.cells is None]
        here = [(row.kind, _name(row.path), _digest(row.cells), ours) for row in rows if row.cells is not None]

        def note(base: sqlite3.Connection) -> None:
            base.executemany("DELETE FROM there WHERE kind = ? AND path = ?", gone)
            base.executemany("INSERT OR REPLACE INTO there VALUES (?, ?, ?, ?)", here)

        self._file.run(note)

    def _state(self, kind: str) -> tuple[int, str | None]:
        statement = "SELECT taken, sent FROM kinds WHERE kind = ?"
        row = self._file.run(lambda base: base.execute(statement, (kind,)).fetchone())
        return (int(row[0]), row[1]) if row else (0, None)

    def _note_state(self, kind: str, taken: int, sent: str | None) -> None:
        put = "INSERT OR REPLACE INTO kinds VALUES (?, ?, ?)"
        self._file.run(lambda base: base.execute(put, (kind, taken, sent)))


def _state_of(path: Path, index: ImageIndex) -> str:
    """What tells the rows to be sent from those of another time."""
    try:
        now = path.stat()
    except OSError:
        return f"none {index.generation}"
    return f"{now.st_size} {now.st_mtime_ns} {index.generation}"


def _version(cells: str | None) -> list[object]:
    """Size and time of the file of which something is known: the first cells of every kind."""
    try:
        return list(json.loads(cells or "[]")[:2])
    except (ValueError, TypeError, RecursionError):
        return []


def _path(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def _name(path: str) -> bytes:
    """A path as it is the same on all systems."""
    return path.encode("utf-8", "surrogatepass")


def _digest(cells: str | None) -> bytes | None:
    return None if cells is None else hashlib.blake2b(cells.encode("ascii", "replace"), digest_size=16).digest()

"""What a computer remembers of what is shared: which rows are where the index is kept, and which it took from there."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from semantik.folders.folder_database import FolderDatabase, version_of_tables
from semantik.index import SharedRow

VERSION = 1

_TABLES = (
    "CREATE TABLE IF NOT EXISTS library (token TEXT)",
    # By kind: up to which number rows were taken, and in which state the store was when all of it was there.
    "CREATE TABLE IF NOT EXISTS kinds (kind TEXT PRIMARY KEY, taken INTEGER, sent TEXT)",
    # What is there, and whether it is of this computer.
    "CREATE TABLE IF NOT EXISTS there (kind TEXT, path BLOB, digest BLOB, ours INTEGER, PRIMARY KEY (kind, path))"
    " WITHOUT ROWID",
)
_JOINING = "joining"


def _prepare(base: sqlite3.Connection) -> None:
    version = version_of_tables(base, VERSION)
    for statement in _TABLES:
        base.execute(statement)
    if version != VERSION:
        base.execute(f"PRAGMA user_version = {VERSION}")


class Taken(NamedTuple):
    """How far one kind is: the number up to which rows were ``taken``, whether all of it is being taken for the
    ``first`` time still, and in which state the store was when all of it was there."""

    number: int
    first: bool
    sent: str


class SharedNotes:
    """The rows of one library, by kind and path: what was there when this computer heard or said it last."""

    def __init__(self, path: Path) -> None:
        self._file = FolderDatabase(path, _prepare, "what is shared")

    def begin(self, token: str) -> None:
        """Forget what another library had, in whose place this one is."""

        def begin(base: sqlite3.Connection) -> None:
            if base.execute("SELECT token FROM library").fetchall() != [(token,)]:
                for table in ("library", "kinds", "there"):
                    base.execute(f"DELETE FROM {table}")
                base.execute("INSERT INTO library VALUES (?)", (token,))

        self._file.run(begin)

    def forget(self, kind: str) -> None:
        """Know nothing of a kind any more."""

        def forget(base: sqlite3.Connection) -> None:
            for table in ("kinds", "there"):
                base.execute(f"DELETE FROM {table} WHERE kind = ?", (kind,))

        self._file.run(forget)

    def there(self, kind: str, *, ours: bool = False) -> dict[str, bytes]:
        """What is there by now, or of it what is of this computer: digests by path."""
        statement = f"SELECT path, digest FROM there WHERE kind = ?{' AND ours' if ours else ''}"
        rows = self._file.run(lambda base: base.execute(statement, (kind,)).fetchall())
        return {name.decode("utf-8", "surrogatepass"): digest for name, digest in rows}

    def note(self, rows: Sequence[SharedRow], *, ours: bool) -> None:
        """These rows are there now."""
        gone = [(row.kind, _name(row.path)) for row in rows if row.cells is None]
        here = [(row.kind, _name(row.path), digest_of(row.cells), ours) for row in rows if row.cells is not None]

        def note(base: sqlite3.Connection) -> None:
            base.executemany("DELETE FROM there WHERE kind = ? AND path = ?", gone)
            base.executemany("INSERT OR REPLACE INTO there VALUES (?, ?, ?, ?)", here)

        self._file.run(note)

    def taken(self, kind: str) -> Taken:
        """How far a kind is."""
        statement = "SELECT taken, sent FROM kinds WHERE kind = ?"
        row = self._file.run(lambda base: base.execute(statement, (kind,)).fetchone())
        return Taken(int(row[0]), row[1] == _JOINING, row[1] or "") if row else Taken(0, True, "")

    def note_taken(self, kind: str, number: int, *, first: bool = False, sent: str = "") -> None:
        """Remember how far a kind is."""
        cells = (kind, number, _JOINING if first else sent)
        self._file.run(lambda base: base.execute("INSERT OR REPLACE INTO kinds VALUES (?, ?, ?)", cells))


def _name(path: str) -> bytes:
    """A path as it is the same on all systems."""
    return path.encode("utf-8", "surrogatepass")


def digest_of(cells: str | None) -> bytes | None:
    """What tells cells from others; None for none."""
    return None if cells is None else hashlib.blake2b(cells.encode("ascii", "replace"), digest_size=16).digest()

"""The faces in a folder's pictures, and the group that each belongs to, in an SQLite file of its own.

There is no such file until the user wants people to be found, and none once all of it is to be forgotten.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.folders.details_rows import version_of
from semantik.folders.face_rows import COLUMNS, LENGTH, SAID, Stored, follow, prepare, put, read_row
from semantik.folders.folder_database import FolderDatabase, Result, select_among
from semantik.folders.known_content import Pairs
from semantik.queries import PeopleCount
from semantik.records import Embeddings, Face, ImageFile

_BUFFER = 200  # pictures between two writes
_OF_FILES = "FROM pictures p JOIN faces f ON f.path = p.path"


@dataclass(frozen=True, slots=True)
class StoredFaces:
    """The faces of a folder, one a row. ``ids``: int64 (n,), ``vectors``: float32 (n, 128), of unit length.

    ``groups``: "" for none; ``sure``, bool (n,): since the user said so.
    """

    ids: NDArray[np.int64]
    vectors: Embeddings
    groups: list[str]
    sure: NDArray[np.bool_]


class FaceStore:
    """Faces of a folder's pictures, by path; of another version of a file than was looked at, nothing is known.

    May be called from any thread. Nothing is made on disk before something is added. What the file holds may be
    damaged or edited, as in ``DetailsStore``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0
        """How often something was written: what was read before may be another by now."""
        self._lock = threading.RLock()
        self._file = FolderDatabase(path, prepare, "faces")
        self._added: list[tuple[ImageFile, Sequence[Face]]] = []

    @property
    def is_empty(self) -> bool:
        """Whether no picture was ever looked at for faces."""
        return not (self._added or self._file.in_memory or self.path.exists())

    # -- Pictures

    def add(self, file: ImageFile, faces: Sequence[Face]) -> None:
        """Note the faces of a picture, none where it has none or cannot be read; written now or by a later call.

        A face that was in another version of the file stays who it was.
        """
        with self._lock:
            self._added.append((file, faces))
            if len(self._added) >= _BUFFER:
                self.flush()

    def flush(self) -> None:
        """Write what was added."""
        with self._lock:
            added, self._added = self._added, []
            if added:
                self._change(lambda base: put(base, added))

    def missing(self, files: Iterable[ImageFile]) -> list[ImageFile]:
        """Those of the files that nobody has looked at for faces."""
        known = {*self._read("SELECT path, size, mtime_ns FROM pictures")}
        return [file for file in files if version_of(file) not in known]

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """The faces of pictures are those of the files that have their content now; see ``recognise``."""
        if (moved or copied) and not self.is_empty:
            self.flush()
            self._change(lambda base: follow(base, moved, copied))

    def keep(self, paths: Collection[str]) -> None:
        """Forget all other pictures."""
        kept = {os.fsencode(path) for path in paths}
        known = self._read("SELECT path FROM pictures UNION SELECT path FROM faces")
        gone = [(path,) for (path,) in known if path not in kept]

        def drop(base: sqlite3.Connection) -> None:
            base.executemany("DELETE FROM pictures WHERE path IS ?", gone)
            base.executemany("DELETE FROM faces WHERE path IS ?", gone)

        if gone:
            self._change(drop)

    def delete_all(self) -> None:
        """Forget all of it: the file itself is gone. Raises OSError."""
        with self._lock:
            self._added = []
            self._file.delete()
            self.changes += 1

    # -- Who the faces are

    def load(self) -> StoredFaces:
        """All faces, in the order in which they were added."""
        rows = [row for row in map(read_row, self._read(f"SELECT {COLUMNS} FROM faces f ORDER BY f.id")) if row]
        return StoredFaces(
            np.array([row.id for row in rows], np.int64),
            np.array([row.vector for row in rows], np.float32).reshape(-1, LENGTH),
            [row.group for row in rows],
            np.array([row.sure > 0 for row in rows], np.bool_),
        )

    def faces_in(self, groups: Collection[str]) -> Iterator[Stored]:
        """The faces of these groups in pictures as they were looked at, the surest first."""
        wanted = json.dumps([*groups])
        rows = self._read(
            f"SELECT {COLUMNS} {_OF_FILES} WHERE f.person IN (SELECT value FROM json_each(?))"
            " ORDER BY f.confidence DESC, f.id",
            (wanted,),
        )
        return filter(None, map(read_row, rows))

    def sizes(self) -> dict[str, int]:
        """How many faces each group has."""
        rows = self._read(f"SELECT f.person, count(*) {_OF_FILES} WHERE f.person NOT NULL GROUP BY f.person")
        return {str(group): int(str(count)) for group, count in rows}

    def assign(self, groups: Mapping[int, str], *, sure: bool = False) -> None:
        """Put faces, by their ids, into groups, "" for none; ``sure``: since the user says so."""
        rows = [(group or None, SAID if sure else 0, face) for face, group in groups.items()]
        # Of what is known already nothing is said anew: others need not hear it twice.
        known = " AND (person IS NOT ?1 OR NOT sure)" if sure else ""
        statement = f"UPDATE faces SET person = ?1, sure = ?2 WHERE id = ?3{known}"
        if rows:
            self._change(lambda base: base.executemany(statement, rows))

    def say_again(self, groups: Iterable[str]) -> None:
        """The user says that the faces of these groups belong there, whatever others say meanwhile."""
        rows = [(SAID, group) for group in groups if not self.is_empty]
        if rows:
            self._change(lambda base: base.executemany("UPDATE faces SET sure = ? WHERE person = ?", rows))

    def follow_merges(self, merged: Mapping[str, str]) -> None:
        """Put the faces of groups into those that they were ``merged`` into."""
        rows = [(merged[group], group) for group in self.groups() & merged.keys()]
        if rows:
            self._change(lambda base: base.executemany("UPDATE faces SET person = ? WHERE person = ?", rows))

    def groups(self) -> set[str]:
        """All groups that faces are in, also those of pictures that changed since."""
        return {str(group) for (group,) in self._read("SELECT DISTINCT person FROM faces WHERE person NOT NULL")}

    def groups_heard_of(self) -> set[str]:
        """Those of the groups of which others have heard that the user put a face there."""
        return {str(group) for (group,) in self._read("SELECT DISTINCT person FROM faces WHERE sure = 1")}

    # -- Pictures by who is in them

    def with_any(self, groups: Collection[str]) -> set[ImageFile]:
        """The pictures with a face of one of these groups."""
        statement = f"SELECT DISTINCT p.path, p.size, p.mtime_ns {_OF_FILES} WHERE f.person IN"
        return self._files(f"{statement} (SELECT value FROM json_each(?))", (json.dumps([*groups]),))

    def with_count(self, count: PeopleCount) -> set[ImageFile]:
        """The pictures with so many faces."""
        faces = "(SELECT count(*) FROM faces f WHERE f.path = p.path)"
        statement = f"SELECT p.path, p.size, p.mtime_ns FROM pictures p WHERE {faces} BETWEEN ? AND ?"
        return self._files(statement, (count.least, 2**31 if count.most is None else count.most))

    def groups_in(self, files: Sequence[ImageFile]) -> dict[ImageFile, list[str]]:
        """The groups of the faces in pictures, from left to right; a picture without any may be left out."""
        found: dict[tuple[object, ...], list[Stored]] = {}
        paths = [os.fsencode(file.path) for file in files]
        wanted = f"SELECT p.path, p.size, p.mtime_ns, {COLUMNS} {_OF_FILES} WHERE f.person NOT NULL AND p.path IN"
        for cells in self._ask(lambda base: [*select_among(base, wanted, paths)]):
            if row := read_row(cells[3:]):
                found.setdefault(cells[:3], []).append(row)
        told = {file: sorted(found.get(version_of(file), []), key=lambda row: row.region) for file in files}
        return {file: list(dict.fromkeys(row.group for row in rows)) for file, rows in told.items()}

    def _files(self, statement: str, values: Sequence[object]) -> set[ImageFile]:
        rows = self._read(statement, values)
        return {
            ImageFile(os.fsdecode(path), size, mtime_ns)
            for path, size, mtime_ns in rows
            if type(path) is bytes and type(size) is type(mtime_ns) is int
        }

    def _read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return self._ask(lambda base: base.execute(statement, values).fetchall())

    def _ask(self, work: Callable[[sqlite3.Connection], list[tuple[object, ...]]]) -> list[tuple[object, ...]]:
        if self.is_empty:
            return []
        self.flush()
        return self._file.run(work)

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` reads in the file, which is made if there is none."""
        self.flush()
        return self._file.run(work)

    def change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Have ``work`` change what is known."""
        self.flush()
        self._change(work)

    def _change(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self._file.run(work)
        self.changes += 1

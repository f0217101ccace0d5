"""The tables of the face store: made, checked cell by cell as anybody may have edited them, and written."""

from __future__ import annotations

import math
import os
import sqlite3
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semantik.folders.details_rows import version_of
from semantik.folders.folder_database import version_of_tables
from semantik.folders.known_content import Pairs
from semantik.records import Face, ImageFile, Region

VERSION = 1
SAID = 2
"""``sure`` of what the user said of a face and nobody else has heard yet; what others have heard, or said, is 1."""

LENGTH = 128
"""Numbers in a face's embedding."""

COLUMNS = "f.id, f.path, f.region, f.confidence, f.vector, f.person, f.sure"
"""The cells of ``read_row``, of the table of faces as f."""

_TABLES = {
    "pictures": "path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER",
    # AUTOINCREMENT: no face ever gets the number of one that is gone, which a window may still show.
    "faces": "id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB, region BLOB, confidence REAL, vector BLOB,"
    " person TEXT, sure INTEGER",
}
_REGION = struct.Struct("<4f")
_SAME = 0.9
"""Cosine from which on two readings of a file that was written anew are of one face."""


class Stored(NamedTuple):
    """A face as it is stored. ``vector`` float32 (128,), of unit length; ``group`` "" for none.

    ``sure``: 0 for what is only probable, 1 where a user said so, SAID where only this computer knows that.
    """

    id: int
    path: str
    region: Region
    confidence: float
    vector: NDArray[np.float32]
    group: str
    sure: int


def prepare(base: sqlite3.Connection) -> None:
    """See that there are the tables. Raises OperationalError, and DatabaseError for others in their place."""
    version = version_of_tables(base, VERSION)
    for name, columns in _TABLES.items():
        base.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        wanted = [column.split()[0] for column in columns.split(",")]
        if [row[1] for row in base.execute(f"PRAGMA table_info({name})")] != wanted:
            raise sqlite3.DatabaseError(f"other {name}")
    base.execute("CREATE INDEX IF NOT EXISTS faces_of_picture ON faces (path)")
    base.execute("CREATE INDEX IF NOT EXISTS faces_of_person ON faces (person)")
    if version != VERSION:
        base.execute(f"PRAGMA user_version = {VERSION}")


def read_row(cells: Sequence[object]) -> Stored | None:
    """A face from its cells; None where any is not what it should be."""
    face, path, region, confidence, vector, person, sure = cells
    place, embedding = _region(region), read_vector(vector)
    if type(path) is not bytes or type(face) is not int or place is None or embedding is None:
        return None
    certain = confidence if isinstance(confidence, float) and 0 <= confidence <= 1 else 0.0
    said = SAID if sure == SAID else int(bool(sure))
    return Stored(face, os.fsdecode(path), place, certain, embedding, person if type(person) is str else "", said)


def vector_bytes(embedding: Sequence[float] | NDArray[np.float32]) -> bytes:
    """An embedding as it is kept: in 16 bits a number, which cosines lose less than a thousandth by."""
    return np.asarray(embedding, "<f2").tobytes()


def read_vector(data: object) -> NDArray[np.float32] | None:
    """An embedding, float32 (128,), of unit length; None for what is none."""
    if type(data) is not bytes or len(data) != 2 * LENGTH:
        return None
    vector = np.frombuffer(data, "<f2").astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if math.isfinite(length) and length > 0 else None


def put(base: sqlite3.Connection, added: Sequence[tuple[ImageFile, Sequence[Face]]]) -> None:
    """Write the faces of pictures in place of those of other versions of the files, who they are included."""
    for file, faces in added:
        path, size, mtime_ns = version_of(file)
        old = [row for row in map(read_row, _of_picture(base, path)) if row]
        base.execute("DELETE FROM faces WHERE path = ?", (path,))
        base.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", (path, size, mtime_ns))
        for face in faces:
            vector = np.asarray(face.embedding, np.float32)
            known = _same_face(vector, old)
            who = (known.group or None, known.sure) if known else (None, 0)
            cells = (path, _REGION.pack(*face.region), face.confidence, vector_bytes(vector), *who)
            base.execute("INSERT INTO faces VALUES (NULL, ?, ?, ?, ?, ?, ?)", cells)


def _same_face(vector: NDArray[np.float32], faces: Sequence[Stored]) -> Stored | None:
    """Which of the faces another reading of the picture gave this embedding, float32 (128,)."""
    nearest = max(faces, key=lambda row: float(row.vector @ vector), default=None)
    return nearest if nearest and float(nearest.vector @ vector) >= _SAME else None


def put_cells(
    base: sqlite3.Connection,
    pictures: Sequence[tuple[bytes, Sequence[object]]],
    merged: Mapping[str, str] = {},
    *,
    first: bool = False,
) -> Counter[tuple[str, str]]:
    """Write what ``cells_of`` gave of pictures, by their paths; no cells: the picture is not known any more.

    Who a face is stays as the user said here, if nobody else has heard that; where all of it is taken for the ``first``
    time, only if nobody there said anything. ``merged``: the groups whose faces are in others by now. Returns of how
    many faces it was said here that they are in one group and told there that they are in one: (theirs, ours).
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for path, cells in pictures:
        said = [row for row in map(read_row, _of_picture(base, path)) if row and row.sure == SAID and row.group]
        base.execute("DELETE FROM faces WHERE path = ?", (path,))
        base.execute("DELETE FROM pictures WHERE path = ?", (path,))
        if len(cells) != 3 or not (type(cells[0]) is type(cells[1]) is int) or not isinstance(cells[2], list):
            continue
        base.execute("INSERT INTO pictures VALUES (?, ?, ?)", (path, cells[0], cells[1]))
        for face in cells[2]:
            row = _face(path, face)
            there = read_row((0, *row)) if row else None
            if row is None or there is None:
                continue
            group, sure = merged.get(there.group, there.group), there.sure
            if ours := _same_face(there.vector, said):
                if group:
                    pairs[group, ours.group] += 1
                if not (sure and (first or group == ours.group)):
                    group, sure = ours.group, SAID
            base.execute("INSERT INTO faces VALUES (NULL, ?, ?, ?, ?, ?, ?)", (*row[:4], group or None, sure))
    return pairs


def heard(base: sqlite3.Connection, pictures: Mapping[bytes, Sequence[object]]) -> None:
    """Others know by now what ``cells_of`` gave of these pictures, by their paths."""
    for (path,) in base.execute("SELECT DISTINCT path FROM faces WHERE sure = ?", (SAID,)).fetchall():
        now = [cells_of(cells) for cells in _of_picture(base, path) if read_row(cells)]
        if path in pictures and now == pictures[path]:  # and nothing was said since
            base.execute("UPDATE faces SET sure = 1 WHERE path = ? AND sure = ?", (path, SAID))


def cells_of(cells: Sequence[Any]) -> list[object]:
    """The cells of a face, those of ``read_row``, as JSON has them."""
    _, _, region, confidence, vector, person, sure = cells
    return [region.hex(), confidence, vector.hex(), person, int(bool(sure))]


def _face(path: bytes, cells: object) -> tuple[object, ...] | None:
    if not isinstance(cells, list) or len(cells) != 5:
        return None
    region, confidence, vector, person, sure = cells
    try:
        return path, bytes.fromhex(region), confidence, bytes.fromhex(vector), person, int(bool(sure))
    except (TypeError, ValueError):
        return None


def follow(base: sqlite3.Connection, moved: Pairs, copied: Pairs) -> None:
    """Faces go with the content of their files, all moves at once."""
    for pairs, leave in ((moved, False), (copied, True)):
        known = []
        for path, file in pairs:
            key = os.fsencode(path)
            if base.execute("SELECT 1 FROM pictures WHERE path = ?", (key,)).fetchone():
                known.append((key, file, _of_picture(base, key)))
        if not leave:
            for key, _, _ in known:
                base.execute("DELETE FROM pictures WHERE path = ?", (key,))
                base.execute("DELETE FROM faces WHERE path = ?", (key,))
        for _, file, faces in known:
            version = version_of(file)
            base.execute("DELETE FROM faces WHERE path = ?", version[:1])
            base.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", version)
            rows = [(None if leave else face, version[0], *rest) for face, _, *rest in faces]
            base.executemany("INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _of_picture(base: sqlite3.Connection, path: bytes) -> list[tuple[object, ...]]:
    return base.execute(f"SELECT {COLUMNS} FROM faces f WHERE f.path = ? ORDER BY f.id", (path,)).fetchall()


def _region(data: object) -> Region | None:
    if type(data) is not bytes or len(data) != _REGION.size:
        return None
    left, top, width, height = _REGION.unpack(data)
    # A NaN fails these comparisons, too.
    return (left, top, width, height) if 0 <= left <= 100 >= top >= 0 < width <= 100 >= height > 0 else None

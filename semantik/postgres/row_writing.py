"""Writing the rows of a library on a server: new ones are copied in, others changed, and those that are gone marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semantik.index import Manifest, Run
from semantik.postgres.libraries import decoded, encoded
from semantik.postgres.server import Connection, knows_vectors
from semantik.postgres.server_rows import forget
from semantik.postgres.server_vectors import GONE, ServerVectors
from semantik.records import split_key

SWEPT_AFTER = "1 day"
"""Removed rows stay so long on the server: who opened the library before still finds them."""

_ROWS_PER_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Columns:
    """What the server has of some rows: lists that are never changed."""

    paths: list[str]
    sizes: list[int]
    mtimes_ns: list[int]
    fingerprints: list[str]

    @classmethod
    def of(cls, manifest: Manifest) -> Columns:
        return cls([*manifest.paths], [*manifest.sizes], [*manifest.mtimes_ns], [*manifest.fingerprints])

    def row(self, row: int) -> tuple[str, int, int, str]:
        return self.paths[row], self.sizes[row], self.mtimes_ns[row], self.fingerprints[row]


class StoredRows(ServerVectors):
    """Vectors on the server, with the columns of their rows as they are there."""

    columns: Columns


def remove_rows(base: Connection, library: int, new: Manifest, ids: NDArray[np.int64]) -> None:
    """Mark rows as removed, and delete those that were long ago, with what else is known of their files."""
    gone = ids[ids != GONE].tolist()
    if gone:
        marked = f"UPDATE semantik.pictures_{library} SET removed_at = now() WHERE id = ANY(%s)"
        base.execute(marked, (gone,))
    swept = f"DELETE FROM semantik.pictures_{library} WHERE removed_at < now() - interval '{SWEPT_AFTER}'"
    old = base.execute(f"{swept} RETURNING id, path").fetchall()
    if old:
        base.execute(f"DELETE FROM semantik.vectors_{library} WHERE id = ANY(%s)", ([one for one, _ in old],))
        gone_rows = {*new.removed}
        live = {split_key(new.paths[row])[0] for row in range(len(new.paths)) if row not in gone_rows}
        forget(base, library, {split_key(decoded(path))[0] for _, path in old} - live)


def change_rows(
    base: Connection, library: int, new: Manifest, ours: Sequence[StoredRows], live: NDArray[np.bool_]
) -> None:
    """Write the columns of rows that are there, where they are others by now."""
    now = Columns(new.paths, new.sizes, new.mtimes_ns, new.fingerprints)
    start = 0
    for run in ours:
        was, end = run.columns, start + run.rows
        same = all(getattr(now, name)[start:end] == getattr(was, name) for name in ("paths", "sizes", "mtimes_ns"))
        if not same or now.fingerprints[start:end] != was.fingerprints:
            statement = (
                f"UPDATE semantik.pictures_{library} SET path = %s, size = %s, mtime_ns = %s, fingerprint = %s"
                " WHERE id = %s"
            )
            others = [at for at in range(run.rows) if live[start + at] and now.row(start + at) != was.row(at)]
            values = [(cells_of(now.row(start + at)), int(run.ids[at])) for at in others]
            with base.cursor() as cursor:
                cursor.executemany(statement, [(*cells, one) for cells, one in values])
        start = end


def add_rows(
    base: Connection,
    library: int,
    new: Manifest,
    fresh: Sequence[Run],
    ids: NDArray[np.int64],
) -> None:
    """Copy in the last rows, which are those of the ``fresh`` runs."""
    from pgvector import HalfVector

    start = len(ids) - sum(run.rows for run in fresh)
    columns = Columns(new.paths, new.sizes, new.mtimes_ns, new.fingerprints)
    with knows_vectors(base).cursor() as cursor:
        with cursor.copy(
            f"COPY semantik.pictures_{library} (id, path, size, mtime_ns, fingerprint) FROM STDIN"
        ) as copy:
            for row in range(start, len(ids)):
                if ids[row] != GONE:
                    copy.write_row((int(ids[row]), *cells_of(columns.row(row))))
        with cursor.copy(f"COPY semantik.vectors_{library} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "halfvec"])
            for run in fresh:
                for first in range(0, run.rows, _ROWS_PER_CHUNK):
                    last = min(first + _ROWS_PER_CHUNK, run.rows)
                    vectors = run.bytes_of(first, last).view(np.float32)
                    for one, vector in zip(ids[start + first : start + last].tolist(), vectors, strict=True):
                        if one != GONE:
                            copy.write_row((one, HalfVector(vector)))
                start += run.rows


def cells_of(row: tuple[str, int, int, str]) -> tuple[bytes, int, int, str]:
    path, size, mtime_ns, fingerprint = row
    return encoded(path), size, mtime_ns, fingerprint

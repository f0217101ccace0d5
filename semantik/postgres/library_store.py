"""The index of one folder on a server: its manifest as rows, and what is new added to them in one transaction."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik import __version__
from semantik.errors import IndexDamaged, IndexNotSaved, NoIndex
from semantik.index import Manifest, Restore, Run, Stamp, Verify
from semantik.long_tasks import making_many_objects
from semantik.postgres.libraries import ASIDE, decoded, encoded, name_of
from semantik.postgres.schema import library_tables, migrate, version
from semantik.postgres.server import Connection, Server, knows_vectors
from semantik.postgres.server_rows import ServerRows, forget
from semantik.postgres.server_vectors import GONE, ServerVectors
from semantik.records import split_key

log = logging.getLogger(__name__)

GRAPH_FROM = 50_000
"""Pictures from which on a library gets an HNSW graph: until then a scan of all takes milliseconds."""

SWEPT_AFTER = "1 day"
"""Removed rows stay so long on the server: who opened the library before still finds them."""

_ROWS_PER_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the server has of some rows: lists that are never changed."""

    paths: list[str]
    sizes: list[int]
    mtimes_ns: list[int]
    fingerprints: list[str]

    @classmethod
    def of(cls, manifest: Manifest) -> _Columns:
        return cls([*manifest.paths], [*manifest.sizes], [*manifest.mtimes_ns], [*manifest.fingerprints])

    def row(self, row: int) -> tuple[str, int, int, str]:
        return self.paths[row], self.sizes[row], self.mtimes_ns[row], self.fingerprints[row]


class StoredRows(ServerVectors):
    """Vectors on the server, with the columns of their rows as they are there."""

    columns: _Columns


class LibraryStore:
    """An ``IndexStore`` on a server, for one folder and one encoder. ``exact``: searches look at every vector."""

    def __init__(
        self, server: Server, folder: str, encoder: str, *, exact: bool = False, read_only: bool = False
    ) -> None:
        self.server = server
        self.read_only = read_only
        self.folder = folder
        self.encoder = encoder
        self.exact = exact
        self._key = (encoded(folder), encoder)
        digest = hashlib.sha256(b"\0".join((self._key[0], encoder.encode()))).digest()
        self.shared = ServerRows(server, self._key)
        self._lock = int.from_bytes(digest[:8], "big", signed=True)

    @classmethod
    def of(
        cls, server: Server, folder: Path, encoder: str, *, exact: bool = False, read_only: bool = False
    ) -> LibraryStore:
        """The store of a folder: by its path, or where it was indexed under another, as shared folders are, by that."""
        name = server.read(lambda base: name_of(base, folder, encoder) or str(folder))
        return cls(server, name, encoder, exact=exact, read_only=read_only)

    def __str__(self) -> str:
        return str(self.server)

    def load(self, quantized_from: int, verify: Verify) -> tuple[Manifest, list[Run]]:
        """Read all of the index but its vectors. Raises NoIndex, IndexTooNew, IndexDamaged."""
        with making_many_objects():
            return self.server.read(self._load)

    def _load(self, base: Connection) -> tuple[Manifest, list[Run]]:
        head = self._head(base, "id, space, dim, folder, generation, stamp, program, views, skipped")
        if head is None:
            raise NoIndex(folder=self.folder)
        library, space, dim, folder, generation, stamp, program, views, skipped = head
        try:
            manifest = Manifest(space, dim, decoded(folder), generation, program=program, views=views, sha256=stamp)
            manifest.skipped = json.loads(skipped)
        except ValueError as error:
            raise IndexDamaged(why="manifest", detail=str(error)) from error
        ids: list[int] = []
        wanted = f"SELECT id, path, size::text, mtime_ns::text, fingerprint FROM semantik.pictures_{library}"
        copied = f"COPY ({wanted} WHERE removed_at IS NULL ORDER BY id) TO STDOUT (FORMAT BINARY)"
        with base.cursor() as cursor, cursor.copy(copied) as copy:
            copy.set_types(["int8", "bytea", "text", "text", "text"])
            for one, path, size, mtime_ns, fingerprint in copy.rows():
                ids.append(one)
                manifest.paths.append(decoded(path))
                manifest.sizes.append(int(size))
                manifest.mtimes_ns.append(int(mtime_ns))
                manifest.fingerprints.append(fingerprint)
        runs: list[Run] = [self._run(base, library, manifest, np.array(ids, np.int64))] if ids else []
        return manifest, runs

    def stamp(self) -> Stamp | None:
        """Which state is on the server now."""
        return self.server.write(self._stamp)

    def _stamp(self, base: Connection, how: str = "") -> Stamp | None:
        head = self._head(base, "generation, stamp", how)
        return Stamp(*head) if head else None

    def _head(self, base: Connection, columns: str, how: str = "") -> tuple[Any, ...] | None:
        if not version(base):
            return None
        statement = f"SELECT {columns} FROM semantik.libraries WHERE folder = %s AND encoder = %s {how}"
        return base.execute(statement, self._key).fetchone()

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Hold the server's lock of this library."""
        return self.server.locked(self._lock, str(folder))

    def set_aside(self) -> Restore | None:
        """Keep what there is under another name until it is replaced once more."""

        def rename(base: Connection) -> bool:
            if self._stamp(base) is None:
                return False
            self._drop(base, self.encoder + ASIDE)
            self._rename(base, self.encoder, self.encoder + ASIDE)
            return True

        return self._restore if self.server.write(rename) else None

    def _restore(self) -> None:
        def put_back(base: Connection) -> None:
            if self._stamp(base) is None:
                self._rename(base, self.encoder + ASIDE, self.encoder)

        self.server.write(put_back)

    def _rename(self, base: Connection, encoder: str, other: str) -> None:
        statement = "UPDATE semantik.libraries SET encoder = %s WHERE folder = %s AND encoder = %s"
        base.execute(statement, (other, self._key[0], encoder))

    def delete(self) -> None:
        """Forget the library: its rows and vectors."""
        self.server.write(lambda base: self._drop(base, self.encoder))

    def _drop(self, base: Connection, encoder: str) -> None:
        statement = "DELETE FROM semantik.libraries WHERE folder = %s AND encoder = %s RETURNING id"
        for (library,) in base.execute(statement, (self._key[0], encoder)).fetchall():
            base.execute(f"DROP TABLE semantik.pictures_{library}, semantik.vectors_{library}")
            base.execute(f"DROP TABLE IF EXISTS semantik.known_{library}")  # tables of an older program have none

    # -- Saving ----------------------------------------------------------------------------------------

    def commit(self, manifest: Manifest, saved: Sequence[Run], pending: Sequence[Run]) -> tuple[Manifest, list[Run]]:
        """Bring the server's rows to ``manifest``, in one transaction that is seen by others whole or not at all.

        Rows keep their numbers here; those that were removed are gone from the server a day later.
        """
        before = manifest.stamp
        new = replace(manifest, generation=manifest.generation + 1, sha256=secrets.token_hex(32), program=__version__)
        new.segments = []
        runs = self.server.write(lambda base: self._commit(base, before, new, saved, pending))
        return new, runs

    def _commit(
        self, base: Connection, before: Stamp, new: Manifest, saved: Sequence[Run], pending: Sequence[Run]
    ) -> list[Run]:
        migrate(base)
        stored = self._stamp(base, "FOR UPDATE")
        if stored not in (None, before, new.stamp):
            raise IndexNotSaved(folder=str(self), detail="changed by another program")
        ours = [run for run in saved if isinstance(run, StoredRows)]
        if stored is None and (ours or before.generation):
            raise IndexNotSaved(folder=str(self), detail="gone from the server")
        if stored is None:
            library = self._create(base, new)
            next_row = 0
        else:
            library, next_row = self._head(base, "id, next_row") or (0, 0)
        ids = np.concatenate([np.empty(0, np.int64), *(run.ids for run in ours)])
        fresh = [run for run in [*saved, *pending] if not isinstance(run, StoredRows) or run not in ours]
        live = np.ones(len(new.paths), np.bool_)
        live[new.removed] = False
        added = np.full(len(new.paths) - len(ids), GONE, np.int64)
        inside = live[len(ids) :]
        if stored == new.stamp:  # it was heard of only now: the rows are there
            next_row -= int(inside.sum())
        added[inside] = np.arange(next_row, next_row + int(inside.sum()))
        all_ids = np.concatenate([ids, added])
        if stored != new.stamp:
            self._remove(base, library, new, ids[~live[: len(ids)]])
            self._change(base, library, new, ours, live)
            self._add(base, library, new, fresh, all_ids)
            base.execute(
                "UPDATE semantik.libraries SET generation = %s, stamp = %s, program = %s, views = %s, skipped = %s,"
                " next_row = next_row + %s WHERE id = %s",
                (*new.stamp, new.program, new.views, json.dumps(new.skipped).encode(), int(inside.sum()), library),
            )
        all_ids[~live] = GONE
        return [self._run(base, library, new, all_ids)] if len(all_ids) else []

    def _create(self, base: Connection, new: Manifest) -> int:
        statement = "INSERT INTO semantik.libraries (folder, encoder, space, dim) VALUES (%s, %s, %s, %s) RETURNING id"
        row = base.execute(statement, (*self._key, new.space, new.dim)).fetchone()
        assert row  # what RETURNING gives
        library_tables(base, row[0], new.dim)
        return int(row[0])

    def _remove(self, base: Connection, library: int, new: Manifest, ids: NDArray[np.int64]) -> None:
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

    def _change(
        self, base: Connection, library: int, new: Manifest, ours: Sequence[StoredRows], live: NDArray[np.bool_]
    ) -> None:
        """Write the columns of rows that are there, where they are others by now."""
        now = _Columns(new.paths, new.sizes, new.mtimes_ns, new.fingerprints)
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
                values = [(_cells(now.row(start + at)), int(run.ids[at])) for at in others]
                with base.cursor() as cursor:
                    cursor.executemany(statement, [(*cells, one) for cells, one in values])
            start = end

    def _add(
        self,
        base: Connection,
        library: int,
        new: Manifest,
        fresh: Sequence[Run],
        ids: NDArray[np.int64],
    ) -> None:
        """Copy in the last rows, which are those of the ``fresh`` runs."""
        from pgvector import HalfVector

        start = len(ids) - sum(run.rows for run in fresh)
        columns = _Columns(new.paths, new.sizes, new.mtimes_ns, new.fingerprints)
        with knows_vectors(base).cursor() as cursor:
            with cursor.copy(
                f"COPY semantik.pictures_{library} (id, path, size, mtime_ns, fingerprint) FROM STDIN"
            ) as copy:
                for row in range(start, len(ids)):
                    if ids[row] != GONE:
                        copy.write_row((int(ids[row]), *_cells(columns.row(row))))
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

    def _run(self, base: Connection, library: int, manifest: Manifest, ids: NDArray[np.int64]) -> StoredRows:
        graph = not self.exact and _has_graph(base, library)
        run = StoredRows(self.server, library, ids, manifest.dim, graph=graph)
        run.columns = _Columns.of(manifest)
        return run

    def quicken(self, saved: Sequence[Run]) -> None:
        """Make the HNSW graph of a large library that has none. Others may search meanwhile."""

        def build(base: Connection) -> bool:
            head = self._head(base, "id, next_row")
            if head is None or head[1] < GRAPH_FROM:
                return False
            graph = graph_name(head[0])
            if not _has_graph(base, head[0]):
                base.execute("SET LOCAL maintenance_work_mem = '1GB'")
                base.execute(
                    f"CREATE INDEX {graph} ON semantik.vectors_{head[0]} USING hnsw (embedding halfvec_ip_ops)"
                )
            return True

        if self.server.write(build) and not self.exact:
            for run in saved:
                if isinstance(run, StoredRows):
                    run.graph = True


def _has_graph(base: Connection, library: int) -> bool:
    row = base.execute("SELECT to_regclass(%s) IS NOT NULL", (f"semantik.{graph_name(library)}",)).fetchone()
    return bool(row and row[0])


def graph_name(library: int) -> str:
    """What the HNSW graph of a library is called in the schema."""
    return f"graph_{library}"


def _cells(row: tuple[str, int, int, str]) -> tuple[bytes, int, int, str]:
    path, size, mtime_ns, fingerprint = row
    return encoded(path), size, mtime_ns, fingerprint

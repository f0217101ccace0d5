"""The index of one folder on a server: its manifest as rows, and what is new added to them in one transaction."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik import __version__
from semantik.errors import Cancelled, IndexDamaged, IndexNotSaved, NoIndex
from semantik.folder_urls import shown_path
from semantik.index import Manifest, Restore, Run, Stamp, Verify
from semantik.long_tasks import UNATTENDED, RowsTold, TaskControl, making_many_objects
from semantik.postgres.libraries import ASIDE, decoded, encoded, name_of
from semantik.postgres.row_writing import Columns, StoredRows, add_rows, change_rows, remove_rows
from semantik.postgres.schema import library_tables, migrate, version
from semantik.postgres.server import Connection, Server
from semantik.postgres.server_rows import ServerRows
from semantik.postgres.server_vectors import GONE

log = logging.getLogger(__name__)

GRAPH_FROM = 50_000
"""Pictures from which on a library gets an HNSW graph: until then a scan of all takes milliseconds."""

ROOM_FOR_GRAPH = (
    "SELECT set_config('maintenance_work_mem', '1GB', true)"
    " WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('1GB')"
)
"""Memory for building a graph, in this transaction; a server that gives more anyway goes on doing so."""


_AT_ONCE = 5000  # rows that are read between two looks at whether to go on


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
        name = server.read(lambda base: name_of(base, folder, encoder) or shown_path(folder))
        return cls(server, name, encoder, exact=exact, read_only=read_only)

    def __str__(self) -> str:
        return str(self.server)

    def load(
        self, quantized_from: int, verify: Verify, control: TaskControl = UNATTENDED
    ) -> tuple[Manifest, list[Run]]:
        """Read all of the index but its vectors; progress counts rows. Raises NoIndex, IndexTooNew, IndexDamaged and
        Cancelled."""
        control.stop_if_cancelled()
        with making_many_objects():
            return self.server.read(lambda base: self._load(base, control))

    def _load(self, base: Connection, control: TaskControl) -> tuple[Manifest, list[Run]]:
        head = self._head(base, "id, space, dim, folder, generation, stamp, program, views, skipped, next_row")
        if head is None:
            raise NoIndex(folder=self.folder)
        library, space, dim, folder, generation, stamp, program, views, skipped, most = head
        try:
            manifest = Manifest(space, dim, decoded(folder), generation, program=program, views=views, sha256=stamp)
            manifest.skipped = json.loads(skipped)
        except ValueError as error:
            raise IndexDamaged(why="manifest", detail=str(error)) from error
        ids: list[int] = []
        wanted = f"SELECT id, path, size::text, mtime_ns::text, fingerprint FROM semantik.pictures_{library}"
        told = RowsTold(control, most)  # those that are gone included: they are few
        copied = f"COPY ({wanted} WHERE removed_at IS NULL ORDER BY id) TO STDOUT (FORMAT BINARY)"
        with base.cursor() as cursor, cursor.copy(copied) as copy:
            copy.set_types(["int8", "bytea", "text", "text", "text"])
            for one, path, size, mtime_ns, fingerprint in copy.rows():
                ids.append(one)
                manifest.paths.append(decoded(path))
                manifest.sizes.append(int(size))
                manifest.mtimes_ns.append(int(mtime_ns))
                manifest.fingerprints.append(fingerprint)
                if len(ids) % _AT_ONCE == 0 and told.did(_AT_ONCE):
                    raise Cancelled
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
            remove_rows(base, library, new, ids[~live[: len(ids)]])
            change_rows(base, library, new, ours, live)
            add_rows(base, library, new, fresh, all_ids)
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

    def _run(self, base: Connection, library: int, manifest: Manifest, ids: NDArray[np.int64]) -> StoredRows:
        graph = not self.exact and _has_graph(base, library)
        run = StoredRows(self.server, library, ids, manifest.dim, graph=graph)
        run.columns = Columns.of(manifest)
        return run

    def quicken(self, saved: Sequence[Run]) -> None:
        """Make the HNSW graph of a large library that has none. Others may search meanwhile."""

        def build(base: Connection) -> bool:
            head = self._head(base, "id, next_row")
            if head is None or head[1] < GRAPH_FROM:
                return False
            graph = graph_name(head[0])
            if not _has_graph(base, head[0]):
                base.execute(ROOM_FOR_GRAPH)
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

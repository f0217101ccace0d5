"""The details of a folder's pictures in an SQLite file, which may be of an older program, damaged, or edited."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.decoding.decoded import Description, Place
from semantik.folders.details_rows import COLUMNS, Noted, Row, carried, checked, dated, is_good, row_of, version_of
from semantik.folders.details_schema import prepare
from semantik.folders.folder_database import FolderDatabase, Result, select_among
from semantik.folders.known_content import Pairs
from semantik.folders.places_of_rows import LATITUDE, LONGITUDE, SQUARES, around, as_degrees, in_places, square_of
from semantik.queries import Filters, Period, Shape
from semantik.records import Details, ImageFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BUFFER = 500  # pictures between two writes while indexing
_MANY = 10_000  # pictures from which on all are read at once
_ALL = ", ".join(COLUMNS)
_PUT = f"INSERT OR REPLACE INTO pictures ({_ALL}) VALUES ({','.join('?' * len(COLUMNS))})"
_KINDS = {"path": "blob", "date": "text", **dict.fromkeys(("size", "mtime_ns", "width", "height"), "integer")}
_TYPED = " AND ".join(f"typeof({column}) = '{kind}'" for column, kind in _KINDS.items())
_SHAPES = {
    Shape.LANDSCAPE: "width > height",
    Shape.PORTRAIT: "width < height",
    Shape.SQUARE: "width = height AND width > 0",
}


class DetailsStore:
    """Details of a folder's pictures, by path; of another version of a file than was asked about, nothing is known.

    A file that is damaged is made anew, one of an older program is taken over, one of a newer program is left alone;
    a row in which any cell is not what it should be is as good as none. Where nothing can be written, details are kept
    in memory while the program runs. May be called from any thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0
        """How often something was written: what was read before may be another by now."""
        self._lock = threading.RLock()
        self._file = FolderDatabase(path, prepare, "details")
        self._added: list[Row] = []
        self._squares: set[tuple[float, float]] | None = None
        self._as_array: NDArray[np.float64] | None = None

    def add(self, file: ImageFile, description: Description | None) -> None:
        """Note what is known of a picture, None when it cannot be read; it is written now or by a later call."""
        with self._lock:
            self._added.append(row_of(file, description))
            if len(self._added) >= _BUFFER:
                self.flush()

    def flush(self) -> None:
        """Write what was added."""
        with self._lock:
            rows, self._added = self._added, []
            self._put(rows)

    def of(self, files: Sequence[ImageFile]) -> list[Details | None]:
        """The details of pictures, in their order; None where this version of the file is not known."""
        known = self._rows(files)
        return [row.details if row else None for row in known]

    def place_of(self, file: ImageFile) -> Place | None:
        """Where a picture was taken; None while unknown."""
        (row,) = self._rows([file])
        return row.place if row else None

    def missing(self, files: Iterable[ImageFile], *, renew: bool = False) -> list[ImageFile]:
        """Those of the files that are not known; with ``renew`` also those that only an older program looked at."""
        self.flush()
        rows = self._file.run(lambda base: base.execute(f"SELECT {_ALL} FROM pictures").fetchall())
        source = COLUMNS.index("source")
        known = {row[:3] for row in rows if is_good(row) and not (renew and row[source] is None)}
        return [file for file in files if version_of(file) not in known]

    def matching(self, filters: Filters) -> Iterator[ImageFile]:
        """The known pictures that pass the filters' dates, side and shape; the other filters are not looked at."""
        self.flush()
        conditions, values = _conditions(filters)
        statement = f"SELECT path, size, mtime_ns, {LATITUDE}, {LONGITUDE} FROM pictures WHERE {_TYPED}"
        rows = self._file.run(lambda base: base.execute(f"{statement} AND {conditions}", values).fetchall())
        if filters.places:
            rows = in_places(rows, filters.places)
        return (ImageFile(os.fsdecode(path), size, mtime_ns) for path, size, mtime_ns, *_ in rows)

    def squares(self) -> NDArray[np.float64]:
        """Where pictures were taken, to half a kilometre: latitudes and longitudes in degrees, float64 (n, 2).

        Looked up once, and then kept up with what is written; what was forgotten since may be among them. The same
        array as the last time unless there are others.
        """
        self.flush()
        with self._lock:
            if self._squares is None:
                self._squares = {*self._file.run(lambda base: base.execute(SQUARES).fetchall())}
                self._as_array = None
            if self._as_array is None:
                self._as_array = as_degrees(self._squares)
            return self._as_array

    def other_sidecars(self, files: Sequence[ImageFile], stamps: Mapping[str, str]) -> list[tuple[ImageFile, bool]]:
        """The files beside which something else lies than was read last, and whether it matters to what is known.

        ``stamps``: what lies beside files now, by their paths.
        """
        sidecar = COLUMNS.index("sidecar")
        known = zip(files, self._cells(files), strict=True)
        # Of nearly all nothing changed: their rows need not be looked at whole.
        other = (
            (file, cells) for file, cells in known if cells and (cells[sidecar] or "") != stamps.get(file.path, "")
        )
        rows = ((file, checked(cells)) for file, cells in other)
        return [(file, not row.tells_all) for file, row in rows if row]

    def note_sidecars(self, found: Mapping[ImageFile, tuple[str, str | None] | Noted]) -> None:
        """Keep what lies beside files, and what is in it: the first of ``Noted``, or all of it."""
        files = list(found)
        rows = []
        for file, row in zip(files, self._rows(files), strict=True):
            if row and row.source:
                told = Noted(*found[file])
                latitude, longitude = told.place or (None, None)
                beside = row._replace(noted_latitude=latitude, noted_longitude=longitude)
                rows.append(dated(beside._replace(sidecar=told.stamp, noted=told.date), file))
        with self._lock:
            self._put(rows)

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """What is known of pictures holds for the files that have their content now; see ``recognise``."""
        self.flush()

        def rewrite(base: sqlite3.Connection) -> None:
            for pairs, leave in ((moved, False), (copied, True)):
                known: list[tuple[Row, ImageFile]] = []
                for path, file in pairs:
                    key = (os.fsencode(path),)
                    cells = base.execute(f"SELECT {_ALL} FROM pictures WHERE path = ?", key).fetchone()
                    if row := checked(cells) if cells else None:
                        known.append((row, file))
                if not leave:
                    base.executemany("DELETE FROM pictures WHERE path = ?", [(row.path,) for row, _ in known])
                base.executemany(_PUT, [carried(row, file) for row, file in known])

        if moved or copied:
            self._file.run(rewrite)
            self.changes += 1

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` reads in the file."""
        self.flush()
        return self._file.run(work)

    def take(self, rows: Sequence[Row], gone: Sequence[str]) -> None:
        """Know what another computer has learnt, and forget pictures."""
        self.flush()
        with self._lock:
            self._file.run(
                lambda base: base.executemany(
                    "DELETE FROM pictures WHERE path = ?", [(os.fsencode(path),) for path in gone]
                )
            )
            self._put(rows)

    def keep(self, paths: Collection[str]) -> None:
        """Forget all other pictures."""
        self.flush()
        kept = {os.fsencode(path) for path in paths}

        def drop(base: sqlite3.Connection) -> None:
            base.execute("DELETE FROM pictures WHERE typeof(path) != 'blob'")
            gone = [row for row in base.execute("SELECT path FROM pictures") if row[0] not in kept]
            base.executemany("DELETE FROM pictures WHERE path = ?", gone)

        self._file.run(drop)
        with self._lock:
            self._squares = None

    def _put(self, rows: Sequence[Row]) -> None:
        if rows:
            self._file.run(lambda base: base.executemany(_PUT, rows))
            self.changes += 1
            if self._squares is not None:
                others = {square_of(row.place) for row in rows if row.place} - self._squares
                if others:
                    self._squares |= others
                    self._as_array = None

    def _rows(self, files: Sequence[ImageFile]) -> list[Row | None]:
        """The rows of these versions of files, in their order."""
        return [checked(cells) if cells else None for cells in self._cells(files)]

    def _cells(self, files: Sequence[ImageFile]) -> list[tuple[Any, ...] | None]:
        """As ``_rows``, as the file has them: nobody looked whether they are good."""
        self.flush()

        def read(base: sqlite3.Connection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
            found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
            if len(files) > _MANY:
                found.update((cells[:3], cells) for cells in base.execute(f"SELECT {_ALL} FROM pictures"))
            paths = [] if found else [os.fsencode(file.path) for file in files]
            rows = select_among(base, f"SELECT {_ALL} FROM pictures WHERE path IN", paths)
            found.update((cells[:3], cells) for cells in rows)
            return found

        known = self._file.run(read) if files else {}
        return [known.get(version_of(file)) for file in files]


def _conditions(filters: Filters) -> tuple[str, list[Any]]:
    conditions: list[str] = ["1"]
    values: list[Any] = []
    if filters.since:
        conditions.append("date >= ?")
        values.append(filters.since.isoformat())
    if filters.until:
        with contextlib.suppress(OverflowError):  # the last day there is
            values.append((filters.until + timedelta(days=1)).isoformat())
            conditions.append("date < ?")
    for period in filters.periods:
        condition, days = _days(period)
        conditions.append(condition)
        values += days
    for name in filters.places:
        condition, degrees = around(name)
        conditions.append(condition)
        values += degrees
    if filters.min_side:
        conditions.append("max(width, height) >= ?")
        values.append(filters.min_side)
    if filters.shape:
        conditions.append(_SHAPES[filters.shape])
    return " AND ".join(conditions), values


def _days(period: Period) -> tuple[str, list[str]]:
    """The condition for any of the days of a period, and its values."""
    conditions, values = ["0"], []
    for first, last in period.spans:
        conditions.append("substr(date, 1, 10) BETWEEN ? AND ?")
        values += [first.isoformat(), last.isoformat()]
    for begin, end in period.yearly:
        conditions.append(f"(substr(date, 6, 5) >= ? {'AND' if begin <= end else 'OR'} substr(date, 6, 5) <= ?)")
        values += [begin, end]
    return f"({' OR '.join(conditions)})", values

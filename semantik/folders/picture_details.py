"""What files tell of their pictures (size, date, camera), kept beside the indexes of a folder.

It does not depend on the model, so all models' indexes share it. It can be deleted at any time and is then made
again from the files' heads. SQLite keeps it whole through crashes, and lets filters look at a million pictures
without loading them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from semantik.decoding.decoded import Decoded, DecodedVideo, Description
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folders.known_content import Pairs
from semantik.index import TRANSIENT, ImageIndex
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.queries import Filters, Shape
from semantik.records import Details, ImageFile
from semantik.storage.json_files import make_way, set_aside
from semantik.storage.private_files import make_folder, touch

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_BUFFER = 500  # pictures between two writes while indexing
_WAIT = 10.0  # seconds for another program to finish its write
_PER_QUERY = 400  # paths in one statement; old versions of SQLite take 999
_COLUMNS = ("path", "size", "mtime_ns", "width", "height", "date", "dated", "camera")
_SCHEMA = f"CREATE TABLE IF NOT EXISTS pictures ({', '.join(_COLUMNS)}, PRIMARY KEY (path)) WITHOUT ROWID"
_SHAPES = {
    Shape.LANDSCAPE: "width > height",
    Shape.PORTRAIT: "width < height",
    Shape.SQUARE: "width = height AND width > 0",
}


class DetailsStore:
    """Details of a folder's pictures, by path; of another version of a file than was asked about, nothing is known.

    A file that is damaged is made anew; where nothing can be written, details are kept in memory while the
    program runs. May be called from any thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._memory: sqlite3.Connection | None = None
        self._added: list[tuple[Any, ...]] = []

    def add(self, file: ImageFile, description: Description | None) -> None:
        """Note what is known of a picture, None when it cannot be read; it is written now or by a later call."""
        with self._lock:
            self._added.append(_row(file, description))
            if len(self._added) >= _BUFFER:
                self.flush()

    def flush(self) -> None:
        """Write what was added."""
        with self._lock:
            rows, self._added = self._added, []
            if rows:
                marks = ",".join("?" * len(_COLUMNS))
                self._run(lambda base: base.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({marks})", rows))

    def of(self, files: Sequence[ImageFile]) -> list[Details | None]:
        """The details of pictures, in their order; None where this version of the file is not known."""
        self.flush()

        def read(base: sqlite3.Connection) -> dict[bytes, tuple[Any, ...]]:
            found = {}
            for first in range(0, len(files), _PER_QUERY):
                keys = [os.fsencode(file.path) for file in files[first : first + _PER_QUERY]]
                marks = ",".join("?" * len(keys))
                for row in base.execute(f"SELECT * FROM pictures WHERE path IN ({marks})", keys):
                    found[row[0]] = row
            return found

        known = self._run(read) if files else {}
        return [_details(known.get(os.fsencode(file.path)), file) for file in files]

    def missing(self, files: Iterable[ImageFile]) -> list[ImageFile]:
        """Those of the files that are not known."""
        self.flush()
        rows = self._run(lambda base: base.execute("SELECT path, size, mtime_ns FROM pictures").fetchall())
        known = {path: (size, mtime_ns) for path, size, mtime_ns in rows}
        return [file for file in files if known.get(os.fsencode(file.path)) != (file.size, file.mtime_ns)]

    def matching(self, filters: Filters) -> Iterator[ImageFile]:
        """The known pictures that pass the filters' dates, side and shape; the other filters are not looked at."""
        self.flush()
        conditions, values = _conditions(filters)
        statement = f"SELECT path, size, mtime_ns FROM pictures WHERE {conditions}"
        rows = self._run(lambda base: base.execute(statement, values).fetchall())
        return (ImageFile(os.fsdecode(path), size, mtime_ns) for path, size, mtime_ns in rows)

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """What is known of pictures holds for the files that have their content now; see ``recognise``."""
        self.flush()

        def rewrite(base: sqlite3.Connection) -> None:
            for pairs, leave in ((moved, False), (copied, True)):
                known: list[tuple[tuple[Any, ...], ImageFile]] = []
                for path, file in pairs:
                    key = (os.fsencode(path),)
                    row = base.execute("SELECT * FROM pictures WHERE path = ?", key).fetchone()
                    if row:
                        known.append((row, file))
                if not leave:
                    base.executemany("DELETE FROM pictures WHERE path = ?", [(row[0],) for row, _ in known])
                marks = ",".join("?" * len(_COLUMNS))
                rows = [_carried(row, file) for row, file in known]
                base.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({marks})", rows)

        if moved or copied:
            self._run(rewrite)

    def keep(self, paths: Collection[str]) -> None:
        """Forget all other pictures."""
        self.flush()
        kept = {os.fsencode(path) for path in paths}

        def drop(base: sqlite3.Connection) -> None:
            gone = [row for row in base.execute("SELECT path FROM pictures") if row[0] not in kept]
            base.executemany("DELETE FROM pictures WHERE path = ?", gone)

        self._run(drop)

    # -- The file --------------------------------------------------------------------------------------

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._lock:
            if self._memory is None:
                try:
                    return self._on_disk(work)
                except sqlite3.OperationalError as error:  # read-only, full, locked for long
                    log.warning("details are kept in memory: %s: %s", self.path, error)
                except sqlite3.DatabaseError as error:
                    log.warning("details are read from the pictures anew: %s: %s", self.path, error)
                    set_aside(self.path, error)
                    with contextlib.suppress(sqlite3.Error):
                        return self._on_disk(work)
                except OSError as error:
                    log.warning("details are kept in memory: %s", error)
                self._memory = sqlite3.connect(":memory:", check_same_thread=False)
                self._memory.execute(_SCHEMA)
            with self._memory:
                return work(self._memory)

    def _on_disk(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        make_folder(self.path.parent)
        make_way(self.path)
        if not self.path.exists():
            touch(self.path)  # SQLite's own would be everybody's to read; its journal follows it
        with contextlib.closing(sqlite3.connect(self.path, timeout=_WAIT)) as base, base:
            base.execute(_SCHEMA)
            return work(base)


def _row(file: ImageFile, description: Description | None) -> tuple[Any, ...]:
    known = description or Description(0, 0)
    date = known.taken or changed_at(file)
    return (
        *(os.fsencode(file.path), file.size, file.mtime_ns, known.width, known.height),
        *(date.isoformat(), known.taken is not None, known.camera),
    )


def _carried(row: tuple[Any, ...], file: ImageFile) -> tuple[Any, ...]:
    """The row of a picture for another file with its content."""
    _, _, _, width, height, date, dated, camera = row
    date = date if dated else changed_at(file).isoformat()
    return os.fsencode(file.path), file.size, file.mtime_ns, width, height, date, dated, camera


def _details(row: tuple[Any, ...] | None, file: ImageFile) -> Details | None:
    if row is None or row[1:3] != (file.size, file.mtime_ns):
        return None
    _, _, _, width, height, date, dated, camera = row
    return Details(width, height, datetime.fromisoformat(date), bool(dated), camera)


def changed_at(file: ImageFile) -> datetime:
    """When a file was last changed, in local time without a zone; broken clocks give the epoch's first day."""
    try:
        return datetime.fromtimestamp(file.mtime_ns // 10**9)
    except (OverflowError, ValueError, OSError):
        return datetime(1970, 1, 1)


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
    if filters.min_side:
        conditions.append("max(width, height) >= ?")
        values.append(filters.min_side)
    if filters.shape:
        conditions.append(_SHAPES[filters.shape])
    return " AND ".join(conditions), values


# -- What the files of one image folder tell beside their pictures: read with them, or caught up on later

MOST_READ = 500
"""Pictures among the hits whose files' heads are read for want of stored details: a second's work."""


class FolderDetails:
    """Keeps the details of the pictures of ``folder`` in ``store``. May be called from any thread."""

    def __init__(self, folder: Path, pool: DecodePool, store: DetailsStore) -> None:
        self.folder = folder
        self.store = store
        self._pool = pool

    def note(self, file: ImageFile, decoded: Decoded | DecodedVideo) -> None:
        """Remember what was learnt of a picture while it was decoded for the index."""
        self.store.add(file, Description(decoded.width, decoded.height, decoded.taken, decoded.camera))

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """Pictures were found again under another name, with another time, or once more."""
        self.store.follow(moved, copied)

    def catch_up(self, index: ImageIndex, control: TaskControl = UNATTENDED) -> None:
        """Learn from the files' heads what is not known of indexed pictures.

        Mostly nothing is left to do: an older program's index, or a damaged store, has no details.
        """
        if missing := self.store.missing(index.files()):
            self._learn(missing, control)

    def forget_gone(self, index: ImageIndex) -> None:
        """Forget what was learnt of files that are not indexed any more."""
        self.store.keep({file.path for file in index.files()})

    def of(self, files: Sequence[ImageFile]) -> list[Details | None]:
        """What is known of files, in their order; what is not is read now, within reason."""
        known = self.store.of(files)
        if unknown := [file for file, details in zip(files, known, strict=True) if details is None]:
            self._learn(unknown[:MOST_READ])
            known = self.store.of(files)
        return known

    def _learn(self, files: Sequence[ImageFile], control: TaskControl = UNATTENDED) -> None:
        found = self._pool.describe(self.folder / file.path for file in files)
        try:
            for file, description in zip(files, found, strict=True):
                if control.cancelled:
                    break
                if not isinstance(description, DecodeFailed):
                    self.store.add(file, description)
                elif description.params["reason"] not in TRANSIENT:
                    self.store.add(file, None)  # asked once is enough, until the file changes
        finally:
            found.close()
            self.store.flush()

"""What the stores know of pictures, as rows of text: what one computer has learnt, another takes over as it is."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from semantik.folders import text_schema
from semantik.folders.details_rows import COLUMNS as DETAILS
from semantik.folders.details_rows import checked
from semantik.folders.details_store import DetailsStore
from semantik.folders.face_rows import COLUMNS as FACES
from semantik.folders.face_rows import SAID, cells_of, heard, put_cells, read_row
from semantik.folders.face_store import FaceStore
from semantik.folders.text_store import TextStore
from semantik.index import SharedRow

Version = tuple[bytes, int, int]  # as ``version_of``


class Told(NamedTuple):
    """What a store knows of one version of a file."""

    version: Version
    cells: str


class SharedKind(Protocol):
    """A store whose rows go from computer to computer."""

    kind: str

    @property
    def files(self) -> Sequence[Path]:
        """The store's files: while they are as they were, so is what is told."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""

    @property
    def was_deleted(self) -> bool:
        """Whether the user wants nothing of it to be known any more."""

    def told(self, versions: Collection[Version], known: Collection[str]) -> dict[str, str | None]:
        """What others are to know, by path, None for what is to be forgotten: of files in these versions, or where
        there are none, of what others know already, by its paths, and of what belongs there."""

    def joins(self) -> None:
        """All is about to be taken for the first time."""

    def take(self, rows: Sequence[SharedRow], *, first: bool) -> None:
        """Know these in place of what was known; rows that are not as they should be are left out."""

    def sent(self, rows: Sequence[SharedRow]) -> None:
        """Others know these by now."""


class _OfPictures:
    """What is known of pictures, each in one version of its file."""

    def __init__(self, path: Path) -> None:
        self.files = (path,)

    @property
    def was_deleted(self) -> bool:
        """Never: nobody deletes it for good."""
        return False

    def rows(self) -> Iterator[Told]:
        """All that is known and is as it should be."""
        raise NotImplementedError

    def told(self, versions: Collection[Version], known: Collection[str]) -> dict[str, str | None]:
        return {os.fsdecode(row.version[0]): row.cells for row in self.rows() if row.version in versions}

    def joins(self) -> None:
        """Nothing is to be done."""

    def sent(self, rows: Sequence[SharedRow]) -> None:
        """Nothing is to be done."""


class SharedDetails(_OfPictures):
    """Dates, sizes, cameras and places."""

    kind = "details"

    def __init__(self, store: DetailsStore) -> None:
        super().__init__(store.path)
        self._store = store

    @property
    def is_empty(self) -> bool:
        """Whether no picture is known."""
        return self._store.read(_is_empty)

    def rows(self) -> Iterator[Told]:
        """The rows of the table."""
        found = self._store.read(lambda base: base.execute(f"SELECT {', '.join(DETAILS)} FROM pictures").fetchall())
        return (Told(cells[:3], as_json(cells[1:])) for cells in found if checked(cells))

    def take(self, rows: Sequence[SharedRow], *, first: bool) -> None:
        """Put them into the table."""
        known = [checked(cells) for cells in _known(rows) if len(cells) == len(DETAILS)]
        self._store.take([row for row in known if row], [row.path for row in rows if row.cells is None])


class SharedTexts(_OfPictures):
    """The lines of text."""

    kind = "text"

    def __init__(self, store: TextStore) -> None:
        super().__init__(store.path)
        self._store = store

    @property
    def is_empty(self) -> bool:
        """Whether no picture was read."""
        return not self._store.works or self._store.read(_is_empty)

    def rows(self) -> Iterator[Told]:
        """What was read in each picture."""
        if not self._store.works:
            return iter(())
        found = self._store.read(lambda base: base.execute(text_schema.KNOWN).fetchall())
        return (Told(row[:3], as_json(row[1:])) for row in found if text_schema.is_good(row))

    def take(self, rows: Sequence[SharedRow], *, first: bool) -> None:
        """Have their words found from now on."""
        good = [row for row in _known(rows) if len(row) == 4 and text_schema.is_good(row)]
        gone = [os.fsencode(row.path) for row in rows if row.cells is None]

        def put(base: sqlite3.Connection) -> None:
            text_schema.drop(base, gone)
            text_schema.put(base, good)

        self._store.change(put)


class SharedFaces(_OfPictures):
    """The faces, and the group that each is in."""

    kind = "faces"

    def __init__(self, store: FaceStore, merged: Callable[[], Mapping[str, str]] = dict) -> None:
        """``merged``: the groups whose faces are in others by now, and those."""
        super().__init__(store.path)
        self._store = store
        self._merged = merged
        self.disputed: Counter[tuple[str, str]] = Counter()
        """Of how many faces others say that they are in one group, and the user here said another: (theirs, ours)."""
        self.seen: set[str] = set()
        """The groups that there were here before."""

    @property
    def is_empty(self) -> bool:
        """Whether no picture was looked at."""
        return self.was_deleted or self._store.read(_is_empty)

    @property
    def was_deleted(self) -> bool:
        """Whether there is not even a file: nobody was ever to be found, or nobody any more."""
        return self._store.is_empty

    def rows(self) -> Iterator[Told]:
        """The faces of each picture that was looked at."""
        if self._store.is_empty:
            return
        pictures = self._store.read(lambda base: base.execute("SELECT path, size, mtime_ns FROM pictures").fetchall())
        found = self._store.read(lambda base: base.execute(f"SELECT {FACES} FROM faces f ORDER BY f.id").fetchall())
        faces: dict[bytes, list[list[object]]] = {}
        for cells in found:
            if read_row(cells):
                faces.setdefault(cells[1], []).append(cells_of(cells))
        for path, size, mtime_ns in pictures:
            if type(path) is bytes and type(size) is type(mtime_ns) is int:
                yield Told((path, size, mtime_ns), as_json((size, mtime_ns, faces.get(path, []))))

    def take(self, rows: Sequence[SharedRow], *, first: bool) -> None:
        """Know these faces in the pictures."""
        known, merged = [(os.fsencode(row.path), cells_in(row)) for row in rows], self._merged()
        if known:
            self.seen = self.seen or self._store.groups()
            self._store.change(lambda base: self.disputed.update(put_cells(base, known, merged, first=first)))

    def joins(self) -> None:
        """Of what the user said before, the others have heard nothing."""
        if not self._store.is_empty:
            self._store.change(lambda base: base.execute("UPDATE faces SET sure = ? WHERE sure", (SAID,)))

    def sent(self, rows: Sequence[SharedRow]) -> None:
        """What the user said of these faces was heard."""
        pictures = {os.fsencode(row.path): cells_in(row)[2] for row in rows if row.cells}
        self._store.change(lambda base: heard(base, pictures))


def _is_empty(base: sqlite3.Connection) -> bool:
    return base.execute("SELECT 1 FROM pictures LIMIT 1").fetchone() is None


def as_json(cells: Sequence[Any]) -> str:
    return json.dumps(cells, separators=(",", ":"), ensure_ascii=True)


def _known(rows: Sequence[SharedRow]) -> list[tuple[Any, ...]]:
    """Path and cells of each picture that is known still."""
    return [(os.fsencode(row.path), *cells_in(row)) for row in rows if row.cells is not None]


def cells_in(row: SharedRow) -> tuple[Any, ...]:
    """The cells of a row; none of one that is not known any more, or is no list."""
    try:
        cells = json.loads(row.cells or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(cells) if isinstance(cells, list) else ()

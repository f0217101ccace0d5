"""One row of the details store: what is known of a picture, checked cell by cell, and the date that follows from it."""

from __future__ import annotations

import math
import os
import unicodedata
from datetime import datetime
from typing import Any, NamedTuple

from semantik.decoding.date_spellings import is_doubtful
from semantik.decoding.decoded import Description, Place
from semantik.folders.dates_in_names import moment_in_name
from semantik.records import DateSource, Details, ImageFile

_LONGEST_CAMERA = 80
_LARGEST_SIDE = 2**31
_INT64 = 2**63
_SOURCES = frozenset(source.value for source in DateSource)


class Row(NamedTuple):
    """The cells of a picture, by column.

    ``date``, ``dated`` and ``source`` are what follows from the rest. ``taken`` is what the picture itself tells, by
    ``told_by``, None when nothing; ``noted`` what a file beside it tells, which is known by its ``sidecar`` stamp: ""
    when there is none, None when nobody has looked. Dates are ISO 8601 without a zone. ``source`` is None in rows of
    older programs, which knew EXIF data and the file's date only.
    """

    path: bytes
    size: int
    mtime_ns: int
    width: int
    height: int
    date: str
    dated: int
    camera: str
    source: str | None = None
    taken: str | None = None
    told_by: str | None = None
    sidecar: str | None = None
    noted: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def file(self) -> ImageFile:
        """The version of the file that this is of."""
        return ImageFile(os.fsdecode(self.path), self.size, self.mtime_ns)

    @property
    def details(self) -> Details:
        """What users are told."""
        source = DateSource(self.source) if self.source else DateSource.EXIF if self.dated else DateSource.FILE
        return Details(self.width, self.height, _moment(self.date), bool(self.dated), self.camera, source)

    @property
    def place(self) -> Place | None:
        """Where it was taken; None while unknown."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)

    @property
    def is_surely_dated(self) -> bool:
        """Whether the picture itself tells when it was taken, so that no file beside it matters."""
        return self.taken is not None and not is_doubtful(_moment(self.taken))


COLUMNS = Row._fields


def version_of(file: ImageFile) -> tuple[bytes, int, int]:
    """What a row has of a file; SQLite takes numbers of 64 bits."""
    return os.fsencode(file.path), _within(file.size), _within(file.mtime_ns)


def row_of(file: ImageFile, description: Description | None) -> Row:
    """The row of a picture; with None of one that cannot be read."""
    told = description or Description(0, 0)
    latitude, longitude = told.place or (None, None)
    path, size, mtime_ns = version_of(file)
    row = Row(
        path,
        size,
        mtime_ns,
        width=min(max(told.width, 0), _LARGEST_SIDE),
        height=min(max(told.height, 0), _LARGEST_SIDE),
        date="",
        dated=0,
        camera=_clean(told.camera),
        taken=_iso(told.taken),
        told_by=(told.source or DateSource.EXIF).value if told.taken else None,
        latitude=latitude,
        longitude=longitude,
    )
    if row.place and not _is_place(row.place):
        row = row._replace(latitude=None, longitude=None)
    return dated(row, file)


def dated(row: Row, file: ImageFile) -> Row:
    """The row with the date that follows from what it has, and from the file's name and time.

    The picture itself is believed first, then a file beside it, then its name, then a clock that nobody seems to have
    set, then the date of the file.
    """
    taken, noted = (_moment(value) if value else None for value in (row.taken, row.noted))
    moment, sure, source = changed_at(file), False, DateSource.FILE.value
    if taken and not is_doubtful(taken):
        moment, sure, source = taken, True, row.told_by or DateSource.EXIF.value
    elif noted and not is_doubtful(noted):
        moment, sure, source = noted, True, DateSource.SIDECAR.value
    elif named := moment_in_name(file.path):
        moment, source = named, DateSource.NAME.value
    elif taken:
        moment, source = taken, row.told_by or DateSource.EXIF.value
    return row._replace(date=_iso(moment), dated=int(sure), source=source)


def carried(row: Row, file: ImageFile) -> Row:
    """The row of a picture for another file with its content; beside that may lie something else."""
    path, size, mtime_ns = version_of(file)
    row = row._replace(path=path, size=size, mtime_ns=mtime_ns, sidecar=None, noted=None)
    if row.source is None:  # of an older program
        return row if row.dated else row._replace(date=changed_at(file).isoformat())
    return dated(row, file)


def checked(cells: tuple[Any, ...]) -> Row | None:
    """A row as the file has it; None for one in which any cell is not what it should be."""
    if len(cells) != len(COLUMNS):
        return None
    row = Row(*cells)
    numbers = (row.size, row.mtime_ns, row.width, row.height, row.dated)
    dates = (row.date, row.taken, row.noted)
    names = (row.source, row.told_by)
    good = (
        isinstance(row.path, bytes)
        and all(type(number) is int for number in numbers)
        and 0 <= min(row.width, row.height) <= max(row.width, row.height) <= _LARGEST_SIDE
        and row.dated in (0, 1)
        and isinstance(row.camera, str)
        and ((row.camera.isprintable() and len(row.camera) <= _LONGEST_CAMERA) or _clean(row.camera) == row.camera)
        and row.date is not None
        and all(date is None or _is_date(date) for date in dates)
        and all(name is None or (isinstance(name, str) and name in _SOURCES) for name in names)
        and isinstance(row.sidecar, str | None)
        and ((row.latitude is None and row.longitude is None) or _is_place((row.latitude, row.longitude)))
    )
    return row if good else None


def changed_at(file: ImageFile) -> datetime:
    """When a file was last changed, in local time without a zone; broken clocks give the epoch's first day."""
    try:
        return datetime.fromtimestamp(file.mtime_ns // 10**9)
    except (OverflowError, ValueError, OSError):
        return datetime(1970, 1, 1)


def _iso(moment: datetime | None) -> Any:
    return moment.replace(tzinfo=None).isoformat() if moment else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_date(value: object) -> bool:
    """Whether a cell is a date as they are written here, so that their order as texts is that in time."""
    try:
        return isinstance(value, str) and _iso(datetime.fromisoformat(value)) == value
    except ValueError:
        return False


def _is_place(place: tuple[object, object]) -> bool:
    return all(
        isinstance(value, float) and math.isfinite(value) and abs(value) <= most
        for value, most in zip(place, (90.0, 180.0), strict=True)
    )


def _clean(camera: str) -> str:
    """A camera's name as the decoder gives it: no control characters, no half pairs, not without end."""
    return "".join(char for char in camera[:_LONGEST_CAMERA] if unicodedata.category(char)[0] != "C")


def _within(number: int) -> int:
    return min(max(number, -_INT64), _INT64 - 1)

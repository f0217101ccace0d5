"""One row of the details store: what is known of a picture, checked cell by cell, and the date that follows from it."""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from semantik.decoding.date_spellings import is_doubtful
from semantik.decoding.decoded import Description, Place
from semantik.folders.dates_in_names import moment_in_name
from semantik.records import DateSource, Details, ImageFile

_LONGEST_CAMERA = 80
_LARGEST_SIDE = 2**31
_INT64 = 2**63
_SOURCES = frozenset((None, *(source.value for source in DateSource)))
_NOWHERE = [None, None]


class Row(NamedTuple):
    """The cells of a picture, by column.

    ``date``, ``dated`` and ``source`` are what follows from the rest. ``taken`` is what the picture itself tells, by
    ``told_by``, None when nothing; ``noted`` and ``noted_…`` what a file beside it tells, which is known by its
    ``sidecar`` stamp: "" when there is none, None when nobody has looked. Dates are ISO 8601 without a zone.
    ``source`` is None in rows of older programs, which knew EXIF data and the file's date only.
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
    noted_latitude: float | None = None
    noted_longitude: float | None = None

    @property
    def details(self) -> Details:
        """What users are told."""
        source = DateSource(self.source) if self.source else DateSource.EXIF if self.dated else DateSource.FILE
        return Details(self.width, self.height, _moment(self.date), bool(self.dated), self.camera, source, self.place)

    @property
    def place(self) -> Place | None:
        """Where it was taken, by the picture itself or else by a file beside it; None while unknown."""
        if self.latitude is not None and self.longitude is not None:
            return self.latitude, self.longitude
        if self.noted_latitude is not None and self.noted_longitude is not None:
            return self.noted_latitude, self.noted_longitude
        return None

    @property
    def is_surely_dated(self) -> bool:
        """Whether the picture itself tells when it was taken."""
        return self.taken is not None and not is_doubtful(_moment(self.taken))

    @property
    def tells_all(self) -> bool:
        """Whether the picture itself tells when and where it was taken, so that no file beside it matters."""
        return self.is_surely_dated and self.latitude is not None


class Noted(NamedTuple):
    """What a file beside a picture tells: its stamp, the date (ISO 8601) and the place in it."""

    stamp: str
    date: str | None = None
    place: Place | None = None


COLUMNS = Row._fields


def version_of(file: ImageFile) -> tuple[bytes, int, int]:
    """What a row has of a file; SQLite takes numbers of 64 bits."""
    size, mtime_ns = file.size, file.mtime_ns
    if not (-_INT64 <= mtime_ns < _INT64 and -_INT64 <= size < _INT64):
        size, mtime_ns = _within(size), _within(mtime_ns)
    return os.fsencode(file.path), size, mtime_ns


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
    row = row._replace(noted_latitude=None, noted_longitude=None)
    if row.source is None:  # of an older program
        return row if row.dated else row._replace(date=changed_at(file).isoformat())
    return dated(row, file)


def is_good(cells: tuple[Any, ...]) -> bool:
    """Whether a row as the file has it has in every cell, by COLUMNS, what it should have."""
    # Plain comparisons in a row: at each update this is asked of every picture.
    path, size, mtime_ns, width, height, date, dated, camera, source, taken, told_by, sidecar, noted, *place = cells
    return (
        type(path) is bytes
        and type(size) is type(mtime_ns) is type(width) is type(height) is type(dated) is int
        and 0 <= width <= _LARGEST_SIDE
        and 0 <= height <= _LARGEST_SIDE
        and 0 <= dated <= 1
        and type(camera) is str
        and len(camera) <= _LONGEST_CAMERA
        and (camera.isprintable() or _clean(camera) == camera)
        and _is_date(date)
        and (taken is None or taken == date or _is_date(taken))
        and (noted is None or _is_date(noted))
        and source in _SOURCES
        and told_by in _SOURCES
        and (sidecar is None or type(sidecar) is str)
        and (place[:2] == _NOWHERE or _is_place(place[:2]))
        and (place[2:] == _NOWHERE or _is_place(place[2:]))
    )


def checked(cells: tuple[Any, ...]) -> Row | None:
    """A row as the file has it; None for one that is not good."""
    return Row._make(cells) if is_good(cells) else None


def changed_at(file: ImageFile) -> datetime:
    """When a file was last changed, in local time without a zone; broken clocks give the epoch's first day."""
    if abs(file.mtime_ns) >= _INT64 - 1:  # what ``changed_ns`` makes of it
        return datetime(1970, 1, 1)
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
    if type(value) is not str or value[4:5] + value[7:8] + value[10:11] != "--T" or len(value) not in (19, 26):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        return False


def _is_place(place: Sequence[object]) -> bool:
    return all(
        isinstance(value, float) and math.isfinite(value) and abs(value) <= most
        for value, most in zip(place, (90.0, 180.0), strict=True)
    )


def _clean(camera: str) -> str:
    """A camera's name as the decoder gives it: no control characters, no half pairs, not without end."""
    return "".join(char for char in camera[:_LONGEST_CAMERA] if unicodedata.category(char)[0] != "C")


def _within(number: int) -> int:
    return min(max(number, -_INT64), _INT64 - 1)

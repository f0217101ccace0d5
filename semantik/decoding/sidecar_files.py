"""What a file beside a picture tells of it: XMP, or the JSON that Google Takeout gives with each picture."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from semantik.decoding.coordinates import checked_place
from semantik.decoding.date_spellings import from_epoch
from semantik.decoding.decoded import Description, Place
from semantik.decoding.refusals import Refused, with_file
from semantik.decoding.xmp import MOST_BYTES, xmp_moments, xmp_place
from semantik.records import DateSource, Reason

SIDECAR_EXTENSIONS = frozenset({".xmp", ".json"})

_LONGEST_NUMBER = 18  # digits
_TAKEOUT_PLACES = ("geoData", "geoDataExif")  # what the user sees there comes first
_Told: TypeAlias = tuple[datetime | None, Place | None]


def describe_sidecar(path: Path) -> Description:
    """When the picture beside which a file lies was taken, local time, and where; sizes are 0. Raises DecodeFailed."""
    read = _xmp if path.suffix.lower() == ".xmp" else _takeout

    def describe(file: BinaryIO) -> Description:
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise Refused(Reason.TOO_LARGE, "a file beside a picture")
        taken, place = read(data)
        return Description(0, 0, taken, source=DateSource.SIDECAR if taken else None, place=place)

    return with_file(path, describe)


def _xmp(data: bytes) -> _Told:
    return next(xmp_moments(data), None), xmp_place(data)


def _takeout(data: bytes) -> _Told:
    try:
        content = json.loads(data.decode(json.detect_encoding(data)).removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None, None
    places = (_takeout_place(content, key) for key in _TAKEOUT_PLACES)
    return _takeout_moment(content), next(filter(None, places), None)


def _takeout_moment(content: Any) -> datetime | None:
    """``photoTakenTime``, which is UTC; 0 where Google does not know."""
    try:
        seconds = content["photoTakenTime"]["timestamp"]
        return from_epoch(int(seconds)) if len(str(seconds)) <= _LONGEST_NUMBER else None
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _takeout_place(content: Any, key: str) -> Place | None:
    """Latitude and longitude, which are both 0 where Google does not know."""
    try:
        numbers = [content[key]["latitude"], content[key]["longitude"]]
    except (TypeError, KeyError):
        return None
    if not all(isinstance(value, int | float) and abs(value) <= 180 for value in numbers):
        return None
    return checked_place(*map(float, numbers))

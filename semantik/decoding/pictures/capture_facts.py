"""When, where and with what a picture was taken, by all that its file tells."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from semantik.decoding.coordinates import checked_place
from semantik.decoding.date_spellings import from_utc, is_doubtful, parse_moment, plain_text
from semantik.decoding.decoded import Place
from semantik.decoding.pictures.exif import camera_name, exif_facts
from semantik.decoding.xmp import xmp_moments, xmp_place
from semantik.records import DateSource

# EXIF, 4.6.6
_LATITUDE, _LONGITUDE, _TIME, _DATE = (1, 2), (3, 4), 7, 29
# TIFF tags for data of other standards
_XMP, _IPTC, _PHOTOSHOP = 700, 33723, 34377
_IPTC_RESOURCE = 0x0404
_MOST_BYTES = 2**20
# IIM 4.2, record 2: created on and at, digitised on and at
_IPTC_DATES = ((55, 60), (62, 63))
# As programs call them: the PNG specification, and ImageMagick. Its "date:create" is when the file was made.
_TEXTS = ("creation time", "creationtime", "creation-time", "exif:datetimeoriginal", "exif:datetimedigitized")


def photo_details(
    exif: Image.Exif, info: Mapping[Any, Any]
) -> tuple[datetime | None, str, DateSource | None, Place | None]:
    """When a picture was taken, in the camera's local time; the camera's name, what tells the time, and the place.

    None and "" when unknown. The sources are asked in the order of EXIF, XMP, IPTC, the satellites' time, texts of a
    PNG file; what a clock that was never set tells counts only if no other knows better. ``info`` is Pillow's, with
    all texts of a PNG file. Never raises for broken data.
    """
    facts = exif_facts(exif)
    xmp = info.get("xmp") or _bytes(exif, _XMP)
    taken, source = _best(
        (
            (DateSource.EXIF, map(parse_moment, facts.moments)),
            (DateSource.XMP, xmp_moments(xmp)),
            (DateSource.IPTC, _iptc_moments(info, exif)),
            (DateSource.GPS, _gps_moments(facts.gps)),
            (DateSource.TEXT, _text_moments(info)),
        )
    )
    return taken, camera_name(facts.make, facts.model), source, _place(facts.gps) or xmp_place(xmp)


def _best(
    sources: Iterable[tuple[DateSource, Iterable[datetime | None]]],
) -> tuple[datetime | None, DateSource | None]:
    doubtful: tuple[datetime | None, DateSource | None] = (None, None)
    for source, moments in sources:
        for moment in moments:
            if moment and not is_doubtful(moment):
                return moment, source
            if moment and doubtful[0] is None:
                doubtful = moment, source
    return doubtful


def _bytes(exif: Image.Exif, tag: int) -> bytes:
    """Data of another standard in a TIFF tag, which some programs write as numbers of four bytes."""
    if tag not in exif:
        return b""
    value = exif[tag]
    if isinstance(value, bytes):
        return value[:_MOST_BYTES]
    try:
        return struct.pack(f"{exif.endian or '<'}{len(value)}I", *value)[:_MOST_BYTES]
    except (TypeError, struct.error):
        return b""


# -- IPTC


def _iptc_moments(info: Mapping[Any, Any], exif: Image.Exif) -> Iterator[datetime]:
    resources = info.get("photoshop")
    data = resources.get(_IPTC_RESOURCE) if isinstance(resources, dict) else None
    values = _iptc(data if isinstance(data, bytes) else _bytes(exif, _IPTC) or _resource(_bytes(exif, _PHOTOSHOP)))
    for day, time in _IPTC_DATES:
        if day in values:
            moment = parse_moment(f"{plain_text(values[day])} {plain_text(values.get(time))}")
            if moment := moment or parse_moment(values[day]):
                yield moment


def _iptc(data: bytes) -> dict[int, bytes]:
    """The first value of each data set of record 2 (IIM 4.2, 1.5)."""
    values: dict[int, bytes] = {}
    at = data.find(b"\x1c")
    while at >= 0 and at + 5 <= len(data) and data[at] == 0x1C:
        record, kind, length = data[at + 1], data[at + 2], int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if length & 0x8000:  # the length of the length, of which no date has need
            at, length = at + (length & 0x7FFF), int.from_bytes(data[at : at + (length & 0x7FFF)], "big")
        if record == 2:
            values.setdefault(kind, data[at : at + length])
        at += length
    return values


def _resource(data: bytes) -> bytes:
    """The IPTC data among Photoshop's image resources."""
    at = data.find(b"8BIM\x04\x04")
    if at < 0:
        return b""
    at += 6
    at += (data[at : at + 1] or b"\0")[0] + 1
    at += at % 2
    return data[at + 4 : at + 4 + int.from_bytes(data[at : at + 4], "big")]


# -- Satellites


def _gps_moments(gps: Mapping[int, Any]) -> Iterator[datetime]:
    day, time = parse_moment(gps.get(_DATE)), _numbers(gps.get(_TIME))
    if day and len(time) == 3 and all(0 <= part < 60.001 for part in time) and time[0] < 24:
        midnight = day.replace(hour=0, minute=0, second=0)
        hour, minute, second = time
        moment = from_utc(midnight + timedelta(hours=hour, minutes=minute, seconds=second))
        if moment:
            yield moment


def _place(gps: Mapping[int, Any]) -> Place | None:
    degrees = [_degrees(gps.get(side), _numbers(gps.get(place))) for side, place in (_LATITUDE, _LONGITUDE)]
    return checked_place(*degrees)


def _degrees(side: object, parts: list[float]) -> float | None:
    if not parts:
        return None
    value = float(sum(part / 60.0**power for power, part in enumerate(parts[:3])))
    return -value if plain_text(side)[:1].upper() in ("S", "W") else value


def _numbers(value: object) -> list[float]:
    """Finite numbers; none where one is not."""
    try:
        numbers = [float(part) for part in value] if isinstance(value, tuple | list) else []
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


# -- Texts


def _text_moments(info: Mapping[Any, Any]) -> Iterator[datetime]:
    texts = {key.lower(): value for key, value in info.items() if isinstance(key, str)}
    for key in _TEXTS:
        if moment := parse_moment(texts.get(key)):
            yield moment

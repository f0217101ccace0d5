"""Where a picture was taken, as files write it: numbers or texts, in degrees; what cannot be is nowhere."""

from __future__ import annotations

import math
import re

from semantik.decoding.date_spellings import plain_text
from semantik.decoding.decoded import Place

_XMP = re.compile(r"(\d{1,3}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([NSEW])")
_ISO_6709 = re.compile(r"([+-]\d{2,7}(?:\.\d+)?)([+-]\d{3,8}(?:\.\d+)?)(?=[+-/]|CRS|\s*$)")
_PLAIN = re.compile(r"[+-]?\d{1,3}(?:\.\d+)?")


def checked_place(latitude: float | None, longitude: float | None) -> Place | None:
    """The coordinates, unless they are none: (0, 0) is what receivers without a fix tell, off Africa."""
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or (not latitude and not longitude):
        return None
    return latitude, longitude


def xmp_degrees(value: str) -> float | None:
    """ "36,31.608N" or "36,31,36N" (XMP 2, GPSCoordinate), or a number of degrees, as some programs write."""
    text = value.strip()
    if found := _XMP.fullmatch(text):
        degrees = sum(float(part or 0) / 60.0**power for power, part in enumerate(found.groups()[:3]))
        return -degrees if found[4] in "SW" else degrees
    return float(text) if _PLAIN.fullmatch(text) else None


def iso_6709(data: bytes | str) -> Place | None:
    """ "+36.5298-006.2926+012.3/" (ISO 6709, annex H): degrees, or with minutes and seconds before the point."""
    found = _ISO_6709.match(plain_text(data).strip("\0 "))
    if not found:
        return None
    return checked_place(_degrees(found[1], 2), _degrees(found[2], 3))


def _degrees(value: str, digits: int) -> float:
    sign, rest = (-1 if value[0] == "-" else 1), value[1:]
    whole, _, decimals = rest.partition(".")
    if len(whole) <= digits:
        return sign * float(rest)
    parts = [whole[:digits], whole[digits : digits + 2], whole[digits + 2 : digits + 4]]
    parts = [part for part in parts if part]
    parts[-1] += f".{decimals}" if decimals else ""
    return sign * sum(float(part) / 60.0**power for power, part in enumerate(parts))

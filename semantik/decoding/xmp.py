"""Dates and places in an XMP packet, inside of a picture or in a file beside it (ISO 16684-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from semantik.decoding.coordinates import checked_place, xmp_degrees
from semantik.decoding.date_spellings import parse_moment
from semantik.decoding.decoded import Place

MOST_BYTES = 4 * 2**20

_SPACES = {
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
_DATES = ("photoshop:DateCreated", "exif:DateTimeOriginal", "xmp:CreateDate", "exif:DateTimeDigitized")
_PLACE = ("exif:GPSLatitude", "exif:GPSLongitude")
_MARKUP = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def xmp_moments(packet: object) -> Iterator[datetime]:
    """When a picture was taken by its XMP data, surest property first; nothing for what is no such data.

    The packet may be bytes in any of UTF-8, UTF-16 and UTF-32, or a text. XML that is not well-formed is searched for
    the properties under their usual names; entities are not expanded.
    """
    values = _values(packet, _DATES)
    for name in _DATES:
        for value in values.get(name, ()):
            if moment := parse_moment(value):
                yield moment


def xmp_place(packet: object) -> Place | None:
    """Where a picture was taken by its XMP data, which may be as in ``xmp_moments``; None where that tells nothing."""
    values = _values(packet, _PLACE)
    latitude, longitude = (next(map(xmp_degrees, values.get(name, ())), None) for name in _PLACE)
    return checked_place(latitude, longitude)


def _values(packet: object, wanted: Sequence[str]) -> dict[str, list[str]]:
    """What the packet has of these properties, by their usual names."""
    text = _text(packet)
    values: dict[str, list[str]] = {}
    if not text:
        return values
    try:
        if _MARKUP.search(text):  # no program writes them, and they can be made to grow without end
            raise ET.ParseError("a document type")
        _collect(ET.fromstring(text), values, wanted)
    except (ET.ParseError, ValueError, RecursionError):
        for name in wanted:
            pattern = rf"[\s<]{name}\s*(?:=\s*[\"']([^\"'<]{{0,80}})|>\s*([^<]{{0,80}}))"
            values[name] = ["".join(found.groups("")) for found in re.finditer(pattern, text)]
    return values


def _collect(root: ET.Element, values: dict[str, list[str]], wanted: Sequence[str]) -> None:
    names = {f"{{{_SPACES[name.split(':')[0]]}}}{name.split(':')[1]}": name for name in wanted}
    for element in root.iter():
        for key, value in (
            *element.attrib.items(),
            (element.tag, "".join(element.itertext()) if element.tag in names else ""),
        ):
            if key in names and value:
                values.setdefault(names[key], []).append(value)


def _text(packet: object) -> str:
    if isinstance(packet, str):
        return packet[:MOST_BYTES].strip("\0 \r\n\t\ufeff")
    if not isinstance(packet, bytes):
        return ""
    data = packet[:MOST_BYTES]
    head = data[:4]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") and head[2:] != b"\0\0":
        encoding = "utf-16"
    elif head in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        encoding = "utf-32"
    elif head.count(0) == 2:
        encoding = "utf-16-be" if not head[0] else "utf-16-le"
    else:
        encoding = "utf-8"
    # A declaration of another encoding is of the bytes, which these are no more.
    text = data.decode(encoding, "replace").strip("\0 \r\n\t\ufeff")
    return re.sub(r"^<\?xml[^>]*\?>", "", text)

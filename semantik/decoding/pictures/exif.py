"""When and with what a picture was taken, from its EXIF data."""

from __future__ import annotations

import logging
import re
import unicodedata
from datetime import datetime

from PIL import ExifTags, Image

log = logging.getLogger(__name__)

_MOMENT = re.compile(r"\s*(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_YEARS = range(1900, 2101)
_LONGEST = 80  # characters of a camera's name


def photo_details(exif: Image.Exif) -> tuple[datetime | None, str]:
    """When a picture was taken, in the camera's local time, and the camera's name; None and "" when unknown.

    The moment is that of the exposure, else that of the scan, else that of the last change as the EXIF data
    give them (DateTimeOriginal, DateTimeDigitized, DateTime; CIPA DC-008, 4.6.5). Never raises for broken data.
    """
    try:
        taken = exif.get_ifd(ExifTags.IFD.Exif)
        moments = (
            taken.get(ExifTags.Base.DateTimeOriginal),
            taken.get(ExifTags.Base.DateTimeDigitized),
            exif.get(ExifTags.Base.DateTime),
        )
        make, model = exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model)
    except Exception:  # EXIF readers fail in many ways; a good picture must not fail with them
        log.debug("broken EXIF data", exc_info=True)
        return None, ""
    return next((moment for moment in map(parse_moment, moments) if moment), None), camera_name(make, model)


def parse_moment(value: object) -> datetime | None:
    """The moment in an EXIF text such as "2024:07:31 18:05:09"; None for none, a placeholder or nonsense."""
    found = _MOMENT.match(_plain(value))
    try:
        moment = datetime(*map(int, found.groups())) if found else None  # type: ignore[arg-type]
    except ValueError:  # such as 0000:00:00, which cameras with an unset clock write
        return None
    return moment if moment and moment.year in _YEARS else None


def camera_name(make: object, model: object) -> str:
    """Maker and model as one name of at most 80 characters, without saying the maker twice."""
    maker, name = _plain(make), _plain(model)
    if name and name.split()[0].casefold() in maker.casefold().split():  # "NIKON CORPORATION", "NIKON D70"
        maker = ""
    return f"{maker} {name}".strip()[:_LONGEST].rstrip()


def _plain(value: object) -> str:
    """An EXIF text up to its end mark, without control and formatting characters."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
    text = text.split("\0", 1)[0][: 4 * _LONGEST]
    return " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())

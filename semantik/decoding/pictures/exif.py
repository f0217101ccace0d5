"""When and with what a picture was taken, from its EXIF data."""

from __future__ import annotations

import logging
import re
import unicodedata
from datetime import datetime
from typing import IO

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngImageFile

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


_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_LONGEST_EXIF = 2**20

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels that may be fractions."""


def image_exif(image: Image.Image, headers_only: bool = False) -> Image.Exif:
    """The EXIF data of a loaded picture, empty when there are none or they are broken.

    With ``headers_only`` the picture need not be loaded and will not be.
    """
    try:
        if headers_only and isinstance(image, PngImageFile) and "exif" not in image.info:
            if (data := _png_exif(image.fp)) is not None:
                image.info["exif"] = data
            return Image.Image.getexif(image)  # a PngImageFile would decode itself in search of that chunk
        return image.getexif()
    except Exception:  # EXIF readers fail in many ways; a good picture must not fail with them
        log.debug("broken EXIF data", exc_info=True)
        return Image.Exif()


def image_orientation(image: Image.Image, headers_only: bool = False) -> int:
    """The EXIF orientation of a loaded picture, 1 to 8; 1 when there is none or the EXIF data is broken.

    With ``headers_only``, how the size that Pillow tells before loading is turned.
    """
    if headers_only and image.format == "TIFF":
        return 1  # Pillow turns these itself and tells the size after that
    try:
        value = image_exif(image, headers_only).get(ExifTags.Base.Orientation, 1)
    except Exception:
        log.debug("broken EXIF data", exc_info=True)
        return 1
    return value if value in _TRANSPOSE else 1


def _png_exif(file: IO[bytes] | None) -> bytes | None:
    """The eXIf chunk wherever it is in a PNG file (PNG specification, third edition, 11.3.3.5)."""
    if file is None:
        return None
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name == b"eXIf":
            return file.read(min(length, _LONGEST_EXIF))
        file.seek(length + 4, 1)
    return None


def turn(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as its EXIF orientation wants it shown."""
    return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def turn_box(extent: tuple[float, float], size: tuple[int, int], orientation: int) -> Box:
    """Where the rectangle from (0, 0) to ``extent`` of a picture of ``size`` lies after ``turn``."""
    if orientation >= 5:
        extent, size = extent[::-1], size[::-1]
    left = size[0] - extent[0] if orientation in (2, 3, 6, 7) else 0.0
    top = size[1] - extent[1] if orientation in (3, 4, 7, 8) else 0.0
    return left, top, min(size[0], left + extent[0]), min(size[1], top + extent[1])

"""What EXIF data tell of a picture: how it is turned, when, where and with what it was taken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngImageFile

from semantik.decoding.date_spellings import plain_text

log = logging.getLogger(__name__)

_LONGEST = 80  # characters of a camera's name

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """What EXIF data tell of a photograph, as they have it: ``moments``, best first, and the tags of ``gps``."""

    moments: tuple[object, ...]
    make: object
    model: object
    gps: Mapping[int, Any]


def exif_facts(exif: Image.Exif) -> ExifFacts:
    """What tells when, where and with what a picture was taken. Never raises for broken data.

    The moment is that of the exposure, else that of the scan, else that of the last change as the EXIF data
    give them (DateTimeOriginal, DateTimeDigitized, DateTime; CIPA DC-008, 4.6.5).
    """

    def first(tag: int) -> object:
        return _unless_broken(lambda: exif.get(tag), None)

    none: dict[int, Any] = {}
    photo = _unless_broken(lambda: exif.get_ifd(ExifTags.IFD.Exif), none)
    gps = _unless_broken(lambda: exif.get_ifd(ExifTags.IFD.GPSInfo), none)
    original, digitized = ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized
    return ExifFacts(
        (
            photo.get(original),
            first(original),  # where TIFF/EP, the base of many RAW formats, has it
            photo.get(digitized),
            first(ExifTags.Base.DateTime),
        ),
        first(ExifTags.Base.Make),
        first(ExifTags.Base.Model),
        gps,
    )


def _unless_broken(read: Callable[[], Result], otherwise: Result) -> Result:
    try:
        return read()
    except Exception:  # EXIF readers fail in many ways; a good picture must not fail with them
        log.debug("broken EXIF data", exc_info=True)
        return otherwise


def camera_name(make: object, model: object) -> str:
    """Maker and model as one name of at most 80 characters, without saying the maker twice."""
    maker, name = plain_text(make), plain_text(model)
    if name and name.split()[0].casefold() in maker.casefold().split():  # "NIKON CORPORATION", "NIKON D70"
        maker = ""
    return f"{maker} {name}".strip()[:_LONGEST].rstrip()


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


def exif_in(info: Mapping[Any, Any]) -> tuple[Image.Exif, int]:
    """The EXIF data and the orientation that a file tells, by Pillow's names, where no picture of Pillow's has them."""
    described = Image.new("1", (1, 1))
    described.info.update(info)
    return image_exif(described), image_orientation(described)


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


_LEFT_IS_RIGHT, _TOP_IS_BOTTOM, _SIDES_SWAP = frozenset((2, 3, 6, 7)), frozenset((3, 4, 7, 8)), frozenset((5, 6, 7, 8))


def turn_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Where a part of a picture of ``size`` lies after ``turn``."""
    left, top, right, bottom = box
    if orientation in _SIDES_SWAP:
        left, top, right, bottom, size = top, left, bottom, right, size[::-1]
    if orientation in _LEFT_IS_RIGHT:
        left, right = size[0] - right, size[0] - left
    if orientation in _TOP_IS_BOTTOM:
        top, bottom = size[1] - bottom, size[1] - top
    return left, top, right, bottom


def turn_box_back(box: Box, orientation: int) -> Box:
    """Where a part of an upright picture, in shares of its sides, lay before ``turn``."""
    left, top, right, bottom = box
    if orientation in _LEFT_IS_RIGHT:
        left, right = 1 - right, 1 - left
    if orientation in _TOP_IS_BOTTOM:
        top, bottom = 1 - bottom, 1 - top
    return (top, left, bottom, right) if orientation in _SIDES_SWAP else (left, top, right, bottom)

"""A picture file that has been opened but not decoded: what its headers tell, and how to get its pixels."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

from semantik.decoding.pictures.exif import image_exif, image_orientation
from semantik.decoding.pictures.png_texts import all_texts

log = logging.getLogger(__name__)

Extent = tuple[float, float]
"""Width and height in pixels that may be fractions."""

_FLAT = 8  # levels by which the samples of a blank frame may differ
_SAMPLE = 64  # rows and columns that are looked at for that
_LAST_FRAME = 200  # frames that are decoded at most in search of one that shows something
_MAX_ANIMATED = 25_000_000  # pixels: an animation keeps several frames at once
_MAX_PAGES = 64
_WHOLE = 2**31 - 1  # bytes
_THUMBNAIL = 1  # bit of NewSubfileType (TIFF 6.0, section 8)


@dataclass(slots=True)
class Load:
    """What is to come when a picture is decoded.

    The file has ``coded`` pixels of ``depth`` bytes, of which ``pixels`` come out and take ``cost`` bytes each, besides
    ``extra`` bytes. ``swells`` is as in ImageFormat, where more is known of this one.
    """

    coded: int
    pixels: int
    cost: float
    extra: int = 0
    depth: float = 3.0
    swells: int = 2**31


class Picture:
    """A picture in an open file. This class is for all that Pillow opens lazily; other readers override it.

    ``size`` is that of the stored picture in pixels, before turning, and ``orientation`` the EXIF value 1 to 8 that
    turns it; ``exif`` are its EXIF data, ``info`` what else it tells, by Pillow's names. All are good from the start
    for ``describe``, and final after ``load``.
    ``scales`` says that the decoder delivers a smaller picture directly, ``headers_suffice`` that they tell all that
    ``describe_image`` wants to know.
    """

    scales = False
    headers_suffice = True
    info: Mapping[Any, Any] = MappingProxyType({})

    def __init__(self, image: Image.Image, cost: float, scales: bool = False) -> None:
        self.image = image
        self.cost = cost
        self.scales = scales
        # The first page tells of the photograph, whichever page is shown.
        self.exif = image_exif(image, headers_only=True)
        self.info = all_texts(image)
        if image.format == "TIFF":
            _choose_page(image)
        self.size: tuple[int, int] = image.size
        self.orientation = image_orientation(image, headers_only=True)
        self.headers_suffice = image.format != "ICO"  # its directory may lie, and it is small
        self.drafted: Extent | None = None

    def prepare(self, side: int) -> Extent:
        """Ask for a picture of at least ``side`` pixels on its shorter side.

        Returns the size at which it will be decoded, as far as is known; nothing is decoded yet.
        """
        if self.scales and (drafted := self.image.draft("RGB", (side, side))):
            self.drafted = drafted[1][2:]
        return self.drafted or self.image.size

    def needs(self) -> Load:
        """What ``load`` will take, after ``prepare``."""
        coded, extra = self.size[0] * self.size[1], 0
        if self.image.info.get("progressive"):
            # libjpeg keeps every coefficient, two bytes each, until the last scan. Per component: id,
            # horizontal and vertical sampling.
            sampling = [component[1] * component[2] for component in getattr(self.image, "layer", [])]
            extra = 2 * coded * sum(sampling) // max([1, *sampling])
        # Palettes and greys may have a bit per pixel.
        depth = 1 / 8 if self.image.mode in ("1", "L", "P") else 3.0
        return Load(coded, self.image.width * self.image.height, self.cost, extra, depth)

    def load(self) -> tuple[Image.Image, Extent]:
        """Decode. Returns the picture, not turned, and which part of it, from its corner, the original fills."""
        if isinstance(self.image, ImageFile.ImageFile) and isinstance(self.image.fp, io.BytesIO):
            self.image.decodermaxblock = _WHOLE  # it is in memory already, and pieces are copies
        self.image.load()
        _leave_blank_frame(self.image)
        self.orientation = image_orientation(self.image)  # some formats carry EXIF data behind the pixels
        if ExifTags.Base.Make not in self.exif:
            self.exif = image_exif(self.image)
        if self.drafted is None:
            self.size = self.image.size  # an ICO knows its size only now
        return self.image, self.drafted or self.image.size


def _choose_page(image: Image.Image) -> None:
    """Go to the largest page of a TIFF file when the first says that it is but a thumbnail of another."""
    if not _is_thumbnail(image):
        return
    best, pages = (False, 0, 0), 1
    while pages <= _MAX_PAGES:
        best = max(best, (not _is_thumbnail(image), image.width * image.height, 1 - pages))
        try:
            image.seek(pages)
        except EOFError:
            break
        pages += 1
    image.seek(-best[2])


def _is_thumbnail(image: Image.Image) -> bool:
    kind = getattr(image, "tag_v2", {}).get(ExifTags.Base.NewSubfileType, 0)
    return isinstance(kind, int) and bool(kind & _THUMBNAIL)


def _leave_blank_frame(image: Image.Image) -> None:
    """Go to the middle frame of an animation that begins with a blank one, as those that fade in do."""
    if image.format not in ("GIF", "WEBP", "PNG") or image.width * image.height > _MAX_ANIMATED:
        return
    try:
        if getattr(image, "is_animated", False) and _is_flat(image):
            image.seek(min(getattr(image, "n_frames", 1) // 2, _LAST_FRAME))
            image.load()
    except (EOFError, OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        # Broken behind its first frame, which is good.
        log.debug("no middle frame", exc_info=True)
        image.seek(0)
        image.load()


def _is_flat(image: Image.Image) -> bool:
    sample = image.convert("RGBA").resize((min(image.width, _SAMPLE), min(image.height, _SAMPLE)), 0)
    pixels = np.asarray(sample).reshape(-1, 4)
    opaque = pixels[pixels[:, 3] > 0]
    return not len(opaque) or int(np.ptp(opaque, axis=0).max()) <= _FLAT

"""Which decoder opens a picture file. All but Pillow and OpenCV are optional, and loaded when first needed."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from semantik.decoding.pictures.formats import (
    AVIF,
    JPEG2000,
    LIBHEIF,
    LIBJXL,
    LIBRAW,
    OPENCV,
    PSD,
    RESVG,
    TIFF,
    WEBP,
    ImageFormat,
)
from semantik.decoding.pictures.heif_tiles import HeifPicture
from semantik.decoding.pictures.jpeg_2000 import Jpeg2000Picture
from semantik.decoding.pictures.jpeg_xl import JxlPicture
from semantik.decoding.pictures.opened_picture import Picture
from semantik.decoding.pictures.photoshop import PhotoshopPicture, needs_own_reader
from semantik.decoding.pictures.radiance import HdrPicture
from semantik.decoding.pictures.raw_photos import RawPicture
from semantik.decoding.pictures.tiff_layout import read_layout
from semantik.decoding.pictures.tiff_parts import TiffParts
from semantik.decoding.pictures.vector_drawings import SvgPicture
from semantik.decoding.pictures.webp import SMALL, LargeWebp, webp_size

SMALL_TIFF = 30_000_000
"""Pixels up to which Pillow reads a TIFF picture of an ordinary layout whole, which is quicker."""

_LIBAVIF_PIXELS = 2**28  # its own limit, which Pillow leaves as it is
_ISO_HEAD = 2**16  # bytes in which an AVIF file tells of its items

_OWN: dict[str, Callable[[BinaryIO, float], Picture]] = {
    OPENCV: HdrPicture,
    LIBJXL: JxlPicture,
    LIBRAW: RawPicture,
    RESVG: SvgPicture,
}


def open_picture(file: BinaryIO, kind: ImageFormat) -> Picture:
    """Read the headers of a picture with the decoder for its kind.

    Raises ImportError when that is not installed, and whatever the decoder does.
    """
    if kind.plugin in _OWN:
        importlib.import_module(kind.plugin)
        return _OWN[kind.plugin](file, kind.cost)
    if kind.plugin == LIBHEIF:
        _register_heif()
        return HeifPicture(_open(file, kind), kind.cost, file)
    plugin: Any = importlib.import_module(f"PIL.{kind.plugin}")
    if hasattr(plugin, "DEFAULT_MAX_THREADS"):  # AVIF would start one per core, each with its stack
        plugin.DEFAULT_MAX_THREADS = 1
    other = _large_webp(file, kind.cost) if kind is WEBP else _tiff_parts(file) if kind is TIFF else None
    if other is not None:
        return other
    if kind is PSD and needs_own_reader(file):
        return PhotoshopPicture(file)
    if kind is JPEG2000:
        return Jpeg2000Picture(_open(file, kind), kind.cost, file)
    return Picture(_open(file, kind), kind.cost, kind.scales)


def _large_webp(file: BinaryIO, cost: float) -> Picture | None:
    size, animated = webp_size(file)
    return LargeWebp(file, cost, size, animated) if size[0] * size[1] > SMALL else None


def _tiff_parts(file: BinaryIO) -> Picture | None:
    """A TIFF picture that Pillow would read wrongly, not at all or with more memory; None where Pillow does well.

    Raises NotImplementedError for a layout that nobody reads right.
    """
    try:
        layout, exif = read_layout(file)
    except UnidentifiedImageError:
        return None  # Pillow may be more lenient, or knows a better reason
    if layout.by_parts and not (layout.plain and layout.size[0] * layout.size[1] <= SMALL_TIFF):
        return TiffParts(file, layout, exif)
    if not layout.plain:
        raise NotImplementedError(
            f"unsupported TIFF: {layout.samples} x {layout.bits} bits, format {layout.kind}, planes {layout.planes}, "
            f"photometric {layout.photometric}, compression {layout.compression}, predictor {layout.predictor}"
        )
    return None


def _open(file: BinaryIO, kind: ImageFormat) -> Image.Image:
    file.seek(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return Image.open(file, formats=[kind.name])
        except UnidentifiedImageError as error:
            if kind is AVIF and _largest_item(file) > _LIBAVIF_PIXELS:
                raise NotImplementedError("unsupported by libavif: more than 268 megapixels") from error
            why = "; ".join(str(warning.message) for warning in caught[-1:])
            raise UnidentifiedImageError(why or "not identified") from error


def _largest_item(file: BinaryIO) -> int:
    """The most pixels that an item of an AVIF file says it has (ISO/IEC 23008-12, 6.5.3); 0 for none."""
    file.seek(0)
    head = file.read(_ISO_HEAD)
    sizes = (head[found.end() + 4 : found.end() + 12] for found in re.finditer(b"ispe", head))
    return max((int.from_bytes(size[:4], "big") * int.from_bytes(size[4:], "big") for size in sizes), default=0)


def _register_heif() -> None:
    """Make libheif known to Pillow; its decode-only twin pi_heif does as well."""
    if "HEIF" in Image.OPEN:
        return
    try:
        package: Any = importlib.import_module(LIBHEIF)
    except ImportError:
        package = importlib.import_module("pi_heif")
    package.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)

"""The one door through which files become pixels.

Meant to run in a decoder process (``decode_worker``): it changes Pillow's process-wide settings, and a
native decoder that crashes on a hostile file takes its process with it.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, features

from semantik.decoding.decoded import Description
from semantik.decoding.memory_shares import Allowance, NeedsMore
from semantik.decoding.pictures.capture_facts import photo_details
from semantik.decoding.pictures.formats import (
    GIF,
    IMAGE_EXTENSIONS,
    JPEG,
    SIGNATURE_BYTES,
    ImageFormat,
    estimate_gif_frames,
    recognise,
)
from semantik.decoding.pictures.loaded_image import LoadedImage, StoredImage
from semantik.decoding.pictures.openers import open_picture
from semantik.decoding.pictures.sizes import MAX_PIXELS, check_size
from semantik.decoding.pictures.to_rgb import OVERSAMPLING, reduced_rgb, reduction
from semantik.decoding.pictures.unlisted import spoken_extension, unread_format
from semantik.decoding.pictures.vector_drawings import TooComplex
from semantik.decoding.refusals import Refused, with_file
from semantik.records import Reason

__all__ = ["IMAGE_EXTENSIONS", "LoadedImage", "StoredImage", "describe_image", "load_image", "load_stored"]

log = logging.getLogger(__name__)

ALL = Allowance()
"""Whatever a picture needs."""

MAX_FRAMES = 100_000
"""An animation of more frames than this is an attack, not a picture."""

_VISIBLE = 0.05  # share of the rows that must show something in an incomplete file
_SAMPLE = 512  # rows and columns that are looked at for that

# Pillow's own limit (it refuses twice this value) guards the sizes that only its plugins see, such as the
# PNG inside an ICO. The exact limits are check_size's.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Have Pillow say why a file whose signature is right was refused.
Image.WARN_POSSIBLE_FORMATS = True

_IO_ERRORS = {
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ENXIO", "ENODEV", "ETIMEDOUT", "EREMOTEIO", "EHOSTDOWN", "ENOTCONN", "EACCES")
    if hasattr(errno, name)
}
# Pillow tells these apart from damage only by its words.
_UNSUPPORTED = re.compile(r"unsupported|unimplemented|not supported|unknown (pixel|tga map)|image mode", re.IGNORECASE)


def load_image(path: Path, min_side: int, allowance: Allowance = ALL) -> LoadedImage:
    """Decode the (first) picture in a file, upright, on neutral ground, as 8-bit RGB.

    Large pictures come reduced, their shorter side still at least twice ``min_side`` pixels. Raises
    DecodeFailed with a records.Reason, NeedsMore than ``allowance``; never blocks on a pipe or device. Not
    thread-safe: Pillow's leniency is a setting of the whole process.
    """
    return load_stored(path, min_side, allowance).upright()


def load_stored(path: Path, min_side: int, allowance: Allowance = ALL, content: bytes | None = None) -> StoredImage:
    """As ``load_image``, but neither turned nor in sRGB yet.

    ``content``: all bytes of the file, where they have been read; a JPEG is decoded from these, in one go.
    """

    def work(file: BinaryIO) -> StoredImage:
        kind = _kind(file, spoken_extension(path.name))
        size = os.fstat(file.fileno()).st_size
        # Other decoders want a file of the system.
        source = io.BytesIO(content) if content is not None and kind is JPEG and len(content) == size else file
        return _decode(source, kind, size, min_side, allowance)

    return with_file(path, work)


def describe_image(path: Path, allowance: Allowance = ALL) -> Description:
    """What the headers of a file tell of its (first) picture, without decoding it.

    Sizes are those that ``load_image`` reports, and so are the failures, but for those that show only in the pixels.
    """
    return with_file(path, lambda file: _describe(file, _kind(file, spoken_extension(path.name)), allowance))


def _kind(file: BinaryIO, extension: str) -> ImageFormat:
    """The format of a file. Raises Refused when there is no decoder for it, or none that is safe."""
    head = file.read(SIGNATURE_BYTES)
    if not head:
        raise Refused(Reason.EMPTY)
    kind = unread_format(head) or recognise(head, extension)
    if kind is None:
        raise Refused(Reason.NOT_AN_IMAGE, f"begins with {head[:8]!r}")
    if not kind.readable or (kind.feature and not features.check(kind.feature)):
        raise Refused(Reason.NO_DECODER, kind.name)
    if kind is GIF and estimate_gif_frames(file, os.fstat(file.fileno()).st_size) > MAX_FRAMES:
        raise Refused(Reason.TOO_LARGE, f"more than {MAX_FRAMES} frames")
    return kind


def _describe(file: BinaryIO, kind: ImageFormat, allowance: Allowance) -> Description:
    try:
        picture = open_picture(file, kind)
        if not picture.headers_suffice:
            picture.prepare(1)
            check_size(picture, 1, kind, os.fstat(file.fileno()).st_size, allowance)
            picture.load()
        width, height = picture.size[::-1] if picture.orientation >= 5 else picture.size
        return Description(width, height, *photo_details(picture.exif, picture.info))
    except (Refused, NeedsMore):
        raise
    except Exception as error:
        raise _failure(error) from error


def _decode(file: BinaryIO, kind: ImageFormat, size: int, min_side: int, allowance: Allowance) -> StoredImage:
    try:
        return _attempt(file, kind, size, min_side, allowance)
    except (Refused, NeedsMore):
        raise
    except Exception as error:
        failure = _failure(error)
        log.debug("strict decoding failed", exc_info=True)
        lenient = _attempt_lenient(file, kind, size, min_side, allowance) if failure.reason is Reason.DAMAGED else None
        if lenient is None:
            raise failure from error
        return lenient


def _attempt(file: BinaryIO, kind: ImageFormat, size: int, min_side: int, allowance: Allowance) -> StoredImage:
    """Decode with the one decoder that the signature names. Raises whatever the decoder does, Refused, NeedsMore."""
    picture = open_picture(file, kind)
    factor = reduction(picture.prepare(OVERSAMPLING * min_side), min_side)
    check_size(picture, factor, kind, size, allowance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image, extent = picture.load()
        factor = reduction(extent, min_side)  # some know only now what they got
        small, profile = reduced_rgb(image, factor)
    turned = picture.orientation
    box = (0.0, 0.0, min(small.width, extent[0] / factor), min(small.height, extent[1] / factor))
    width, height = picture.size[::-1] if turned >= 5 else picture.size
    details = photo_details(picture.exif, picture.info)
    return StoredImage(small, width, height, box, turned, profile, None, *details)


def _failure(error: Exception) -> Refused:
    """What an exception of a decoder means."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and "out of memory" in str(error)):
        return Refused(Reason.OUT_OF_MEMORY, detail)
    if isinstance(error, ImportError):
        return Refused(Reason.NO_DECODER, detail)
    if isinstance(error, Image.DecompressionBombError | TooComplex) or "security limit" in detail.lower():
        return Refused(Reason.TOO_LARGE, detail)
    if isinstance(error, OSError) and error.errno in _IO_ERRORS:
        return Refused(Reason.UNREADABLE, detail)
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(detail):
        return Refused(Reason.UNSUPPORTED, detail)
    return Refused(Reason.DAMAGED, detail)


def _attempt_lenient(
    file: BinaryIO, kind: ImageFormat, size: int, min_side: int, allowance: Allowance
) -> StoredImage | None:
    """What can be seen of an incomplete or broken file; None when that is next to nothing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        loaded = _attempt(file, kind, size, min_side, allowance)
    except Exception:  # the first, strict failure is the one to report
        log.debug("lenient decoding failed", exc_info=True)
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return replace(loaded, warning=Reason.TRUNCATED) if _visible_share(loaded.image) >= _VISIBLE else None


def _visible_share(image: Image.Image) -> float:
    """Share of the rows (or columns, if fewer) that are not of one flat colour, as missing ones are."""
    sample = (min(image.width, _SAMPLE), min(image.height, _SAMPLE))
    pixels = np.asarray(image.resize(sample, Image.Resampling.NEAREST))
    flat = [(pixels.max(axis=axis) - pixels.min(axis=axis) <= 2).all(axis=-1) for axis in (0, 1)]
    return float(min(1 - lines.mean() for lines in flat))

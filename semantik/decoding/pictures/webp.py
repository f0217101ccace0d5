"""WebP pictures, whose size is looked at before any reader is made for them: libwebp's takes their memory at once."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from semantik.decoding.pictures.byte_codecs import by_opencv
from semantik.decoding.pictures.exif import exif_in
from semantik.decoding.pictures.opened_picture import Extent, Load, Picture

SMALL = 40_000_000
"""Pixels up to which Pillow reads them, which keeps each picture of an animation whole."""

_ANIMATED, _VP8X = 0x02, b"VP8X"
_COST = 8  # bytes per pixel of OpenCV's way, which has no animations (measured)
_OPENCV = 384 * 2**20  # bytes of address space that its libraries take
_TOLD = {b"EXIF": "exif", b"ICCP": "icc_profile", b"XMP ": "xmp"}
_LARGEST = 4 * 2**20  # bytes of each of these


class LargeWebp(Picture):
    """A WebP picture of more than ``SMALL`` pixels: by OpenCV unless it is animated."""

    def __init__(self, file: BinaryIO, cost: float, size: tuple[int, int], animated: bool) -> None:
        self.file = file
        self.animated = animated
        self.bytes = file.seek(0, io.SEEK_END)
        self.cost = cost if animated else _COST
        self.size = size
        self.info: dict[str, bytes] = {}
        for name, start, length in _chunks(file, self.bytes):
            if name in _TOLD and length <= _LARGEST:
                file.seek(start)
                self.info[_TOLD[name]] = file.read(length)
        self.exif, self.orientation = exif_in(self.info)

    def prepare(self, side: int) -> Extent:
        return self.size

    def needs(self) -> Load:
        pixels = self.size[0] * self.size[1]
        return Load(pixels, pixels, self.cost, 2 * self.bytes + (0 if self.animated else _OPENCV))

    def load(self) -> tuple[Image.Image, Extent]:
        self.file.seek(0)
        if self.animated:
            image: Image.Image = Image.open(self.file, formats=["WEBP"])
            image.load()
            return image, image.size
        import cv2

        pixels = by_opencv(self.file.read(), cv2.IMREAD_UNCHANGED)
        channels = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        cv2.cvtColor(pixels, channels, dst=pixels)
        image = Image.fromarray(np.asarray(pixels, dtype=np.uint8))
        image.info.update(self.info)
        self.size = image.size
        return image, image.size


def webp_size(file: BinaryIO) -> tuple[tuple[int, int], bool]:
    """Width and height in pixels, and whether it moves, from the first chunk (RFC 9649, 2.5 to 2.7; RFC 6386, 9.1).

    Raises UnidentifiedImageError.
    """
    file.seek(12)
    name, data = file.read(8)[:4], file.read(10)
    if len(data) == 10:
        if name == _VP8X:
            width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (4, 7))
            return (width, height), bool(data[0] & _ANIMATED)
        if name == b"VP8L" and data[0] == 0x2F:
            bits = int.from_bytes(data[1:5], "little")
            return (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), False
        if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack("<HH", data[6:10])
            return (width & 0x3FFF, height & 0x3FFF), False
    raise UnidentifiedImageError("no WebP picture")


def _chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and length of the chunks, as far as they lie in the file."""
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if at + 8 + length > end:
            return
        yield name, at + 8, length
        at += 8 + length + length % 2

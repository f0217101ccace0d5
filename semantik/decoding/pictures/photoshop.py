"""Photoshop's composite picture in what Pillow does not read: 16 and 32 bits a sample, and files beyond 2 GB (PSB).

Adobe Photoshop File Formats Specification: sections of a length each, and at the end the picture, plane by plane.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from semantik.decoding.pictures.averaged_picture import AveragedPicture, cell_means
from semantik.decoding.pictures.byte_codecs import by_libtiff, filled
from semantik.decoding.pictures.exif import exif_in
from semantik.decoding.pictures.opened_picture import Extent, Load
from semantik.decoding.pictures.tiff_layout import PACKBITS

_GREY, _RGB, _CMYK, _DUOTONE, _LAB = 1, 3, 4, 8, 9
_COLOURS = {_GREY: 1, _RGB: 3, _CMYK: 4, _DUOTONE: 1, _LAB: 3}
_PLAIN, _PACKED = 0, 1
_RESOURCES = {1039: "icc_profile", 1058: "exif", 1060: "xmp"}
_LARGEST = 4 * 2**20  # bytes of such a resource
_MAX_CHANNELS = 56
_BAND_ROWS = 256

Array = np.ndarray[Any, Any]


class PhotoshopPicture(AveragedPicture):
    """A PSD or PSB file whose samples have 8, 16 or 32 bits."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.large, self.channels, self.size, self.bits, self.mode = _header(file)
        if self.bits not in (8, 16, 32) or self.mode not in _COLOURS:
            raise NotImplementedError(f"unsupported PSD: {self.bits} bits, colour mode {self.mode}")
        self.colours = _COLOURS[self.mode]
        if self.channels < self.colours:
            raise UnidentifiedImageError("channels are missing")
        _skip(file, ">I")  # the palette
        self.info = _resources(file)
        _skip(file, ">Q" if self.large else ">I")  # the layers
        self.exif, self.orientation = exif_in(self.info)
        (self.packing,) = struct.unpack(">H", file.read(2))
        if self.packing not in (_PLAIN, _PACKED):
            raise NotImplementedError(f"unsupported PSD: compression {self.packing}")
        self.start = file.tell()

    def needs(self) -> Load:
        pixels = self.size[0] * self.size[1]
        band = 4 * _BAND_ROWS * max(self.factor, 1) * self.size[0] * self.bits // 8
        return Load(pixels, self.cells, 8 * self.colours, band, self.bits * self.channels / 8)

    def load(self) -> tuple[Image.Image, Extent]:
        planes = [self._plane(rows) for rows in self._planes()]
        levels = np.stack(planes, axis=-1)
        if self.bits == 32:  # light, without the curve of a screen
            levels = np.clip(levels, 0, 1)
            levels = np.where(levels <= 0.0031308, 12.92 * levels, 1.055 * levels ** np.float32(1 / 2.4) - 0.055)
        pixels = np.clip(levels * 255 + 0.5, 0, 255).astype(np.uint8)
        mode = {_CMYK: "CMYK", _LAB: "LAB", _RGB: "RGB"}.get(self.mode, "L")
        if mode == "CMYK":
            pixels = 255 - pixels
        elif mode == "LAB":
            pixels = pixels ^ np.array([0, 128, 128], np.uint8)
        image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).tobytes())
        image.info.update(self.info)
        return image, self.extent

    def _plane(self, bands: Iterator[Array]) -> Array:
        """Means of cells of ``factor`` x ``factor`` pixels, float (height, width), in [0, 1]."""
        scale = 1.0 if self.bits == 32 else 2.0**self.bits - 1
        made = []
        for band in bands:
            values = np.nan_to_num(band) if self.bits == 32 else band
            made.append((cell_means(values, self.factor, np.float64) / scale).astype(np.float32))
        return np.concatenate(made)

    def _planes(self) -> Iterator[Iterator[Array]]:
        """Of each colour, bands of its rows, as many as make whole cells."""
        width, height = self.size
        row = width * self.bits // 8
        kind = {8: ">u1", 16: ">u2", 32: ">f4"}[self.bits]
        lengths = np.full(height * self.colours, row)
        at = self.start
        if self.packing == _PACKED:
            self.file.seek(at)
            counts = self.file.read(height * self.channels * (4 if self.large else 2))
            at += height * self.channels * (4 if self.large else 2)
            lengths = np.frombuffer(counts, ">u4" if self.large else ">u2")[: len(lengths)].astype(np.int64)
            if len(lengths) < height * self.colours:
                raise OSError("image file is truncated")
        starts = at + np.concatenate([[0], np.cumsum(lengths)])
        step = _BAND_ROWS * self.factor

        def bands(colour: int) -> Iterator[Array]:
            for top in range(0, height, step):
                first, last = colour * height + top, colour * height + min(height, top + step)
                self.file.seek(int(starts[first]))
                data = self.file.read(int(starts[last] - starts[first]))
                if self.packing == _PACKED:
                    ends = starts[first : last + 1] - starts[first]
                    packed = [data[start:end] for start, end in itertools.pairwise(ends.tolist())]
                    unpacked = by_libtiff(packed, PACKBITS, row, [1] * len(packed))
                    yield unpacked.view(kind).reshape(-1, width)
                else:
                    yield filled(data, (last - first) * row).view(kind).reshape(-1, width)

        return (bands(colour) for colour in range(self.colours))


def needs_own_reader(file: BinaryIO) -> bool:
    """Whether Pillow does not read such a file. Raises UnidentifiedImageError."""
    large, _, _, bits, _ = _header(file)
    return large or bits > 8


def _header(file: BinaryIO) -> tuple[bool, int, tuple[int, int], int, int]:
    file.seek(0)
    head = file.read(26)
    if len(head) < 26 or head[:4] != b"8BPS":
        raise UnidentifiedImageError("no PSD header")
    version, channels, height, width, bits, mode = struct.unpack(">H6xHIIHH", head[4:])
    if version not in (1, 2) or not 1 <= channels <= _MAX_CHANNELS or min(width, height) < 1:
        raise UnidentifiedImageError("broken PSD header")
    return version == 2, channels, (width, height), bits, mode


def _length(file: BinaryIO, layout: str) -> int:
    data = file.read(struct.calcsize(layout))
    if len(data) < struct.calcsize(layout):
        raise UnidentifiedImageError("the file ends in its headers")
    return int(struct.unpack(layout, data)[0])


def _skip(file: BinaryIO, layout: str) -> None:
    length = _length(file, layout)
    if length >= 2**62:
        raise UnidentifiedImageError("broken section")
    file.seek(length, io.SEEK_CUR)


def _resources(file: BinaryIO) -> dict[str, bytes]:
    """The colour profile and the EXIF data."""
    end = _length(file, ">I") + file.tell()
    found = {}
    while file.tell() + 12 <= end and file.read(4) == b"8BIM":
        number, name = struct.unpack(">HB", file.read(3))
        file.seek(name + (name + 1) % 2, io.SEEK_CUR)
        length = _length(file, ">I")
        if number in _RESOURCES and length <= _LARGEST:
            found[_RESOURCES[number]] = file.read(length)
            length = length % 2
        else:
            length += length % 2
        file.seek(length, io.SEEK_CUR)
    file.seek(end)
    return found

"""HEIC pictures of phones, tile by tile: FFmpeg's HEVC decoder in OpenCV is 1.6 to 2 times as fast as libheif's.

And as each tile is made smaller at once, the picture never stands in memory at its full size. libheif opens the file
all the same, and decodes what is in any way unusual: see ``readable_grid``.
"""

from __future__ import annotations

import io
import logging
from typing import BinaryIO

import numpy as np
from PIL import Image

from semantik.decoding import ffmpeg
from semantik.decoding.pictures.heif_film import film_of
from semantik.decoding.pictures.heif_items import HeifGrid, read_grid
from semantik.decoding.pictures.hevc_colours import told_colours
from semantik.decoding.pictures.opened_picture import Extent, Load, Picture
from semantik.records import Pixels

log = logging.getLogger(__name__)

_FACTORS = (8, 4, 2)
_MATRICES = frozenset({2, 5, 6})  # unspecified, and both spellings of BT.601, by which OpenCV converts
_FULL = b"\x80"  # full_range_flag, the uppermost bit of its byte
_OPENCV = 384 * 2**20  # bytes of address space that its libraries take


class HeifPicture(Picture):
    """A HEIC picture. FFmpeg decodes its tiles where it has such; libheif does others, and what does not come out."""

    def __init__(self, image: Image.Image, cost: float, file: BinaryIO) -> None:
        super().__init__(image, cost)
        self.file = file
        self.grid: HeifGrid | None = None
        self.factor = 1

    def prepare(self, side: int) -> Extent:
        self.grid = readable_grid(self.image, self.file)
        if self.grid is None:
            return super().prepare(side)
        sizes = (*self.grid.size, *self.grid.tile)
        self.factor = next(
            (each for each in _FACTORS if not any(n % each for n in sizes) and min(self.grid.size) >= each * side), 1
        )
        return self.image.width / self.factor, self.image.height / self.factor

    def needs(self) -> Load:
        if self.grid is None:
            return super().needs()
        coded = self.image.width * self.image.height
        # As much as libheif takes, which may have to do it after all.
        return Load(coded, coded // self.factor**2, 0, max(_OPENCV, int(coded * self.cost)))

    def load(self) -> tuple[Image.Image, Extent]:
        pixels = _decoded(self.file, self.grid, self.factor) if self.grid else None
        if self.grid is None or pixels is None:
            return super().load()
        image = Image.fromarray(_turned(pixels, self.grid))
        image.info.update(self.image.info)
        return image, image.size


def readable_grid(image: Image.Image, file: BinaryIO) -> HeifGrid | None:
    """The grid of a picture that FFmpeg and OpenCV show as libheif does: opaque, of 8 bits, by the matrix of BT.601.

    ``image`` is the same picture opened by libheif.
    """
    grid = read_grid(file)
    if grid is None or image.mode != "RGB":
        return None
    quarters = sum(value for name, value in grid.turns if name == b"irot")
    if image.size != (grid.size[::-1] if quarters % 2 else grid.size):
        return None
    colours = told_colours(grid.configuration)
    if colours is None or colours.matrix not in _MATRICES:
        return None
    for box in grid.colours:
        if box[:4] == b"nclx":  # which counts before what the stream says, and OpenCV asks the stream
            matrix, full = int.from_bytes(box[8:10], "big"), bool(box[10:11] >= _FULL)
            if matrix not in _MATRICES or full != colours.full_range:
                return None
    return grid


def _decoded(file: BinaryIO, grid: HeifGrid, factor: int) -> Pixels | None:
    """RGB, not turned, ``factor`` times smaller; None where a tile does not come out."""
    (width, height), (across, down) = grid.size, grid.tile
    tile = across // factor, down // factor
    whole = np.empty((tile[1] * len(grid.parts) // grid.columns, tile[0] * grid.columns, 3), np.uint8)
    with ffmpeg.opened(io.BytesIO(film_of(file, grid))) as film:
        import cv2

        for number in range(len(grid.parts)):
            good, frame = film.read()
            if not good or frame is None or frame.shape != (down, across, 3):
                log.debug("tile %d of %d does not come out", number + 1, len(grid.parts))
                return None
            small = frame if factor == 1 else cv2.resize(frame, tile, interpolation=cv2.INTER_AREA)
            top, left = number // grid.columns * tile[1], number % grid.columns * tile[0]
            whole[top : top + tile[1], left : left + tile[0]] = small[..., ::-1]
    return whole[: height // factor, : width // factor]


def _turned(pixels: Pixels, grid: HeifGrid) -> Pixels:
    """As it is shown (ISO/IEC 23008-12, 6.5.10 and 6.5.12)."""
    for name, value in grid.turns:
        # irot counts counterclockwise.
        pixels = np.rot90(pixels, value) if name == b"irot" else np.flip(pixels, value & 1)
    return np.ascontiguousarray(pixels)

"""TIFF pictures a band of rows at a time, in whatever layout their samples lie.

Pillow reads 8 bits a sample well, and keeps the whole picture in memory; deeper samples in separate planes it takes
for rows of one plane, without a word. Here its codecs give bytes, and numpy makes samples of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile

from semantik.decoding.pictures.averaged_picture import AveragedPicture, cell_means
from semantik.decoding.pictures.byte_codecs import by_libtiff, filled, inflated
from semantik.decoding.pictures.opened_picture import Extent, Load
from semantik.decoding.pictures.tiff_colours import Levels, as_image
from semantik.decoding.pictures.tiff_layout import (
    DEFLATE,
    FLOAT,
    OLD_DEFLATE,
    PALETTE,
    RAW,
    SIGNED,
    Layout,
)

_BAND_BYTES = 16 * 2**20
_WORKING = 12  # bands' worth of memory: bytes, samples, sums
_SWELLS = {RAW: 25, DEFLATE: 1100, OLD_DEFLATE: 1100}  # as in ImageFormat

Array = np.ndarray[Any, Any]


class TiffParts(AveragedPicture):
    """One page of a TIFF file."""

    def __init__(self, file: BinaryIO, layout: Layout, exif: Image.Exif) -> None:
        self.file = file
        self.layout = layout
        self.size = layout.size
        self.exif = exif
        turned = layout.tags.get(274, (1,))[0]
        self.orientation = turned if isinstance(turned, int) and 1 <= turned <= 8 else 1
        self.step = layout.samples // layout.planes  # samples of one plane

    def needs(self) -> Load:
        layout = self.layout
        depth = layout.bits * layout.samples / 8
        coded = max(self.size[0] * self.size[1], layout.segment[0] * layout.segment[1])
        segment = layout.segment[0] * layout.segment[1] * layout.bits * self.step // 8
        row = layout.size[0] * layout.segment[1] * layout.bits * self.step // 8 if layout.tiled else segment
        held = 0 if layout.compression == RAW and not layout.tiled else 3 * segment + 2 * row
        working = _WORKING * min(_BAND_BYTES, int(coded * depth)) * 8 // min(8, layout.bits)
        return Load(
            coded, self.cells, 8 * layout.samples, held + working, depth, _SWELLS.get(layout.compression, 2**31)
        )

    def load(self) -> tuple[Image.Image, Extent]:
        layout = self.layout
        levels = Levels(layout)
        planes = [self._plane(number, levels) for number in range(layout.planes)]
        image = as_image(layout, planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2), levels)
        profile = layout.tags.get(34675, (b"",))[0]
        if isinstance(profile, bytes) and profile:
            image.info["icc_profile"] = profile
        return image, self.extent

    def _plane(self, number: int, levels: Levels) -> Array:
        """The means of cells of ``factor`` x ``factor`` pixels, float (height, width, samples)."""
        factor, (width, height) = self.factor, self.size
        step = 3 if self.layout.photometric == PALETTE else self.step
        means = np.zeros((-(-height // factor), -(-width // factor), step), np.float32)
        waiting: list[Array] = []
        rows = done = 0
        for band in self._bands(number):
            levels.look_at(band, number)
            waiting.append(levels.coloured(band, number))
            rows += len(band)
            whole = rows // factor * factor
            if not whole and done * factor + rows < height:
                continue
            joined = np.concatenate(waiting) if len(waiting) > 1 else waiting[0]
            if done * factor + rows >= height:  # the last cells are cut off by the edge
                joined = joined[: height - done * factor]
                whole = len(joined)
            cells = _cells(joined[:whole], factor)
            means[done : done + len(cells)] = cells
            done += len(cells)
            waiting, rows = [joined[whole:]], len(joined) - whole
        return means

    def _bands(self, plane: int) -> Iterator[Array]:
        """Rows from the top down, (rows, width, samples), in the file's own type."""
        layout = self.layout
        (width, height), (across, down) = layout.size, layout.segment
        columns = -(-width // across)
        bytes_per_row = -(-across * self.step * layout.bits // 8)
        if columns * -(-height // down) * layout.planes > len(layout.offsets):
            raise OSError("strips or tiles are missing")
        if layout.compression == RAW and not layout.tiled:
            yield from self._raw_bands(plane, bytes_per_row)
            return
        lines = -(-height // down)  # of tiles, or strips
        together = 1 if layout.tiled else max(1, _BAND_BYTES // (bytes_per_row * down))
        for line in range(0, lines, together):
            until = min(lines, line + together)
            numbers = range((plane * lines + line) * columns, (plane * lines + until) * columns)
            heights = [down] * len(numbers)
            if not layout.tiled and until == lines:
                heights[-1] = height - (lines - 1) * down
            parts = [self._samples(part, across) for part in self._decoded(numbers, heights, bytes_per_row)]
            band = np.concatenate(parts, axis=1 if layout.tiled else 0) if len(parts) > 1 else parts[0]
            yield band[: height - line * down, :width]

    def _raw_bands(self, plane: int, bytes_per_row: int) -> Iterator[Array]:
        (width, height), down = self.layout.size, self.layout.segment[1]
        first = plane * -(-height // down)
        most = max(1, _BAND_BYTES // bytes_per_row)
        for top in range(0, height, down):
            rows = min(down, height - top)
            self.file.seek(self.layout.offsets[first + top // down])
            for at in range(0, rows, most):
                count = min(most, rows - at)
                data = filled(self.file.read(count * bytes_per_row), count * bytes_per_row)
                yield self._samples(data.reshape(count, bytes_per_row), width)

    def _decoded(self, numbers: range, heights: list[int], bytes_per_row: int) -> list[Array]:
        """The bytes of strips or tiles, uint8 (rows, bytes of a row) each."""
        layout = self.layout
        packed = []
        for number in numbers:
            self.file.seek(layout.offsets[number])
            packed.append(self.file.read(layout.lengths[number] if number < len(layout.lengths) else -1))
        sizes = [rows * bytes_per_row for rows in heights]
        if layout.compression == RAW:
            parts = [filled(data, size) for data, size in zip(packed, sizes, strict=True)]
        elif layout.compression in (DEFLATE, OLD_DEFLATE):
            parts = [filled(inflated(data, size), size) for data, size in zip(packed, sizes, strict=True)]
        else:
            parts = self._by_libtiff(packed, bytes_per_row, heights)
        return [part.reshape(rows, bytes_per_row) for part, rows in zip(parts, heights, strict=True)]

    def _by_libtiff(self, packed: list[bytes], bytes_per_row: int, heights: list[int]) -> list[Array]:
        sizes = [rows * bytes_per_row for rows in heights]
        try:
            whole = by_libtiff(packed, self.layout.compression, bytes_per_row, heights)
        except (OSError, ValueError, SyntaxError, TypeError):
            if not ImageFile.LOAD_TRUNCATED_IMAGES:
                raise
            if len(packed) == 1:
                return [np.zeros(sizes[0], np.uint8)]
            apart = zip(packed, heights, strict=True)
            return [self._by_libtiff([data], bytes_per_row, [rows])[0] for data, rows in apart]
        return np.split(whole, np.cumsum(sizes)[:-1])

    def _samples(self, rows: Array, width: int) -> Array:
        """Bytes of a strip or tile, uint8 (rows, bytes), as samples (rows, width, samples)."""
        layout, step = self.layout, self.step
        order, bits = layout.orders[-1], layout.bits
        if layout.predictor == 3:
            size = bits // 8
            sums = np.cumsum(rows.reshape(len(rows), -1, step), axis=1, dtype=np.uint8)
            apart = sums.reshape(len(rows), size, width * step).transpose(0, 2, 1)
            return np.ascontiguousarray(apart).view(f">f{size}").reshape(len(rows), width, step)
        if bits in (8, 16, 32, 64):
            letter = {FLOAT: "f", SIGNED: "i"}.get(layout.kind, "u")
            values = rows.view(f"{order}{letter}{bits // 8}").reshape(len(rows), width, step)
            return np.cumsum(values, axis=1, dtype=values.dtype.newbyteorder("=")) if layout.predictor == 2 else values
        if bits % 8 == 0:  # such as 24
            parts = rows.reshape(len(rows), width, step, bits // 8)[..., :: 1 if order == ">" else -1]
            weights = 256 ** np.arange(bits // 8 - 1, -1, -1, dtype=np.uint64)
            return np.asarray((parts * weights).sum(axis=-1))
        single = np.unpackbits(rows, axis=1, count=width * step * bits).reshape(len(rows), width, step, bits)
        if bits < 8:
            return np.asarray(np.packbits(single, axis=-1)[..., 0] >> (8 - bits))
        weights = 2 ** np.arange(bits - 1, -1, -1, dtype=np.uint64)
        return np.asarray((single * weights).sum(axis=-1))


def _cells(rows: Array, factor: int) -> Array:
    if factor == 1:
        return rows.astype(np.float32)
    exact = np.float64 if rows.dtype.itemsize > 2 else np.float32
    return np.asarray(cell_means(rows, factor, exact), dtype=np.float32)

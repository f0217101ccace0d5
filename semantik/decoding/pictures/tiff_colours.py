"""What the samples of a TIFF file mean: levels of light, inks, palettes and Lab, as an 8-bit picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from semantik.decoding.pictures.radiance import tone_map
from semantik.decoding.pictures.tiff_layout import (
    CIELAB,
    FLOAT,
    ICCLAB,
    PALETTE,
    RGB,
    SEPARATED,
    SIGNED,
    WHITE_IS_ZERO,
    Layout,
)

Array = np.ndarray[Any, Any]


class Levels:
    """Which samples are black and white: what is known from the layout, and otherwise from all that were seen.

    Up to 8 bits, and colours of 16, are full scale. Grey values of 10, 12 and 14 bits often lie in 16, so white is
    the end of the smallest binary range that holds all of them. Beyond, and with a sign, they are spread over their
    own range; so are numbers outside of [0, 1].
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.low, self.high = np.inf, -np.inf
        self.fixed = layout.kind not in (FLOAT, SIGNED) and (
            layout.bits <= 8 or (layout.bits <= 16 and layout.colours > 1) or layout.photometric == PALETTE
        )
        self.palette: Array | None = None
        if layout.photometric == PALETTE:
            entries = np.array(layout.tags[320], dtype=np.uint16)
            size = len(entries) // 3
            levels = entries[: 3 * size].reshape(3, size).T
            # Some writers put 8 bits where 16 belong.
            self.palette = (levels >> 8 if levels.max(initial=0) > 255 else levels).astype(np.uint8)

    def look_at(self, band: Array, plane: int) -> None:
        """Take the samples of a band, (rows, width, samples), of a plane into account; transparency does not count."""
        if self.fixed or plane >= self.layout.colours:
            return
        values = band[..., : self.layout.colours] if self.layout.planes == 1 else band
        if self.layout.kind == FLOAT:
            values = values[np.isfinite(values)]
        if values.size:
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def coloured(self, band: Array, plane: int) -> Array:
        """The band in which neighbours may be averaged: RGB instead of a palette's numbers, signed a* and b*."""
        if self.palette is not None:
            return np.asarray(self.palette[np.minimum(band[..., 0], len(self.palette) - 1)])
        if self.layout.photometric == CIELAB and (plane or self.layout.planes == 1):
            signed = band.astype(np.int32)
            around = signed if plane else signed[..., 1:3]
            around -= (around >> (self.layout.bits - 1)) << self.layout.bits
            return signed
        if self.layout.kind == FLOAT:
            numbers = band.astype(np.float64 if band.dtype.itemsize > 4 else np.float32)
            black, white = min(0.0, self.low), max(1.0, self.high)
            return np.asarray(np.nan_to_num(numbers, nan=black, posinf=white, neginf=black))
        return band

    @property
    def range(self) -> tuple[float, float]:
        """The values of black and white."""
        layout = self.layout
        if self.fixed:
            return 0.0, 255.0 if self.palette is not None else float(2**layout.bits - 1)
        if self.low > self.high:
            return 0.0, 1.0
        if layout.kind == FLOAT:
            inside = self.low >= 0 and self.high <= 1
            return (0.0, 1.0) if inside else (self.low, max(self.high, self.low + 1e-6))
        if layout.kind == SIGNED or layout.bits > 16:
            return self.low, max(self.high, self.low + 1)
        return 0.0, float(max(255, 2 ** int(self.high).bit_length() - 1))


def as_image(layout: Layout, means: Array, levels: Levels) -> Image.Image:
    """The means of samples, float (height, width, samples), as a picture: RGB, RGBA, CMYK or LAB."""
    if layout.photometric in (CIELAB, ICCLAB):
        return _lab(layout, means)
    low, high = levels.range
    if layout.photometric == RGB and layout.kind == FLOAT and high > 1 and low >= 0:
        colours = tone_map(np.ascontiguousarray(means[..., :3], dtype=np.float32))  # light without an upper end
    else:
        count = 3 if layout.photometric == PALETTE else layout.colours
        colours = _bytes((means[..., :count] - low) * np.float32(255.0 / (high - low)))
    if layout.photometric == SEPARATED:
        return Image.fromarray(colours, "CMYK")
    if layout.photometric == WHITE_IS_ZERO:
        colours = 255 - colours
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    if layout.alpha is None or layout.photometric == PALETTE:
        return Image.fromarray(np.ascontiguousarray(colours))
    full = 1.0 if layout.kind == FLOAT else float(2 ** (layout.bits - (layout.kind == SIGNED)) - 1)
    alpha = _bytes(means[..., layout.alpha : layout.alpha + 1] * np.float32(255.0 / full))
    if layout.extra[layout.alpha - layout.colours] == 1:  # premultiplied
        colours = _bytes(colours * np.float32(255.0) / np.maximum(alpha, 1))
    return Image.fromarray(np.concatenate([colours, alpha], axis=2), "RGBA")


def _bytes(levels: Array) -> Array:
    return np.clip(levels + 0.5, 0, 255).astype(np.uint8)


def _lab(layout: Layout, means: Array) -> Image.Image:
    """Pillow's LAB has a* and b* with a sign when it takes bytes, as CIELab has them; ICCLab counts from 128."""
    unit = 1.0 if layout.bits == 8 else 256.0
    light = _bytes(means[..., :1] * np.float32(255.0 / (2**layout.bits - 1)))
    around = np.round(means[..., 1:3] / np.float32(unit))
    if layout.photometric == ICCLAB:
        around = around - 128
    colour = np.clip(around, -128, 127).astype(np.int8).view(np.uint8)
    return Image.frombytes("LAB", (means.shape[1], means.shape[0]), np.concatenate([light, colour], axis=2).tobytes())

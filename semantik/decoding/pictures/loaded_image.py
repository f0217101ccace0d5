"""A decoded picture in memory: as its file has it, upright and in sRGB, and fitted to an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import Image

from semantik.decoding.decoded import Place
from semantik.decoding.fitting import EXTREME_ASPECT, InputSpec, fit_pixels, resampling, resized
from semantik.decoding.pictures.exif import Box, turn, turn_box, turn_box_back
from semantik.decoding.pictures.icc_profiles import to_srgb
from semantik.records import DateSource, Pixels, Reason


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A picture in memory: ``image`` is RGB and upright, at the file's size or reduced by a whole factor.

    ``width`` and ``height`` are those of the upright original in pixels. ``box`` is where the original's
    edges lie in ``image``: a reduced picture reaches up to a pixel beyond them where its size is no multiple
    of the factor. ``warning`` is TRUNCATED when the file ends early or is broken somewhere, and only a part
    of the picture could be read. The rest is as in ``Description``.
    """

    image: Image.Image
    width: int
    height: int
    box: Box
    warning: Reason | None = None
    taken: datetime | None = None
    camera: str = ""
    source: DateSource | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture in memory as its file has it: ``image`` is RGB, not turned, its colours as ``profile`` means them.

    Turning and conversion to sRGB cost by the pixel, so whoever makes it smaller yet does that first. ``box`` is where
    the original's edges lie in ``image``; ``orientation`` is the EXIF value 1 to 8 that turns it upright; ``profile``
    is None where the colours are sRGB already. The rest is as in ``LoadedImage``.
    """

    image: Image.Image
    width: int
    height: int
    box: Box
    orientation: int
    profile: bytes | None
    warning: Reason | None = None
    taken: datetime | None = None
    camera: str = ""
    source: DateSource | None = None
    place: Place | None = None

    def finished(self, image: Image.Image) -> Image.Image:
        """What was made of ``image`` without turning it: upright and in sRGB."""
        return turn(to_srgb(image, self.profile) if self.profile else image, self.orientation)

    def upright(self) -> LoadedImage:
        """The whole, upright and in sRGB."""
        box = turn_box(self.box, self.image.size, self.orientation)
        facts = (self.warning, self.taken, self.camera, self.source, self.place)
        return LoadedImage(self.finished(self.image), self.width, self.height, box, *facts)

    def fitted(self, spec: InputSpec) -> Pixels:
        """An encoder's input, uint8 (H, W, 3): what ``fit_pixels`` makes of the original, up to rounding.

        A reduced picture's sides are rounded, and fitting it as it is would shift what is seen by up to half a pixel of
        the result. That is nothing to the eye, yet it moves embeddings measurably (benchmarks/decode_cost.md). So the
        part of it that the encoder sees is cut out by the original's edges.
        """
        as_is = self.orientation == 1 and self.image.size == (self.width, self.height)
        if as_is or max(self.width, self.height) > EXTREME_ASPECT * min(self.width, self.height):
            fitted = fit_pixels(turn(self.image, self.orientation), spec)
            return np.asarray(to_srgb(Image.fromarray(fitted), self.profile)) if self.profile else fitted
        across, down = resized((self.width, self.height), spec)
        left, top = round((across - spec.width) / 2.0), round((down - spec.height) / 2.0)
        seen = (left / across, top / down, (left + spec.width) / across, (top + spec.height) / down)
        x, y, right, bottom = turn_box_back(seen, self.orientation)
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        part = (
            self.box[0] + x * width,
            self.box[1] + y * height,
            self.box[0] + right * width,
            self.box[1] + bottom * height,
        )
        size = (spec.height, spec.width) if self.orientation >= 5 else (spec.width, spec.height)
        return np.asarray(self.finished(self.image.resize(size, resampling(spec), box=part)))

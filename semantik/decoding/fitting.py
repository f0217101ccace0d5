"""How a decoded picture becomes an encoder's input: plain data and Pillow, all that a decoder process needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from semantik.records import Pixels, Region

EXTREME_ASPECT = 100
"""Pictures more elongated than this are resized only where the crop will be."""

WIDE = 2.0
"""Pictures more elongated than this are looked at in several views: the middle alone misses what is at their ends."""

MOST_VIEWS = 12
"""Views of one picture at most; where as many squares do not cover it, those between the ends are longer and squeezed.
"""

_STEP = 0.75  # from one view to the next, in sides of a view; where that takes too many, up to a whole side


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a picture becomes an encoder's input. Plain data, so that decoder processes need no encoder.

    ``fit`` "crop" resizes the shorter side and takes the centre (what CLIP does); "squash" resizes
    both sides without keeping the aspect. ``mean`` and ``std`` are per RGB channel, for pixels in [0, 1].
    """

    width: int
    height: int
    fit: Literal["crop", "squash"]
    resample: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def resampling(spec: InputSpec) -> Image.Resampling:
    """Pillow's name for the filter."""
    return Image.Resampling.BICUBIC if spec.resample == "bicubic" else Image.Resampling.BILINEAR


def resized(size: tuple[int, int], spec: InputSpec) -> tuple[int, int]:
    """To which size a picture of ``size`` is resized before the crop."""
    width, height = size
    if spec.fit == "squash":
        return spec.width, spec.height
    if width * spec.height <= height * spec.width:
        return spec.width, max(spec.height, int(spec.width * height / width))
    return max(spec.width, int(spec.height * width / height)), spec.height


def fit_pixels(image: Image.Image, spec: InputSpec) -> Pixels:
    """Resize and crop an upright RGB picture to the encoder's input.

    Returns uint8 pixels of shape (H, W, 3). Same arithmetic as torchvision's ``Resize`` and
    ``CenterCrop`` on Pillow images: the long side is truncated, the crop offset is rounded.
    """
    size = resized(image.size, spec)
    left = round((size[0] - spec.width) / 2.0)
    top = round((size[1] - spec.height) / 2.0)
    if size[0] > spec.width * EXTREME_ASPECT or size[1] > spec.height * EXTREME_ASPECT:
        # A line of 1 x 60000 pixels would grow to 224 x 13 million before its middle is cut out, so only
        # the middle is made. Pillow may order its two passes otherwise then: close, but not bitwise equal.
        across, down = image.width / size[0], image.height / size[1]
        box = (left * across, top * down, (left + spec.width) * across, (top + spec.height) * down)
        fitted = image.resize((spec.width, spec.height), resampling(spec), box=box)
    else:
        whole = image if image.size == size else image.resize(size, resampling(spec))
        fitted = whole.crop((left, top, left + spec.width, top + spec.height))
    return np.asarray(fitted.convert("RGB"), dtype=np.uint8)


def view_regions(width: int, height: int, spec: InputSpec, most: int = MOST_VIEWS) -> list[Region]:
    """The parts of an upright picture of that size that are looked at besides the whole, from its one end to the other.

    None of a picture up to ``WIDE``. They leave nothing out, and are squares (or what the encoder takes) that overlap,
    up to ``most`` of them (benchmarks/picture_views.md). The one in the middle is left out where the encoder sees it
    anyway.
    """
    lying = width >= height
    long, short = max(width, height), min(width, height)
    side = short * (spec.width / spec.height if lying else spec.height / spec.width)
    if long <= max(WIDE * short, side):
        return []
    count = 1 + math.ceil((long - side) / (_STEP * side))
    count = min(most + 1 - most % 2, count + 1 - count % 2)  # odd: one is in the middle
    if count * side >= long:
        parts = [((long - side) * number / (count - 1), side) for number in range(count)]
        if spec.fit == "crop":
            del parts[count // 2]
    else:
        between = (long - 2 * side) / (most - 2)
        parts = [(side + number * between, between) for number in range(most - 2)]
        parts = [(0.0, side), *parts, (long - side, side)]
    spans = [(100 * start / long, 100 * length / long) for start, length in parts]
    return [(at, 0.0, span, 100.0) if lying else (0.0, at, 100.0, span) for at, span in spans]


def fit_views(
    image: Image.Image, box: tuple[float, float, float, float], regions: Sequence[Region], spec: InputSpec
) -> Pixels:
    """Parts of a picture as the encoder's input, uint8 (n, H, W, 3); ``box`` is where the original is in ``image``."""
    left, top, right, bottom = box
    across, down = (right - left) / 100, (bottom - top) / 100
    views = np.empty((len(regions), spec.height, spec.width, 3), np.uint8)
    for view, (x, y, width, height) in zip(views, regions, strict=True):
        part = (left + x * across, top + y * down, left + (x + width) * across, top + (y + height) * down)
        view[:] = np.asarray(image.resize((spec.width, spec.height), resampling(spec), box=part).convert("RGB"))
    return views

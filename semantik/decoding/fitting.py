"""How a decoded picture becomes an encoder's input: plain data and Pillow, all that a decoder process needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from semantik.records import Pixels

EXTREME_ASPECT = 100
"""Pictures more elongated than this are resized only where the crop will be."""


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

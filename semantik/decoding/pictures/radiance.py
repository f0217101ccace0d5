"""Radiance HDR pictures, which Pillow does not read, through OpenCV."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

import numpy as np
from PIL import Image

from semantik.decoding.pictures.averaged_picture import AveragedPicture, cell_means
from semantik.decoding.pictures.byte_codecs import by_opencv
from semantik.decoding.pictures.opened_picture import Extent, Load

_RESOLUTION = re.compile(rb"\n[-+]([XY]) (\d{1,9}) [-+]([XY]) (\d{1,9})\n")
_HEADER_BYTES = 1 << 16
_TONE_MAPPING = 60  # bytes per pixel of what is left when the picture was reduced (measured)
_KEY = 0.18  # middle grey, of photographic practice


class HdrPicture(AveragedPicture):
    """A Radiance file; EXIF data it has none. Its light is averaged before it is brought into a screen's range."""

    def __init__(self, file: BinaryIO, cost: float) -> None:
        self.file = file
        self.cost = cost
        self.bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.size = _size(file.read(_HEADER_BYTES))
        self.orientation = 1
        self.exif = Image.Exif()

    def needs(self) -> Load:
        pixels = self.size[0] * self.size[1]
        left = pixels // self.factor**2 * _TONE_MAPPING
        return Load(pixels, pixels, self.cost, left + self.bytes, depth=4)

    def load(self) -> tuple[Image.Image, Extent]:
        """Raises OSError for a damaged file."""
        import cv2

        self.file.seek(0)
        light = by_opencv(self.file.read(), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
        self.size = light.shape[1], light.shape[0]
        if self.factor > 1:
            light = cell_means(light, self.factor, np.float32)
        image = Image.fromarray(tone_map(np.asarray(light, dtype=np.float32)[..., ::-1]))
        return image, self.extent


def _size(header: bytes) -> tuple[int, int]:
    found = _RESOLUTION.search(header)
    if not found:
        raise OSError("no resolution in the header")
    sizes = {found[1]: int(found[2]), found[3]: int(found[4])}
    if len(sizes) < 2:
        raise OSError("two resolutions of one axis")
    return sizes[b"X"], sizes[b"Y"]


def tone_map(
    light: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Linear light, float32 (H, W, 3), as sRGB-like uint8 of the same shape.

    The global operator of Reinhard et al. (2002), "Photographic tone reproduction for digital images":
    the logarithmic mean of the luminance becomes middle grey, and bright parts approach white.
    """
    light = np.nan_to_num(np.maximum(light, 0), posinf=1e6)
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    lit = luminance[luminance > 0]
    if not lit.size:
        return np.zeros(light.shape, dtype=np.uint8)
    scaled = luminance * np.float32(_KEY / np.exp(np.log(lit).mean()))
    # The colours keep their ratios: every channel is scaled as the luminance is.
    mapped = (
        light
        * np.divide(scaled / (1 + scaled), luminance, where=luminance > 0, out=np.zeros_like(luminance))[..., None]
    )
    return (np.clip(mapped, 0, 1) ** np.float32(1 / 2.2) * 255 + 0.5).astype(np.uint8)

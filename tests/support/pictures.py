"""Pictures that tests make or find, and how the decoding tests look at what comes out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.fitting import InputSpec
from semantik.decoding.pictures.decode import LoadedImage, load_image
from semantik.errors import DecodeFailed
from semantik.records import Reason
from tests.support.shipped_photos import shipped_photo

RED, GREEN, BLUE, WHITE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128)
CLIP_SPEC = InputSpec(224, 224, "crop", "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def corners(loaded: LoadedImage) -> list[tuple[int, ...]]:
    """The colours well inside the four quarters: top left, top right, bottom left, bottom right."""
    pixels = np.asarray(loaded.image)
    height, width = pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]


def quarters(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A picture of four plain quarters: red, green / blue, white."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for i, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        left, top = half[0] * (i % 2), half[1] * (i // 2)
        image.paste(colour, (left, top, left + half[0], top + half[1]))
    return image.convert(mode)


def near(colours: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int) -> None:
    difference = np.array(colours, dtype=int) - np.array(wanted, dtype=int)
    assert np.abs(difference).max() <= tolerance, f"{colours} is not {wanted}"


def failure(path: Path, min_side: int = 32) -> tuple[Reason, str]:
    with pytest.raises(DecodeFailed) as caught:
        load_image(path, min_side)
    assert caught.value.params["path"] == str(path)
    return caught.value.params["reason"], caught.value.params["detail"]


def photo(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Something with detail everywhere, so that no row is of one colour."""
    noise = np.random.default_rng(1).integers(0, 256, (size[1] // 10, size[0] // 10, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sample_image(name: str) -> Image.Image:
    """A shipped photograph, RGB."""
    with Image.open(shipped_photo(name)) as picture:
        return picture.convert("RGB")

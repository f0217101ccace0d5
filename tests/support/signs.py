"""Pictures in which something is written, without a font of the system's."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = 48  # of letters, in pixels


def sign(
    *lines: str, size: tuple[int, int] = (640, 360)
) -> tuple[Image.Image, list[tuple[float, float, float, float]]]:
    """Black lines on white, and where each of them stands: left, top, width and height in percent.

    Pillow's own font has no accents: those of capital letters (acute) are drawn.
    """
    image = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(SIZE)
    regions = []
    for at, line in enumerate(lines):
        left = right = 0.1 * size[0]
        top = (at + 0.5) * size[1] / len(lines) - SIZE / 2
        before = ""
        for letter in unicodedata.normalize("NFD", line):
            if letter == "\N{COMBINING ACUTE ACCENT}":
                middle = right - font.getlength(before) / 2
                draw.line((middle - 1, top + 7, middle + 8, top - 3), "black", 5)
                continue
            draw.text((right, top), letter, "black", font)
            right += font.getlength(letter)
            before = letter
        box = draw.textbbox((left, top), _bare(line), font)
        upper = box[1] - (8 if line != _bare(line) else 0)  # the accents
        share = (100 / size[0], 100 / size[1])
        regions.append((left * share[0], upper * share[1], (right - left) * share[0], (box[3] - upper) * share[1]))
    return image, regions


def _bare(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def write_sign(path: Path, *lines: str) -> Path:
    """A file with such a picture; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sign(*lines)[0].save(path)
    return path

"""SVG drawings through resvg, which runs no scripts and asks no network; files and bombs are kept from it here."""

from __future__ import annotations

import gzip
import io
import math
import re
from typing import BinaryIO
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

from semantik.decoding.pictures.opened_picture import Extent, Load, Picture

_SVG = "{http://www.w3.org/2000/svg}"
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")
_MAX_BYTES = 32 * 2**20
_MAX_DEPTH = 200  # resvg calls itself for every level, and its stack is exhausted before 1000
_MAX_ELEMENTS = 300_000
_MAX_LENGTH = 4096  # pixels of the longer side that are drawn
_MAX_SIZE = 1_000_000  # pixels that a drawing may say it has
_DEFAULT = (300.0, 150.0)  # CSS 2.2, 10.3.2
_NUMBER = r"\+?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
_LENGTH = re.compile(rf"\s*{_NUMBER}\s*(px|pt|pc|mm|cm|in|em|ex|q)?\s*", re.IGNORECASE)
_UNITS = {"px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "em": 16, "ex": 8, "q": 0.945}


class TooComplex(Exception):
    """A drawing beyond what is safe to draw."""


class SvgPicture(Picture):
    """An SVG or SVGZ file. ``size`` is what the drawing says it has; it is drawn as large as it is wanted."""

    def __init__(self, file: BinaryIO, cost: float) -> None:
        self.cost = cost
        self.root = _harmless(_text(file))
        self.extent = _intrinsic_size(self.root)
        self.size = tuple(max(1, min(_MAX_SIZE, round(side))) for side in self.extent)  # type: ignore[assignment]
        self.orientation = 1
        self.exif = Image.Exif()
        self.drawn = (0, 0)

    def prepare(self, side: int) -> Extent:
        width, height = self.extent
        scale = min(side / min(width, height), _MAX_LENGTH / max(width, height))
        self.drawn = max(1, round(width * scale)), max(1, round(height * scale))
        return self.drawn

    def needs(self) -> Load:
        pixels = self.drawn[0] * self.drawn[1]
        return Load(pixels, pixels, self.cost, 8 * _MAX_BYTES)

    def load(self) -> tuple[Image.Image, Extent]:
        import resvg_py

        width, height = self.extent
        self.root.attrib.setdefault("viewBox", f"0 0 {width:g} {height:g}")
        self.root.set("width", str(self.drawn[0]))
        self.root.set("height", str(self.drawn[1]))
        # Fonts are looked for on every call, which takes a moment: only for drawings that have text.
        fonts = next(self.root.iter(f"{_SVG}text"), None) is not None
        text = ElementTree.tostring(self.root, encoding="unicode")
        png = resvg_py.svg_to_bytes(svg_string=text, skip_system_fonts=not fonts, dpi=96.0)
        image = Image.open(io.BytesIO(png), formats=["PNG"])
        image.load()
        return image, image.size


def _text(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(_MAX_BYTES + 1)
    if data[:2] == b"\x1f\x8b":
        data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise TooComplex(f"more than {_MAX_BYTES >> 20} MiB")
    return data


class _Harmless(ElementTree.TreeBuilder):
    """Builds the drawing without references to anything outside of it.

    resvg would read pictures from any path that an ``image`` names. Only references within the drawing and
    data in it stay. Entities are left to expat, which fetches none and stops at those that multiply.
    """

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self.depth += 1
        self.elements += 1
        if self.depth > _MAX_DEPTH or self.elements > _MAX_ELEMENTS:
            raise TooComplex(f"depth {self.depth}, {self.elements} elements")
        inside = {k: v for k, v in attrs.items() if k not in _HREFS or v.lstrip().startswith(("#", "data:"))}
        return super().start(tag, inside)

    def end(self, tag: str, /) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)


def _harmless(data: bytes) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(data, ElementTree.XMLParser(target=_Harmless()))
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the latter two: an unknown encoding
        raise UnidentifiedImageError(f"no valid XML: {error}") from error
    if root.tag != f"{_SVG}svg":
        raise UnidentifiedImageError("no SVG drawing")
    return root


def _intrinsic_size(root: ElementTree.Element) -> Extent:
    """Width and height in CSS pixels (SVG 2, 8.2 and 8.12)."""
    width, height = _length(root.get("width")), _length(root.get("height"))
    try:
        box = [float(number) for number in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    except ValueError:
        box = []
    if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
        root.attrib.pop("viewBox", None)
        return width or _DEFAULT[0], height or _DEFAULT[1]
    if width and height:
        return width, height
    if width:
        return width, width * box[3] / box[2]
    if height:
        return height * box[2] / box[3], height
    return box[2], box[3]


def _length(text: str | None) -> float | None:
    found = _LENGTH.fullmatch(text or "")
    value = float(found[1]) * _UNITS[(found[2] or "px").lower()] if found else 0.0
    return value if 0 < value < math.inf else None

"""JPEG 2000 pictures at the resolution that is wanted: each of their levels has half the size of the one before."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image

from semantik.decoding.pictures.opened_picture import Extent, Load, Picture

_SPARE = 2  # how many times larger than asked for: levels are smoothed otherwise than averages, half a pixel aside
_HEADERS = 2**16  # bytes in which a codestream's first markers are looked for
_COD = 0xFF52
_LEAST = 0.6  # bytes per pixel of the file, for what is read of it before it is known to be of no use (measured)


class Jpeg2000Picture(Picture):
    """A JPEG 2000 file. ``levels``: how many times its size can be halved."""

    scales = True

    def __init__(self, image: Image.Image, cost: float, file: BinaryIO) -> None:
        super().__init__(image, cost, scales=True)
        self.levels = _levels(file)
        self.reduced = 0

    def prepare(self, side: int) -> Extent:
        self.reduced = 0
        while self.reduced < self.levels and min(self.size) >> (self.reduced + 1) >= _SPARE * side:
            self.reduced += 1
        if not self.reduced:
            return self.size
        self.drafted = self.size[0] / 2**self.reduced, self.size[1] / 2**self.reduced
        self.image.reduce = self.reduced  # type: ignore[method-assign,assignment]  # the plugin's own, of that name
        return self.drafted

    def needs(self) -> Load:
        coded = self.size[0] * self.size[1]
        return Load(coded, coded // 4**self.reduced, self.cost, int(coded * _LEAST) if self.reduced else 0)

    def load(self) -> tuple[Image.Image, Extent]:
        try:
            return super().load()
        finally:
            self.image.reduce = 0  # type: ignore[method-assign,assignment]  # a method again, as of any picture


def _levels(file: BinaryIO) -> int:
    """The number of decompositions in the COD marker (ISO/IEC 15444-1, A.6.1); 0 when it is not found."""
    file.seek(0)
    head = file.read(_HEADERS)
    at = head.find(b"\xff\x4f\xff\x51")
    at = at + 2 if at >= 0 else len(head)
    while at + 10 <= len(head):
        marker, length = int.from_bytes(head[at : at + 2], "big"), int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == _COD:
            return min(32, head[at + 9])
        at += 2 + max(2, length)
    return 0

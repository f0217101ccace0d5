"""JPEG XL pictures through pillow-jxl-plugin (libjxl), whose size is looked at before anything is decoded.

The plugin's own Pillow class decodes as soon as it opens a file; here its decoder is called directly.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from semantik.decoding.iso_boxes import Box, boxes
from semantik.decoding.pictures.exif import image_exif, image_orientation
from semantik.decoding.pictures.opened_picture import Extent, Load, Picture

_HEADER = 64  # bytes of a codestream that hold its size and orientation
_LARGEST_EXIF = 2**20
# (ISO/IEC 18181-1, table of the U32 distributions of SizeHeader, and of its ratios)
_SIZE_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class JxlPicture(Picture):
    """A JPEG XL file. Its codestream's orientation is what counts (18181-2), and libjxl applies it."""

    def __init__(self, file: BinaryIO, cost: float) -> None:
        self.file = file
        self.cost = cost
        self.bytes = file.seek(0, io.SEEK_END)
        file.seek(0)
        bare = file.read(2) == b"\xff\x0a"
        parts = [] if bare else list(boxes(file, 0, self.bytes))
        head = _codestream(file, parts)
        width, height, turned = read_header(head)
        self.size = (height, width) if turned >= 5 else (width, height)
        self.orientation = 1
        self.exif = Image.Exif()
        self.side = 0
        found = {box[0]: box for box in parts}
        if b"xml " in found:
            _, start, end = found[b"xml "]
            file.seek(start)
            self.info = {"xmp": file.read(min(end - start, _LARGEST_EXIF))}
        if b"Exif" in found:
            self.exif = _exif(file, found[b"Exif"])
        else:  # EXIF data may be compressed, but from these a JPEG can be had that has them plain
            self.headers_suffice = not {b"jbrd", b"brob"} <= found.keys()

    def prepare(self, side: int) -> Extent:
        self.side = side
        return self.size

    def needs(self) -> Load:
        pixels = self.size[0] * self.size[1]
        return Load(pixels, pixels, self.cost, 2 * self.bytes)

    def load(self) -> tuple[Image.Image, Extent]:
        import pillow_jxl

        self.file.seek(0)
        try:
            is_jpeg, info, data, profile = pillow_jxl.Decoder(num_threads=0)(self.file.read())[:4]
        except RuntimeError as error:
            raise OSError(str(error).split(". ", maxsplit=1)[0]) from error
        if is_jpeg:
            image = Image.open(io.BytesIO(data), formats=["JPEG"])
            self.size = image.size
            drafted = image.draft("RGB", (self.side, self.side)) if self.side else None
            image.load()
            self.exif, self.orientation = image_exif(image), image_orientation(image)
            self.info = self.info or image.info
            return image, drafted[1][2:] if drafted else image.size
        self.size = info.width, info.height
        pixels = Image.frombytes(info.mode, self.size, data)
        pixels.format = "JXL"
        if profile:
            pixels.info["icc_profile"] = profile
        return pixels, self.size


def read_header(head: bytes) -> tuple[int, int, int]:
    """Width, height and EXIF orientation from the beginning of a JPEG XL codestream (ISO/IEC 18181-1, annex D).

    Width and height are those before turning. Raises UnidentifiedImageError for anything else.
    """
    if head[:2] != b"\xff\x0a" or len(head) < 12:
        raise UnidentifiedImageError("no JPEG XL codestream")
    bits = _Bits(head[2:])
    small = bits.take(1)

    def length() -> int:
        return 8 * (1 + bits.take(5)) if small else 1 + bits.take(_SIZE_BITS[bits.take(2)])

    height = length()
    ratio = bits.take(3)
    width = height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else length()
    default = bits.take(1)
    turned = 1 + bits.take(3) if not default and bits.take(1) else 1
    return width, height, turned


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self.value & ((1 << count) - 1)
        self.value >>= count
        return taken


def _codestream(file: BinaryIO, parts: list[Box]) -> bytes:
    if not parts:
        file.seek(0)
        return file.read(_HEADER)
    data = b""
    for name, start, end in parts:
        if name in (b"jxlc", b"jxlp"):
            skip = 4 if name == b"jxlp" else 0  # its number
            file.seek(start + skip)
            data += file.read(max(0, min(_HEADER, end - start - skip)))
            if len(data) >= _HEADER:
                break
    return data


def _exif(file: BinaryIO, box: Box) -> Image.Exif:
    """The EXIF data of a box, which may begin with the distance to their TIFF header (18181-2)."""
    _, start, end = box
    file.seek(start)
    data = file.read(min(end - start, _LARGEST_EXIF))
    exif = Image.Exif()
    try:
        exif.load(data if data[:2] in (b"II", b"MM") else data[4 + struct.unpack(">I", data[:4])[0] :])
        exif.get_ifd(ExifTags.IFD.Exif)
    except (SyntaxError, ValueError, TypeError, KeyError, OSError, struct.error):
        return Image.Exif()
    return exif

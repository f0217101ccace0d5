"""How the samples of a TIFF file lie in it (TIFF 6.0, and BigTIFF), told by its tags alone."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

Tags = dict[int, tuple[int | float | bytes, ...]]

RAW, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTD = 1, 5, 8, 32946, 32773, 34925, 50000
BYTE_CODECS = (RAW, LZW, DEFLATE, OLD_DEFLATE, PACKBITS, LZMA, ZSTD)
"""Compressions that give back bytes, whatever these mean."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, SEPARATED, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4

_FORMATS = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d",
            13: "I", 16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_MAX_PAGES = 64
_MAX_ENTRIES = 4096
_MAX_VALUES = 2**22  # of one tag: the offsets of tiles are the most
_THUMBNAIL = 1  # bit of NewSubfileType (section 8)
_MAX_SAMPLES = 64
_OTHER_DATA = (700, 33723, 34377)  # XMP, IPTC, Photoshop's resources
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, SEPARATED: 4, CIELAB: 3, ICCLAB: 3}
_NO_ENTRIES = UnidentifiedImageError("broken directory")


@dataclass(frozen=True, slots=True)
class Layout:
    """One page. ``segment``: width and height in pixels of its tiles, or of its strips; ``planes`` of these.

    ``bits`` of each of ``samples`` samples; ``extra``: what those beyond the colours mean. ``orders``: "<" or ">", of a
    BigTIFF "big <" or "big >".
    """

    size: tuple[int, int]
    bits: int
    samples: int
    kind: int
    planes: int
    photometric: int
    compression: int
    predictor: int
    fill_order: int
    orders: str
    segment: tuple[int, int]
    tiled: bool
    extra: tuple[int, ...]
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    tags: Tags

    @property
    def colours(self) -> int:
        """How many samples are colours; 0 for what is read elsewhere or not at all."""
        return _COLOURS.get(self.photometric, 0)

    @property
    def alpha(self) -> int | None:
        """The number of the sample that tells of transparency, premultiplied or not."""
        return next((self.colours + at for at, means in enumerate(self.extra) if means in (1, 2)), None)

    @property
    def plain(self) -> bool:
        """Whether Pillow reads it, and reads it right: a grid of layouts was compared (benchmarks/tiff_layouts.md)."""
        in_one = self.planes == 1 or (self.photometric in (RGB, SEPARATED) and self.samples == self.colours)
        depth = self.bits == 8 or (self.bits in (1, 2, 4) and self.samples == 1)
        unsigned = self.kind in (UNSIGNED, VOID)
        return depth and unsigned and in_one and self.photometric != ICCLAB and self.orders != "big >"

    @property
    def by_parts(self) -> bool:
        """Whether ``tiff_parts`` reads it."""
        depths = {UNSIGNED: range(1, 65), VOID: range(1, 65), SIGNED: (8, 16, 32, 64), FLOAT: (16, 32, 64)}
        predictors = {1: True, 2: self.kind != FLOAT and self.bits in (8, 16, 32, 64), 3: self.kind == FLOAT}
        return (
            self.compression in BYTE_CODECS
            and self.fill_order == 1
            and self.bits in depths.get(self.kind, ())
            and predictors.get(self.predictor, False)
            and 0 < self.colours <= self.samples
            and (self.photometric != PALETTE or (self.bits <= 16 and self.samples == 1 and 320 in self.tags))
            and (self.photometric not in (CIELAB, ICCLAB) or self.bits in (8, 16))
        )


def read_layout(file: BinaryIO) -> tuple[Layout, Image.Exif]:
    """The page of a TIFF file that is to be shown, and the EXIF data of the first one.

    The first page, or the largest when the first says that it is but a thumbnail. Raises UnidentifiedImageError.
    """
    try:
        order, big, at = _header(file)
        first = tags, after = _directory(file, order, big, at)
        pages = [first]
        while _is_thumbnail(tags) and after and len(pages) < _MAX_PAGES:
            pages.append(_directory(file, order, big, after))
            after = pages[-1][1]
        best = max(pages, key=lambda page: (not _is_thumbnail(page[0]), _area(page[0])))
        return _layout(best[0], order, big), _exif(file, tags, order, big, at)
    except (struct.error, ValueError, IndexError, TypeError, OverflowError) as error:
        raise UnidentifiedImageError(str(error)) from error


def _header(file: BinaryIO) -> tuple[str, bool, int]:
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:4])[0] == 43
    return order, big, struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)[0]


def _directory(file: BinaryIO, order: str, big: bool, at: int) -> tuple[Tags, int]:
    """The tags in a directory, and where the next one is; 0 for none."""
    file.seek(at)
    count = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))[0]
    if not 0 < count <= _MAX_ENTRIES:
        raise _NO_ENTRIES
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    table = file.read(count * entry.size)
    after = file.read(8 if big else 4)
    tags: Tags = {}
    for tag, kind, number, value in entry.iter_unpack(table[: len(table) // entry.size * entry.size]):
        code = _FORMATS.get(kind)
        if code is None or not 0 < number <= _MAX_VALUES:
            continue
        layout = f"{order}{number}s" if code == "s" else f"{order}{number * len(code)}{code[0]}"
        size = struct.calcsize(layout)
        if size > len(value):
            file.seek(struct.unpack(order + ("Q" if big else "I"), value)[0])
            content = file.read(size)
        else:
            content = value
        if len(content) >= size:
            tags[tag] = struct.unpack_from(layout, content)
    return tags, struct.unpack(order + ("Q" if big else "I"), after)[0] if len(after) == (8 if big else 4) else 0


def _numbers(tags: Tags, tag: int, default: int) -> tuple[int, ...]:
    return tuple(int(value) for value in tags.get(tag, (default,)) if not isinstance(value, bytes)) or (default,)


def _area(tags: Tags) -> int:
    return _numbers(tags, 256, 0)[0] * _numbers(tags, 257, 0)[0]


def _is_thumbnail(tags: Tags) -> bool:
    return bool(_numbers(tags, 254, 0)[0] & _THUMBNAIL)


def _layout(tags: Tags, order: str, big: bool) -> Layout:
    def one(tag: int, default: int) -> int:
        return _numbers(tags, tag, default)[0]

    width, height, samples = one(256, 0), one(257, 0), one(277, 1)
    bits, kinds = _numbers(tags, 258, 1)[:samples], _numbers(tags, 339, UNSIGNED)[:samples]
    if min(width, height, samples) < 1 or samples > _MAX_SAMPLES or len({*bits}) > 1 or len({*kinds}) > 1:
        raise NotImplementedError(f"unsupported layout: {samples} samples of {bits[:8]} bits")
    tiled = 322 in tags
    # A strip that says it is higher than the picture is as high as it.
    segment = (one(322, 0), one(323, 0)) if tiled else (width, min(height, one(278, 2**32 - 1)))
    if min(segment) < 1:
        raise UnidentifiedImageError("tiles without a size")
    photometric = one(262, BLACK_IS_ZERO)
    return Layout(
        (width, height), bits[0], samples, kinds[0], samples if one(284, 1) == 2 and samples > 1 else 1,
        BLACK_IS_ZERO if photometric == MASK else photometric, one(259, RAW), one(317, 1), one(266, 1),
        f"big {order}" if big else order, segment, tiled,
        _numbers(tags, 338, 0)[: samples - _COLOURS.get(photometric, samples)] if 338 in tags else (),
        _numbers(tags, 324 if tiled else 273, 0), _numbers(tags, 325 if tiled else 279, 0), tags,
    )  # fmt: skip


def _exif(file: BinaryIO, tags: Tags, order: str, big: bool, at: int) -> Image.Exif:
    exif = Image.Exif()
    try:
        if not big:
            exif.endian = order
            exif.load_from_fp(file, at)
            exif.get_ifd(ExifTags.IFD.Exif)
            return exif
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        exif = Image.Exif()
    for number in (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.DateTime):
        value = tags.get(number, (b"",))[0]
        if isinstance(value, bytes) and value:
            exif[number] = value.rstrip(b"\0").decode("utf-8", "replace")
    for other in _OTHER_DATA:
        data = tags.get(other, (b"",))[0]
        if isinstance(data, bytes) and data:
            exif[other] = data
    return exif

"""The picture in an HEIF file that is stored as a grid of HEVC tiles, as phones do (ISO/IEC 23008-12).

Only the plain case is read: a primary grid of equal tiles. For any other file the answer is None, and libheif reads it.
Transparency and depth are pictures of their own, of which nothing is told here.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from semantik.decoding.iso_boxes import boxes

_LARGEST_META = 16 * 2**20  # bytes; a picture of 100 megapixels has some 20,000
_MOST_TILES = 4096
_TURNS = (b"irot", b"imir")
_HARMLESS = {b"ispe", b"pixi", b"colr", b"hvcC", *_TURNS}  # what may be said of the picture or a tile

_LONGEST_LAYOUT = 12  # bytes that tell rows, columns and size of a grid

Property = tuple[bytes, bytes]  # type and content of a box
Parts = tuple[tuple[int, int], ...]
"""Where data lie in a file, as (start, length): what belongs together may be in several places."""


@dataclass(frozen=True, slots=True)
class HeifGrid:
    """Equal tiles that make up a picture, row by row.

    ``size`` is that of the picture in pixels before it is turned, which its last tiles may reach beyond; ``tile`` that
    of each tile, ``columns`` how many stand in a row. ``parts`` are where each tile's data lie in the file;
    ``configuration`` is the decoder's (the content of an ``hvcC`` box, ISO/IEC 14496-15, 8.3.3).
    ``turns`` are ``irot`` and ``imir`` boxes, to be done in this order; ``colours`` the contents of the ``colr`` boxes.
    """

    size: tuple[int, int]
    tile: tuple[int, int]
    columns: int
    parts: tuple[Parts, ...]
    configuration: bytes
    turns: tuple[tuple[bytes, int], ...]
    colours: frozenset[bytes]


def read_grid(file: BinaryIO) -> HeifGrid | None:
    """The grid of the primary picture; None for a file without one, with anything unusual about it, or a broken one."""
    end = file.seek(0, io.SEEK_END)
    meta = next(((start, stop) for name, start, stop in boxes(file, 0, end) if name == b"meta"), None)
    if meta is None or not 4 < meta[1] - meta[0] <= _LARGEST_META or meta[1] > end:
        return None
    file.seek(meta[0])
    try:
        grid = _Items(file.read(meta[1] - meta[0]), meta[0]).grid(file)
    except (ValueError, LookupError):
        return None
    whole = grid is not None and all(start + length <= end for part in grid.parts for start, length in part)
    return grid if whole else None


def read_parts(file: BinaryIO, parts: Parts) -> bytes:
    """What lies there, put together. Raises OSError."""
    pieces = []
    for start, length in parts:
        file.seek(start)
        pieces.append(file.read(length))
    return b"".join(pieces)


class _Bytes:
    """Numbers, one after the other. Raises ValueError behind the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def take(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.data):
            raise ValueError("ends early")
        return self.data[self.at - length : self.at]


class _Items:
    """What a ``meta`` box tells of the items of a file (ISO/IEC 14496-12, 8.11). Raises ValueError, LookupError."""

    def __init__(self, meta: bytes, start: int) -> None:
        self.meta, self.start = meta, start
        self.found = {name: (begin, stop) for name, begin, stop in boxes(io.BytesIO(meta), 4, len(meta))}

    def grid(self, file: BinaryIO) -> HeifGrid | None:
        version, told = self._full(b"pitm")
        primary = told.number(4 if version else 2)
        kinds = self._kinds()
        if kinds.get(primary) != b"grid":
            return None
        tiles = self._tiles(primary)
        properties, places = self._properties(), self._places()
        if not 0 < len(tiles) <= _MOST_TILES or any(kinds[tile] != b"hvc1" for tile in tiles):
            return None
        whole, alike = properties[primary], {tuple(properties[tile]) for tile in tiles}
        common = next(iter(alike))
        said = [name for name, _ in (*whole, *common)]
        if len(alike) > 1 or not _HARMLESS.issuperset(said) or any(name in _TURNS for name, _ in common):
            return None
        (configuration,) = (value for name, value in common if name == b"hvcC")
        tile = _size_in(common)
        if sum(length for _, length in places[primary]) > _LONGEST_LAYOUT:
            raise ValueError("no grid is as long")
        rows, columns, size = _layout(read_parts(file, places[primary]))
        across, down = tile[0] * columns, tile[1] * rows
        if rows * columns != len(tiles) or _size_in(whole) != size or min(tile) < 1:
            return None
        if not (across - tile[0] < size[0] <= across and down - tile[1] < size[1] <= down):
            return None
        return HeifGrid(
            size,
            tile,
            columns,
            tuple(places[item] for item in tiles),
            configuration,
            tuple((name, value[0] & 3) for name, value in whole if name in _TURNS),
            frozenset(value for name, value in (*whole, *common) if name == b"colr"),
        )

    def _full(self, name: bytes) -> tuple[int, _Bytes]:
        """The version of a box, and its content behind version and flags."""
        begin, stop = self.found[name]
        told = _Bytes(self.meta[begin:stop])
        version = told.number(1)
        told.take(3)
        return version, told

    def _kinds(self) -> dict[int, bytes]:
        version, told = self._full(b"iinf")
        told.take(4 if version else 2)
        begin, stop = self.found[b"iinf"]
        kinds = {}
        for _, at, last in boxes(io.BytesIO(self.meta), begin + told.at, stop):
            entry = _Bytes(self.meta[at:last])
            version = entry.number(1)
            entry.take(3)
            item = entry.number(4 if version == 3 else 2)
            entry.take(2)
            kinds[item] = entry.take(4) if version >= 2 else b""
        return kinds

    def _tiles(self, grid: int) -> list[int]:
        """The items that a grid is made of, in order."""
        version, told = self._full(b"iref")
        begin, stop = self.found[b"iref"]
        width = 4 if version else 2
        for name, at, last in boxes(io.BytesIO(self.meta), begin + told.at, stop):
            told = _Bytes(self.meta[at:last])
            if name == b"dimg" and told.number(width) == grid:
                return [told.number(width) for _ in range(told.number(2))]
        raise LookupError("a grid of nothing")

    def _places(self) -> dict[int, Parts]:
        """Where the data of each item lie in the file."""
        version, told = self._full(b"iloc")
        sizes = told.number(2)
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version == 2 else 2
        found = {}
        for _ in range(told.number(wide)):
            item = told.number(wide)
            method = told.number(2) & 15 if version else 0
            source = told.number(2)
            begin = told.number(base)
            if method == 1:
                begin += self.start + self.found[b"idat"][0]
            parts = []
            for _ in range(told.number(2)):
                told.take(index if version else 0)
                at = told.number(offset)
                parts.append((begin + at, told.number(length)))
            if method <= 1 and source == 0:  # others lie in another item or another file
                found[item] = tuple(parts)
        return found

    def _properties(self) -> dict[int, list[Property]]:
        begin, stop = self.found[b"iprp"]
        inner = {name: (at, last) for name, at, last in boxes(io.BytesIO(self.meta), begin, stop)}
        at, last = inner[b"ipco"]
        known = [(name, self.meta[a:b]) for name, a, b in boxes(io.BytesIO(self.meta), at, last)]
        told = _Bytes(self.meta[slice(*inner[b"ipma"])])
        version, wide = told.number(1), told.number(3) & 1
        found = {}
        for _ in range(told.number(4)):
            item = told.number(4 if version else 2)
            marks = [told.number(2) & 0x7FFF if wide else told.number(1) & 0x7F for _ in range(told.number(1))]
            found[item] = [known[mark - 1] for mark in marks if mark]
        return found


def _size_in(properties: tuple[Property, ...] | list[Property]) -> tuple[int, int]:
    """Width and height that an ``ispe`` box tells."""
    (told,) = (_Bytes(value) for name, value in properties if name == b"ispe")
    told.take(4)
    return told.number(4), told.number(4)


def _layout(content: bytes) -> tuple[int, int, tuple[int, int]]:
    """Rows, columns and size of a grid (ISO/IEC 23008-12, 6.6.2.3)."""
    told = _Bytes(content)
    told.take(1)
    wide = 4 if told.number(1) & 1 else 2
    rows, columns = told.number(1) + 1, told.number(1) + 1
    return rows, columns, (told.number(wide), told.number(wide))

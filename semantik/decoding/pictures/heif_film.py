"""The tiles of a HEIC picture as an MP4 film in memory (ISO/IEC 14496-12 and 14496-15), for FFmpeg.

A tile's data stand in an MP4 as they do in a HEIC, and FFmpeg's reader of it is one that videos need anyway.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from semantik.decoding.pictures.heif_items import HeifGrid, read_parts

_TICKS = 25  # a second, for frames that nobody sees move


def _box(name: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + name + data


def film_of(file: BinaryIO, grid: HeifGrid) -> bytes:
    """A film of one frame for each tile, every one a key frame. Raises OSError."""
    frames = [read_parts(file, parts) for parts in grid.parts]
    count, (width, height) = len(frames), grid.tile
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    entry = _box(
        b"hvc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 0x480000, 0x480000, 0, 1, 24, -1),
        _box(b"hvcC", grid.configuration),
    )

    def movie(first: int) -> bytes:
        table = _box(
            b"stbl",
            _box(b"stsd", struct.pack(">II", 0, 1), entry),
            _box(b"stts", struct.pack(">IIII", 0, 1, count, 1)),
            _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, count, 1)),
            _box(b"stsz", struct.pack(">III", 0, 0, count), struct.pack(f">{count}I", *map(len, frames))),
            _box(b"stco", struct.pack(">III", 0, 1, first)),
        )
        source = _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1), _box(b"url ", struct.pack(">I", 1))))
        media = _box(
            b"mdia",
            _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, _TICKS, count, 0x55C4, 0)),
            _box(b"hdlr", struct.pack(">II4s12xx", 0, 0, b"vide")),
            _box(b"minf", _box(b"vmhd", struct.pack(">I8x", 1)), source, table),
        )
        track = struct.pack(">IIIIII8xHHHH", 3, 0, 0, 1, 0, count, 0, 0, 0, 0)
        return _box(
            b"moov",
            _box(
                b"mvhd",
                struct.pack(">IIIIIIH10x", 0, 0, 0, _TICKS, count, 0x10000, 0x100),
                matrix,
                bytes(24),
                b"\0\0\0\2",
            ),
            _box(b"trak", _box(b"tkhd", track, matrix, struct.pack(">II", width << 16, height << 16)), media),
        )

    kind = _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41")
    return b"".join((kind, movie(len(kind) + len(movie(0)) + 8), _box(b"mdat", *frames)))

"""TIFF files in any layout of samples, for which no one library writes them all."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Array = np.ndarray[Any, Any]
CODECS = {1: None, 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 34925: "lzma", 50000: "zstd"}


def write_tiff(
    path: Path,
    samples: Array,
    photometric: int,
    *,
    bits: int = 0,
    planar: bool = False,
    order: str = "<",
    big: bool = False,
    tile: tuple[int, int] | None = None,
    rows: int = 40,
    compression: int = 1,
    predictor: int = 1,
    extra: tuple[int, ...] = (),
    tags: dict[int, tuple[str, tuple[int, ...]]] | None = None,
) -> Path:
    """Write ``samples`` (height, width, n); ``bits`` where their type has more than are meant. ``tile``: (w, h)."""
    height, width, count = samples.shape
    depth = bits or 8 * samples.dtype.itemsize
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    planes = [samples[..., [at]] for at in range(count)] if planar else [samples]
    segments = []
    for plane in planes:
        across, down = tile or (width, min(rows, height))
        for top in range(0, height, down):
            for left in range(0, width, across):
                part = plane[top : top + down, left : left + across]
                if tile:
                    edges = ((0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0))
                    part = np.pad(part, edges, mode="edge")
                segments.append(_packed(_bytes(part, depth, order, predictor), compression))
    fields: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("I", (width,)), 257: ("I", (height,)), 258: ("H", (depth,) * count), 259: ("H", (compression,)),
        262: ("H", (photometric,)), 277: ("H", (count,)), 284: ("H", (2 if planar else 1,)),
        317: ("H", (predictor,)), 339: ("H", (kind,) * count), **({338: ("H", extra)} if extra else {}), **(tags or {}),
    }  # fmt: skip
    where = ("Q" if big else "I", (0,) * len(segments))
    lengths = ("I", tuple(map(len, segments)))
    if tile:
        fields |= {322: ("I", (tile[0],)), 323: ("I", (tile[1],)), 324: where, 325: lengths}
    else:
        fields |= {278: ("I", (min(rows, height),)), 273: where, 279: lengths}
    for _ in range(2):  # once for the length of the head, once with the offsets
        head = _head(fields, order, big)
        starts = np.cumsum([len(head), *lengths[1][:-1]]).tolist()
        fields[324 if tile else 273] = (where[0], tuple(starts))
    path.write_bytes(_head(fields, order, big) + b"".join(segments))
    return path


def _bytes(part: Array, depth: int, order: str, predictor: int) -> Array:
    """A strip or tile as uint8 (rows, bytes)."""
    high, wide, count = part.shape
    if predictor == 2:
        part = np.diff(part, axis=1, prepend=np.zeros((high, 1, count), part.dtype))
    if depth == 8 * part.dtype.itemsize:
        ordered = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">" if predictor == 3 else order)))
        rows = ordered.view(np.uint8).reshape(high, -1)
        if predictor == 3:  # TIFF technical note 3: bytes of equal weight together, then differences of neighbours
            size = part.dtype.itemsize
            apart = rows.reshape(high, wide * count, size).transpose(0, 2, 1).reshape(high, -1, count)
            rows = np.diff(apart, axis=1, prepend=np.zeros((high, 1, count), np.uint8)).reshape(high, -1)
        return rows
    if depth % 8 == 0:
        weighty = part.astype(np.uint64)[..., None] >> np.arange(depth - 8, -8, -8, dtype=np.uint64) & np.uint64(255)
        return (weighty if order == ">" else weighty[..., ::-1]).astype(np.uint8).reshape(high, -1)
    single = part.astype(np.uint64)[..., None] >> np.arange(depth - 1, -1, -1, dtype=np.uint64) & np.uint64(1)
    return np.packbits(single.astype(np.uint8).reshape(high, -1), axis=1)


def _packed(rows: Array, compression: int) -> bytes:
    codec = CODECS[compression]
    if codec is None:
        return rows.tobytes()
    out = io.BytesIO()
    Image.fromarray(rows).save(out, "TIFF", compression=codec, strip_size=2**30)
    with Image.open(out) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        (start,), (length,) = tags[273], tags[279]
    return out.getvalue()[start : start + length]


def codec_cases() -> list[object]:
    """All compressions as parameters; skipped where Pillow's libtiff is without, as on Windows it is without zstd."""
    cases = []
    for compression, name in CODECS.items():
        try:
            _packed(np.zeros((1, 1), np.uint8), compression)
        except OSError:
            reason = f"Pillow's libtiff here has no {name}"
            cases.append(pytest.param(compression, marks=pytest.mark.skip(reason=reason)))
        else:
            cases.append(pytest.param(compression))
    return cases


def _head(fields: dict[int, tuple[str, tuple[int, ...]]], order: str, big: bool) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    word, count, room = ("Q", "Q", 8) if big else ("I", "H", 4)
    start = 16 if big else 8
    at = start + struct.calcsize(f"={count}") + len(fields) * (20 if big else 12) + room
    head = mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, 16) if big else struct.pack(f"{order}HI", 42, 8))
    entries, values = b"", b""
    for tag, (letter, numbers) in sorted(fields.items()):
        data = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        entries += struct.pack(f"{order}HH{word}", tag, {"H": 3, "I": 4, "Q": 16}[letter], len(numbers))
        if len(data) <= room:
            entries += data.ljust(room, b"\0")
        else:
            entries += struct.pack(order + word, at + len(values))
            values += data + b"\0" * (len(data) % 2)
    return head + struct.pack(order + count, len(fields)) + entries + bytes(room) + values

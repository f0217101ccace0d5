"""The boxes of an ISO base media file (ISO/IEC 14496-12, 4.2), which videos and JPEG XL pictures are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_MOST = 10_000

Box = tuple[bytes, int, int]  # type, where its content begins, where it ends


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places of a file, in order; the last one may claim to end later."""
    at = start
    for _ in range(_MOST):
        file.seek(at)
        head = file.read(16)
        if at + 8 > end or len(head) < 8:
            return
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1 and len(head) == 16:
            size, header = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - at
        if size < header:
            return
        yield head[4:8], at + header, at + size
        at += size

"""Compressed pictures through other people's codecs: bytes a band at a time, whatever they mean, or whole pictures."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from typing import Any

import numpy as np
from PIL import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

Array = np.ndarray[Any, Any]


def filled(data: bytes, size: int) -> Array:
    """The bytes, and zeros for those that are missing, where an incomplete picture is better than none."""
    if len(data) < size:
        if not ImageFile.LOAD_TRUNCATED_IMAGES:
            raise OSError("image file is truncated")
        data += bytes(size - len(data))
    return np.frombuffer(data, np.uint8, size)


def inflated(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, size)
    except zlib.error as error:
        if not ImageFile.LOAD_TRUNCATED_IMAGES:
            raise OSError(f"broken data: {error}") from error
        return b""


def by_libtiff(packed: list[bytes], compression: int, bytes_per_row: int, heights: list[int]) -> Array:
    """What libtiff's codec makes of the segments, handed to it as the strips of a grey picture of bytes, uint8 (n,)."""
    count, rows = len(packed), sum(heights)
    body = 8 + 2 + 10 * 12 + 4
    lengths = [len(data) for data in packed]
    offsets = list(itertools.accumulate(lengths[:-1], initial=body + 8 * count))
    one = count == 1
    tags = [
        (256, 4, 1, bytes_per_row), (257, 4, 1, rows), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1),
        (273, 4, count, offsets[0] if one else body), (277, 3, 1, 1), (278, 4, 1, heights[0]),
        (279, 4, count, lengths[0] if one else body + 4 * count), (284, 3, 1, 1),
    ]  # fmt: skip
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    made = b"".join([head, struct.pack(f"<{count}I", *offsets), struct.pack(f"<{count}I", *lengths), *packed])
    with TiffImageFile(io.BytesIO(made)) as image:
        image.load()
        return np.asarray(image).reshape(-1)


def by_opencv(data: bytes, flags: int) -> Array:
    """What OpenCV makes of a whole file: (height, width) or (height, width, channels). Raises OSError."""
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error as error:
        raise OSError(str(error)) from error
    if pixels is None:
        raise OSError("OpenCV cannot decode it")
    return pixels

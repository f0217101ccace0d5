"""Texts in PNG files, wherever they are (PNG specification, third edition, 11.3.4).

Pillow reads those behind the pixels only together with the pixels, and a picture is to be described without them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, Any

from PIL import Image

_MOST_CHUNKS = 200_000
_LONGEST_KEY = 80
_LONGEST = 2**20  # bytes of one text, before and after it is unpacked


def all_texts(image: Image.Image) -> dict[Any, Any]:
    """The picture's ``info`` with the texts of a PNG file; the first of a name counts. Its pixels are not read."""
    info = dict(image.info)
    file: IO[bytes] | None = getattr(image, "fp", None)
    if image.format == "PNG" and file is not None:
        for key, text in _texts(file):
            info.setdefault("xmp" if key == "XML:com.adobe.xmp" else key, text)
    return info


def _texts(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    file.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        end = file.tell() + length + 4
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, rest = file.read(min(length, _LONGEST)).partition(b"\0")
            if len(key) < _LONGEST_KEY:
                yield key.decode("latin-1"), _unpacked(kind, rest)
        file.seek(end)


def _unpacked(kind: bytes, data: bytes) -> bytes:
    packed = kind == b"zTXt"
    if packed:
        data = data[1:]
    elif kind == b"iTXt":  # whether and how it is packed, language, key in that language
        packed = data[:1] == b"\1"
        data = data[2:].split(b"\0", 2)[-1]
    if not packed:
        return data
    try:
        return zlib.decompressobj().decompress(data, _LONGEST)
    except zlib.error:
        return b""

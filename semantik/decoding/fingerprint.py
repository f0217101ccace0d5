"""What tells a file by its content, wherever it lies and whatever it is called."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from semantik.storage.regular_files import changed_ns, open_regular

_BLOCK = 32 * 2**10  # bytes
_SAMPLED = 5  # blocks, spread evenly from the first to the last one
_SAMPLED_OF_VIDEO = 16
_HELD = 64 * 2**20  # bytes of a file that is read in one piece


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The content of a file: 32 hex digits, and the size (bytes) and time (ns) that the file had meanwhile.

    ``digest`` is "" when the file was written to at the same time: it is of no content then.
    """

    digest: str
    size: int
    mtime_ns: int


def fingerprint(path: Path, *, is_video: bool = False) -> Fingerprint:
    """Read a file and tell what it is. Raises OSError and ValueError as ``open_regular`` does.

    A picture is read whole: a CRC-32 of all tells whether it changed at all, and BLAKE2b of some blocks, or of
    all of a small file, tells it from any other. Both together cost a third of what BLAKE2b of all would. A video
    may have many gigabytes: only blocks of it are read.
    """
    return _read(path, is_video, hold=False)[0]


def fingerprint_and_content(path: Path) -> tuple[Fingerprint, bytes | None]:
    """As ``fingerprint`` of a picture, and all its bytes, which the digest is of; None of a very large file."""
    return _read(path, is_video=False, hold=True)


def _read(path: Path, is_video: bool, hold: bool) -> tuple[Fingerprint, bytes | None]:
    with open_regular(path) as file:
        before = os.fstat(file.fileno())
        size = before.st_size
        count = _SAMPLED_OF_VIDEO if is_video else _SAMPLED
        last = max(0, -(-size // _BLOCK) - 1)
        sampled = {last * step // (count - 1) for step in range(count)}
        digest, check = hashlib.blake2b(b"%d" % size, digest_size=12), 0
        raw = cast(io.RawIOBase, file.raw)
        content = raw.readall() if hold and size <= _HELD else None
        if content is not None:
            check = zlib.crc32(content)
            for number in sorted(sampled):
                digest.update(memoryview(content)[number * _BLOCK : (number + 1) * _BLOCK])
        else:
            for number, block in _blocks(raw, sorted(sampled) if is_video else range(last + 1)):
                check = zlib.crc32(block, check)
                if number in sampled:
                    digest.update(block)
        after = os.fstat(file.fileno())
    steady = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return Fingerprint(f"{digest.hexdigest()}{check:08x}" if steady else "", size, changed_ns(before)), content


def _blocks(file: io.RawIOBase, numbers: range | list[int]) -> Iterator[tuple[int, memoryview]]:
    # Unbuffered: the copies through a buffer cost as much as the sums.
    buffer = memoryview(bytearray(_BLOCK))
    for number in numbers:
        if not isinstance(numbers, range):
            file.seek(number * _BLOCK)
        yield number, buffer[: file.readinto(buffer) or 0]

"""Small videos made on the spot, and the boxes of their containers to lie in."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

RED, GREEN, BLUE, WHITE, BLACK = (220, 30, 30), (30, 180, 40), (30, 40, 200), (255, 255, 255), (0, 0, 0)
SIZE = (64, 48)
RATE = 10.0

CODECS = {
    "mp4v.mp4": "mp4v",
    "vp9.mp4": "vp09",
    "avc1.mp4": "avc1",
    "mp4v.m4v": "mp4v",
    "mjpg.mov": "MJPG",
    "mp4v.mov": "mp4v",
    "xvid.avi": "XVID",
    "mjpg.avi": "MJPG",
    "ffv1.mkv": "FFV1",
    "vp8.mkv": "VP80",
    "vp8.webm": "VP80",
    "vp9.webm": "VP90",
    "mpeg2.mpg": "MPG2",
    "mpeg1.mpeg": "PIM1",
    "mp4v.3gp": "mp4v",
    "mpeg2.mts": "MPG2",
    "mpeg2.m2ts": "MPG2",
    "wmv2.wmv": "WMV2",
}
"""File names, whose extension chooses the container, and the code of the encoder."""


def write_film(path: Path, frames: Iterable[np.ndarray], codec: str = "mp4v", rate: float = RATE) -> Path:
    """Write RGB frames, uint8 (h, w, 3), as a video; skips the test where this OpenCV has no such encoder."""
    import cv2

    writer = None
    for frame in frames:
        if writer is None:
            size = frame.shape[1::-1]
            writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), rate, size)
            if not writer.isOpened():
                pytest.skip(f"this OpenCV writes no {codec} into {path.suffix}")
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    assert writer is not None
    writer.release()
    return path


def scenes(
    *parts: tuple[Sequence[int], float], size: tuple[int, int] = SIZE, rate: float = RATE
) -> Iterator[np.ndarray]:
    """Frames of one colour after the other, (colour, seconds)."""
    for colour, seconds in parts:
        yield from [np.full((size[1], size[0], 3), colour, np.uint8)] * round(seconds * rate)


def moving(colours: Sequence[Sequence[int]], seconds: float, size: tuple[int, int] = SIZE) -> Iterator[np.ndarray]:
    """Scenes over which a white bar wanders, so that no frame is like the next."""
    count = round(seconds * RATE)
    for colour in colours:
        for number in range(count):
            frame = np.full((size[1], size[0], 3), colour, np.uint8)
            left = number * (size[0] - 2) // count
            frame[:, left : left + 2] = 255
            yield frame


def colour_of(frame: np.ndarray) -> tuple[int, ...]:
    """The mean colour."""
    return tuple(int(value) for value in frame.reshape(-1, 3).mean(axis=0).round())


def close(found: Sequence[int], wanted: Sequence[int], within: int = 12) -> bool:
    """Whether two colours are the same but for what codecs do to them."""
    return max(abs(int(a) - int(b)) for a, b in zip(found, wanted, strict=True)) <= within


def patch(path: Path, offset: int, data: bytes) -> Path:
    """Overwrite bytes of a file."""
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
    return path


def find(path: Path, mark: bytes) -> int:
    """Where ``mark`` first stands in a file."""
    at = path.read_bytes().find(mark)
    assert at >= 0, mark
    return at


def turn_clockwise(path: Path, height: int) -> Path:
    """Write into an MP4 what a phone that is held upright writes: its matrix turns the picture by 90 degrees."""
    one = 1 << 16
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, height << 16, 0, 1 << 30)
    return patch(path, find(path, b"tkhd") + 44, matrix)


def widen_pixels(path: Path) -> Path:
    """Make the pixels of an MPEG-4 video 16:11 (ISO/IEC 14496-2, 6.3.3: aspect_ratio_info 4)."""
    at = find(path, b"\0\0\1\x20") + 6
    return patch(path, at, bytes([path.read_bytes()[at] & ~0x78 | 4 << 3]))


def record_at(path: Path, seconds: int) -> Path:
    """Write seconds since 1904 into an MP4 as its time of creation."""
    return patch(path, find(path, b"mvhd") + 8, struct.pack(">I", seconds))


def refer_to(path: Path, target: Path) -> Path:
    """Make an MP4, whose boxes are behind its data, refer to another file for them (a QuickTime alias)."""
    name = str(target).encode()
    alias = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12)
    alias += bytes([len(target.name)]) + target.name.encode().ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">HH", 1, 1) + bytes(16)
    alias += struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">hH", -1, 0)
    entry = struct.pack(">I", 12 + len(alias)) + b"alis" + bytes(4) + alias
    dref = struct.pack(">I", 16 + len(entry)) + b"dref" + bytes(4) + struct.pack(">I", 1) + entry
    content = path.read_bytes()
    at = content.index(b"dref") - 4
    old = int.from_bytes(content[at : at + 4], "big")
    new = bytearray(content[:at] + dref + content[at + old :])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        place = new.index(parent) - 4
        size = int.from_bytes(new[place : place + 4], "big") + len(dref) - old
        new[place : place + 4] = struct.pack(">I", size)
    path.write_bytes(new)
    return path

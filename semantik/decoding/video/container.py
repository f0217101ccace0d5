"""What the outer structure of a video file tells without FFmpeg: when and where it was taken, whether it is whole."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from semantik.decoding.coordinates import iso_6709
from semantik.decoding.date_spellings import is_doubtful, parse_moment
from semantik.decoding.decoded import Place
from semantik.decoding.iso_boxes import boxes
from semantik.decoding.video.formats import AVI, ISO, MATROSKA

_EPOCH_1904 = 2_082_844_800  # seconds from QuickTime's epoch to that of Unix
_APPLE_DATE = b"com.apple.quicktime.creationdate"
_APPLE_PLACE = b"com.apple.quicktime.location.ISO6709"
_LONGEST_TEXT = 200  # bytes
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_MAX_MOOV = 64 * 2**20  # bytes; that of a whole day at 60 frames a second
_EBML_UNKNOWN = {(1 << 7 * length) - 1 for length in range(1, 9)}


def is_cut_short(file: BinaryIO, container: str, size: int) -> bool:
    """Whether the structure of a file of ``size`` bytes says that more was to come. Not all containers tell."""
    if container == ISO:
        return any(end > size for _, _, end in boxes(file, 0, size))
    file.seek(0)
    head = file.read(4096)
    if container == AVI:
        return 8 + int(struct.unpack_from("<I", head, 4)[0]) > size + 1  # the last chunk's padding is often left out
    return container == MATROSKA and _segment_end(head) > size


def has_pictures(file: BinaryIO, container: str, size: int) -> bool:
    """Whether a file may have a video track; sound alone comes under the same names."""
    moov = _find(file, b"moov", 0, size) if container == ISO else None
    if moov is None or moov[1] - moov[0] > _MAX_MOOV:
        return True
    file.seek(moov[0])
    content = file.read(moov[1] - moov[0])
    return b"vide" in content or b"cmov" in content  # compressed headers tell only FFmpeg


def duration(file: BinaryIO, container: str, size: int) -> float:
    """How many seconds it lasts (``moov/mvhd``); 0 where that is not told."""
    moov = _find(file, b"moov", 0, size) if container == ISO else None
    mvhd = _find(file, b"mvhd", *moov) if moov else None
    if mvhd is None:
        return 0.0
    file.seek(mvhd[0])
    head = file.read(32)
    layout, at = (">IQ", 20) if head[:1] == b"\1" else (">II", 12)
    if len(head) < 32:
        return 0.0
    scale, length = struct.unpack_from(layout, head, at)
    return float(length / scale) if scale else 0.0


def taken(file: BinaryIO, container: str, size: int) -> datetime | None:
    """When it was recorded, local time without a zone; None if not told.

    Apple's own date and that of user data have the time of the place; else it is that of ``moov/mvhd`` (ISO/IEC
    14496-12, 8.2.2), which is UTC.
    """
    moov = _find(file, b"moov", 0, size) if container == ISO else None
    if moov and (told := _camera_time(_apple(file, moov, _APPLE_DATE)) or _camera_time(_user(file, moov, b"\xa9day"))):
        return told
    mvhd = _find(file, b"mvhd", *moov) if moov else None
    if mvhd is None:
        return None
    file.seek(mvhd[0])
    head = file.read(12)
    if len(head) < 12:
        return None
    seconds = int.from_bytes(head[4:12] if head[0] == 1 else head[4:8], "big")
    # Some recorders count from 1970 by mistake: no camera made such a file before then.
    seconds -= _EPOCH_1904 if seconds >= _EPOCH_1904 else 0
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
        if not _EARLIEST <= moment <= datetime.now(UTC) + timedelta(days=1):
            return None
        return moment.astimezone().replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def place(file: BinaryIO, container: str, size: int) -> Place | None:
    """Where it was recorded, by Apple's metadata or ``udta/©xyz``; None if not told."""
    moov = _find(file, b"moov", 0, size) if container == ISO else None
    if moov is None:
        return None
    return iso_6709(_apple(file, moov, _APPLE_PLACE)) or iso_6709(_user(file, moov, b"\xa9xyz"))


def _apple(file: BinaryIO, moov: tuple[int, int], key: bytes) -> bytes:
    """A value of QuickTime's metadata (QuickTime File Format, Metadata): keys by number, and their values."""
    meta = _find(file, b"meta", *moov)
    if meta is None:
        return b""
    keys, values = _find(file, b"keys", *meta), _find(file, b"ilst", *meta)
    if keys is None or values is None:
        return b""
    names = [_read(file, first, last) for _, first, last in boxes(file, keys[0] + 8, keys[1])]
    if key not in names:
        return b""
    wanted = (names.index(key) + 1).to_bytes(4, "big")
    value = _find(file, wanted, *values)
    data = _find(file, b"data", *value) if value else None
    return _read(file, data[0] + 8, data[1]) if data else b""


def _user(file: BinaryIO, moov: tuple[int, int], kind: bytes) -> bytes:
    """A text of the user data, which cameras other than Apple's write, too; after its length and language."""
    user = _find(file, b"udta", *moov)
    found = _find(file, kind, *user) if user else None
    return _read(file, found[0] + 4, found[1]) if found else b""


def _camera_time(data: bytes) -> datetime | None:
    moment = parse_moment(data)
    return moment if moment and _EARLIEST.replace(tzinfo=None) <= moment and not is_doubtful(moment) else None


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(max(0, min(_LONGEST_TEXT, end - start)))


def _find(file: BinaryIO, kind: bytes, start: int, end: int) -> tuple[int, int] | None:
    return next(((first, min(last, end)) for name, first, last in boxes(file, start, end) if name == kind), None)


def _segment_end(head: bytes) -> int:
    """Where the Segment of a Matroska file ends (RFC 8794, RFC 9559); 0 where its size is left open."""
    size, at = _vint(head, 4)
    at += size
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    size, at = _vint(head, at + 4)
    return 0 if size in _EBML_UNKNOWN else at + size


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and where it ends."""
    first = data[at] if at < len(data) else 0
    if first == 0:
        return 0, len(data)
    length = 9 - first.bit_length()
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return value, at + length

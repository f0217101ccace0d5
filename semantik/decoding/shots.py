"""Whether two files are of one shot: by the moment and the camera that their heads name, or by how they look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

LOOK_SIDE = 32
"""Rows and columns of a look."""

LONGEST_LIVE = 8.0
"""Seconds that the moving part of a live photo may last: those of phones have 3 to 6."""

_FORMAT = "%Y%m%d%H%M%S"
_ZONE = 900  # seconds: clocks of two zones differ by a multiple of it
_MOST_ZONES = 27 * 3600  # seconds between the clocks of two zones, and something more
_APART = 6  # seconds between a photo and its moving part, which begins before it
# Colours are compared by the order of their levels, so that neither exposure nor white balance counts. Of 10,011 pairs
# of different photos none came above 0.74; a photo and its development from the sensor's data came to 0.99.
_ALIKE = 0.85
_FLAT = 3.0  # levels of standard deviation below which a channel shows nothing
_SAME_LEVEL = 48  # levels by which such channels may differ


@dataclass(frozen=True, slots=True)
class Shot:
    """What a file tells of its shot.

    ``moment`` has the 14 digits of year to second by the camera's clock, "" when the file does not tell; ``seconds`` is
    how long a video lasts, 0 for a picture. ``looks``: the picture, or frames of the video, squeezed into squares of
    ``LOOK_SIDE`` pixels, uint8 (n, LOOK_SIDE, LOOK_SIDE, 3); none until they are asked for.
    """

    moment: str
    camera: str
    seconds: float = 0.0
    looks: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, LOOK_SIDE, LOOK_SIDE, 3), np.uint8))


def told_alike(half: Shot, picture: Shot) -> bool:
    """Whether the heads of a RAW file or video and of a picture say that they are of one shot."""
    if not half.moment or not picture.moment:
        return False
    if half.seconds:
        apart = abs((_moment(half) - _moment(picture)).total_seconds())
        return half.seconds <= LONGEST_LIVE and apart <= _MOST_ZONES and min(apart % _ZONE, -apart % _ZONE) <= _APART
    return half.moment == picture.moment and (half.camera == picture.camera or not (half.camera and picture.camera))


def look_alike(half: Shot, picture: Shot) -> bool:
    """Whether both show the same, as far as such small pictures tell."""
    return any(likeness(one, other) >= _ALIKE for one in half.looks for other in picture.looks)


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How alike two looks are, at most 1: the mean rank correlation of their channels."""
    return float(np.mean([_channel_likeness(one[..., channel], other[..., channel]) for channel in range(3)]))


def _channel_likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    flat = [bool(channel.std() < _FLAT) for channel in (one, other)]
    if any(flat):
        return float(all(flat) and abs(float(one.mean()) - float(other.mean())) <= _SAME_LEVEL)
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The ranks of levels, equal ones sharing theirs."""
    counts = np.bincount(values.reshape(-1), minlength=256)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return ranks[values.reshape(-1)]


def _moment(shot: Shot) -> datetime:
    return datetime.strptime(shot.moment, _FORMAT)


def moment_of(text: object) -> str:
    """The 14 digits of an EXIF date, "" for none, for an unset clock, and for midnight, which is no moment."""
    written = text.decode("ascii", "replace") if isinstance(text, bytes) else str(text or "")
    digits = "".join(char for char in written if char in "0123456789")[:14]
    try:
        moment = datetime.strptime(digits, _FORMAT) if len(digits) == 14 else None
    except ValueError:
        return ""
    return digits if moment and (moment.hour, moment.minute, moment.second) != (0, 0, 0) else ""

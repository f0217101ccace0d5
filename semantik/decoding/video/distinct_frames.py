"""Which frames of a video are worth keeping: those that look unlike all that were kept before."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semantik.records import Pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_FRAMES = 40
"""Most frames that one video gives."""

DIFFERENT = 1.0
"""From which distance on two frames are two pictures (measured in benchmarks/video_sampling.md)."""

_GRID = 8  # cells per side in which the layout is compared
_DELTA_E = 20.0  # mean colour difference of the cells that counts as much as histograms without anything in common
_MEAN, _GAIN = 0.45, (0.5, 6.0)
_ORIGIN = np.array([0, 64, 64], np.float32)  # brings a* and b* from [-64, 64] to where L* begins
_BINS = 8 / np.array([100, 128, 128], np.float32)
_FLAT = 0.03  # standard deviation of the brightness, 0 to 1
_BLACK, _WHITE = 0.08, 0.96


@dataclass(frozen=True, slots=True)
class Look:
    """What frames are compared by: CIELAB means of a grid's cells, and a histogram of CIELAB colours."""

    grid: NDArray[np.float32]  # (8, 8, 3)
    histogram: NDArray[np.float32]  # (512,), sums to 1
    blank: bool  # next to nothing but black or white

    def distance(self, other: Look) -> float:
        """How unlike two frames look, from 0 on."""
        cells = np.sqrt(np.square(self.grid - other.grid).sum(axis=2)).mean()
        return float(cells / _DELTA_E + np.abs(self.histogram - other.histogram).sum() / 2)


def look_of(pixels: Pixels) -> Look:
    """The look of an RGB frame of any size.

    All is brought to the same mean brightness, so that neither a fade nor the camera's exposure makes a new picture.
    """
    import cv2

    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    light = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    mean = float(light.mean())
    blank = not _BLACK < mean < _WHITE and float(light.std()) < _FLAT
    lab = cv2.cvtColor(small * np.float32(np.clip(_MEAN / max(mean, 0.01), *_GAIN)), cv2.COLOR_RGB2Lab)
    grid = cv2.resize(lab, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    bins = np.clip((lab + _ORIGIN) * _BINS, 0, 7).astype(np.int64)
    counts = np.bincount((bins @ (64, 8, 1)).ravel(), minlength=512)
    return Look(grid.astype(np.float32), (counts / counts.sum()).astype(np.float32), blank)


class DistinctFrames:
    """The frames that were kept so far, in the order of their times, however they come."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, Pixels, Look]] = []
        self._blank: tuple[float, Pixels] | None = None

    def offer(self, time: float, glance: Pixels, picture: Callable[[], Pixels | None]) -> None:
        """Keep what ``picture`` makes of a frame if its ``glance`` looks like none that was kept.

        A blank one is only kept until there is another.
        """
        look = look_of(glance)
        if look.blank:
            if self._blank is None and (pixels := picture()) is not None:
                self._blank = (time, pixels)
            return
        if any(look.distance(other) < DIFFERENT for _, _, other in self._kept):
            return
        if (pixels := picture()) is None:
            return
        bisect.insort(self._kept, (time, pixels, look), key=lambda frame: frame[0])
        if len(self._kept) > MAX_FRAMES:
            self._thin()

    def _thin(self) -> None:
        """Drop the frame that leaves the smallest gap, so that the rest stays evenly spread; the ends stay."""
        times = [frame[0] for frame in self._kept]
        gaps = [times[i + 1] - times[i - 1] for i in range(1, len(times) - 1)]
        del self._kept[1 + int(np.argmin(gaps))]

    def frames(self) -> list[tuple[float, Pixels]]:
        """(seconds, RGB pixels) of what was kept, at least one frame if any was offered."""
        if not self._kept:
            return [self._blank] if self._blank else []
        return [(time, pixels) for time, pixels, _ in self._kept]

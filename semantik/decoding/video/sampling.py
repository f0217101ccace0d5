"""Looking through a video for frames that differ, in bounded time.

Key frames come first, because skipping the others costs next to nothing and encoders put one at most cuts. Where
there are too few of them, or the codec cannot skip, all frames are read; and where that takes too long, frames are
sought over the whole length.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import BinaryIO

from semantik.decoding.video.capture import Capture, OutOfTime, open_capture
from semantik.decoding.video.distinct_frames import DistinctFrames

CANDIDATES = 120
"""Into how many parts a long video is divided, each of which is looked at once; no part is under a second."""

_LONGEST = 24 * 3600.0  # seconds; a header that tells more is wrong
_FIRST_SHARE = 0.5  # of the time, for the first look
_DENSE, _SPARSE = 2.0, 10.5  # seconds between key frames: always enough, and what long videos are content with
_WARM_UP = 0.5  # seconds of reading after which the rest can be foretold
_MISSES = 6  # seeks in a row that lead nowhere, after which no more are tried


class Sampling:
    """One search for the frames of a video that differ."""

    def __init__(self, file: BinaryIO, side: int, deadline: float) -> None:
        self.distinct = DistinctFrames()
        self.shown = (0, 0)  # width and height
        self.length = 0.0  # seconds by the headers; 0 where they tell none, or nonsense
        self.end = 0.0  # the last frame that was seen
        self.complete = False  # all was read
        self.late = False
        self.codec = ""
        self._reached = 0.0  # how far the last reading in order came
        self._file = file
        self._side = side
        self._deadline = deadline

    def run(self, *, only_key_frames: bool) -> None:
        """Look for frames in the three ways, the first of them optional, until one has seen all or the time is over."""
        now = time.monotonic()
        until = now + _FIRST_SHARE * (self._deadline - now)
        widest = self._read(until, only_key_frames=only_key_frames)
        if self.complete and widest <= max(_DENSE, 2 * self._step, min(_SPARSE, self.length / 6)):
            return
        if self.complete:
            if self.end < self.length / 2:  # either the header lies or it has one key frame: it shows now which
                self.length = 0.0
            self._read(self._deadline)
        if not self.complete and self.length and self._seek():
            self.length = 0.0  # the header lies: what there is is read in its order
            self._read(self._deadline)

    @property
    def _step(self) -> float:
        return max(1.0, self.length / CANDIDATES)

    def _read(self, until: float, *, only_key_frames: bool = False) -> float:
        """Read the video in its order. Returns the widest gap between two frames, in seconds."""
        self.complete = False
        started, due, last, widest, count = time.monotonic(), 0.0, 0.0, 0.0, 0
        try:
            with open_capture(self._file, until, only_key_frames=only_key_frames) as video:
                if not any(self.shown):
                    self.shown, self.codec = (video.width, video.height), video.codec
                    self.length = video.duration if video.duration <= _LONGEST else 0.0
                while video.advance():
                    count += 1
                    widest, last = max(widest, video.time - last), video.time
                    self.end, self._reached = max(self.end, last), last
                    if last >= due and self._offer(video):
                        due = last + self._step
                    if self._is_too_slow(last, time.monotonic() - started, until - started):
                        return widest
            self.complete = True
        except OutOfTime:
            self.late = True
        # What lies behind the last frame counts as a gap unless so much came before that the header is wrong.
        return max(widest, self.length - last) if count < CANDIDATES / 4 or not self.length else widest

    def _is_too_slow(self, reached: float, spent: float, allowed: float) -> bool:
        return bool(self.length) and spent > _WARM_UP and spent * self.length > allowed * max(reached, 0.01)

    def _seek(self) -> bool:
        """Look at places all over what was not read, first far apart, then between them, while there is time.

        Returns whether nothing was at any of them, though there was time to find out.
        """
        start, misses, found = self._reached, 0, False
        count = min(CANDIDATES, int((self.length - start) / self._step))
        try:
            with open_capture(self._file, self._deadline) as video:
                for share in _spread(count):
                    wanted = start + share * (self.length - start)
                    if video.seek(wanted) and abs(video.time - wanted) < max(10.0, self._step):
                        self._offer(video)
                        self.end = max(self.end, video.time)
                        misses, found = 0, True
                    elif (misses := misses + 1) >= _MISSES:
                        break
        except OutOfTime:
            self.late = True
            return False
        return misses > 0 and not found

    def _offer(self, video: Capture) -> bool:
        glance = video.glance()
        if glance is not None:
            self.distinct.offer(video.time, glance, lambda: video.picture(self._side))
        return glance is not None


def _spread(count: int) -> Iterator[float]:
    """Places in (0, 1) that fill it evenly however soon one stops (van der Corput 1935, base 2)."""
    for number in range(1, count + 1):
        place, part = 0.0, 0.5
        rest = number
        while rest:
            place += part * (rest & 1)
            rest, part = rest >> 1, part / 2
        yield place

"""How fast a long task is, and how long it will still take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from semantik.records import Progress

MEMORY = 45.0
"""Seconds after which a measured speed counts 1/e as much as a new one."""

TOLERANCE = 0.1
"""Share of the time left by which a new estimate must differ to be believed over the one that was told before."""


class Speed:
    """An exponentially weighted average of the speed, and a time left that does not flicker.

    Weights decay with time, not with steps (https://en.wikipedia.org/wiki/Exponential_smoothing): a slow step counts
    for as long as it took. The end of the task that was told once is kept while new estimates agree with it within
    TOLERANCE, so that the time left runs down like a clock. Pauses are no part of either.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._done = 0
        self._count = 0.0  # of what was done, by weight
        self._seconds = 0.0
        self._end: float | None = None

    def resume(self) -> None:
        """The task goes on after a pause that began at the last ``progress``."""
        paused = self._clock() - self._last
        self._last += paused
        if self._end is not None:
            self._end += paused

    def progress(self, done: int, total: int) -> Progress:
        """Where the task is now that ``done`` of ``total`` are done."""
        now = self._clock()
        passed = now - self._last
        fade = math.exp(-passed / MEMORY)
        self._count = self._count * fade + (done - self._done)
        self._seconds = self._seconds * fade + passed
        self._last, self._done = now, done
        rate = self._count / self._seconds if self._seconds > 0 else 0.0
        return Progress(done, total, rate, self._left(now, (total - done) / rate) if rate else None)

    def _left(self, now: float, left: float) -> float:
        if self._end is None or abs(now + left - self._end) > TOLERANCE * left:
            self._end = now + left
        return max(0.0, self._end - now)

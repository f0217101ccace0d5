"""Work that takes its time: its progress, its speed, holding it still and cancelling it."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. ``rate`` in images per second (0 while unknown), ``eta`` in seconds."""

    done: int
    total: int
    rate: float = 0.0
    eta: float | None = None
    paused: bool = False  # it holds still now; what was done is saved


# -- Holding a long task still, and letting it go on


class Pause:
    """Set by one thread, obeyed by the task of another at its next chance."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()

    @property
    def held(self) -> bool:
        """Whether the task is to hold still."""
        return not self._go.is_set()

    def hold(self) -> None:
        """Ask the task to hold still."""
        self._go.clear()

    def release(self) -> None:
        """Let the task go on."""
        self._go.set()

    def wait(self) -> None:
        """For the task: block until it may go on."""
        self._go.wait()


# -- How fast a long task is, and how long it will still take

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


# -- How fast bytes arrive and how long the rest will take


class ByteMeter:
    """Turns byte counts into progress records: speed over the last seconds, ten records a second at most."""

    INTERVAL = 0.1  # seconds between two records
    WINDOW = 5.0  # seconds over which the speed is taken

    def __init__(self, total: int, on_progress: Callable[[Progress], None] | None) -> None:
        self._total = total
        self._report = on_progress or (lambda _: None)
        self._shown = -math.inf
        self.restart()

    def restart(self) -> None:
        """Forget the speed: the count of bytes is about to jump back."""
        self._marks: deque[tuple[float, int]] = deque()

    def show(self, done: int, total: int | None) -> None:
        """Report ``done`` bytes, unless the last report is too fresh. ``total`` corrects the expected size."""
        now = time.monotonic()
        self._total = total or max(self._total, done)
        if self._marks and done < self._marks[-1][1]:
            self.restart()
        if now - self._shown < self.INTERVAL:
            return
        self._shown = now
        self._marks.append((now, done))
        while now - self._marks[0][0] > self.WINDOW and len(self._marks) > 2:
            self._marks.popleft()
        elapsed, gained = now - self._marks[0][0], done - self._marks[0][1]
        rate = gained / elapsed if elapsed > 0 else 0.0
        self._report(Progress(done, self._total, rate, (self._total - done) / rate if rate > 0 else None))

    def finish(self, size: int) -> None:
        """The last record: everything is there."""
        elapsed = self._marks[-1][0] - self._marks[0][0] if self._marks else 0.0
        rate = (self._marks[-1][1] - self._marks[0][1]) / elapsed if elapsed > 0 else 0.0
        self._report(Progress(size, size, rate, 0.0))

"""Work that takes its time: its progress, its speed, holding it still and cancelling it."""

from __future__ import annotations

import gc
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

from semantik.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. ``rate`` in images or bytes per second (0 while unknown), ``eta`` in seconds."""

    done: int
    total: int
    rate: float = 0.0
    eta: float | None = None
    paused: bool = False  # it holds still now; what was done is saved


# -- Watching a long task: whom it tells, whether it is to hold still, whether it is to stop


class TaskControl:
    """What a long task and whoever started it share. May be used from any thread.

    The task looks at it between two steps, and tells its progress on its own thread.
    """

    def __init__(self, on_progress: Callable[[Progress], None] = lambda progress: None) -> None:
        """``on_progress``: who is told how far the task is."""
        self._on_progress = on_progress
        self._cancelled = threading.Event()
        self._go = threading.Event()
        self._go.set()

    def telling(self, on_progress: Callable[[Progress], None]) -> TaskControl:
        """The control of a part of the task: somebody else is told, and it is held and cancelled with the whole."""
        part = copy(self)
        part._on_progress = on_progress
        return part

    def silent(self) -> TaskControl:
        """The control of a part of the task of which nothing is told."""
        return self.telling(lambda progress: None)

    # -- For whoever started the task

    def cancel(self) -> None:
        """Ask the task to stop at its next chance, also one that holds still."""
        self._cancelled.set()
        self._go.set()

    def pause(self) -> None:
        """Ask the task to hold still at its next chance."""
        self._go.clear()

    def resume(self) -> None:
        """Let the task go on."""
        self._go.set()

    # -- For the task

    @property
    def cancelled(self) -> bool:
        """Whether the task is to stop."""
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        """Whether the task is to hold still."""
        return not self._go.is_set()

    def stop_if_cancelled(self) -> None:
        """Raises Cancelled when the task is to stop."""
        if self.cancelled:
            raise Cancelled

    def wait_while_paused(self) -> None:
        """Block until the task may go on."""
        self._go.wait()

    def report(self, progress: Progress) -> None:
        """Tell how far the task is."""
        self._on_progress(progress)


UNATTENDED = TaskControl()
"""The control of tasks that nobody watches. They share it: it is never cancelled or paused."""


# -- How fast a long task is, and how long it will still take

MEMORY = 45.0
"""Seconds after which a measured speed counts 1/e as much as a new one."""

FEW_ROWS = 5000
"""Rows that are read or written in less than a second: nothing is told of so few."""

_TELL_ROWS = 0.2  # seconds between two records of rows

TOLERANCE = 0.1
"""Share of the time left by which a new estimate must differ to be believed over the one that was told before."""


class SpeedMeter:
    """An exponentially weighted average of the speed, and a time left that does not flicker.

    Weights decay with time, not with steps (https://en.wikipedia.org/wiki/Exponential_smoothing): a slow step counts
    for as long as it took. The end of the task that was told once is kept while new estimates agree with it within
    TOLERANCE, so that the time left runs down like a clock. Pauses are no part of either.
    """

    def __init__(
        self, *, memory: float = MEMORY, interval: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``memory`` as MEMORY, in seconds; ``interval``: seconds between two records of ``report``."""
        self._memory = memory
        self._interval = interval
        self._clock = clock
        self._reported = -math.inf
        self.restart(0)

    def restart(self, done: int | None = None) -> None:
        """Forget the speed. ``done``: what is done already, None where only the next count will tell."""
        self._last = self._clock()
        self._done = done
        self._count = 0.0  # of what was done, by weight
        self._seconds = 0.0
        self._end: float | None = None

    def resume(self) -> None:
        """The task goes on after a pause that began at the last ``progress``."""
        paused = self._clock() - self._last
        self._last += paused
        if self._end is not None:
            self._end += paused

    @property
    def rate(self) -> float:
        """What is done in a second, as last measured; 0 while unknown."""
        return self._count / self._seconds if self._seconds > 0 else 0.0

    def progress(self, done: int, total: int) -> Progress:
        """Where the task is now that ``done`` of ``total`` are done."""
        now = self._clock()
        if self._done is None or done < self._done:  # a download that starts over
            self.restart(done)
        else:
            passed = now - self._last
            fade = math.exp(-passed / self._memory)
            self._count = self._count * fade + (done - self._done)
            self._seconds = self._seconds * fade + passed
            self._last, self._done = now, done
        return Progress(done, total, self.rate, self._left(now, (total - done) / self.rate) if self.rate else None)

    def report(self, control: TaskControl, done: int, total: int) -> None:
        """Tell ``progress``, unless the last record that was told is too fresh."""
        if self._clock() - self._reported >= self._interval:
            self._reported = self._clock()
            control.report(self.progress(done, total))

    def _left(self, now: float, left: float) -> float:
        if self._end is None or abs(now + left - self._end) > TOLERANCE * left:
            self._end = now + left
        return max(0.0, self._end - now)


class RowsTold:
    """How many rows of many are read or written, told now and then while some are left."""

    def __init__(self, control: TaskControl, total: int) -> None:
        """``total`` may still grow."""
        self.control, self.total, self.done = control, total, 0
        self._meter = SpeedMeter(interval=_TELL_ROWS)

    def did(self, count: int) -> bool:
        """So many more are done; returns whether the task is to stop."""
        self.done += count
        if FEW_ROWS < self.total > self.done:
            self._meter.report(self.control, self.done, self.total)
        return self.control.cancelled


# -- Making many objects at once

_makers = 0
_makers_turn = threading.Lock()


@contextmanager
def making_many_objects() -> Iterator[None]:
    """While it lasts, Python does not look for circles of objects to free.

    Where a hundred thousand are made that all stay, it would look through them again and again, an eighth of the time
    of opening a library (benchmarks/moved_pictures.md). May be used from any thread, also by several at once.
    """
    global _makers
    with _makers_turn:
        _makers += 1
        gc.disable()
    try:
        yield
    finally:
        with _makers_turn:
            _makers -= 1
            if not _makers:
                gc.enable()

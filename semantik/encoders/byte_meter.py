"""How fast bytes arrive and how long the rest will take."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from semantik.records import Progress


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

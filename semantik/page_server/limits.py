"""How much pages, and others on this machine, may ask of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from semantik.errors import SemantikError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the server. Times in seconds, sizes in bytes."""

    pages: int = 50  # that are known, the latest
    hits: int = 200_000  # of all of them together; the latest page is kept whole
    rate: float = 20.0  # requests a second, pictures aside: those are limited by ``pictures``
    burst: int = 100
    actions: int = 2  # that the window works on at the same time
    downloads: int = 2
    pictures: int = 2  # rendered at the same time
    pictures_waiting: int = 6  # as many as a browser asks of one host at the same time
    connections: int = 100
    request_seconds: float = 10.0  # from the first byte of a request to its last
    idle_seconds: int = 30  # of a connection that asks for nothing, or does not take what it asked for
    tick: float = 1.0  # how often the two above are looked at
    header_bytes: int = 1 << 15
    small_body: int = 1 << 15  # 2,000 characters, each an escaped pair of surrogates, and room to spare
    large_body: int = 1 << 20  # the numbers of 100,000 hits

    @property
    def threads(self) -> int:
        """Enough for all that may last, and two for quick answers meanwhile."""
        return self.actions + self.downloads + self.pictures + self.pictures_waiting + 2


class TokenBucket:
    """Lets ``rate`` things a second pass on average, and up to ``burst`` at once after a quiet time.

    https://en.wikipedia.org/wiki/Token_bucket
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._then = float(burst), clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether one more may pass now."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._then) * self._rate)
            self._then = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Places:
    """A number of places; who finds none is turned away instead of waiting."""

    def __init__(self, count: int, refusal: type[SemantikError]) -> None:
        self._places = threading.BoundedSemaphore(count)
        self._refusal = refusal

    def take(self) -> Callable[[], None]:
        """Take a place; returns what gives it back, to be called once. Raises the refusal when all are taken."""
        if not self._places.acquire(blocking=False):
            raise self._refusal
        return self._places.release

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place within the block. Raises the refusal when all are taken."""
        release = self.take()
        try:
            yield
        finally:
            release()

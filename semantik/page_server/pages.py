"""Which hits belong to which results page, for the latest pages."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from semantik.errors import PageGone
from semantik.records import Hit


class Pages:
    """The latest pages of this run, each a list of hits under a name that cannot be guessed. For several threads."""

    def __init__(self, most_pages: int, most_hits: int) -> None:
        self._most_pages, self._most_hits = most_pages, most_hits
        self._pages: OrderedDict[str, tuple[Hit, ...]] = OrderedDict()
        self._newer: dict[str, Callable[[], int]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def add(self, hits: Sequence[Hit], newer: Callable[[], int] = lambda: 0) -> str:
        """Keep a page's hits, each followed by its copies; the oldest pages make room. Returns the page's name.

        ``newer`` tells, on any thread, how many pictures can be found by now that the page does not know.
        """
        flat = tuple(one for hit in hits for one in (hit, *hit.copies))
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._pages[name], self._newer[name] = flat, newer
            self._count += len(flat)
            while len(self._pages) > 1 and (len(self._pages) > self._most_pages or self._count > self._most_hits):
                oldest, gone = self._pages.popitem(last=False)
                self._count -= len(gone)
                del self._newer[oldest]
        return name

    def hits(self, name: str) -> tuple[Hit, ...]:
        """The hits of a page, by number. Raises PageGone."""
        with self._lock:
            if name not in self._pages:
                raise PageGone
            return self._pages[name]

    def newer(self, name: str) -> int:
        """How many more pictures can be found by now. Raises PageGone."""
        with self._lock:
            if name not in self._newer:
                raise PageGone
            count = self._newer[name]
        return count()

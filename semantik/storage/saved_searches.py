"""The searches that were starred, newest first, and up to where each was looked at."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semantik.storage.atomic_files import replace_file
from semantik.storage.home import saved_searches_file
from semantik.storage.json_files import is_plain, read_list

log = logging.getLogger(__name__)

KEPT = 100
"""Searches that can be starred at a time; the oldest gives way."""

LONGEST = 10_000
"""Characters of one; a query has no more."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search in the words that ask for it, filters and pictures included.

    ``looked`` is the number of the last arrival (see ``Arrivals``) that was there when it was looked at last.
    """

    words: str
    looked: int = 0


class SavedSearches:
    """The starred searches, each once. What cannot be read or written is told to the log only.

    Every change begins with what the file says now: another program may have changed it. Any thread may call.
    """

    def __init__(self, home: Path) -> None:
        self._path = saved_searches_file(home)
        self._lock = threading.Lock()
        self.entries: tuple[SavedSearch, ...] = tuple(_read(self._path))

    def find(self, words: str) -> SavedSearch | None:
        """The one with these words."""
        return next((each for each in self.entries if each.words == words), None)

    def add(self, words: str, looked: int) -> None:
        """Star a search, which was looked at just now; one that is starred already stays as it is."""
        if words and len(words) <= LONGEST and is_plain(words):
            new = SavedSearch(words, looked)
            self._change(lambda now: now if any(each.words == words for each in now) else [new, *now][:KEPT])

    def remove(self, words: str) -> None:
        """Take the star away."""
        self._change(lambda now: [each for each in now if each.words != words])

    def look(self, words: str, looked: int) -> None:
        """It was looked at when ``looked`` was the last arrival."""
        self._change(
            lambda now: [
                replace(each, looked=max(looked, each.looked)) if each.words == words else each for each in now
            ]
        )

    def _change(self, change: Callable[[list[SavedSearch]], list[SavedSearch]]) -> None:
        with self._lock:
            now = list(_read(self._path)) if self._path.exists() else list(self.entries)
            self.entries = tuple(change(now))
            if list(self.entries) == now and self._path.exists():
                return
            values = [{"words": each.words, "looked": each.looked} for each in self.entries]
            try:
                replace_file(self._path, json.dumps(values, ensure_ascii=True, indent=1).encode("ascii"))
            except OSError as error:
                log.warning("starred searches are not kept: %s", error)


def _read(path: Path) -> Iterable[SavedSearch]:
    """What the file holds, each once, without what is none."""
    found: dict[str, SavedSearch] = {}
    for value in read_list(path):
        if (one := _search_of(value)) and len(found) < KEPT:
            found.setdefault(one.words, one)
    return found.values()


def _search_of(value: Any) -> SavedSearch | None:
    match value:
        case {"words": str(words), **rest} if words.strip() and len(words) <= LONGEST and is_plain(words):
            looked = rest.get("looked", 0)
            return SavedSearch(words, looked if type(looked) is int and looked >= 0 else 0)
    return None

"""The searches that were typed, newest first, kept in the home."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from semantik.storage.atomic_files import replace_file
from semantik.storage.home import history_file
from semantik.storage.json_files import is_plain, read_list

log = logging.getLogger(__name__)

KEPT = 200
"""Searches that are remembered; older ones go."""


class SearchHistory:
    """What was searched for, newest first, each once. What cannot be read or written is told to the log only."""

    def __init__(self, home: Path) -> None:
        self._path = history_file(home)
        self.entries: list[str] = _read(self._path)[:KEPT]

    def add(self, words: str) -> None:
        """Remember ``words`` as the newest search, and write the file."""
        words = " ".join(words.split())
        if not words or self.entries[:1] == [words]:
            return
        self.entries = [words, *(entry for entry in self.entries if entry != words)][:KEPT]
        self._write()

    def clear(self) -> None:
        """Forget all searches."""
        self.entries = []
        self._write()

    def _write(self) -> None:
        try:
            replace_file(self._path, json.dumps(self.entries, ensure_ascii=True, indent=1).encode("ascii"))
        except OSError as error:
            log.warning("searches are not remembered: %s", error)


def _read(path: Path) -> list[str]:
    return [entry for entry in read_list(path) if isinstance(entry, str) and is_plain(entry)]

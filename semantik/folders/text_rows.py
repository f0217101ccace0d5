"""Which rows of an index show the pictures that the text store knows by their ids."""

from __future__ import annotations

import os
import sqlite3

import numpy as np
from numpy.typing import NDArray

from semantik.folders.folder_database import select_among
from semantik.folders.text_finding import FoundTexts, Keys
from semantik.index import ImageIndex
from semantik.records import ImageFile

_UNKNOWN, _NONE = -2, -1


class TextRows:
    """Rows by ids, learnt as they are asked for, which takes ten times as long as the search for the words.

    An id is of one version of one file for as long as there are these tables, so what was learnt of an index holds.
    """

    def __init__(self) -> None:
        self._of: object = None
        self._rows = np.empty(0, np.int64)  # by id: the first row, or one of the two above
        self._more: dict[int, list[int]] = {}  # further ones: views of a wide picture

    def rows(
        self, base: sqlite3.Connection, stamp: int, index: ImageIndex, found: FoundTexts
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the pictures that were found, int64 (m,), and the place of each picture in ``found``.

        A picture of which another version is indexed than the one whose texts are known has none.
        """
        keys = found.keys
        self._learn(base, stamp, index, keys)
        places = np.flatnonzero(self._rows[keys] >= 0)
        rows = self._rows[keys[places]]
        if self._more:
            more = [(row, place) for place in places.tolist() for row in self._more.get(int(keys[place]), ())]
            if more:
                rows = np.concatenate([rows, np.array([row for row, _ in more], np.int64)])
                places = np.concatenate([places, np.array([place for _, place in more], np.int64)])
        return rows, places

    def _learn(self, base: sqlite3.Connection, stamp: int, index: ImageIndex, keys: Keys) -> None:
        if (stamp, index.state) != self._of:
            self._of, self._rows, self._more = (stamp, index.state), np.empty(0, np.int64), {}
        if len(keys) and keys[-1] >= len(self._rows):
            room = np.full(int(keys[-1]) + 1 + len(self._rows) // 8 - len(self._rows), _UNKNOWN, np.int64)
            self._rows = np.concatenate([self._rows, room])
        unknown = keys[self._rows[keys] == _UNKNOWN]
        self._rows[unknown] = _NONE
        known = "SELECT id, path, size, mtime_ns FROM pictures WHERE id IN"
        for key, path, size, mtime_ns in select_among(base, known, unknown.tolist()):
            if type(path) is not bytes:
                continue
            file = ImageFile(os.fsdecode(path), size, mtime_ns)
            rows = [row for row in index.rows_of(file.path) if index.file_of(row) == file]
            if rows:
                self._rows[key] = rows[0]
            if rows[1:]:
                self._more[key] = rows[1:]

"""Rows that several computers share, kept in memory in place of a server."""

from __future__ import annotations

from semantik.index import SharedRow


class Keeper:
    """``SharedRows`` in memory."""

    def __init__(self, name="one"):
        self.name = name
        self.rows: dict[tuple[str, str], tuple[int, str | None]] = {}
        self.number = 0
        self.read_rows = 0
        self.at_once = 1000

    def token(self):
        return self.name

    def counts(self, after):
        return {kind: len(self._found(kind, number)) for kind, number in after.items()}

    def _found(self, kind, after):
        found = [(number, path, cells) for (what, path), (number, cells) in self.rows.items() if what == kind]
        return sorted(row for row in found if row[0] > after)

    def read(self, kind, after, take):
        found = self._found(kind, after)
        newest = after
        for first in range(0, len(found), self.at_once):
            part = found[first : first + self.at_once]
            self.read_rows += len(part)
            stop, newest = take([SharedRow(kind, path, cells) for _, path, cells in part]), part[-1][0]
            if stop:
                return max(after, newest - 1)
        return newest

    def write(self, rows):
        self.number += 1
        for row in rows:
            self.rows[row.kind, row.path] = self.number, row.cells

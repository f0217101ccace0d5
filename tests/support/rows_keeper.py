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

    def token(self):
        return self.name

    def counts(self, after):
        return {kind: len(self._found(kind, number)) for kind, number in after.items()}

    def _found(self, kind, after):
        found = [(number, path, cells) for (what, path), (number, cells) in self.rows.items() if what == kind]
        return sorted(row for row in found if row[0] > after)

    def read(self, kind, after, take):
        found = self._found(kind, after)
        self.read_rows += len(found)
        if found:
            take([SharedRow(kind, path, cells) for _, path, cells in found])
        return max([after, *(number for number, _, _ in found)])

    def write(self, rows):
        self.number += 1
        for row in rows:
            self.rows[row.kind, row.path] = self.number, row.cells

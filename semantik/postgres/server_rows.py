"""What is known of a library's pictures beside their vectors, on a server: a table of rows for each library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from semantik.errors import IndexNotSaved
from semantik.index import SharedRow
from semantik.postgres.libraries import decoded, encoded
from semantik.postgres.schema import migrate, version
from semantik.postgres.server import Connection, Server

_SINCE = 2  # the tables' version
_AT_ONCE = 5000

Key: TypeAlias = tuple[bytes, str]


class ServerRows:
    """``SharedRows`` of the library with this ``key``: its folder as the server has it, and its encoder."""

    def __init__(self, server: Server, key: Key) -> None:
        self._server = server
        self._key = key

    def token(self) -> str:
        """What tells this library from any other."""
        head = self._server.read(self._head)
        return str(head[1]) if head else ""

    def _head(self, base: Connection) -> tuple[Any, ...] | None:
        if version(base) < _SINCE:
            return None
        statement = "SELECT id, token FROM semantik.libraries WHERE folder = %s AND encoder = %s"
        return base.execute(statement, self._key).fetchone()

    def counts(self, after: Mapping[str, int]) -> dict[str, int]:
        """How many rows of each kind were written after a number."""

        def count(base: Connection) -> dict[str, int]:
            head = self._head(base)
            if head is None or not after:
                return {}
            later = " OR ".join(["kind = %s AND number > %s"] * len(after))
            statement = f"SELECT kind, count(*) FROM semantik.known_{head[0]} WHERE {later} GROUP BY kind"
            return dict(base.execute(statement, [each for pair in after.items() for each in pair]).fetchall())

        return self._server.read(count)

    def read(self, kind: str, after: int, take: Callable[[Sequence[SharedRow]], bool | None]) -> int:
        """Give ``take`` what was written after a number; returns the last one that was given whole."""

        def read(base: Connection) -> int:
            head, newest = self._head(base), after
            if head is None:
                return newest
            statement = f"SELECT path, cells, number FROM semantik.known_{head[0]} WHERE kind = %s AND number > %s"
            with base.cursor(name="known") as cursor:  # on the server: there may be millions
                cursor.execute(f"{statement} ORDER BY number", (kind, after))
                while rows := cursor.fetchmany(_AT_ONCE):
                    stop = take([SharedRow(kind, decoded(path), cells) for path, cells, _ in rows])
                    newest = int(rows[-1][2])
                    if stop:
                        return max(after, newest - 1)  # of this one there may be more
            return newest

        return self._server.read(read)

    def write(self, rows: Sequence[SharedRow]) -> None:
        """Put rows in the place of former ones, in transactions of thousands."""
        for first in range(0, max(1, len(rows)), _AT_ONCE):  # none, too, makes the tables
            part = rows[first : first + _AT_ONCE]
            self._server.write(lambda base, part=part: self._write(base, part))  # type: ignore[misc]

    def _write(self, base: Connection, rows: Sequence[SharedRow]) -> None:
        migrate(base)
        # Whoever writes next waits here: numbers become visible in their order, so that no reader passes one by.
        statement = (
            "UPDATE semantik.libraries SET known = known + 1 WHERE folder = %s AND encoder = %s RETURNING id, known"
        )
        head = base.execute(statement, self._key).fetchone()
        if head is None:
            raise IndexNotSaved(folder=str(self._server), detail="gone from the server")
        put = (
            f"INSERT INTO semantik.known_{head[0]} (kind, path, cells, number) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (kind, path) DO UPDATE SET cells = EXCLUDED.cells, number = EXCLUDED.number"
        )
        with base.cursor() as cursor:
            cursor.executemany(put, [(row.kind, encoded(row.path), row.cells, head[1]) for row in rows])


def forget(base: Connection, library: int, paths: Collection[str]) -> None:
    """Know nothing of these files any more, in a transaction that holds the library's row."""
    if paths:
        counted = "UPDATE semantik.libraries SET known = known + 1 WHERE id = %s RETURNING known"
        head = base.execute(counted, (library,)).fetchone()
        gone = f"UPDATE semantik.known_{library} SET cells = NULL, number = %s WHERE path = ANY(%s) AND cells NOTNULL"
        base.execute(gone, (head and head[0], [encoded(path) for path in paths]))

"""Rows whose vectors are on a server: searched there, by a scan of all or by an HNSW graph, and read from there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.postgres.server import Connection, Server, knows_vectors
from semantik.records import Embeddings

GONE = -1
"""The id of a row that is not on the server: it was removed."""

FEW_ROWS = 20_000
"""Up to so many rows that pass are compared one by one: they are found by their ids, in milliseconds."""

FEW_SHARE = 0.05
"""And a smaller share of all than this, too: a graph has to be walked too far to meet so few."""

FAR = 20
"""The graph is asked for one row in so many at most; beyond, a scan of all is as quick, and misses none."""

_EXPLORE = (200, 1000)  # hnsw.ef_search: the least, and pgvector's most
_KEPT = 8  # sets of rows that were read last: a search asks for its sample several times


class ServerVectors:
    """Rows of one library on a server, whose ids are ``ids``, int64 (rows,), rising but for GONE ones."""

    segment = None

    def __init__(self, server: Server, library: int, ids: NDArray[np.int64], dim: int, *, graph: bool) -> None:
        """``graph``: whether searches may go by the HNSW graph; else they look at every row."""
        self.rows = len(ids)
        self.row_bytes = dim * 4
        self.ids = ids
        self.library = library
        self.graph = graph
        self._server = server
        self._dim = dim
        self._there = np.flatnonzero(ids != GONE)
        self._read: dict[bytes, Embeddings] = {}

    def check(self, *, whole: bool = False) -> None:
        """The server keeps its rows whole."""

    def search(
        self, mask: NDArray[np.bool_], query: NDArray[np.float32], top_k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The nearest of the rows that ``mask``, bool (rows,), marks; equal scores keep the order of rows."""
        from pgvector import HalfVector

        marked = self.ids[mask & (self.ids != GONE)]
        if not len(marked):
            return np.empty(0, np.float32), np.empty(0, np.int64)
        few = len(marked) <= FEW_ROWS or len(marked) < FEW_SHARE * self.rows
        asked: dict[str, Any] = {"query": HalfVector(query), "most": min(top_k, len(marked))}
        found: list[tuple[int, float]] = []
        if self.graph and not few and top_k * FAR <= len(marked):
            found = self._server.read(lambda base: self._by_graph(base, asked | self._passing(marked)))
        if len(found) < asked["most"]:
            by_id = len(marked) <= FEW_ROWS and len(marked) < self.rows
            passing = {"ids": marked.tolist()} if by_id else self._passing(marked)
            found = self._server.read(lambda base: self._by_scan(base, asked | passing))
        ids = np.array([one for one, _ in found], np.int64)
        scores = np.array([-distance for _, distance in found], np.float32)
        return scores, self._there[np.searchsorted(self.ids[self._there], ids)]

    def _passing(self, marked: NDArray[np.int64]) -> dict[str, Any]:
        """Which ids pass, one bit for each from ``first`` on: what a filter lets through is looked at in the search."""
        first = int(marked[0])
        bits = np.zeros(int(marked[-1]) - first + 1, np.bool_)
        bits[marked - first] = True
        return {"first": first, "last": int(marked[-1]), "bits": np.packbits(bits, bitorder="little").tobytes()}

    def _by_scan(self, base: Connection, asked: dict[str, Any]) -> list[tuple[int, float]]:
        base.execute("SET LOCAL enable_indexscan = off")  # an index over ids is read as a bitmap all the same
        passes = "id = ANY(%(ids)s::bigint[])" if "ids" in asked else _BY_BITS
        return self._ask(base, passes, ", id", asked)

    def _by_graph(self, base: Connection, asked: dict[str, Any]) -> list[tuple[int, float]]:
        explore = min(max(_EXPLORE[0], 2 * asked["most"]), _EXPLORE[1])
        base.execute(f"SET LOCAL hnsw.ef_search = {explore}")
        base.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
        base.execute(f"SET LOCAL hnsw.max_scan_tuples = {max(20_000, 2 * round(asked['most'] / FEW_SHARE))}")
        base.execute("SET LOCAL enable_seqscan = off")
        base.execute("SET LOCAL enable_bitmapscan = off")
        return self._ask(base, _BY_BITS, "", asked)

    def _ask(self, base: Connection, passes: str, then: str, asked: dict[str, Any]) -> list[tuple[int, float]]:
        statement = (
            f"SELECT id, embedding <#> %(query)s AS distance FROM semantik.vectors_{self.library} WHERE {passes}"
            f" ORDER BY embedding <#> %(query)s{then} LIMIT %(most)s"
        )
        return knows_vectors(base).execute(statement, asked, binary=True).fetchall()

    def read(self, rows: NDArray[np.int64]) -> Embeddings:
        """Copies of the embeddings in ``rows``, int64 (n,): float32 (n, dim). Raises IndexDamaged for missing ones."""
        ids = self.ids[rows]
        key = ids.tobytes()
        if key not in self._read:
            while len(self._read) >= _KEPT:
                del self._read[next(iter(self._read))]
            self._read[key] = self._server.read(lambda base: self._fetch(base, ids))
        return self._read[key].copy()

    def bytes_of(self, first: int, last: int, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The bytes of some rows as float32, uint8 (last - first, row_bytes); of rows that are gone, zeros."""
        ids = self.ids[first:last]
        found = np.zeros((len(ids), self._dim), np.float32)
        there = ids != GONE
        found[there] = self._server.read(lambda base: self._fetch(base, ids[there]))
        rows: NDArray[np.uint8] = found.view(np.uint8)
        return rows

    def _fetch(self, base: Connection, ids: NDArray[np.int64]) -> Embeddings:
        statement = f"SELECT id, embedding FROM semantik.vectors_{self.library} WHERE id = ANY(%s)"
        found = np.empty((len(ids), self._dim), np.float32)
        order = np.argsort(ids, kind="stable")
        there = np.zeros(len(ids), np.bool_)
        for one, vector in knows_vectors(base).execute(statement, (np.unique(ids).tolist(),), binary=True):
            first, last = np.searchsorted(ids[order], [one, one + 1])
            found[order[first:last]] = vector.to_numpy()
            there[order[first:last]] = True
        if not there.all():  # removed by another program since this index was opened, and swept by now
            raise IndexDamaged(why="missing", detail=f"{(~there).sum()} vectors")
        return found


_BY_BITS = (
    "CASE WHEN id BETWEEN %(first)s AND %(last)s THEN get_bit(%(bits)s::bytea, id - %(first)s) = 1 ELSE false END"
)

"""Answering a query: embed its terms, ask the index, name the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import (
    BadTopK,
    NoIndex,
)
from semantik.index import Searchable
from semantik.queries import Query
from semantik.records import Embeddings, Hit
from semantik.search import query_vector as combining
from semantik.search.near_duplicates import fold, group, join_equal
from semantik.search.query_embedding import embed_query, query_vector
from semantik.search.relevance import RELEVANT, Relevance
from semantik.words.plain import plain

NAMED = 3.0
"""What it is worth that a path has all words of the query, in standard deviations of the scores in the library."""

EXACT = 4.0
"""What it is worth to be called just what was asked for: more than any cosine, so that such pictures come first."""

WIDEST = 8
"""Up to so many times K are looked at, so that K pictures are left when near-duplicates are folded."""


@dataclass(frozen=True, slots=True)
class Named:
    """Pictures whose paths have words of the query, by row of the index, out of so many words that were looked for.

    ``exact`` are the rows of those whose name is just what was asked for.
    """

    words: Mapping[int, tuple[str, ...]]
    of: int
    exact: frozenset[int] = frozenset()

    def levels(self) -> dict[float, list[int]]:
        """Rows by the share of the words that their paths have."""
        found: dict[float, list[int]] = {}
        for row, words in self.words.items():
            found.setdefault(min(1.0, len(words) / self.of), []).append(row)
        return found

    def best_first(self, index: Searchable, among: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Their rows, int64 (n,), by how much of what was asked for they are called, then by their paths."""
        rows = [row for row in self.words if among is None or among[row]]
        rows.sort(key=lambda row: (row not in self.exact, -len(self.words[row]), plain(index.path_of(row).as_posix())))
        return np.array(rows, np.int64)


def parse_top_k(value: str | int, most: int) -> int:
    """K as a number from 1 to ``most``. Raises BadTopK for anything else."""
    text = str(value).strip()
    # isdecimal admits other scripts' digits, which int() reads too; the length keeps int() cheap.
    if not text.isdecimal() or len(text) > 12 or not 1 <= int(text) <= most:
        raise BadTopK(value=text[:40], most=most)
    return int(text)


def _content(index: Searchable, row: int) -> tuple[str, float | None] | None:
    """What a row shows, as far as its file tells: two moments of one video are not the same."""
    digest = index.fingerprint_of(row)
    return (digest, index.moment_of(row)) if digest else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What else bears on a search: which rows may be hits, which paths say what was asked for, what is folded."""

    among: NDArray[np.bool_] | None = None  # bool (rows,)
    named: Named | None = None
    folded: bool = False  # whether hits with the content of a better one are folded into it
    near: float = 0.0  # distance within which they are, too; see near_duplicates
    listed: NDArray[np.int64] | None = None  # int64 (n,): rows that are the hits, in this order, whatever they show


def search(
    query: Query,
    encoder: Encoder,
    index: Searchable,
    top_k: int,
    pool: DecodePool,
    *,
    judge: Relevance | None = None,
    limits: Limits = Limits(),
) -> list[Hit]:
    """The ``top_k`` pictures of ``index`` that answer ``query`` best, best first; fewer when it holds fewer.

    With ``limits.listed`` the first of those, which have no score.

    The query's filters are not looked at here, ``limits`` are. With a ``judge``, the hits carry their relevance; it
    does not touch their order.

    Raises NoIndex for an empty index, BadTopK for K below 1, and as ``embed_query`` and ``query_vector`` do.
    """
    if not index.count:
        raise NoIndex(folder=str(index.folder))
    if top_k < 1:
        raise BadTopK(value=top_k, most=index.count)
    ranking: _Ranking | _Listing
    terms = np.empty((0, encoder.dim), np.float32)
    if limits.listed is not None:
        ranking, judge = _Listing(limits.listed), None
    else:
        terms = embed_query(query, encoder, pool)
        sample = index.sample(combining.SAMPLE) if len(terms) > 1 or limits.named else terms[:0]
        ranking = _Ranking(index, query_vector(query, terms, sample), sample, limits)

    wanted, widest = top_k, WIDEST * top_k if limits.near or limits.folded else top_k
    while True:
        scores, rows = ranking.best(wanted)
        embeddings = index.vectors(rows)
        wholes = index.vectors(index.pictures(rows)) if index.views and limits.near else None
        into = group(embeddings, limits.near, wholes) if limits.near else np.arange(len(rows))
        if limits.folded:
            into = join_equal(into, [_content(index, int(row)) for row in rows])
        if len(np.unique(into)) >= top_k or len(rows) < wanted or wanted >= widest:
            break
        wanted = min(2 * wanted, widest)
    words = limits.named.words if limits.named else {}
    found = judge.of_query(encoder, index, query, terms, embeddings) if judge and len(rows) else None
    relevance = [None] * len(rows) if found is None else found.tolist()
    hits = [
        Hit(
            *(rank, None if limits.listed is not None else float(score), index.path_of(int(at)), told),
            moment=index.moment_of(int(at)),
            named=words.get(int(at), ()),
        )
        for rank, (score, at, told) in enumerate(zip(scores, rows, relevance, strict=True), start=1)
    ]
    return fold(hits, into, top_k)


@dataclass(frozen=True, slots=True)
class _Listing:
    """Rows in an order that is given."""

    rows: NDArray[np.int64]

    def best(self, wanted: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The first of them, int64 (k,), and as many zeros, float32 (k,)."""
        rows = self.rows[:wanted]
        return np.zeros(len(rows), np.float32), rows


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Rows by their scores for one query vector, float32 (dim,), raised where their paths say what was asked for."""

    index: Searchable
    vector: NDArray[np.float32]
    sample: Embeddings
    limits: Limits

    def best(self, wanted: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores, float32 (k,), always plain cosines, and rows, int64 (k,), of the ``wanted`` best.

        Of a picture with several views, the best one's row is there and no other.
        """
        reach = wanted
        while True:
            scores, rows = self._best_rows(reach)
            if not self.index.views:
                return scores, rows
            _, first = np.unique(self.index.pictures(rows), return_index=True)
            if len(first) >= wanted or len(rows) < reach:
                kept = np.sort(first)[:wanted]
                return scores[kept], rows[kept]
            reach *= 2

    def _best_rows(self, wanted: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The same, with all views."""
        among, named = self.limits.among, self.limits.named
        found = [(0.0, *self.index.search(self.vector, wanted, among))]
        if named is None or not named.words:
            return found[0][1:]
        # All pictures whose paths have as many words are raised alike, so the best of them by score are the best.
        reach = NAMED * float((self.sample @ self.vector).std())
        for share, members in named.levels().items():
            mask = self.index.mask(members)
            found.append(
                (reach * share, *self.index.search(self.vector, wanted, mask if among is None else mask & among))
            )
        if named.exact:
            mask = self.index.mask(named.exact)
            found.append((EXACT, *self.index.search(self.vector, wanted, mask if among is None else mask & among)))
        scores = np.concatenate([part for _, part, _ in found])
        rows = np.concatenate([part for _, _, part in found])
        raised = np.concatenate([part + bonus for bonus, part, _ in found])
        order = np.lexsort((rows, -raised))
        _, first = np.unique(rows[order], return_index=True)
        kept = order[np.sort(first)][:wanted]
        return scores[kept], rows[kept]


def relevant(hits: list[Hit]) -> list[Hit]:
    """The hits that are worth showing, in their order and numbered anew.

    Those that nothing is told of stay, and those whose path says what was asked for.
    """
    kept = (hit for hit in hits if hit.relevance is None or hit.relevance >= RELEVANT or hit.named)
    return [replace(hit, rank=rank) for rank, hit in enumerate(kept, start=1)]

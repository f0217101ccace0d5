"""Which rows of an index may be hits: those whose vectors are near, those that say so, or a given list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from semantik.index import Searchable
from semantik.records import Embeddings
from semantik.search.text_matches import Written
from semantik.words.plain import plain

NAMED = 3.0
"""What it is worth that a path has all words of the query, in standard deviations of the scores in the library."""

EXACT = 4.0
"""What it is worth to be called just what was asked for: more than any cosine, so that such pictures come first."""

_NOTHING = 1e-3  # what counts as a deviation where the words mean nothing to the model


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


@dataclass(frozen=True, slots=True)
class Limits:
    """What else bears on a search: which rows may be hits, which paths say what was asked for, what is folded."""

    among: NDArray[np.bool_] | None = None  # bool (rows,)
    named: Named | None = None
    written: Written | None = None  # and in which texts it stands
    folded: bool = False  # whether hits with the content of a better one are folded into it
    near: float = 0.0  # distance within which they are, too; see near_duplicates
    listed: NDArray[np.int64] | None = None  # int64 (n,): rows that are the hits, in this order, whatever they show


EVERYTHING = Limits()
"""No limits at all."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may be hits, best first: ``rows`` int64 (n,) with their plain cosines, ``scores`` float32 (n,).

    ``bonus``, float32 (n,), is what their names add to these. Of a picture with several views there may be several.
    """

    scores: NDArray[np.float32]
    rows: NDArray[np.int64]
    bonus: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows in an order that is given."""

    rows: NDArray[np.int64]

    def best(self, wanted: int) -> Candidates:
        """The first of them, which have no scores."""
        rows = self.rows[:wanted]
        nothing = np.zeros(len(rows), np.float32)
        return Candidates(nothing, rows, nothing)


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rows by their scores for one query vector, float32 (dim,), raised where paths or texts say what is asked."""

    index: Searchable
    vector: NDArray[np.float32]
    sample: Embeddings
    limits: Limits

    def best(self, wanted: int) -> Candidates:
        """The best rows of ``wanted`` pictures at least, as far as there are so many."""
        reach = wanted
        while True:
            found = self._best_rows(reach)
            if not self.index.views or len(found.rows) < reach:
                return found
            if len(np.unique(self.index.pictures(found.rows))) >= wanted:
                return found
            reach *= 2

    def _best_rows(self, wanted: int) -> Candidates:
        among = self.limits.among
        found = [(0.0, *self.index.search(self.vector, wanted, among))]
        for told in (self.limits.named, self.limits.written):
            if told is None:
                continue
            # All pictures with as much of the query are raised alike, so the best of them by score are the best.
            reach = NAMED * max(float((self.sample @ self.vector).std()), _NOTHING)
            raised = [(reach * share, members) for share, members in told.levels().items()]
            if told.exact:
                raised.append((EXACT, [*told.exact]))
            for worth, members in raised:
                mask = self.index.mask(members)
                found.append((worth, *self.index.search(self.vector, wanted, mask if among is None else mask & among)))
        scores = np.concatenate([part for _, part, _ in found])
        rows = np.concatenate([part for _, _, part in found])
        bonus = np.concatenate([np.full(len(part), worth, np.float32) for worth, part, _ in found])
        order = np.lexsort((rows, -(scores + bonus)))
        _, first = np.unique(rows[order], return_index=True)
        kept = order[np.sort(first)]
        kept = kept[_in_place(self.index, rows[kept], (scores + bonus)[kept])][:wanted]
        return Candidates(scores[kept], rows[kept], bonus[kept])


def _in_place(index: Searchable, rows: NDArray[np.int64], worth: NDArray[np.float32]) -> NDArray[np.int64]:
    """The order, int64 (n,), of rows whose ``worth`` falls: those of equal worth by the names of what they show.

    Rows are in the order in which files were embedded, the newest first, which tells nothing.
    """
    order = np.arange(len(rows))
    bounds = [0, *(np.flatnonzero(np.diff(worth)) + 1).tolist(), len(rows)]
    for start, end in pairwise(bounds):
        if end - start > 1:
            order[start:end] = sorted(range(start, end), key=lambda at: index.place_of(int(rows[at])))
    return order

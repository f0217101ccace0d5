"""Folding hits that look nearly the same, as the shots of a burst do, into the best of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semantik.records import Embeddings, Hit

NEAR = 0.12
"""Two pictures are nearly the same up to this share of the mean distance between pictures of the library.

Distances (1 - cosine) are as wide as a model makes them, hence the unit (benchmarks/near_duplicates.md).
"""

FEWEST = 10  # pictures below which a library has no mean distance that means anything


def near_distance(sample: Embeddings) -> float:
    """Up to which distance two pictures are nearly the same, in a library of which ``sample``, (m, dim), are some.

    0 in a library that is too small to tell.
    """
    if len(sample) < FEWEST:
        return 0.0
    # Mean over all pairs of the cosine of unit vectors, by the square of their sum.
    count = len(sample)
    total = float(np.square(sample.sum(axis=0, dtype=np.float64)).sum())
    return NEAR * max(0.0, 1 - (total - count) / (count * (count - 1)))


def group(embeddings: Embeddings, distance: float, wholes: Embeddings | None = None) -> NDArray[np.int64]:
    """For every row of float32 (n, dim), best first, the row that it is folded into; its own if none is near.

    Where some rows are but views of their pictures, ``wholes``, (n, dim), are those of the pictures: near is who is
    near in both, so that a panorama goes into another shot of it, and not into a photo that looks like its end.

    Each row goes to the first of the rows that stay within ``distance``: leader clustering (Hartigan, 1975), which
    needs no more than one pass and never chains pictures that have little in common.
    """
    leaders = np.empty_like(embeddings)
    rows: list[int] = []
    into = np.arange(len(embeddings))
    for row, vector in enumerate(embeddings):
        near = np.flatnonzero(leaders[: len(rows)] @ vector >= 1 - distance)
        if wholes is not None and len(near):
            near = near[[bool(wholes[rows[at]] @ wholes[row] >= 1 - distance) for at in near]]
        if len(near):
            into[row] = rows[int(near[0])]
        else:
            leaders[len(rows)] = vector
            rows.append(row)
    return into


def join_equal(into: NDArray[np.int64], contents: Sequence[Hashable]) -> NDArray[np.int64]:
    """As ``into``, which ``group`` gave, with hits of equal ``contents`` in one group however large the library is.

    None stands for a content that is not known, and is like no other.
    """
    first: dict[Hashable, int] = {}
    joined = into.copy()
    for row, content in enumerate(contents):
        equal = row if content is None else first.setdefault(content, row)
        joined[row] = joined[equal if equal != row else joined[row]]  # what comes before is as it stays
    return joined


def fold(hits: Sequence[Hit], into: NDArray[np.int64], most: int) -> list[Hit]:
    """The first ``most`` hits that are not nearly the same as a better one; these are their ``copies``.

    ``into`` is what ``group`` gives for the hits, best first. Ranks count what stays.
    """
    copies: dict[int, list[Hit]] = {}
    for row, leader in enumerate(into.tolist()):
        members = copies.setdefault(leader, [])
        if row != leader:
            members.append(hits[row])
    folded = []
    for rank, (leader, members) in enumerate(list(copies.items())[:most], start=1):
        folded.append(replace(hits[leader], rank=rank, copies=tuple(replace(copy, rank=rank) for copy in members)))
    return folded

"""Answering a query: embed its terms, ask the index, name the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import BadTopK, NoIndex
from semantik.index import Searchable
from semantik.queries import Query
from semantik.records import Embeddings, Hit
from semantik.search import query_vector as combining
from semantik.search.candidates import EVERYTHING, EXACT, Limits, Listing, Nearest
from semantik.search.near_duplicates import fold, group, join_equal
from semantik.search.query_embedding import embed_query, query_vector
from semantik.search.relevance import ABSENT, RELEVANT, Relevance

AHEAD, FURTHER, FEWEST = 3, 5000, 200
"""Beside K pictures the next 3 K by score, at most 5000, are judged, and 200 in all at least, before K are taken:
the order by relevance is nearly that by score, and none beyond these ever came among the first K."""

WIDEST = 8
MOST_FOLDED = 16_384
"""Up to so many times K, or so many pictures if that is more, are looked at when near-duplicates are folded, so that K
are left also where one photo is there a thousand times; their vectors take 32 MB."""


def parse_top_k(value: str | int, most: int) -> int:
    """K as a number from 1 to ``most``. Raises BadTopK for anything else."""
    text = str(value).strip()
    # isdecimal admits other scripts' digits, which int() reads too; the length keeps int() cheap.
    if not text.isdecimal() or len(text) > 12 or not 1 <= int(text) <= most:
        raise BadTopK(value=text[:40], most=most)
    return int(text)


def content_at(index: Searchable, row: int) -> tuple[str, float | None] | None:
    """What a row shows, as far as its file tells: two moments of one video are not the same."""
    digest = index.fingerprint_of(row)
    return (digest, index.moment_of(row)) if digest else None


def search(
    query: Query,
    encoder: Encoder,
    index: Searchable,
    top_k: int,
    pool: DecodePool,
    *,
    judge: Relevance | None = None,
    limits: Limits = EVERYTHING,
) -> list[Hit]:
    """The ``top_k`` pictures of ``index`` that answer ``query`` best, best first; fewer when it holds fewer.

    With ``limits.listed`` the first of those, which have no score.

    The query's filters are not looked at here, ``limits`` are. With a ``judge``, the hits carry their relevance and
    are ordered by it, so that what is shown never rises with the rank; equal ones, and all of which nothing can be
    told, by their scores and then by their names.

    Raises NoIndex for an empty index, BadTopK for K below 1, and as ``embed_query`` and ``query_vector`` do.
    """
    if not index.count:
        raise NoIndex(folder=str(index.folder))
    if top_k < 1:
        raise BadTopK(value=top_k, most=index.count)
    ranking: Nearest | Listing
    terms = np.empty((0, encoder.dim), np.float32)
    if limits.listed is not None:
        ranking, judge = Listing(limits.listed), None
    else:
        terms = embed_query(query, encoder, pool)
        spread = len(terms) > 1 or limits.named or limits.written
        sample = index.sample(combining.SAMPLE) if spread else terms[:0]
        ranking = Nearest(index, query_vector(query, terms, sample), sample, limits)

    def told(embeddings: Embeddings, bonus: NDArray[np.float32]) -> NDArray[np.float64] | None:
        if judge is None or not len(bonus):
            return None
        found = judge.of_query(encoder, index, query, terms, embeddings, bonus=bonus)
        return None if found is None else np.where(bonus >= EXACT, 1.0, found)

    wanted, widest = top_k, max(WIDEST * top_k, MOST_FOLDED) if limits.near or limits.folded else top_k
    while True:
        best = _best(ranking, index, wanted, told if judge else None)
        wholes = index.vectors(index.pictures(best.rows)) if index.views and limits.near else None
        into = group(best.embeddings, limits.near, wholes) if limits.near else np.arange(len(best.rows))
        if limits.folded:
            into = join_equal(into, [content_at(index, int(row)) for row in best.rows])
        if len(np.unique(into)) >= top_k or len(best.rows) < wanted or wanted >= widest:
            break
        wanted = min(2 * wanted, widest)
    words = limits.named.words if limits.named else {}
    relevance = [None] * len(best.rows) if best.relevance is None else best.relevance.tolist()
    rough = judge is not None and best.relevance is not None and judge.is_rough(encoder, index)
    hits = [
        Hit(
            *(rank, None if limits.listed is not None else float(score), index.path_of(int(at)), worth),
            moment=index.moment_of(int(at)),
            named=words.get(int(at), ()),
            rough=rough,
        )
        for rank, (score, at, worth) in enumerate(zip(best.scores, best.rows, relevance, strict=True), start=1)
    ]
    return fold(hits, into, top_k)


@dataclass(frozen=True, slots=True)
class _Best:
    """One row of each picture, best first: scores float32 (n,), embeddings float32 (n, dim), relevance (n,)."""

    scores: NDArray[np.float32]
    rows: NDArray[np.int64]
    embeddings: Embeddings
    relevance: NDArray[np.float64] | None


_Told = Callable[[Embeddings, NDArray[np.float32]], NDArray[np.float64] | None]


def _best(ranking: Nearest | Listing, index: Searchable, wanted: int, told: _Told | None) -> _Best:
    """The ``wanted`` best pictures, each by its best row, in the order of what is ``told`` of them if that is known."""
    reach = wanted if told is None else max(wanted + min(AHEAD * wanted, FURTHER), FEWEST)
    found = ranking.best(reach)
    embeddings = index.vectors(found.rows)
    relevance = told(embeddings, found.bonus) if told else None
    order = np.arange(len(found.rows))
    if relevance is not None:
        # What differs by rounding alone is equal.
        order = np.lexsort((order, -(found.scores + found.bonus), -np.round(relevance, 6)))
        relevance[order] = np.minimum.accumulate(relevance[order])
    if index.views:
        _, first = np.unique(index.pictures(found.rows[order]), return_index=True)
        order = order[np.sort(first)]
    order = order[:wanted]
    return _Best(
        found.scores[order],
        found.rows[order],
        embeddings[order],
        None if relevance is None else relevance[order],
    )


def relevant(hits: list[Hit]) -> list[Hit]:
    """The hits that are worth showing, in their order and numbered anew.

    Those that nothing is told of stay, and those whose path or text says what was asked for.
    """
    kept = (hit for hit in hits if hit.relevance is None or hit.relevance >= RELEVANT or hit.named or hit.texts)
    return [replace(hit, rank=rank) for rank, hit in enumerate(kept, start=1)]


def others(hits: list[Hit], kept: list[Hit]) -> list[Hit]:
    """The hits that ``relevant`` did not keep, in their order, numbered from there on."""
    there = {hit.picture for hit in kept}
    left = (hit for hit in hits if hit.picture not in there)
    return [replace(hit, rank=rank) for rank, hit in enumerate(left, start=len(kept) + 1)]


def is_absent(hits: list[Hit]) -> bool:
    """Whether what was asked for seems to be in none of the pictures: even the best hit is hardly meant.

    Of hits that nothing is told of, or whose path or text says what was asked for, nobody knows so.
    """
    told = (hit.relevance is None or hit.relevance >= ABSENT or hit.named or hit.texts for hit in hits)
    return bool(hits) and not any(told)

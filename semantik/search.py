"""Answering a query: embed it, ask the index, name the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semantik.decode_pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import BadTopK, DecodeFailed, EmptyQuery, NoIndex, QueryImageMissing, QueryImageUnreadable
from semantik.index import ImageIndex
from semantik.records import Embeddings, Hit, Query
from semantik.relevance import RELEVANT, Relevance


def parse_top_k(value: str | int, most: int) -> int:
    """K as a number from 1 to ``most``. Raises BadTopK for anything else."""
    text = str(value).strip()
    # isdecimal admits other scripts' digits, which int() reads too; the length keeps int() cheap.
    if not text.isdecimal() or len(text) > 12 or not 1 <= int(text) <= most:
        raise BadTopK(value=text[:40], most=most)
    return int(text)


def embed_query(query: Query, encoder: Encoder, pool: DecodePool) -> NDArray[np.float32]:
    """The query as a unit vector, float32 (dim,).

    Raises EmptyQuery, QueryImageMissing, QueryImageUnreadable or EncoderFailed.
    """
    if query.image is None:
        text = " ".join(query.text.split())
        if not text:
            raise EmptyQuery
        return row(encoder.encode_texts([text]))
    try:
        missing = not query.image.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        missing = True
    if missing:
        raise QueryImageMissing(path=str(query.image))
    try:
        decoded = pool.fit(query.image, encoder.input_spec)
    except DecodeFailed as error:
        raise QueryImageUnreadable(path=str(query.image), reason=error.params["reason"]) from error
    embeddings = encoder.encode_images(encoder.normalise(decoded.pixels[np.newaxis]))
    return row(embeddings)


def row(embeddings: Embeddings) -> NDArray[np.float32]:
    """The only row of the embedding of one thing: (1, dim) -> (dim,)."""
    (vector,) = embeddings
    return np.asarray(vector, dtype=np.float32)


def search(
    query: Query, encoder: Encoder, index: ImageIndex, top_k: int, pool: DecodePool, *, judge: Relevance | None = None
) -> list[Hit]:
    """The ``top_k`` pictures of ``index`` that answer ``query`` best, best first; fewer when it holds fewer.

    With a ``judge``, the hits carry their relevance; their order is that of the scores in any case.

    Raises NoIndex for an empty index, BadTopK for K below 1, and as ``embed_query`` does.
    """
    if not index.count:
        raise NoIndex(folder=str(index.folder))
    if top_k < 1:
        raise BadTopK(value=top_k, most=index.count)
    scores, rows = index.search(embed_query(query, encoder, pool), top_k)
    hits = [
        Hit(rank, float(score), index.path_of(int(row)))
        for rank, (score, row) in enumerate(zip(scores, rows, strict=True), start=1)
    ]
    if judge is None:
        return hits
    by_text = query.image is None
    found = judge.of_text(encoder, scores, index.vectors(rows)) if by_text else judge.of_image(index, scores)
    if found is None:
        return hits
    return [replace(hit, relevance=float(value)) for hit, value in zip(hits, found, strict=True)]


def relevant(hits: list[Hit]) -> list[Hit]:
    """The hits that are worth showing, in their order and numbered anew; those that nothing is told of stay."""
    kept = (hit for hit in hits if hit.relevance is None or hit.relevance >= RELEVANT)
    return [replace(hit, rank=rank) for rank, hit in enumerate(kept, start=1)]

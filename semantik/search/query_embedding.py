"""What a query asks for, as vectors: whether it can be answered, its terms, and the one vector of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.decoded import DecodedVideo
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import (
    ContradictoryQuery,
    DecodeFailed,
    EmptyQuery,
    OnlyUnwanted,
    QueryImageMissing,
    QueryImageUnreadable,
)
from semantik.queries import Query, Term
from semantik.records import Embeddings, split_path
from semantik.search import query_vector as combining
from semantik.storage.regular_files import is_file
from semantik.words.plain import plain


def check_terms(query: Query) -> None:
    """Raises EmptyQuery, OnlyUnwanted or ContradictoryQuery for a query that no picture can answer.

    One that only lists what passes its filters can be answered.
    """
    if query.lists:
        return
    if not query.terms or not all(term.image or term.text.strip() for term in query.terms):
        raise EmptyQuery
    wanted = {_meant(term) for term in query.terms if term.weight > 0}
    if not wanted:
        raise OnlyUnwanted
    for term in query.terms:
        if term.weight < 0 and _meant(term) in wanted:
            raise ContradictoryQuery(term=term.text or str(term.image))


def _meant(term: Term) -> object:
    return term.image or plain(" ".join(term.text.split()))


def embed_query(query: Query, encoder: Encoder, pool: DecodePool) -> Embeddings:
    """The query's terms as unit vectors, float32 (terms, dim).

    Raises as ``check_terms`` does, QueryImageMissing, QueryImageUnreadable or EncoderFailed.
    """
    check_terms(query)
    vectors = np.empty((len(query.terms), encoder.dim), np.float32)
    texts = [place for place, term in enumerate(query.terms) if term.image is None]
    if texts:
        vectors[texts] = encoder.encode_texts([" ".join(query.terms[place].text.split()) for place in texts])
    for place, term in enumerate(query.terms):
        if term.image is not None:
            vectors[place] = _embed_image(term, encoder, pool)
    return vectors


def _embed_image(term: Term, encoder: Encoder, pool: DecodePool) -> NDArray[np.float32]:
    path = term.image
    assert path
    if not is_file(split_path(path)[0]):
        raise QueryImageMissing(path=str(path))
    try:
        decoded = pool.fit(path, encoder.input_spec)
    except DecodeFailed as error:
        raise QueryImageUnreadable(path=str(path), reason=error.params["reason"]) from error
    if isinstance(decoded, DecodedVideo):  # what its frames have in common
        mean = encoder.encode_images(encoder.normalise(decoded.pixels)).mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-8), np.float32)
    return row(encoder.encode_images(encoder.normalise(decoded.pixels[np.newaxis])))


def row(embeddings: Embeddings) -> NDArray[np.float32]:
    """The only row of the embedding of one thing: (1, dim) -> (dim,)."""
    (vector,) = embeddings
    return np.asarray(vector, dtype=np.float32)


def query_vector(query: Query, terms: Embeddings, sample: Embeddings) -> NDArray[np.float32]:
    """One unit vector, float32 (dim,), for a query's embedded terms; see ``combining``. Raises ContradictoryQuery."""
    weights = [term.weight for term in query.terms]
    combined = combining.combine(terms, weights, [term.image is not None for term in query.terms], sample)
    if combined is None:
        unwanted = next(term for term in query.terms if term.weight < 0)
        raise ContradictoryQuery(term=unwanted.text or str(unwanted.image))
    return combined

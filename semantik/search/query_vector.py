"""One query vector from several texts and pictures, wanted and unwanted.

A query is moved towards what is wanted and away from what is not, as in relevance feedback (Rocchio, 1971). Cosines
with a text and with a picture have different spreads, and unweighted the picture would decide alone. So texts and
pictures count in units of the standard deviation of their scores over the library, the z-score fusion of
metasearch (Montague and Aslam, 2001, doi:10.1145/502585.502657): what a term adds is linear in the picture's vector,
so that the whole query stays one vector and one search. Texts among each other are best left as they are. That, and
how much what is unwanted should count, was measured: ``benchmarks/combined_queries.md``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semantik.records import Embeddings

UNWANTED = 0.4
"""What an unwanted term counts beside a wanted one of the same weight (benchmarks/combined_queries.md)."""

SAMPLE = 1000
"""Pictures of the library whose scores tell the spread of a kind of terms."""

FEWEST = 10  # pictures below which their spread tells nothing

_NOTHING = 1e-6  # length below which terms have cancelled each other out


def combine(
    terms: Embeddings, weights: Sequence[float], are_pictures: Sequence[bool], sample: Embeddings
) -> NDArray[np.float32] | None:
    """The unit vector, float32 (dim,), of terms, float32 (n, dim), with their weights; None when nothing remains.

    ``sample``, float32 (m, dim), are embeddings of pictures of the library. A single wanted term is its own vector.
    """
    if len(terms) == 1 and weights[0] > 0:
        return np.asarray(terms[0], np.float32)
    counts = np.array([weight if weight > 0 else UNWANTED * weight for weight in weights], np.float32)
    if len(sample) >= FEWEST:
        spreads = (sample @ terms.T).std(axis=0)
        for kind in (True, False):
            same = np.array([picture is kind for picture in are_pictures])
            if same.any():
                counts[same] /= max(float(spreads[same].mean()), 1e-3)
    query = counts @ terms
    length = float(np.linalg.norm(query))
    if length < _NOTHING:
        return None
    return np.asarray(query / length, np.float32)

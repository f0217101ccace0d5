"""How probably a hit is what was meant, from 0 to 1, on one scale for all queries, libraries and models.

A cosine means something else in every model, for every picture and for every way to ask. What a score is worth
shows in comparison with scores that mean nothing: z-norm of speaker verification (Reynolds, 1997; Auckenthaler et
al., 2000, doi:10.1006/dspr.1999.0361), which QB-Norm (Bogolin et al., 2022, arXiv:2112.12777) brought to
retrieval by text as a cure for pictures that are near to every query. Here a fixed bank of background queries on all
sorts of topics asks every hit, and a hit's score is measured from their mean, in units of the distance from that
mean to the mean of their highest tenth, as it is among the library's pictures. Platt's sigmoid (1999) makes a
probability of it.

That is a calibration of each model and each library by nothing but themselves. Where it was not measured how well it
holds (another model than the embedded one) or where there are few pictures, it is rough: see ``is_rough``.

A picture as query has no such bank: its scores are measured against those between pictures of the library.

Its constants, the formulas that it was chosen from and how far it holds are in ``benchmarks/relevance.md``.
"""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.base import Encoder
from semantik.index import Searchable
from semantik.queries import Query
from semantik.records import Embeddings
from semantik.storage.atomic_files import patiently, replace_file
from semantik.storage.private_files import make_folder
from semantik.storage.regular_files import read_regular

log = logging.getLogger(__name__)

QUERIES_FILE = Path(__file__).with_name("background_queries.txt")

RELEVANT = 0.2
"""From here on a hit is worth showing: to miss a picture is worse than to pass over one (benchmarks/relevance.md)."""

ABSENT = 0.14
"""Where even the best hit is below this, what was asked for is probably not there (benchmarks/relevance.md)."""

TAIL = 0.1  # the share of background scores that counts as high
TEXT_SLOPE, TEXT_OFFSET = 2.7, -5.25
IMAGE_SLOPE, IMAGE_OFFSET = 2.85, -3.0

SAMPLE = 300
"""Pictures of the library whose scores among each other tell what one between two pictures is worth."""

FEWEST = 10  # pictures below which such scores tell nothing

ENOUGH = 30
"""From so many pictures on, what is calibrated by them is off by less than the calibration is itself."""

_SAME = 1e-4  # two runs of one model differ by less, two models by more


class Relevance:
    """Tells relevances for one library at a time; keeps what it needs for that in memory and in ``folder``.

    May be called from any thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._bank: Embeddings | None = None

    def prepare(self, encoder: Encoder) -> Embeddings:
        """The background queries in an encoder's space, float32 (queries, dim).

        They are embedded once, which takes seconds with a large model. Raises EncoderFailed.
        """
        with self._lock:
            if self._bank is None or self._encoder is not encoder:
                self._bank, self._encoder = self._load(encoder), encoder
            return self._bank

    def is_rough(self, encoder: Encoder, index: Searchable) -> bool:
        """Whether relevances are better told in words than as numbers, which would seem to be exact."""
        return not encoder.is_calibrated or index.count < ENOUGH

    def of_text(
        self, encoder: Encoder, index: Searchable, scores: NDArray[np.float32], hits: Embeddings
    ) -> NDArray[np.float64]:
        """Relevance of hits with these scores, float32 (n,), and embeddings, float32 (n, dim): (n,) in [0, 1]."""
        bank = self.prepare(encoder).T
        # One reach for all: a picture's own is no better a unit, and would often put another picture first.
        reach = float(reaches(index.sample(SAMPLE) @ bank).mean())
        return sigmoid(TEXT_SLOPE * excess(scores, hits @ bank, reach) + TEXT_OFFSET)

    def of_image(self, index: Searchable, scores: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Relevance of hits for a picture as query, (n,) in [0, 1]; None in a library that is too small to tell."""
        if index.count < FEWEST:
            return None
        sample = index.sample(SAMPLE)
        background = (sample @ sample.T)[np.triu_indices(len(sample), 1)]
        return sigmoid(IMAGE_SLOPE * excess(scores, background[np.newaxis]) + IMAGE_OFFSET)

    def of_query(
        self,
        encoder: Encoder,
        index: Searchable,
        query: Query,
        terms: Embeddings,
        hits: Embeddings,
        *,
        bonus: NDArray[np.float32] | float = 0.0,
    ) -> NDArray[np.float64] | None:
        """Relevance of hits, float32 (n, dim), for a query with these embedded terms: (n,) in [0, 1], or None.

        What is wanted must all be there, so its relevances are multiplied, each to the power of its share of the
        weight (a geometric mean); each thing that is unwanted leaves what its own relevance leaves. None when nothing
        can be told of one of them: the hits are ordered by this, and would be as if that had not been asked.
        ``bonus``, (n,), is what the hits' names add to their scores for what is wanted.
        """
        total = np.zeros(len(hits))
        weight = 0.0
        left = np.ones(len(hits))
        for term, vector in zip(query.terms, terms, strict=True):
            scores = hits @ vector + (bonus if term.weight > 0 else 0.0)
            by_text = term.image is None
            found = self.of_text(encoder, index, scores, hits) if by_text else self.of_image(index, scores)
            if found is None:
                return None
            if term.weight > 0:
                total += term.weight * np.log(np.maximum(found, 1e-12))
                weight += term.weight
            else:
                left *= 1 - found
        if not weight:
            return None
        relevance: NDArray[np.float64] = np.exp(total / weight) * left
        return relevance

    def _load(self, encoder: Encoder) -> Embeddings:
        queries = read_queries()
        key = hashlib.sha256("\n".join([encoder.space, *queries]).encode()).hexdigest()[:24]
        path = self._folder / f"{key}.npy"
        stored = _read(path, (len(queries), encoder.dim))
        # One space may have several towers for texts, by language and by what is downloaded: the first query is
        # Spanish, the last English, and both must come out as they did.
        ends = encoder.encode_texts([queries[0], queries[-1]])
        if stored is not None and np.allclose(ends, stored[[0, -1]], atol=_SAME):
            return stored
        bank = encoder.encode_texts(queries)
        try:
            make_folder(self._folder)
            file = io.BytesIO()
            np.save(file, bank)
            replace_file(path, file.getvalue())
        except OSError as error:
            log.warning("background queries are not kept: %s", error)
        return bank


def reaches(background: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far the mean of the highest tenth of each row, (n, m), is above the row's mean: (n,)."""
    count = max(1, round(TAIL * background.shape[1]))
    highest = np.partition(background, -count, axis=1)[:, -count:].mean(axis=1, dtype=np.float64)
    reach: NDArray[np.float64] = highest - background.mean(axis=1, dtype=np.float64)
    return reach


def excess(
    scores: NDArray[np.float32], background: NDArray[np.float32], reach: float | None = None
) -> NDArray[np.float64]:
    """Where scores, (n,), lie between the mean of ``background``, (n, m) or (1, m), at 0 and its highest tenth at 1.

    ``reach``: the distance between these two, where it is not to be each row's own. Background scores that are all
    equal have no scale: what is above them is then worth nothing.
    """
    mean = background.mean(axis=1, dtype=np.float64)
    unit = reaches(background) if reach is None else np.full(len(background), reach)
    share: NDArray[np.float64] = np.divide(scores - mean, unit, out=np.zeros(len(scores)), where=unit > 1e-6)
    return share


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, without overflow."""
    halves: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits)
    return halves


def read_queries() -> list[str]:
    """The background queries, Spanish first."""
    lines = QUERIES_FILE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _read(path: Path, shape: tuple[int, int]) -> Embeddings | None:
    try:
        rows = np.load(io.BytesIO(patiently(lambda: read_regular(path))), allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError) as error:
        log.warning("background queries are embedded anew: %s: %s", path, error)
        return None
    if not isinstance(rows, np.ndarray) or rows.shape != shape or rows.dtype != np.float32:
        return None
    return rows if np.isfinite(rows).all() else None

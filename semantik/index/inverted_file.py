"""Approximate search: a vector file's rows in cells around centroids, so that a query reads only the nearest cells.

This is the inverted file of Jégou et al. (2011, section IV; FAISS's ``IndexIVFFlat``) without its copy of the
vectors: only centroids and row numbers are kept, some 12 MB for a million pictures instead of 2 GB more, and the
rows are scored exactly, in the file that a complete search reads. A hit's score is therefore the same either way;
what can go amiss is that a picture in a farther cell is not found. InvertedFile are derived from a file that never
changes. They lie beside it under a name taken from its checksum, can be deleted at any time, and are made again by
the next update.
"""

from __future__ import annotations

import hashlib
import logging
import math
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.index.manifest import Segment
from semantik.index.store import cells_file
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings
from semantik.storage.atomic_files import patiently, replace_file
from semantik.storage.regular_files import read_regular

log = logging.getLogger(__name__)

APPROXIMATE_FROM = 100_000
"""Rows of a vector file from which cells pay; below, a complete search takes some 10 ms (benchmarks/index_scale.md)."""

SHARE = 16
"""One row in so many is scored; recall and time were measured (benchmarks/index_scale.md)."""

_MAGIC = b"cells 1\n"
_HEADER = struct.Struct("<8s32sQII")  # magic, SHA-256 of the vector file, rows, dim, cells
_DIGEST_BYTES = 32
_SAMPLE = 16  # rows per cell that k-means looks at: 130 MB for a million
_ROUNDS = 5
_ROWS_PER_CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class InvertedFile:
    """Which rows of a vector file lie near which centroid."""

    centroids: NDArray[np.float32]  # (cells, dim), unit rows
    starts: NDArray[np.int64]  # (cells + 1,): where in ``rows`` each cell begins
    rows: NDArray[np.uint32]  # (rows,), ascending within a cell

    @classmethod
    def build(cls, vectors: Embeddings, control: TaskControl = UNATTENDED) -> InvertedFile | None:
        """InvertedFile for ``vectors``, float32 (rows, dim), four times as many as the square root of the rows.

        Spherical k-means (Dhillon and Modha, 2001) on a sample, then each row goes to its nearest centroid.
        Whether it is cancelled is asked about once a second; None is returned then.
        """
        import faiss

        if sys.platform == "darwin":  # beside torch's OpenMP, faiss's own crashes there as soon as it has two threads
            faiss.omp_set_num_threads(1)
        count, dim = vectors.shape
        cells = _cell_count(count)
        chosen = np.random.default_rng(0).choice(count, min(count, cells * _SAMPLE), replace=False)
        sample = np.require(vectors[np.sort(chosen)], requirements=("C", "A"))
        kmeans = faiss.Kmeans(
            dim, cells, niter=1, spherical=True, min_points_per_centroid=1, max_points_per_centroid=len(sample)
        )
        for _ in range(_ROUNDS):
            if control.cancelled:
                return None
            kmeans.train(sample, init_centroids=kmeans.centroids)
        nearest = faiss.IndexFlatIP(dim)
        nearest.add(kmeans.centroids)
        cell_of = np.empty(count, np.int64)
        for first in range(0, count, _ROWS_PER_CHUNK):
            if control.cancelled:
                return None
            chunk = np.require(vectors[first : first + _ROWS_PER_CHUNK], requirements=("C", "A"))
            cell_of[first : first + len(chunk)] = nearest.search(chunk, 1)[1][:, 0]
        starts = np.zeros(cells + 1, np.int64)
        np.cumsum(np.bincount(cell_of, minlength=cells), out=starts[1:])
        return cls(kmeans.centroids, starts, np.argsort(cell_of, kind="stable").astype(np.uint32))

    def narrow(self, live: NDArray[np.bool_], query: NDArray[np.float32], wanted: int) -> NDArray[np.bool_]:
        """Those of the ``live`` rows, bool (rows,), that are worth scoring for the ``wanted`` nearest to ``query``.

        All of them when the nearest cells would not do: for many results, or where most rows are dead.
        """
        budget = max(len(live) // SHARE, 4 * wanted)
        if 2 * budget > len(live):
            return live
        order = np.argsort(-(self.centroids @ query))
        sizes = np.diff(self.starts)[order]
        nearest = order[: int(np.searchsorted(np.cumsum(sizes), budget)) + 1]
        near = np.zeros_like(live)
        near[np.concatenate([self.rows[self.starts[cell] : self.starts[cell + 1]] for cell in nearest])] = True
        near &= live
        return near if int(near.sum()) >= wanted else live

    # -- On disk ---------------------------------------------------------------------------------------

    @classmethod
    def read(cls, store: Path, segment: Segment, dim: int) -> InvertedFile | None:
        """The stored cells of a vector file; None when there are none, or none that can be trusted."""
        path = cells_file(store, segment)
        try:
            data = patiently(lambda: read_regular(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("cells not read: %s", error)
            return None
        cells = _cell_count(segment.rows)
        header = _header(segment, dim, cells)
        middle = _DIGEST_BYTES + len(header)
        sizes = np.cumsum([middle, cells * dim * 4, (cells + 1) * 8, segment.rows * 4]).tolist()
        if (
            len(data) != sizes[-1]
            or data[_DIGEST_BYTES:middle] != header
            or hashlib.sha256(memoryview(data)[_DIGEST_BYTES:]).digest() != data[:_DIGEST_BYTES]
        ):
            log.warning("cells refused, they will be made anew: %s", path)
            return None
        return cls(
            np.frombuffer(data, np.float32, cells * dim, sizes[0]).reshape(cells, dim),
            np.frombuffer(data, np.int64, cells + 1, sizes[1]),
            np.frombuffer(data, np.uint32, segment.rows, sizes[2]),
        )

    def write(self, store: Path, segment: Segment) -> None:
        """Store the cells of a vector file, whole or not at all. Hold the store's lock. Raises OSError."""
        header = _header(segment, self.centroids.shape[1], len(self.centroids))
        body = [header, self.centroids.tobytes(), self.starts.tobytes(), self.rows.tobytes()]
        digest = hashlib.sha256()
        for piece in body:
            digest.update(piece)
        replace_file(cells_file(store, segment), [digest.digest(), *body])


def _cell_count(rows: int) -> int:
    return min(rows, round(4 * math.sqrt(rows)))


def _header(segment: Segment, dim: int, cells: int) -> bytes:
    return _HEADER.pack(_MAGIC, bytes.fromhex(segment.sha256), segment.rows, dim, cells)

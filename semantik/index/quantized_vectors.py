"""An 8-bit copy of a large vector file: a search reads a quarter of the bytes, and finds the same.

Scalar quantisation (Jégou et al. 2011; FAISS's ``QT_8bit_direct_signed``) of the vectors less their mean, which ranks
alike. How far a score by the copy can be from the exact one is known: by the largest distance of a vector from its
copy, measured when it was made, and that of the query from its own. So the rows that may be among the best are told
for sure, a few hundred of a million, and those are scored exactly in the file itself. The copy is derived from a
file that never changes. It lies beside it under a name taken from its checksum, can be deleted at any time, and is
made again by the next update.
"""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.index.content_check import ContentCheck
from semantik.index.flat_scans import best_of, in_threads, index_over, scan_rows, spans
from semantik.index.manifest import Segment
from semantik.index.opened_file import OpenedFile
from semantik.index.store import quantized_file
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings
from semantik.storage.atomic_files import write_new

log = logging.getLogger(__name__)

QUANTIZED_FROM = 100_000
"""Rows of a vector file from which a copy pays; below, a search takes some 10 ms (benchmarks/index_scale.md)."""

REACH, LEAST_REACH = 12, 1024
"""So many times the rows that are wanted are looked for in the copy, and so many at least: as a rule, more than may be
among the best (benchmarks/index_scale.md)."""

_LEVELS = 127
_ROUNDING = 1e-5  # more than float32 sums of a thousand products are off
_MOST_SHARE = 16  # of the rows one in so many is scored exactly at most; of more, all are
_ROWS_PER_CHUNK = 1 << 14
_MAGIC = b"int8 v1\n"
_FACTS = struct.Struct("<8s32sQQddd")  # magic, SHA-256 of the vector file, rows, dim, scale, error, longest
_DIGEST_BYTES = 32


class QuantizedVectors:
    """The rows of one vector file, less their mean, as ``scale * codes``, codes in -127 to 127, in a mapped file.

    ``error``: the largest distance of a row from its copy; ``longest``: the largest length of a row of the copy.
    """

    def __init__(self, file: OpenedFile, index: Any, *, scale: float, error: float, longest: float) -> None:
        self._file = file  # the index points into it
        self._index = index
        self._scale, self._error, self._longest = scale, error, longest
        self.check = ContentCheck(self._is_good)
        """Until the whole content was seen to be good, nothing is narrowed by it."""

    def narrow(self, live: NDArray[np.bool_], query: NDArray[np.float32], wanted: int) -> NDArray[np.bool_]:
        """Those of the ``live`` rows, bool (rows,), that may be among the ``wanted`` nearest to ``query``, (dim,).

        All of them when that is not known for few enough.
        """
        span = float(np.abs(query).max())
        if not self.check.is_good or not self._file.is_whole() or not span:
            return live
        unit = span / _LEVELS
        codes = np.rint(query / np.float32(unit))
        lost = float(np.linalg.norm(query - codes * np.float32(unit)))
        bound = self._error * float(np.linalg.norm(query)) + lost * self._longest + _ROUNDING
        bound /= unit * self._scale  # in the scores of the copy
        reach, rows = max(LEAST_REACH, REACH * wanted), len(live)
        if reach * _MOST_SHARE > rows or reach >= int(live.sum()):
            return live
        found = in_threads(partial(scan_rows, self._index, live, query=codes, top_k=reach), spans(rows))
        scores, nearest = best_of(found, reach)
        # The wanted-th best is worth its score less the bound at least, any other its own and the bound at most.
        least = float(scores[wanted - 1]) - 2 * bound
        if scores[-1] >= least:
            return live
        near = np.zeros_like(live)
        near[nearest[scores >= least]] = True
        return near

    def _is_good(self) -> bool:
        assert self._file.data is not None
        return self._file.digest(self._file.data.size - _DIGEST_BYTES) == self._file.data[-_DIGEST_BYTES:].tobytes()

    # -- On disk ---------------------------------------------------------------------------------------

    @classmethod
    def read(cls, store: Path, segment: Segment, dim: int) -> QuantizedVectors | None:
        """The stored copy of a vector file; None when there is none, or none that can be trusted."""
        path = quantized_file(store, segment)
        head = _faiss_header(segment.rows, dim)
        end = len(head) + segment.rows * dim
        try:
            file = OpenedFile(path, end + _FACTS.size + _DIGEST_BYTES)
            if file.data is None:
                return None
            data = file.data
            *told, scale, error, longest = _FACTS.unpack(data[end : end + _FACTS.size].tobytes())
            # The header is compared, so that FAISS's parser never meets one that was not written here.
            if data[: len(head)].tobytes() != head or (*told,) != _identity(segment, dim):
                raise ValueError("of other vectors")
            return cls(file, index_over(data[:end]), scale=scale, error=error, longest=longest)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RuntimeError) as error:
            log.warning("8-bit copy refused, it will be made anew: %s: %s", path, error)
            return None


def write_quantized(path: Path, vectors: Embeddings, segment: Segment, control: TaskControl = UNATTENDED) -> bool:
    """Write the copy of ``vectors``, float32 (rows, dim), those of ``segment``, to a new file.

    Whether that was done: cancelling is asked about at every chunk, and leaves nothing. Raises OSError.
    """
    try:
        write_new(path, _content(vectors, segment, control))
    except _Cancelled:
        return False
    return True


class _Cancelled(Exception):
    pass


def _content(vectors: Embeddings, segment: Segment, control: TaskControl) -> Iterator[bytes]:
    rows, dim = vectors.shape

    def chunks() -> Iterator[NDArray[np.float32]]:
        for first in range(0, rows, _ROWS_PER_CHUNK):
            if control.cancelled:
                raise _Cancelled
            yield vectors[first : first + _ROWS_PER_CHUNK]

    total = np.zeros(dim)
    for chunk in chunks():
        total += chunk.sum(axis=0, dtype=np.float64)
    mean = (total / rows).astype(np.float32)
    scale = max(float(np.abs(chunk - mean).max()) for chunk in chunks()) / _LEVELS or 1.0
    error = longest = 0.0
    digest = hashlib.sha256()

    def hashed(piece: bytes) -> bytes:
        digest.update(piece)
        return piece

    yield hashed(_faiss_header(rows, dim))
    for chunk in chunks():
        centred = chunk - mean
        codes = np.rint(centred / np.float32(scale))
        near = codes * np.float32(scale)
        error = max(error, float(np.linalg.norm(centred - near, axis=1).max()))
        longest = max(longest, float(np.linalg.norm(near, axis=1).max()))
        yield hashed((codes + 128).astype(np.uint8).tobytes())
    yield hashed(_FACTS.pack(*_identity(segment, dim), scale, error, longest))
    yield digest.digest()


def _identity(segment: Segment, dim: int) -> tuple[bytes, bytes, int, int]:
    return _MAGIC, bytes.fromhex(segment.sha256), segment.rows, dim


def _faiss_header(rows: int, dim: int) -> bytes:
    """The first bytes of a serialised scalar quantizer of so many rows; the codes follow."""
    import faiss

    kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
    empty = faiss.serialize_index(faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT)).tobytes()
    # Four letters, int32 dim, int64 rows; at the end the number of the codes' bytes (faiss/impl/index_write.cpp).
    return bytes(empty[:8] + struct.pack("<q", rows) + empty[16:-8] + struct.pack("<Q", rows * dim))

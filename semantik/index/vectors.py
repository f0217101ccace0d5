"""Runs of embeddings in FAISS's flat inner-product index, memory-mapped from a file or held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.index.store import HEADER_BYTES, Segment
from semantik.records import Embeddings

_ROWS_PER_CHUNK = 1 << 15


class Vectors:
    """A run of rows in a FAISS index, over a memory-mapped file or over an array in memory."""

    def __init__(self, index: Any, data: NDArray[np.uint8], segment: Segment | None) -> None:
        self.index = index
        self.data = data  # uint8 (rows, dim * 4); FAISS points into it, so it must live as long
        self.segment = segment
        self.rows = len(data)

    @classmethod
    def of_array(cls, rows: Embeddings) -> Vectors:
        import faiss

        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        return cls(index, rows.view(np.uint8), None)

    @classmethod
    def of_file(cls, store: Path, segment: Segment, dim: int, *, verify: bool = True) -> Vectors:
        """Map a vector file. Raises IndexDamaged, or FileNotFoundError when it is gone."""
        import faiss

        path = store / segment.file
        if path.stat().st_size != HEADER_BYTES + segment.rows * dim * 4:
            raise IndexDamaged(why="vectors", detail=segment.file)
        try:
            data = np.memmap(path, dtype=np.uint8, mode="r")
        except OSError as error:
            raise IndexDamaged(why="unreadable", detail=f"{segment.file}: {error}") from error
        if verify and hashlib.sha256(data.data).hexdigest() != segment.sha256:
            raise IndexDamaged(why="vectors", detail=segment.file)
        # Python owns the file: faiss's own I/O fails on non-ASCII Windows paths (faiss#3073).
        try:
            reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(np.asarray(data)), data.size)
            index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamaged(why="vectors", detail=f"{segment.file}: {error}") from error
        if not isinstance(index, faiss.IndexFlatIP) or (index.d, index.ntotal) != (dim, segment.rows):
            raise IndexDamaged(why="vectors", detail=segment.file)
        return cls(index, np.asarray(data)[HEADER_BYTES:].reshape(segment.rows, dim * 4), segment)


def search_runs(
    runs: Sequence[Vectors], live: NDArray[np.bool_], query: NDArray[np.float32], top_k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``top_k`` rows nearest to ``query``, float32 (dim,), among those that ``live`` marks.

    Rows count through all runs. Returns scores, float32 (k,), and rows, int64 (k,), best first; fewer
    when fewer are live, so FAISS's padding with id -1 never shows. Equal scores keep the order of rows.
    """
    import faiss

    scores, rows = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
    start = 0
    for run in runs:
        mask = live[start : start + run.rows]
        wanted = min(top_k, int(mask.sum()))
        if wanted:
            params = None
            if not mask.all():
                params = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")))
            found, ids = run.index.search(query[np.newaxis], wanted, params=params)
            scores.append(found[0])
            rows.append(ids[0] + start)
        start += run.rows
    all_scores, all_rows = np.concatenate(scores), np.concatenate(rows)
    best = np.lexsort((all_rows, -all_scores))[:top_k]
    return all_scores[best], all_rows[best]


def live_chunks(parts: Sequence[Vectors], mask: NDArray[np.bool_]) -> Iterator[memoryview]:
    start = 0
    for vectors in parts:
        for first in range(0, vectors.rows, _ROWS_PER_CHUNK):
            rows = vectors.data[first : first + _ROWS_PER_CHUNK]
            live = mask[start + first : start + first + len(rows)]
            yield (rows if live.all() else rows[live]).reshape(-1).data
        start += vectors.rows

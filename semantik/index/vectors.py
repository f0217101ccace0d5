"""Runs of embeddings in FAISS's flat inner-product index, memory-mapped from a file or held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.durable import patiently
from semantik.errors import IndexDamaged
from semantik.index.manifest import Manifest, Segment
from semantik.index.store import HEADER_BYTES, flat_header
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
        """Rows in memory, float32 (n, dim)."""
        import faiss

        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        return cls(index, rows.view(np.uint8), None)

    @classmethod
    def of_map(cls, mapped: NDArray[np.uint8], segment: Segment, dim: int, *, verify: bool = True) -> Vectors:
        """Rows in a file that ``map_file`` mapped. Raises IndexDamaged."""
        import faiss

        if verify and hashlib.sha256(mapped.data).hexdigest() != segment.sha256:
            raise IndexDamaged(why="vectors", detail=segment.file)
        # Python owns the file: faiss's own I/O fails on non-ASCII Windows paths (faiss#3073).
        try:
            reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(mapped), mapped.size)
            index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamaged(why="vectors", detail=f"{segment.file}: {error}") from error
        if not isinstance(index, faiss.IndexFlatIP) or (index.d, index.ntotal) != (dim, segment.rows):
            raise IndexDamaged(why="vectors", detail=segment.file)
        return cls(index, mapped[HEADER_BYTES:].reshape(segment.rows, dim * 4), segment)


def map_file(store: Path, segment: Segment, dim: int) -> NDArray[np.uint8]:
    """Map a vector file of the right size and header, uint8 (bytes,). Raises OSError, IndexDamaged.

    From then on the content stays, even if another program's save deletes the file's name.
    """
    path = store / segment.file
    size = HEADER_BYTES + segment.rows * dim * 4
    if path.stat().st_size != size:
        raise IndexDamaged(why="vectors", detail=segment.file)
    data = np.asarray(patiently(lambda: np.memmap(path, dtype=np.uint8, mode="r")))
    # The header is compared, so that FAISS's parser never meets one that was not written here.
    if data.size != size or data[:HEADER_BYTES].tobytes() != flat_header(segment.rows, dim):
        raise IndexDamaged(why="vectors", detail=segment.file)
    return data


def open_files(store: Path, manifest: Manifest) -> list[Vectors]:
    """Map all vector files and check their content. Raises OSError, IndexDamaged."""
    # All are mapped before the first is read: what is mapped, another program's save cannot take away.
    maps = [map_file(store, segment, manifest.dim) for segment in manifest.segments]
    return [Vectors.of_map(data, segment, manifest.dim) for data, segment in zip(maps, manifest.segments, strict=True)]


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
    """The bytes of the rows that ``mask`` marks, some thousand rows at a time."""
    start = 0
    for vectors in parts:
        for first in range(0, vectors.rows, _ROWS_PER_CHUNK):
            rows = vectors.data[first : first + _ROWS_PER_CHUNK]
            live = mask[start + first : start + first + len(rows)]
            yield (rows if live.all() else rows[live]).reshape(-1).data
        start += vectors.rows

"""Runs of embeddings in FAISS's flat inner-product index: mapped from a file, read from it, or held in memory."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.index.inverted_file import InvertedFile
from semantik.index.manifest import Manifest, Segment
from semantik.index.opened_file import OpenedFile, open_file
from semantik.index.store import HEADER_BYTES, flat_header
from semantik.records import Embeddings

SEARCH_THREADS = min(4, os.cpu_count() or 1)
"""As a rule, so many read as fast as the memory allows."""

BLOCK_BYTES = 2 << 20
"""Of a file that is only read, what a thread has in memory at once: it stays in the processor's cache."""

_ROWS_PER_CHUNK = 1 << 15
_ROWS_PER_THREAD = 50_000  # five milliseconds' work: less is not worth a thread


class Vectors:
    """A run of rows: in a FAISS index over a mapped file or an array in memory, or in a file that is only read."""

    def __init__(self, rows: int, dim: int, segment: Segment | None = None, file: OpenedFile | None = None) -> None:
        self.rows = rows
        self.row_bytes = dim * 4
        self.segment = segment
        self.file = file  # that the rows are of
        self.index: Any = None  # None of a file that is only read
        self.data: NDArray[np.uint8] | None = None  # (rows, row_bytes); FAISS points into it, so it must live as long
        self.cells: InvertedFile | None = None  # with them, a search reads only the rows near the query

    @classmethod
    def of_array(cls, rows: Embeddings) -> Vectors:
        """Rows in memory, float32 (n, dim)."""
        import faiss

        vectors = cls(*rows.shape)
        vectors.index = faiss.IndexFlatIP(rows.shape[1])
        vectors.index.add(rows)
        vectors.data = rows.view(np.uint8)
        return vectors

    @classmethod
    def of_file(cls, file: OpenedFile, segment: Segment, dim: int, *, verify: bool = True) -> Vectors:
        """Rows in a file that ``open_file`` opened. Raises IndexDamaged."""
        if verify and file.digest() != segment.sha256:
            raise IndexDamaged(why="vectors", detail=segment.file)
        vectors = cls(segment.rows, dim, segment, file)
        if file.data is not None:
            try:
                vectors.index = _index_over(file.data, segment.rows, dim)
            except (RuntimeError, ValueError) as error:
                raise IndexDamaged(why="vectors", detail=f"{segment.file}: {error}") from error
            vectors.data = file.data[HEADER_BYTES:].reshape(segment.rows, dim * 4)
        return vectors

    def bytes_of(self, first: int, last: int, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The bytes of some rows, uint8 (last - first, row_bytes), in ``into`` if that is needed. Raises IndexDamaged.

        The rows may be read-only.
        """
        if self.data is not None:
            return self.data[first:last]
        assert self.file and self.segment  # what is in memory has data
        rows = np.empty((last - first, self.row_bytes), np.uint8) if into is None else into[: last - first]
        try:
            self.file.read(rows.reshape(-1).data, HEADER_BYTES + first * self.row_bytes)
        except (OSError, EOFError) as error:
            raise IndexDamaged(why="vectors", detail=self.segment.file) from error
        return rows

    def check(self) -> None:
        """See that the file is still what was mapped. Raises IndexDamaged.

        To be asked before the rows are used: where a file became shorter there is nothing behind a map any more, and
        whoever reads there is ended by the system (SIGBUS).
        """
        if self.file and self.segment and not self.file.is_whole():
            raise IndexDamaged(why="vectors", detail=self.segment.file)


def open_files(store: Path, manifest: Manifest, cells_from: int | None = None) -> list[Vectors]:
    """Open all vector files and check their content; from ``cells_from`` rows on, with their cells if those are there.

    Raises OSError, IndexDamaged.
    """
    # All are opened before the first is read: what is open, another program's save cannot take away.
    files = [open_file(store, segment, manifest.dim) for segment in manifest.segments]
    runs = [
        Vectors.of_file(file, segment, manifest.dim) for file, segment in zip(files, manifest.segments, strict=True)
    ]
    for run, segment in zip(runs, manifest.segments, strict=True):
        # What must be read is read in order: here and there would take longer.
        if cells_from is not None and run.rows >= cells_from and run.index:
            run.cells = InvertedFile.read(store, segment, manifest.dim)
    return runs


def search_runs(
    runs: Sequence[Vectors], live: NDArray[np.bool_], query: NDArray[np.float32], top_k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``top_k`` rows nearest to ``query``, float32 (dim,), among those that ``live`` marks.

    Rows count through all runs. Returns scores, float32 (k,), and rows, int64 (k,), best first; fewer
    when fewer are live, so FAISS's padding with id -1 never shows. Equal scores keep the order of rows.
    In runs that have cells, some of the nearest may be missed; the scores are exact in any case.
    """
    parts: list[_Part] = []
    start = 0
    for run in runs:
        mask = live[start : start + run.rows]
        wanted = min(top_k, int(mask.sum()))
        if wanted and run.cells:
            mask = run.cells.narrow(mask, query, wanted)
        count = max(1, min(SEARCH_THREADS, run.rows // _ROWS_PER_THREAD)) if wanted else 0
        parts += [
            _Part(run, start, mask, run.rows * number // count, run.rows * (number + 1) // count)
            for number in range(count)
        ]
        start += run.rows
    found = list(_scanners().map(lambda part: _scan(part, query, top_k), parts))
    scores = np.concatenate([np.empty(0, np.float32), *(part[0] for part in found)])
    rows = np.concatenate([np.empty(0, np.int64), *(part[1] for part in found)])
    best = np.lexsort((rows, -scores))[:top_k]
    return scores[best], rows[best]


def read_rows(runs: Sequence[Vectors], rows: NDArray[np.int64], dim: int) -> Embeddings:
    """Copies of the embeddings in ``rows``, int64 (n,), which count through all runs: float32 (n, dim)."""
    found = np.empty((len(rows), dim), np.float32)
    start = 0
    for run in runs:
        inside = (rows >= start) & (rows < start + run.rows)
        wanted = rows[inside] - start
        if run.data is not None:
            found[inside] = run.data[wanted].view(np.float32)
        elif len(wanted):
            found[inside] = np.concatenate([run.bytes_of(row, row + 1) for row in wanted.tolist()]).view(np.float32)
        start += run.rows
    return found


class _Part(NamedTuple):
    """Rows ``first`` to ``last`` of a run that begins at row ``start`` of all; ``mask`` (run.rows,): which count."""

    run: Vectors
    start: int
    mask: NDArray[np.bool_]
    first: int
    last: int


def _index_over(data: NDArray[np.uint8], rows: int, dim: int) -> Any:
    """FAISS's index over a vector file's bytes, which it points into. Raises RuntimeError, ValueError."""
    import faiss

    # Python owns the file: faiss's own I/O fails on non-ASCII Windows paths (faiss#3073).
    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(data), data.size)
    index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
    if not isinstance(index, faiss.IndexFlatIP) or (index.d, index.ntotal) != (dim, rows):
        raise ValueError("not a flat index of that size")
    return index


def _scan_blocks(part: _Part, query: NDArray[np.float32], top_k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As ``_scan`` for a file that is only read: one block after the other, in one block's memory."""
    run, start, mask, first, last = part
    rows = max(1, BLOCK_BYTES // run.row_bytes)
    block = np.empty(HEADER_BYTES + rows * run.row_bytes, np.uint8)
    block[:HEADER_BYTES] = np.frombuffer(flat_header(rows, len(query)), np.uint8)
    own = Vectors(rows, len(query))
    own.index, own.data = _index_over(block, rows, len(query)), block[HEADER_BYTES:].reshape(rows, run.row_bytes)
    found = [(np.empty(0, np.float32), np.empty(0, np.int64))]
    for begin in range(first, last, rows):
        end = min(begin + rows, last)
        if mask[begin:end].any():
            run.bytes_of(begin, end, own.data)
            marked = np.zeros(rows, np.bool_)  # what is behind the end is of an earlier block
            marked[: end - begin] = mask[begin:end]
            found.append(_scan(_Part(own, start + begin, marked, 0, rows), query, top_k))
    scores, at = (np.concatenate(column) for column in zip(*found, strict=True))
    best = np.lexsort((at, -scores))[:top_k]
    return scores[best], at[best]


def _scan(part: _Part, query: NDArray[np.float32], top_k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    import faiss

    run, start, mask, first, last = part
    if run.index is None:
        return _scan_blocks(part, query, top_k)
    inside = mask[first:last]
    wanted = min(top_k, int(inside.sum()))
    if not wanted:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    selector: Any = None
    if not inside.all():
        bits = np.zeros_like(mask)
        bits[first:last] = inside
        selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    elif len(inside) < run.rows:
        selector = faiss.IDSelectorRange(first, last)
    params = faiss.SearchParameters(sel=selector) if selector else None
    scores, rows = run.index.search(query[np.newaxis], wanted, params=params)
    return scores[0], rows[0] + start


@functools.cache
def _scanners() -> ThreadPoolExecutor:
    """Threads that search without FAISS's own parallelism.

    For a single query that takes BLAS's matrix product (faiss#5000), which is three times the work of the
    plain scan: with two threads it took 155 ms for a million rows where one plain scan takes 109, the time
    of reading them (benchmarks/index_scale.md). Its sums also differ in the last bit from those of a search
    that leaves rows out.
    """
    import faiss

    # OpenMP keeps this number per thread: training and encoding elsewhere have theirs.
    return ThreadPoolExecutor(SEARCH_THREADS, "search", initializer=lambda: faiss.omp_set_num_threads(1))


def live_chunks(parts: Sequence[Vectors], mask: NDArray[np.bool_]) -> Iterator[memoryview]:
    """The bytes of the rows that ``mask`` marks, some thousand rows at a time."""
    start = 0
    for vectors in parts:
        for first in range(0, vectors.rows, _ROWS_PER_CHUNK):
            rows = vectors.bytes_of(first, min(first + _ROWS_PER_CHUNK, vectors.rows))
            live = mask[start + first : start + first + len(rows)]
            yield (rows if live.all() else rows[live]).reshape(-1).data
        start += vectors.rows

"""Scans of a FAISS index by threads of their own, a part of its rows each."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Part = TypeVar("Part")
Found = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Scores, float32 (k,), and rows, int64 (k,), best first; fewer when fewer are marked: FAISS's padding never shows."""

SEARCH_THREADS = min(4, os.cpu_count() or 1)
"""As a rule, so many read as fast as the memory allows."""

_ROWS_PER_THREAD = 50_000  # five milliseconds' work: less is not worth a thread


def spans(rows: int) -> Iterator[tuple[int, int]]:
    """First and last (excluded) of the rows that one thread looks at, for each thread."""
    count = max(1, min(SEARCH_THREADS, rows // _ROWS_PER_THREAD))
    return ((rows * number // count, rows * (number + 1) // count) for number in range(count))


def in_threads(scan: Callable[[Part], Found], parts: Iterable[Part]) -> Iterator[Found]:
    """What ``scan`` finds in each part, in order."""
    return _scanners().map(scan, parts)


def scan_rows(
    index: Any, mask: NDArray[np.bool_], span: tuple[int, int], query: NDArray[np.float32], top_k: int
) -> Found:
    """The nearest of the rows in ``span`` of a FAISS index that ``mask``, bool (all rows,), marks."""
    import faiss

    first, last = span
    inside = mask[first:last]
    wanted = min(top_k, int(inside.sum()))
    if not wanted:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    selector: Any = None
    if not inside.all():
        bits = np.zeros_like(mask)
        bits[first:last] = inside
        selector = faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
    elif len(inside) < len(mask):
        selector = faiss.IDSelectorRange(first, last)
    params = faiss.SearchParameters(sel=selector) if selector else None
    scores, rows = index.search(query[np.newaxis], wanted, params=params)
    return scores[0], rows[0]


def best_of(found: Iterable[Found], top_k: int) -> Found:
    """The best of all parts; equal scores keep the order of rows."""
    parts = [(np.empty(0, np.float32), np.empty(0, np.int64)), *found]
    scores, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    best = np.lexsort((rows, -scores))[:top_k]
    return scores[best], rows[best]


def index_over(data: NDArray[np.uint8]) -> Any:
    """The FAISS index whose serialised bytes ``data`` has, and must keep: it points into them.

    Raises RuntimeError, ValueError.
    """
    import faiss

    # Python owns the file: faiss's own I/O fails on non-ASCII Windows paths (faiss#3073).
    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(data), data.size)
    return faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)


@functools.cache
def _scanners() -> ThreadPoolExecutor:
    """Threads that search without FAISS's own parallelism.

    For a single query that takes BLAS's matrix product (faiss#5000), which is three times the work of the
    plain scan: with two threads it took 155 ms for a million rows where one plain scan takes 109, the time
    of reading them (benchmarks/index_scale.md). Its sums also differ in the last bit from those of a search
    that leaves rows out.
    """
    import faiss

    # OpenMP keeps this number per thread: encoding elsewhere has its own.
    return ThreadPoolExecutor(SEARCH_THREADS, "search", initializer=lambda: faiss.omp_set_num_threads(1))

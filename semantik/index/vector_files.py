"""Runs of embeddings in FAISS's flat inner-product index, memory-mapped from a file or held in memory."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.index.inverted_file import InvertedFile
from semantik.index.manifest import Manifest, Segment
from semantik.index.store import HEADER_BYTES, flat_header
from semantik.records import Embeddings
from semantik.storage.atomic_files import patiently
from semantik.storage.regular_files import open_regular, read_regular

SEARCH_THREADS = min(4, os.cpu_count() or 1)
"""As a rule, so many read as fast as the memory allows."""

HELD_BYTES = 64 << 20
"""Vector files up to this size are held in memory: a disk that goes in the middle of a search takes nothing of them.

Of a larger one, a page that the system has not read yet is then missing, and it ends the program (SIGBUS), in the time
of one search: ``Vectors.check`` asks before each. What was saved is whole in any case.
"""

_ROWS_PER_CHUNK = 1 << 15
_ROWS_PER_THREAD = 50_000  # five milliseconds' work: less is not worth a thread


class Vectors:
    """A run of rows in a FAISS index, over a memory-mapped file or over an array in memory."""

    def __init__(self, index: Any, data: NDArray[np.uint8], segment: Segment | None) -> None:
        self.index = index
        self.data = data  # uint8 (rows, dim * 4); FAISS points into it, so it must live as long
        self.segment = segment
        self.rows = len(data)
        self.file: MappedFile | None = None  # that ``data`` is of
        self.cells: InvertedFile | None = None  # with them, a search reads only the rows near the query

    @classmethod
    def of_array(cls, rows: Embeddings) -> Vectors:
        """Rows in memory, float32 (n, dim)."""
        import faiss

        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
        return cls(index, rows.view(np.uint8), None)

    @classmethod
    def of_map(cls, file: MappedFile, segment: Segment, dim: int, *, verify: bool = True) -> Vectors:
        """Rows in a file that ``map_file`` mapped. Raises IndexDamaged."""
        import faiss

        mapped = file.data
        if verify and file.digest() != segment.sha256:
            raise IndexDamaged(why="vectors", detail=segment.file)
        # Python owns the file: faiss's own I/O fails on non-ASCII Windows paths (faiss#3073).
        try:
            reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(mapped), mapped.size)
            index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexDamaged(why="vectors", detail=f"{segment.file}: {error}") from error
        if not isinstance(index, faiss.IndexFlatIP) or (index.d, index.ntotal) != (dim, segment.rows):
            raise IndexDamaged(why="vectors", detail=segment.file)
        vectors = cls(index, mapped[HEADER_BYTES:].reshape(segment.rows, dim * 4), segment)
        vectors.file = file
        return vectors

    def check(self) -> None:
        """See that the file is still what was mapped. Raises IndexDamaged.

        To be asked before the rows are read: where a file became shorter there is nothing behind the map any more, and
        whoever reads there is ended by the system (SIGBUS).
        """
        if self.file and self.segment and not self.file.is_whole():
            raise IndexDamaged(why="vectors", detail=self.segment.file)


class MappedFile:
    """A vector file's content as an array, uint8 (bytes,), and what tells whether it is still that."""

    def __init__(self, path: Path, size: int) -> None:
        """Raises OSError, and ValueError when it has another size."""
        self._path = path
        self._size = size
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            raise ValueError(f"{status.st_size} bytes instead of {size}")
        mapped = patiently(lambda: np.memmap(path, dtype=np.uint8, mode="r"))
        held = patiently(lambda: read_regular(path)) if size <= HELD_BYTES else None
        if mapped.size != size or (held is not None and len(held) != size):
            raise ValueError("it became shorter")
        self._identity = _identity(status)
        self.held = held is not None
        """Whether its content is in memory, and stays whatever becomes of the file."""
        self._map: Any = mapped.base  # the system's map, which has the file open
        self.data: NDArray[np.uint8] = np.asarray(mapped) if held is None else np.frombuffer(held, np.uint8)

    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal. Raises OSError."""
        # Read, and not taken from the map, while the name is there: a disk that goes meanwhile is then an error.
        if self.held:
            return hashlib.sha256(self.data.data).hexdigest()
        with contextlib.suppress(FileNotFoundError), open_regular(self._path) as file:
            if _identity(os.fstat(file.fileno())) == self._identity:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(self.data.data).hexdigest()

    def is_whole(self) -> bool:
        """Whether the file that was opened is as long as it was; microseconds."""
        try:
            return bool(self._map.size() == self._size)  # of the file that is open, whatever its name leads to now
        except OSError:
            return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def map_file(store: Path, segment: Segment, dim: int) -> MappedFile:
    """Map a vector file of the right size and header. Raises OSError, IndexDamaged.

    From then on the content stays, even if another program's save deletes the file's name.
    """
    try:
        file = MappedFile(store / segment.file, HEADER_BYTES + segment.rows * dim * 4)
    except ValueError as error:
        raise IndexDamaged(why="vectors", detail=segment.file) from error
    # The header is compared, so that FAISS's parser never meets one that was not written here.
    if file.data[:HEADER_BYTES].tobytes() != flat_header(segment.rows, dim):
        raise IndexDamaged(why="vectors", detail=segment.file)
    return file


def open_files(store: Path, manifest: Manifest, cells_from: int | None = None) -> list[Vectors]:
    """Map all vector files and check their content; from ``cells_from`` rows on, with their cells if those are there.

    Raises OSError, IndexDamaged.
    """
    # All are mapped before the first is read: what is mapped, another program's save cannot take away.
    maps = [map_file(store, segment, manifest.dim) for segment in manifest.segments]
    runs = [Vectors.of_map(data, segment, manifest.dim) for data, segment in zip(maps, manifest.segments, strict=True)]
    for run, segment in zip(runs, manifest.segments, strict=True):
        if cells_from is not None and run.rows >= cells_from:
            run.cells = InvertedFile.read(store, segment, manifest.dim)
    return runs


def let_go(error: BaseException) -> None:
    """Take from an error, and from those that led to it, what their calls held: Windows moves no file that is mapped.

    Only calls that have ended are emptied.
    """
    seen: set[int] = set()
    led: list[BaseException | None] = [error]
    while led:
        each = led.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            traceback.clear_frames(each.__traceback__)
            led += (each.__cause__, each.__context__)


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
        found[inside] = run.data[rows[inside] - start].view(np.float32)
        start += run.rows
    return found


class _Part(NamedTuple):
    """Rows ``first`` to ``last`` of a run that begins at row ``start`` of all; ``mask`` (run.rows,): which count."""

    run: Vectors
    start: int
    mask: NDArray[np.bool_]
    first: int
    last: int


def _scan(part: _Part, query: NDArray[np.float32], top_k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    import faiss

    run, start, mask, first, last = part
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
            rows = vectors.data[first : first + _ROWS_PER_CHUNK]
            live = mask[start + first : start + first + len(rows)]
            yield (rows if live.all() else rows[live]).reshape(-1).data
        start += vectors.rows

"""Runs of embeddings in FAISS's flat inner-product index: mapped from a file, read from it, or held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.index.content_check import ContentCheck
from semantik.index.flat_scans import Found, best_of, in_threads, index_over, scan_rows, spans
from semantik.index.manifest import Manifest, Segment
from semantik.index.opened_file import OpenedFile, open_file
from semantik.index.quantized_vectors import QUANTIZED_FROM, QuantizedVectors
from semantik.index.store import HEADER_BYTES, flat_header
from semantik.records import Embeddings

BLOCK_BYTES = 2 << 20
"""Of a file that is only read, what a thread has in memory at once: it stays in the processor's cache."""

_ROWS_PER_CHUNK = 1 << 15


class Verify(Enum):
    """When the content of a vector file is compared with its checksum."""

    NOW = "now"  # before it is used
    MEANWHILE = "meanwhile"  # a large one while it is in use already: see ``Vectors.check``
    NEVER = "never"  # it was just written


class Run(Protocol):
    """Some rows of an index, in their order, wherever they are kept."""

    @property
    def rows(self) -> int: ...
    @property
    def row_bytes(self) -> int: ...
    @property
    def segment(self) -> Segment | None: ...

    def check(self, *, whole: bool = False) -> None:
        """See that the rows are what they were, before they are used. Raises IndexDamaged."""

    def bytes_of(self, first: int, last: int, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The bytes of some rows as float32, uint8 (last - first, row_bytes)."""

    def read(self, rows: NDArray[np.int64]) -> Embeddings:
        """Copies of the embeddings in ``rows``, int64 (n,): float32 (n, dim)."""


class SearchedRun(Run, Protocol):
    """Rows that are searched where they are kept, and by whoever keeps them."""

    def search(self, mask: NDArray[np.bool_], query: NDArray[np.float32], top_k: int) -> Found:
        """The nearest of the rows that ``mask``, bool (rows,), marks, as ``search_runs`` gives them."""


class Vectors:
    """A run of rows: in a FAISS index over a mapped file or an array in memory, or in a file that is only read."""

    def __init__(self, rows: int, dim: int, segment: Segment | None = None, file: OpenedFile | None = None) -> None:
        self.rows = rows
        self.row_bytes = dim * 4
        self.segment = segment
        self.file = file  # that the rows are of
        self.index: Any = None  # None of a file that is only read
        self.data: NDArray[np.uint8] | None = None  # (rows, row_bytes); FAISS points into it, so it must live as long
        self.quantized: QuantizedVectors | None = None  # with it, a search reads a quarter of the bytes
        self._content: ContentCheck | None = None  # of a file that was not looked at whole when it was opened

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
    def of_file(cls, file: OpenedFile, segment: Segment, dim: int, verify: Verify = Verify.NOW) -> Vectors:
        """Rows in a file that ``open_file`` opened. Raises IndexDamaged."""
        wanted = bytes.fromhex(segment.sha256)
        later = verify is Verify.MEANWHILE and not file.held
        if verify is not Verify.NEVER and not later and file.digest() != wanted:
            raise IndexDamaged(why="vectors", detail=segment.file)
        vectors = cls(segment.rows, dim, segment, file)
        if later:
            vectors._content = ContentCheck(lambda: file.digest() == wanted)
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

    def read(self, rows: NDArray[np.int64]) -> Embeddings:
        """Copies of the embeddings in ``rows``, int64 (n,): float32 (n, dim). Raises IndexDamaged."""
        if self.data is not None:
            return self.data[rows].view(np.float32)
        found = [self.bytes_of(row, row + 1) for row in rows.tolist()]
        return np.concatenate(found or [np.empty((0, self.row_bytes), np.uint8)]).view(np.float32)

    def check(self, *, whole: bool = False) -> None:
        """See that the file is still what was mapped, and its content good as far as is known. Raises IndexDamaged.

        To be asked before the rows are used: where a file became shorter there is nothing behind a map any more, and
        whoever reads there is ended by the system (SIGBUS). ``whole``: wait until the content is known.
        """
        content = self._content
        if whole and content:
            content.wait()
        if self.file and self.segment and (not self.file.is_whole() or (content and content.is_bad)):
            raise IndexDamaged(why="vectors", detail=self.segment.file)


def open_files(
    store: Path, manifest: Manifest, verify: Verify = Verify.NOW, quantized_from: int = QUANTIZED_FROM
) -> list[Vectors]:
    """Open all vector files, those of ``quantized_from`` rows or more with their 8-bit copies if these are there.

    Raises OSError, IndexDamaged.
    """
    # All are opened before the first is read: what is open, another program's save cannot take away.
    files = [open_file(store, segment, manifest.dim) for segment in manifest.segments]
    runs = [
        Vectors.of_file(file, segment, manifest.dim, verify)
        for file, segment in zip(files, manifest.segments, strict=True)
    ]
    for run, segment in zip(runs, manifest.segments, strict=True):
        # What must be read is read in order: a copy would have to be read as well.
        if run.rows >= quantized_from and run.index:
            run.quantized = QuantizedVectors.read(store, segment, manifest.dim)
    return runs


def search_runs(runs: Sequence[Run], live: NDArray[np.bool_], query: NDArray[np.float32], top_k: int) -> Found:
    """The ``top_k`` rows nearest to ``query``, float32 (dim,), among those that ``live`` marks.

    Rows count through all runs. Returns scores, float32 (k,), and rows, int64 (k,), best first; fewer
    when fewer are live. Equal scores keep the order of rows.
    """
    parts: list[_Part] = []
    elsewhere: list[Found] = []
    start = 0
    for run in runs:
        mask = live[start : start + run.rows]
        wanted = min(top_k, int(mask.sum()))
        if wanted and not isinstance(run, Vectors):
            scores, rows = cast(SearchedRun, run).search(mask, query, wanted)
            elsewhere.append((scores, rows + start))
        elif wanted and isinstance(run, Vectors):
            if run.quantized:
                mask = run.quantized.narrow(mask, query, wanted)
            parts += [_Part(run, start, mask, *span) for span in spans(run.rows)]
        start += run.rows
    return best_of([*elsewhere, *in_threads(lambda part: _scan(part, query, top_k), parts)], top_k)


def read_rows(runs: Sequence[Run], rows: NDArray[np.int64], dim: int) -> Embeddings:
    """Copies of the embeddings in ``rows``, int64 (n,), which count through all runs: float32 (n, dim)."""
    found = np.empty((len(rows), dim), np.float32)
    start = 0
    for run in runs:
        inside = (rows >= start) & (rows < start + run.rows)
        if inside.any():
            found[inside] = run.read(rows[inside] - start)
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

    index = index_over(data)
    if not isinstance(index, faiss.IndexFlatIP) or (index.d, index.ntotal) != (dim, rows):
        raise ValueError("not a flat index of that size")
    return index


def _scan_blocks(part: _Part, query: NDArray[np.float32], top_k: int) -> Found:
    """As ``_scan`` for a file that is only read: one block after the other, in one block's memory."""
    run, start, mask, first, last = part
    rows = max(1, BLOCK_BYTES // run.row_bytes)
    block = np.empty(HEADER_BYTES + rows * run.row_bytes, np.uint8)
    block[:HEADER_BYTES] = np.frombuffer(flat_header(rows, len(query)), np.uint8)
    own = Vectors(rows, len(query))
    own.index, own.data = _index_over(block, rows, len(query)), block[HEADER_BYTES:].reshape(rows, run.row_bytes)
    found: list[Found] = []
    for begin in range(first, last, rows):
        end = min(begin + rows, last)
        if mask[begin:end].any():
            run.bytes_of(begin, end, own.data)
            marked = np.zeros(rows, np.bool_)  # what is behind the end is of an earlier block
            marked[: end - begin] = mask[begin:end]
            found.append(_scan(_Part(own, start + begin, marked, 0, rows), query, top_k))
    return best_of(found, top_k)


def _scan(part: _Part, query: NDArray[np.float32], top_k: int) -> Found:
    run, start, mask, first, last = part
    if run.index is None:
        return _scan_blocks(part, query, top_k)
    scores, rows = scan_rows(run.index, mask, (first, last), query, top_k)
    return scores, rows + start


def live_chunks(parts: Sequence[Run], mask: NDArray[np.bool_]) -> Iterator[memoryview]:
    """The bytes of the rows that ``mask`` marks, some thousand rows at a time."""
    start = 0
    for vectors in parts:
        for first in range(0, vectors.rows, _ROWS_PER_CHUNK):
            rows = vectors.bytes_of(first, min(first + _ROWS_PER_CHUNK, vectors.rows))
            live = mask[start + first : start + first + len(rows)]
            yield (rows if live.all() else rows[live]).reshape(-1).data
        start += vectors.rows

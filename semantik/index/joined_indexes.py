"""Several indexes of one space, searched as if they were one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semantik.index.image_index import ImageIndex
from semantik.index.vector_files import Run, read_rows, search_runs
from semantik.records import Embeddings, ImageFile


class Searchable(Protocol):
    """What a search needs of an index, or of several; each method is as that of ``ImageIndex``."""

    @property
    def count(self) -> int: ...
    @property
    def folder(self) -> Path: ...
    def mask(self, rows: Iterable[int]) -> NDArray[np.bool_]: ...
    def search(
        self, query: NDArray[np.float32], top_k: int, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...
    def vectors(self, rows: Sequence[int] | NDArray[np.int64]) -> Embeddings: ...
    def sample(self, most: int) -> Embeddings: ...
    def path_of(self, row: int) -> Path: ...
    def place_of(self, row: int) -> tuple[object, ...]: ...
    def moment_of(self, row: int) -> float | None: ...
    def fingerprint_of(self, row: int) -> str: ...
    @property
    def views(self) -> int: ...
    def pictures(self, rows: NDArray[np.int64]) -> NDArray[np.int64]: ...


class JoinedIndexes:
    """Rows count through all parts, in their order, so that one query, one ranking and one scale hold for all.

    It reads the parts as they are when it is asked; make another when one of them has changed.
    """

    def __init__(self, parts: Sequence[ImageIndex]) -> None:
        """``parts``: one at least, all of one space. Raises ValueError for others."""
        if len({(part.space, part.dim) for part in parts}) != 1:
            raise ValueError(f"indexes of {sorted({part.space for part in parts})} are not one")
        self.parts = tuple(parts)
        self.starts = tuple(accumulate((part.total_rows for part in self.parts), initial=0))
        """The first row of each part, and at the end the number of all rows."""

    @property
    def count(self) -> int:
        """Pictures that can be found."""
        return sum(part.count for part in self.parts)

    @property
    def folder(self) -> Path:
        """The first part's folder."""
        return self.parts[0].folder

    def mask(self, rows: Iterable[int]) -> NDArray[np.bool_]:
        """Marks ``rows`` among all, bool (rows,), for ``search``."""
        marked = np.zeros(self.starts[-1], dtype=np.bool_)
        marked[np.fromiter(rows, np.int64)] = True
        return marked

    def search(
        self, query: NDArray[np.float32], top_k: int, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The ``top_k`` rows nearest to ``query``, float32 (dim,): scores and rows, best first; as ``ImageIndex``'s."""
        live = np.concatenate([part.live() for part in self.parts])
        return search_runs(self._runs(), live if among is None else live & among, query, top_k)

    def vectors(self, rows: Sequence[int] | NDArray[np.int64]) -> Embeddings:
        """The embeddings in ``rows``, float32 (n, dim)."""
        return read_rows(self._runs(), np.asarray(rows, np.int64), self.parts[0].dim)

    def sample(self, most: int) -> Embeddings:
        """Embeddings of at most ``most`` pictures, each part with its share of them, float32 (n, dim)."""
        shares = [most * part.count // max(1, self.count) for part in self.parts]
        found = [part.sample(share) for part, share in zip(self.parts, shares, strict=True) if share]
        return np.concatenate(found) if found else np.empty((0, self.parts[0].dim), np.float32)

    def part_of(self, row: int) -> tuple[int, int]:
        """The number of the part that a row is of, and the row's number in it."""
        place = bisect_right(self.starts, row) - 1
        return place, row - self.starts[place]

    def file_of(self, row: int) -> ImageFile:
        """The file in ``row`` as it was when it was indexed; its path is relative to its own part's folder."""
        place, inner = self.part_of(row)
        return self.parts[place].file_of(inner)

    def path_of(self, row: int) -> Path:
        """Absolute path of that file."""
        place, inner = self.part_of(row)
        return self.parts[place].path_of(inner)

    def place_of(self, row: int) -> tuple[object, ...]:
        """Where that file comes: part by part, in the order of names."""
        place, inner = self.part_of(row)
        return (place, *self.parts[place].place_of(inner))

    def moment_of(self, row: int) -> float | None:
        """The second in the video that the picture in ``row`` shows; None for what is no video."""
        place, inner = self.part_of(row)
        return self.parts[place].moment_of(inner)

    def fingerprint_of(self, row: int) -> str:
        """What tells the content of that file; "" while it is unknown."""
        place, inner = self.part_of(row)
        return self.parts[place].fingerprint_of(inner)

    @property
    def views(self) -> int:
        """How many rows are views of wide or tall pictures."""
        return sum(part.views for part in self.parts)

    def pictures(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """For every row the row of its picture: of a view another one, of all else the same."""
        found = rows.copy()
        for start, end, part in zip(self.starts, self.starts[1:], self.parts, strict=False):
            inside = (rows >= start) & (rows < end)
            if part.views and inside.any():
                found[inside] = part.pictures(rows[inside] - start) + start
        return found

    def count_among(self, marked: NDArray[np.bool_]) -> int:
        """How many pictures there are among the rows that ``marked``, bool (rows,), marks."""
        bounds = zip(self.starts, self.starts[1:], self.parts, strict=False)
        return sum(part.count_among(marked[start:end]) for start, end, part in bounds)

    def _runs(self) -> list[Run]:
        return [run for part in self.parts for run in part.runs()]

"""Finding pictures in an indexed folder: filters, names, near-duplicates and details around the plain search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from semantik.combining import SAMPLE
from semantik.decode_pool import DecodePool
from semantik.details_store import DetailsStore
from semantik.encoders.base import Encoder
from semantik.errors import DecodeFailed
from semantik.filtering import passing
from semantik.index import TRANSIENT, ImageIndex
from semantik.near_duplicates import near_distance
from semantik.path_words import PathWords, query_words
from semantik.plain_words import plain
from semantik.records import Decoded, DecodedVideo, Description, Filters, Hit, ImageFile, Order, Query
from semantik.relevance import Relevance
from semantik.search import Limits, Named, check_terms, search

Made = TypeVar("Made")

MOST_READ = 500
"""Pictures among the hits whose files' heads are read for want of stored details: a second's work."""


class Kept(Generic[Made]):
    """The last thing that was made, as long as what it was made for is the same."""

    def __init__(self) -> None:
        self._last: tuple[object, Made] | None = None

    def get(self, key: object, make: Callable[[], Made]) -> Made:
        """What was made for ``key``, or is made now."""
        if self._last is None or self._last[0] != key:
            self._last = (key, make())
        return self._last[1]


class Finder:
    """Knows what the files of one folder tell, beside their vectors. Not thread-safe, as ``ImageIndex``."""

    def __init__(self, folder: Path, pool: DecodePool, details: DetailsStore, judge: Relevance) -> None:
        self.folder = folder
        self.pool = pool
        self.details = details
        self.judge = judge
        self._path_words: Kept[PathWords] = Kept()
        self._among: Kept[NDArray[np.bool_] | None] = Kept()
        self._near: Kept[float] = Kept()

    def search(
        self,
        index: ImageIndex,
        encoder: Encoder,
        query: Query,
        top_k: int,
        *,
        by_name: bool = False,
        folded: bool = False,
    ) -> list[Hit]:
        """The pictures that answer best among those that pass the query's filters, ordered as the query wants.

        ``by_name``: words in their paths count too; ``folded``: near-duplicates are one hit. The hits have details.
        Raises as ``search.search`` and ``filtering.passing`` do.
        """
        check_terms(query)
        limits = Limits(
            among=self._passing(index, query.filters),
            named=self._named(index, query) if by_name else None,
            near=self._near.get(index.state, lambda: near_distance(index.sample(SAMPLE))) if folded else 0.0,
        )
        hits = search(query, encoder, index, top_k, self.pool, judge=self.judge, limits=limits)
        return ordered(self._detailed(index, hits), query.order)

    def searched(self, index: ImageIndex, filters: Filters) -> int:
        """How many pictures a query with these filters looks at. Raises as ``filtering.passing`` does."""
        among = self._passing(index, filters)
        return index.count if among is None else int(among.sum())

    def note(self, file: ImageFile, decoded: Decoded | DecodedVideo) -> None:
        """Remember what was learnt of a picture while it was decoded for the index."""
        self.details.add(file, Description(decoded.width, decoded.height, decoded.taken, decoded.camera))

    def catch_up(self, index: ImageIndex, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        """Learn from the files' heads what is not known of indexed pictures.

        Mostly nothing is left to do: an older program's index, or a damaged store, has no details.
        """
        if missing := self.details.missing(index.files()):
            self._learn(missing, is_cancelled)

    def forget_gone(self, index: ImageIndex) -> None:
        """Forget what was learnt of files that are not indexed any more."""
        self.details.keep({file.path for file in index.files()})

    def _learn(self, files: Sequence[ImageFile], is_cancelled: Callable[[], bool] = lambda: False) -> None:
        found = self.pool.describe(self.folder / file.path for file in files)
        try:
            for file, description in zip(files, found, strict=True):
                if is_cancelled():
                    break
                if not isinstance(description, DecodeFailed):
                    self.details.add(file, description)
                elif description.params["reason"] not in TRANSIENT:
                    self.details.add(file, None)  # asked once is enough, until the file changes
        finally:
            found.close()
            self.details.flush()

    def _passing(self, index: ImageIndex, filters: Filters) -> NDArray[np.bool_] | None:
        def make() -> NDArray[np.bool_] | None:
            if filters.need_details:
                self.catch_up(index)
            return passing(index, filters, self.details)

        return self._among.get((filters, *index.state), make)

    def _named(self, index: ImageIndex, query: Query) -> Named | None:
        words = query_words(term.text for term in query.terms if term.weight > 0)
        if not words:
            return None
        paths = self._path_words.get(index.state, lambda: PathWords(index.rows()))
        return Named(paths.find(words), len(words))

    def _detailed(self, index: ImageIndex, hits: list[Hit]) -> list[Hit]:
        """The hits and their copies with what is known of their files, which is read now where it must be."""
        rows = index.rows()
        flat = [hit for best in hits for hit in (best, *best.copies)]
        files = [index.file_of(rows[hit.picture.relative_to(self.folder).as_posix()]) for hit in flat]
        known = self.details.of(files)
        if unknown := [file for file, details in zip(files, known, strict=True) if details is None]:
            self._learn(unknown[:MOST_READ])
            known = self.details.of(files)
        told = iter(known)
        detailed = []
        for hit in hits:
            best = replace(hit, details=next(told))
            detailed.append(replace(best, copies=tuple(replace(copy, details=next(told)) for copy in hit.copies)))
        return detailed


def ordered(hits: list[Hit], order: Order) -> list[Hit]:
    """The hits as they are to be shown; those of unknown date come last, and equal ones stay by relevance."""
    match order:
        case Order.NAME:
            return sorted(hits, key=lambda hit: plain(hit.path.name))
        case Order.NEWEST | Order.OLDEST:
            dated = [(hit.details.date, hit) for hit in hits if hit.details]
            dated.sort(key=lambda pair: pair[0], reverse=order is Order.NEWEST)
            return [*(hit for _, hit in dated), *(hit for hit in hits if not hit.details)]
    return hits

"""Finding pictures in indexed folders: filters, names, near-duplicates and details around the plain search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import NoIndex
from semantik.index import JoinedIndexes
from semantik.queries import Filters, Order, Query
from semantik.records import Details, Embeddings, Hit, split_path
from semantik.search.candidates import Limits, Named
from semantik.search.listing import in_order
from semantik.search.name_matches import PathWords, query_words
from semantik.search.near_duplicates import near_distance
from semantik.search.query_embedding import check_terms
from semantik.search.query_vector import SAMPLE
from semantik.search.ranking import content_at, search
from semantik.search.readable_terms import nothing_readable, readable
from semantik.search.relevance import Relevance
from semantik.search.row_filters import Part, passing
from semantik.search.text_matches import find_written, with_texts
from semantik.words.plain import plain

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """The last thing that was made, as long as what it was made for is the same."""

    def __init__(self) -> None:
        self._last: tuple[object, Made] | None = None

    def get(self, key: object, make: Callable[[], Made]) -> Made:
        """What was made for ``key``, or is made now."""
        if self._last is None or self._last[0] != key:
            self._last = (key, make())
        return self._last[1]


class Searcher:
    """Searching queries from one folder or several at once, all in one space. Not thread-safe, as ``ImageIndex``."""

    def __init__(self, pool: DecodePool, judge: Relevance) -> None:
        self.pool = pool
        self.judge = judge
        self._path_words: Kept[list[PathWords]] = Kept()
        self._among: Kept[NDArray[np.bool_] | None] = Kept()
        self._near: Kept[float] = Kept()
        self._listed: Kept[NDArray[np.int64]] = Kept()

    def search(
        self,
        parts: Sequence[Part],
        encoder: Encoder,
        query: Query,
        top_k: int,
        *,
        by_name: bool = False,
        folded: bool = False,
    ) -> list[Hit]:
        """The pictures that answer best among those that pass the query's filters, ordered as the query wants.

        ``parts``: one at least. ``by_name``: words in their paths count too; ``folded``: near-duplicates are one hit.
        Words that stand in pictures always count (see ``text_matches``), as far as their texts were read.
        Of a query that only filters, all that pass them are hits, the newest first unless it says otherwise. Words
        that the encoder cannot read do not count, but in names and texts they are found all the same. The hits have
        details.
        Raises TextUnread when none of them is left, and as ``search.search`` and ``filtering.passing`` do.
        """
        check_terms(query)
        joined = JoinedIndexes([part.index for part in parts])
        if not joined.count:
            raise NoIndex(folder=str(joined.folder))
        among = self._passing(parts, query.filters)
        among = _without_examples(parts, joined, query, among)
        named = self._named(parts, joined, query) if by_name else None
        written = find_written(parts, joined, query)
        read = readable(query, encoder)
        listed = None
        if query.lists:
            state = (query.filters, query.order, _changes(parts, query.filters), *_state(parts))
            listed = self._listed.get(state, lambda: in_order(parts, among, query.order))
        elif not any(term.weight > 0 for term in read.terms):
            told = [each.best_first(joined, among) for each in (written, named) if each]
            listed = np.array(list(dict.fromkeys(row for rows in told for row in rows.tolist())), np.int64)
            if not len(listed):
                raise nothing_readable(query, encoder)
        limits = Limits(
            among=among,
            named=named,
            written=written,
            folded=folded,
            near=self._near.get(_state(parts), lambda: near_distance(joined.sample(SAMPLE))) if folded else 0.0,
            listed=listed,
        )
        hits = search(read, encoder, joined, top_k, self.pool, judge=self.judge, limits=limits)
        hits = with_texts(hits, parts, query.filters, written)
        return ordered(_detailed(parts, hits), query.order)

    def searched(self, parts: Sequence[Part], filters: Filters) -> int:
        """How many pictures a query with these filters looks at. Raises as ``filtering.passing`` does."""
        among = self._passing(parts, filters)
        if among is None:
            return sum(part.index.count for part in parts)
        return JoinedIndexes([part.index for part in parts]).count_among(among)

    def sample(self, parts: Sequence[Part], most: int) -> Embeddings:
        """Embeddings of at most ``most`` pictures, evenly spread over all, float32 (n, dim)."""
        return JoinedIndexes([part.index for part in parts]).sample(most)

    def _passing(self, parts: Sequence[Part], filters: Filters) -> NDArray[np.bool_] | None:
        def make() -> NDArray[np.bool_] | None:
            if filters.need_details:
                for part in parts:
                    part.details.catch_up(part.index)
            return passing(parts, filters)

        return self._among.get((filters, _changes(parts, filters), *_state(parts)), make)

    def _named(self, parts: Sequence[Part], joined: JoinedIndexes, query: Query) -> Named | None:
        wanted = [term for term in query.terms if term.weight > 0]
        words = query_words(term.text for term in wanted)
        # One of several things that are asked for is no name of a picture.
        asked = [term.text or _own_name(term.image, parts) for term in wanted if len(wanted) == 1 and not term.alike]
        paths = self._path_words.get(_state(parts), lambda: [PathWords(part.index.rows()) for part in parts])
        found = {
            start + row: told
            for start, names in zip(joined.starts, paths, strict=False)  # the last start is the end
            for row, told in names.find(words).items()
        }
        exact = {
            start + row: name
            for name in filter(None, asked)
            for start, names in zip(joined.starts, paths, strict=False)
            for row in names.called(name)
        }
        found |= {row: (name,) for row, name in exact.items() if row not in found}
        return Named(found, max(1, len(words)), frozenset(exact)) if found else None


def _without_examples(
    parts: Sequence[Part], joined: JoinedIndexes, query: Query, among: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """``among``, bool (rows,), less the pictures whose like is asked for and all that have the same content.

    Of a video the moment alone that is asked for goes; an example from elsewhere has no row, and its copies stay.
    """
    examples = [term.image for term in query.terms if term.image and term.alike]
    same = {row for image in examples for row in _rows_of(image, parts, joined)}
    if not same:
        return among
    others = ~joined.mask(same)
    return others if among is None else among & others


def _rows_of(image: Path, parts: Sequence[Part], joined: JoinedIndexes) -> Iterator[int]:
    """The rows of a picture with its views, or of a moment of a video, and of all that have the same content."""
    for start, part in zip(joined.starts, parts, strict=False):  # the last start is the end
        key = image.relative_to(part.index.folder).as_posix() if image.is_relative_to(part.index.folder) else ""
        row = part.index.rows().get(key)
        if row is not None:
            yield from (start + row, *_equal(parts, joined, start + row))
            if part.index.moment_of(row) is None:
                yield from (start + view for view in part.index.rows_of(key))


def _equal(parts: Sequence[Part], joined: JoinedIndexes, row: int) -> list[int]:
    """The rows of files with the same content as the one in ``row``, where that is known, at the same moment."""
    content = content_at(joined, row)
    if content is None:
        return []
    size = joined.file_of(row).size
    rows = [
        start + one
        for start, part in zip(joined.starts, parts, strict=False)
        for one in part.index.rows_of_sizes([size])
    ]
    return [one for one in rows if content_at(joined, one) == content]


def _own_name(image: Path | None, parts: Sequence[Part]) -> str:
    """What a picture of the folders is called there; "" for a picture from elsewhere."""
    inside = image is not None and any(image.is_relative_to(part.index.folder) for part in parts)
    return split_path(image)[0].name if image and inside else ""


def _state(parts: Sequence[Part]) -> tuple[object, ...]:
    return tuple((part.name, part.index.state) for part in parts)


def _changes(parts: Sequence[Part], filters: Filters) -> tuple[object, ...]:
    """Of what the filters look at beside the index: where it is the same, the same pictures pass."""
    changes: list[object] = []
    for part in parts:
        if filters.need_details:
            changes.append(part.details.store.changes)
        if filters.need_texts and part.texts:
            part.texts.flush()
            changes.append(part.texts.changes)
        if filters.need_people and part.people:
            changes.append(part.people.state)
    return tuple(changes)


def _detailed(parts: Sequence[Part], hits: list[Hit]) -> list[Hit]:
    """The hits and their copies with what is known of their files, which is read now where it must be."""
    known: dict[Hit, Details | None] = {}
    people: dict[Hit, tuple[str, ...]] = {}
    flat = [hit for best in hits for hit in (best, *best.copies)]
    for part in parts:
        folder, rows = part.index.folder, part.index.rows()
        keys = {hit: hit.picture.relative_to(folder).as_posix() for hit in flat if hit.path.is_relative_to(folder)}
        inside = [hit for hit, key in keys.items() if key in rows]  # the index of a folder within may know more
        files = [part.index.file_of(rows[keys[hit]]) for hit in inside]
        known.update(zip(inside, part.details.of(files), strict=True))
        if part.people:
            people.update(zip(inside, part.people.names_in(files), strict=True))

    def told(hit: Hit, copies: tuple[Hit, ...] = ()) -> Hit:
        return replace(hit, details=known[hit], people=people.get(hit, ()), copies=copies)

    return [told(hit, tuple(map(told, hit.copies))) for hit in hits]


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

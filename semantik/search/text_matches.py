"""Words of a query that stand in the texts of pictures and raise these among the hits, and the lines that hits show.

A word that is asked for without a filter may mean what is to be seen: "perro en la playa" is not after a sign with
"en" on it. So only words count that say something of a picture, each by how rare it is in the library's texts, and a
picture is raised when a good part of the query stands in it: one word in three does nothing. Where all of the query
stands in few pictures (a plate, a name, a number) they come first. benchmarks/text_matches.md has what that is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.folders.text_finding import FoundTexts, TextMatch, nothing
from semantik.folders.text_words import AskedWord, Likeness, asked_words
from semantik.index import JoinedIndexes, Searchable
from semantik.queries import Filters, Query
from semantik.records import Hit, ImageFile, TextLine
from semantik.search.name_matches import SHORTEST, empty_words
from semantik.search.row_filters import Part, filtered_words
from semantik.words.plain import plain

LEAST = 0.4
"""From this part of a query on its words raise a picture in which they stand."""

FEW = 10
"""Pictures with all of a query that are put first: a word that stands in more of them is no name."""

MISREAD = 3
"""Words of a query of which one may be misread in a picture: what has more is a sentence, and no name.

Of a sentence half must stand in a picture, word for word: signs, too, have words in common with what is said of others.
"""

LEAST_OF_SENTENCE = 0.5

WORTH = {Likeness.WHOLE: 1.0, Likeness.BEGINS: 0.75, Likeness.WITHIN: 0.0, Likeness.NEARLY: 0.5}
_BEGINNING = 4  # letters from which on a word counts that begins another: "sol" begins too many
_NUMBER = 6  # figures and letters of a part of a number that nothing else has
_PART_OF_NUMBER = 0.99  # what that is worth
_STEPS = 16  # of what pictures are raised by, so that they are few


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Pictures in which words of the query stand.

    ``rows``: theirs in the index, int64 (n,), each once; ``shares``: what part of the query stands there, in [0, 1],
    float64 (n,); ``exact``: the rows of those that come first; ``found``: what stands where, for each folder.
    """

    rows: NDArray[np.int64]
    shares: NDArray[np.float64]
    exact: frozenset[int] = frozenset()
    found: tuple[FoundTexts | None, ...] = field(default=(), repr=False)

    def levels(self) -> dict[float, NDArray[np.int64]]:
        """Rows by how much of what all of the query is worth they are raised: of half of it, a quarter."""
        steps = np.maximum(1, np.rint(_STEPS * self.shares * self.shares))
        return {float(step) / _STEPS: self.rows[steps == step] for step in np.unique(steps)}

    def best_first(self, index: Searchable, among: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Their rows, int64 (n,), by how much of the query stands in them, then by their paths."""
        share_of = dict(zip(self.rows.tolist(), self.shares.tolist(), strict=True))
        rows = [row for row in share_of if among is None or among[row]]
        rows.sort(key=lambda row: (row not in self.exact, -share_of[row], plain(index.path_of(row).as_posix())))
        return np.array(rows, np.int64)


def looked_for(query: Query) -> tuple[AskedWord, ...]:
    """The words of the query's wanted texts that count where they stand in a picture; not those in quotes."""
    texts = [term.text for term in query.terms if term.weight > 0 and not term.quoted]
    asked = {each.word: each for text in texts for each in asked_words(text)}
    return tuple(each for each in asked.values() if _says_something(each))


def _says_something(asked: AskedWord) -> bool:
    return len(asked.word) >= (2 if asked.is_code else SHORTEST) and asked.word not in empty_words()


def find_written(parts: Sequence[Part], joined: JoinedIndexes, query: Query) -> Written | None:
    """The pictures that words of the query raise; None where there is none."""
    asked = looked_for(query)
    if not asked:
        return None
    each = [_Standing.in_part(part, asked) for part in parts]
    rows = [start + one.rows for start, one in zip(joined.starts, each, strict=False)]  # the last start is the end
    worth = np.concatenate([one.worth for one in each])
    if not len(worth):
        return None
    weights = np.log1p(joined.count / (1 + np.count_nonzero(worth, axis=0)))
    shares = np.minimum(worth @ weights / weights.sum(), 1.0)
    kept = shares >= (LEAST if len(asked) <= MISREAD else LEAST_OF_SENTENCE)
    if not kept.any():
        return None
    ends = np.cumsum([len(one) for one in rows])[:-1]
    found = tuple(one.only(marked) for one, marked in zip(each, np.split(kept, ends), strict=True))
    row, shares = np.concatenate(rows)[kept], shares[kept]
    # The number itself comes before a longer one of which it is a part.
    whole = row[shares > max(_PART_OF_NUMBER, float(shares.max())) - 1e-6].tolist()
    only_texts = all(term.image is None for term in query.terms if term.weight > 0)
    is_name = only_texts and (len(whole) <= FEW or all(word.is_code for word in asked))
    return Written(row, shares, frozenset(whole if is_name else ()), found)


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """Words of a query that stand in the texts of a folder, as far as they are worth anything.

    ``rows`` of its index, int64 (n,); ``places`` of their pictures in ``found``; ``worth``: float64 (n, words).
    """

    found: FoundTexts
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    worth: NDArray[np.float64]

    @classmethod
    def in_part(cls, part: Part, asked: tuple[AskedWord, ...]) -> _Standing:
        if not part.texts:
            none = np.empty(0, np.int64)
            return cls(nothing(asked), none, none, np.empty((0, len(asked))))
        sentence = len(asked) > MISREAD
        found = part.texts.find(asked, within=False, nearly=not sentence)
        table = np.array([[0.0, *(_worth(word, how, sentence=sentence) for how in Likeness)] for word in asked])
        worth = table[np.arange(len(asked)), found.how]
        found = FoundTexts(asked, found.keys, np.where(worth > 0, found.how, 0).astype(np.uint8))
        rows, places = part.texts.rows(part.index, found)
        counts = worth[places].any(axis=1)
        return cls(found, rows[counts], places[counts], worth[places[counts]])

    def only(self, marked: NDArray[np.bool_]) -> FoundTexts:
        """What stands in the pictures of the rows that ``marked``, bool (n,), marks."""
        return self.found.only(np.unique(self.places[marked]))


def _worth(asked: AskedWord, how: Likeness, *, sentence: bool) -> float:
    """What part of a word it is worth that it stands in a picture like this."""
    if asked.is_code and how is not Likeness.NEARLY and len(asked.word) >= _NUMBER:
        return 1.0 if how is Likeness.WHOLE else _PART_OF_NUMBER
    too_short = len(asked.word) < _BEGINNING
    return 0.0 if how is Likeness.BEGINS and (sentence or too_short) else WORTH[how]


# -- What hits show ----------------------------------------------------------------------------------------


def with_texts(hits: Sequence[Hit], parts: Sequence[Part], filters: Filters, written: Written | None) -> list[Hit]:
    """The hits and their copies with the lines of text in them that made them hits, or raised them."""
    asked = filtered_words(filters.texts)
    if not asked and not written:
        return list(hits)
    told: dict[Path, tuple[TextLine, ...]] = {}
    flat = {hit.path for best in hits for hit in (best, *best.copies)}
    for part, raised in zip(parts, written.found if written else [None] * len(parts), strict=True):
        if not part.texts:
            continue
        index, folder = part.index, part.index.folder
        keys = {path: path.relative_to(folder).as_posix() for path in flat if path.is_relative_to(folder)}
        files = {path: index.file_of(rows[0]) for path, key in keys.items() if (rows := index.rows_of(key))}
        words: dict[ImageFile, dict[AskedWord, Likeness]] = {}
        for found in (part.texts.find(asked), raised):
            for match in part.texts.matches(found, files.values()) if found else ():
                words.setdefault(match.file, {}).update(match.words)
        matches = {
            path: TextMatch(file.path, file.size, file.mtime_ns, words[file])
            for path, file in files.items()
            if file in words
        }
        told.update(zip(matches, part.texts.lines([*matches.values()]), strict=True))
    return [
        replace(
            hit,
            texts=told.get(hit.path, ()),
            copies=tuple(replace(copy, texts=told.get(copy.path, ())) for copy in hit.copies),
        )
        for hit in hits
    ]

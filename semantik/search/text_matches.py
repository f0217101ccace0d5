"""Words of a query that stand in the texts of pictures and raise these among the hits, and the lines that hits show.

A word that is asked for without a filter may mean what is to be seen: "perro en la playa" is not after a sign with
"en" on it. So only words count that say something of a picture, each by how rare it is in the library's texts, and a
picture is raised when a good part of the query stands in it: one word in three does nothing. Where all of the query
stands in few pictures (a plate, a name, a number) they come first. benchmarks/text_matches.md has what that is worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.folders.text_finding import TextMatch
from semantik.folders.text_words import AskedWord, Likeness, asked_words
from semantik.index import JoinedIndexes, Searchable
from semantik.queries import Filters, Query
from semantik.records import Hit, TextLine
from semantik.search.name_matches import SHORTEST, empty_words
from semantik.search.row_filters import Part, filtered_words, rows_of
from semantik.words.plain import plain

LEAST = 0.4
"""From this part of a query on its words raise a picture in which they stand."""

FEW = 10
"""Pictures with all of a query that are put first: a word that stands in more of them is no name."""

MISREAD = 3
"""Words of a query of which one may be misread in a picture: what has more is a sentence, and no name."""

WORTH = {Likeness.WHOLE: 1.0, Likeness.BEGINS: 0.75, Likeness.WITHIN: 0.0, Likeness.NEARLY: 0.5}
_BEGINNING = 4  # letters from which on a word counts that begins another: "sol" begins too many
_NUMBER = 6  # figures and letters of a part of a number that nothing else has
_STEPS = 16  # of what pictures are raised by, so that they are few


@dataclass(frozen=True, slots=True)
class Written:
    """Pictures in which words of the query stand: what part of the query, in [0, 1], by row of the index.

    ``exact`` are the rows of those that come first.
    """

    shares: Mapping[int, float]
    exact: frozenset[int] = frozenset()
    matches: Mapping[int, TextMatch] = field(default_factory=dict, repr=False)

    def levels(self) -> dict[float, list[int]]:
        """Rows by how much of what all of the query is worth they are raised: of half of it, a quarter."""
        found: dict[float, list[int]] = {}
        for row, share in self.shares.items():
            found.setdefault(max(1, round(_STEPS * share * share)) / _STEPS, []).append(row)
        return found

    def best_first(self, index: Searchable, among: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Their rows, int64 (n,), by how much of the query stands in them, then by their paths."""
        rows = [row for row in self.shares if among is None or among[row]]
        rows.sort(key=lambda row: (row not in self.exact, -self.shares[row], plain(index.path_of(row).as_posix())))
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
    found: dict[int, TextMatch] = {}
    for start, part in zip(joined.starts, parts, strict=False):  # the last start is the end
        texts = part.texts.find(asked, within=False, nearly=len(asked) <= MISREAD) if part.texts else {}
        for match in texts.values():
            counted = {word: how for word, how in match.words.items() if _worth(word, how)}
            if counted:
                rows = (start + row for row in rows_of(part.index, match))
                found |= dict.fromkeys(rows, match._replace(words=counted))
    if not found:
        return None
    standing = dict.fromkeys(asked, 0)
    for match in found.values():
        for word in match.words:
            standing[word] += 1
    weights = {word: math.log1p(joined.count / (1 + count)) for word, count in standing.items()}
    total = sum(weights.values())
    shares = {
        row: sum(weights[word] * _worth(word, how) for word, how in match.words.items()) / total
        for row, match in found.items()
    }
    shares = {row: min(share, 1.0) for row, share in shares.items() if share >= LEAST}
    whole = frozenset(row for row, share in shares.items() if share > 1 - 1e-6)
    only_texts = all(term.image is None for term in query.terms if term.weight > 0)
    is_name = only_texts and (len(whole) <= FEW or all(word.is_code for word in asked))
    return Written(shares, whole if is_name else frozenset(), {row: found[row] for row in shares}) if shares else None


def _worth(asked: AskedWord, how: Likeness) -> float:
    """What part of a word it is worth that it stands in a picture like this."""
    if asked.is_code and how is not Likeness.NEARLY and len(asked.word) >= _NUMBER:
        return 1.0
    return 0.0 if how is Likeness.BEGINS and len(asked.word) < _BEGINNING else WORTH[how]


# -- What hits show ----------------------------------------------------------------------------------------


def with_texts(
    hits: Sequence[Hit], parts: Sequence[Part], joined: JoinedIndexes, filters: Filters, written: Written | None
) -> list[Hit]:
    """The hits and their copies with the lines of text in them that made them hits, or raised them."""
    asked = filtered_words(filters.texts)
    if not asked and not written:
        return list(hits)
    told: dict[Path, tuple[TextLine, ...]] = {}
    flat = {hit.path for best in hits for hit in (best, *best.copies)}
    for start, part in zip(joined.starts, parts, strict=False):  # the last start is the end
        if not part.texts:
            continue
        index, folder = part.index, part.index.folder
        keys = {path: path.relative_to(folder).as_posix() for path in flat if path.is_relative_to(folder)}
        filtered = part.texts.find(asked)
        matches = {}
        for path, key in keys.items():
            raised = (written.matches.get(start + row) for row in index.rows_of(key)) if written else ()
            both = [match for match in (filtered.get(key), *raised) if match]
            if both and rows_of(index, both[0]):
                words = {word: how for match in both for word, how in match.words.items()}
                matches[path] = both[0]._replace(words=words)
        told.update(zip(matches, part.texts.lines([*matches.values()]), strict=True))
    return [
        replace(
            hit,
            texts=told.get(hit.path, ()),
            copies=tuple(replace(copy, texts=told.get(copy.path, ())) for copy in hit.copies),
        )
        for hit in hits
    ]

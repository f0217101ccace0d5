"""Finding pictures by the words that stand in them, in the tables of the text store, and the lines that matched.

A word may stand in a tenth of all pictures, so they are numbers in arrays until it is known which of them are shown.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from semantik.folders.folder_database import in_slices
from semantik.folders.text_vocabulary import Vocabulary, near_words
from semantik.folders.text_words import PART, AskedWord, Likeness, likeness, may_be_misread, words_in
from semantik.records import ImageFile, TextLine

Keys = NDArray[np.int64]
"""Pictures by their ids in the store, int64 (n,), each once."""

_MOST_WORDS = 500  # words of the vocabulary that are looked for in one's place
_FEW = 3  # pictures in which a word may stand that is taken for a misreading of a rarer one


@dataclass(frozen=True, slots=True, eq=False)
class FoundTexts:
    """The pictures in which some of the words stand that were asked for.

    ``keys``: their ids, int64 (n,), rising; ``how``: uint8 (n, words), a ``Likeness`` or 0 for each word.
    """

    asked: tuple[AskedWord, ...]
    keys: Keys
    how: NDArray[np.uint8]

    def __len__(self) -> int:
        """Pictures."""
        return len(self.keys)

    def words(self, place: int) -> dict[AskedWord, Likeness]:
        """What stands in the picture at ``place``, and how."""
        found = zip(self.asked, self.how[place].tolist(), strict=True)
        return {word: Likeness(how) for word, how in found if how}

    def only(self, places: NDArray[np.bool_] | Keys) -> FoundTexts:
        """Those of the pictures that are marked or at these places."""
        return FoundTexts(self.asked, self.keys[places], self.how[places])


class TextMatch(NamedTuple):
    """What of the words that were asked for stands in the texts of a picture, in this version of its file."""

    path: str
    size: int
    mtime_ns: int
    words: Mapping[AskedWord, Likeness]

    @property
    def file(self) -> ImageFile:
        """The file that was read."""
        return ImageFile(self.path, self.size, self.mtime_ns)


def nothing(asked: Sequence[AskedWord]) -> FoundTexts:
    """No pictures."""
    return FoundTexts(tuple(asked), np.empty(0, np.int64), np.empty((0, len(asked)), np.uint8))


def find(
    base: sqlite3.Connection, vocabulary: Vocabulary, asked: Sequence[AskedWord], *, within: bool, nearly: bool
) -> FoundTexts:
    """The pictures in which some of the words stand; ``vocabulary`` has those of ``base``."""
    each = [_standing(base, vocabulary, word, within=within or word.is_code, nearly=nearly) for word in asked]
    if not any(len(keys) for found in each for _, keys in found):
        return nothing(asked)
    all_keys = np.unique(np.concatenate([keys for found in each for _, keys in found]))
    how = np.zeros((len(all_keys), len(asked)), np.uint8)
    for column, found in enumerate(each):
        for level, keys in found:  # the better ones come later
            how[np.searchsorted(all_keys, keys), column] = level
    return FoundTexts(tuple(asked), all_keys, how)


def _standing(
    base: sqlite3.Connection, vocabulary: Vocabulary, asked: AskedWord, *, within: bool, nearly: bool
) -> list[tuple[Likeness, Keys]]:
    """The pictures in which a word stands, or all of its groups do, by how it does, the worst first."""
    word = asked.word
    whole = _having(base, _quoted(word))
    found: list[tuple[Likeness, Keys]] = []
    if nearly and may_be_misread(word):
        most = max(_FEW, len(whole))
        near = _having_each(base, near_words(base, word)[:_MOST_WORDS])
        found += [(Likeness.NEARLY, keys) for keys in near if len(keys) <= most]
    if len(word) >= PART:
        if within:
            around = sorted(vocabulary.around(word), key=len)[:_MOST_WORDS]
            found += [(Likeness.WITHIN, keys) for keys in _having_each(base, around)]
        found.append((Likeness.BEGINS, _having(base, f"{_quoted(word)} *")))
    found.append((Likeness.WHOLE, whole))
    if asked.groups:
        groups = [_having(base, _quoted(group)) for group in dict.fromkeys(asked.groups)]
        found.append((Likeness.WHOLE, reduce(np.intersect1d, groups)))
    return found


def _quoted(word: str) -> str:
    """A word as an expression of FTS5."""
    return '"{}"'.format(word.replace('"', '""'))


def _having(base: sqlite3.Connection, match: str) -> Keys:
    """The pictures by an expression of FTS5, which is made of quoted words only."""
    found = base.execute("SELECT group_concat(rowid) FROM words WHERE words MATCH ?", (match,))
    return _numbers(found.fetchone()[0])


def _having_each(base: sqlite3.Connection, words: Sequence[str]) -> list[Keys]:
    """The pictures that have a word, for each of the words that any has, in no order.

    A join runs through hundreds of words in a tenth of the time that FTS5's OR of all takes.
    """
    found: list[Keys] = []
    for marks, part in in_slices(words):
        statement = f"""
            WITH asked (word) AS (VALUES {marks.replace("?", "(?)")})
            SELECT group_concat(words.rowid) FROM asked CROSS JOIN words ON words MATCH asked.word GROUP BY asked.word
        """
        found += [_numbers(keys) for (keys,) in base.execute(statement, [_quoted(word) for word in part])]
    return found


def _numbers(told: str | None) -> Keys:
    """Numbers that SQLite put together: a fifth of what a row of the answer for each takes."""
    return np.fromstring(told, np.int64, sep=",") if told else np.empty(0, np.int64)


def matching(match: TextMatch, lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Those of a picture's lines in which the words of a match stand as it tells."""
    words = [words_in(line.text) for line in lines]
    chosen: set[int] = set()
    for asked, how in match.words.items():
        at = {place for place, line in enumerate(words) if any(likeness(asked.word, each) == how for each in line)}
        if not at:
            at = {place for place, line in enumerate(words) if not {*asked.groups}.isdisjoint(line)}
        chosen |= at
    return tuple(line for place, line in enumerate(lines) if place in chosen)


def those_of(found: FoundTexts, known: Iterable[tuple[int, str, int, int]]) -> list[TextMatch]:
    """What was found in pictures, of which id, path, size and mtime_ns are ``known``, in their order."""
    matches = []
    for key, path, size, mtime_ns in known:
        place = int(np.searchsorted(found.keys, key))
        if place < len(found) and found.keys[place] == key:
            matches.append(TextMatch(path, size, mtime_ns, found.words(place)))
    return matches

"""Finding pictures by the words that stand in them, in the tables of the text store, and the lines that matched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from semantik.folders.text_words import PART, AskedWord, Likeness, is_near, likeness, may_be_misread, words_in
from semantik.records import ImageFile, TextLine

Standing = tuple[tuple[AskedWord, Likeness], ...]
"""Words that stand in a picture, and how."""

_PER_QUERY = 400  # pictures in one statement
_MOST_WORDS = 500  # words of the vocabulary that are looked for in one's place
_FEW = 3  # pictures in which a word may stand that is taken for a misreading of a rarer one


class TextMatch(NamedTuple):  # made a hundred thousand times where a word stands in all pictures
    """What of the words that were asked for stands in the texts of a picture, in this version of its file."""

    path: str
    size: int
    mtime_ns: int
    words: Mapping[AskedWord, Likeness]

    @property
    def file(self) -> ImageFile:
        """The file that was read."""
        return ImageFile(self.path, self.size, self.mtime_ns)


def standing(base: sqlite3.Connection, asked: AskedWord, *, within: bool, nearly: bool) -> dict[int, Likeness]:
    """The pictures in which a word stands, or all of its groups do, by their keys."""
    found = _like(base, asked.word, within=within, nearly=nearly)
    if asked.groups:
        groups = [_whole(base, f'"{group}"') for group in dict.fromkeys(asked.groups)]
        found |= dict.fromkeys(set.intersection(*groups), Likeness.WHOLE)
    return found


def _like(base: sqlite3.Connection, word: str, *, within: bool, nearly: bool) -> dict[int, Likeness]:
    whole = _whole(base, f'"{word}"')
    found: dict[int, Likeness] = {}
    if nearly and may_be_misread(word):
        most = max(_FEW, len(whole))
        for other in _near_words(base, word):
            near = _whole(base, f'"{other}"')
            found |= dict.fromkeys(near if len(near) <= most else (), Likeness.NEARLY)
    if len(word) >= PART:
        if within and (around := _words_around(base, word)):
            found |= dict.fromkeys(_whole(base, " OR ".join(f'"{other}"' for other in around)), Likeness.WITHIN)
        found |= dict.fromkeys(_whole(base, f'"{word}" *'), Likeness.BEGINS)
    return found | dict.fromkeys(whole, Likeness.WHOLE)


def _whole(base: sqlite3.Connection, match: str) -> set[int]:
    """The keys of pictures by an expression of FTS5, which is made of quoted words only."""
    return {key for (key,) in base.execute("SELECT rowid FROM words WHERE words MATCH ?", (match,))}


def _words_around(base: sqlite3.Connection, word: str) -> list[str]:
    """Words of the vocabulary within which the word is, not at their beginning, the shortest first."""
    statement = "SELECT word FROM parts WHERE parts MATCH ? ORDER BY length(word) LIMIT ?"
    found = base.execute(statement, (f'"{word}"', _MOST_WORDS))
    return [other for (other,) in found if not other.startswith(word)]


def _near_words(base: sqlite3.Connection, word: str) -> list[str]:
    """Words of the vocabulary with one wrong letter: the first half of the word, or the second, is as it should be."""
    half = len(word) // 2
    first, second = word[:half], word[half:]
    statement = """
        SELECT word FROM vocabulary WHERE word > ? AND word < ? AND length(word) BETWEEN ? AND ?
        UNION SELECT word FROM parts WHERE parts MATCH ? AND length(word) BETWEEN ? AND ?
    """
    lengths = len(word) - 1, len(word) + 1
    found = base.execute(statement, (first, f"{first}\U0010ffff", *lengths, f'"{second}"', *lengths))
    near = [other for (other,) in found if other != word and is_near(word, other)]
    return near[:_MOST_WORDS]


def matches_of(base: sqlite3.Connection, found: Mapping[int, Standing]) -> list[TextMatch]:
    """What stands in pictures, by their keys, with the files that were read."""
    keys, rows = list(found), []
    if len(keys) > 20 * _PER_QUERY:
        rows = [row for row in base.execute("SELECT id, path, size, mtime_ns FROM pictures") if row[0] in found]
    for first in range(0, len(keys) if not rows else 0, _PER_QUERY):
        part = keys[first : first + _PER_QUERY]
        rows += base.execute(f"SELECT id, path, size, mtime_ns FROM pictures WHERE id IN ({_marks(part)})", part)
    words = {pairs: dict(pairs) for pairs in set(found.values())}  # few are different
    return [
        TextMatch(os.fsdecode(path), size, mtime_ns, words[found[key]])
        for key, path, size, mtime_ns in rows
        if type(path) is bytes and type(size) is type(mtime_ns) is int
    ]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


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

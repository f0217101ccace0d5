"""The words of a folder's texts within which another one is, or that differ from it by one letter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from semantik.folders.text_words import is_near

_END = "\n"  # of a word: no word has one


class Vocabulary:
    """The words of a text store's tables in one string, to look for what is within them.

    A third of a million words are two million letters, which one pass reads in two milliseconds: as fast as an index of
    trigrams, and that takes more of the file than the texts. Words are only added: one that no picture has any more
    finds none.
    """

    def __init__(self) -> None:
        self._stamp: int | None = None  # of the tables
        self._last = 0  # id of a word
        self._words = _END

    def catch_up(self, base: sqlite3.Connection, stamp: int) -> None:
        """Learn the words that are new in the tables with this stamp."""
        if stamp != self._stamp:
            self._stamp, self._last, self._words = stamp, 0, _END
        new = "SELECT max(id), group_concat(word, char(10)) FROM vocabulary WHERE id > ?"
        last, words = base.execute(new, (self._last,)).fetchone()
        if last is not None:
            self._last = last
            self._words += f"{words}{_END}" if words else ""

    def around(self, word: str) -> list[str]:
        """The words within which ``word`` is, not at their beginning."""
        return [other for other in self._having(word) if not other.startswith(word)]

    def _having(self, part: str) -> Iterator[str]:
        """The words that have ``part``, each once."""
        words = self._words
        at = words.find(part)
        while at >= 0:
            end = words.index(_END, at)
            word = words[words.rfind(_END, 0, at) + 1 : end]
            if word.isalnum():  # a file that was edited may have anything
                yield word
            at = words.find(part, end)


def near_words(base: sqlite3.Connection, word: str) -> list[str]:
    """The words with one wrong letter: the first half of ``word``, or the second, is as it should be.

    The wrong letter is the next one after that half, so that all the rest is right, or that letter is right, too.
    """
    half = len(word) // 2
    bounds = len(word) - 1, len(word) + 1
    found = set()
    for column, spelt, length in (("word", word, half), ("turned", word[::-1], len(word) - half)):
        known, following, rest = spelt[:length], spelt[length], spelt[length + 1 :]
        statement = f"""
            SELECT {column} FROM vocabulary WHERE {column} > ? AND {column} < ? AND length({column}) BETWEEN ? AND ?
            AND (substr({column}, ?, 1) = ? OR substr({column}, ?) = ?)
        """
        values = (known, f"{known}\U0010ffff", *bounds, length + 1, following, -len(rest), rest)
        found |= {other if column == "word" else other[::-1] for (other,) in base.execute(statement, values)}
    return sorted(other for other in found if other != word and other.isalnum() and is_near(word, other))

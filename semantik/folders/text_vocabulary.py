"""All words of a folder's texts in one string, to look for what is within them or differs by a letter.

A third of a million words are two million letters, which one pass reads in a millisecond or two: as fast as an index of
trigrams, which took as much of the file as all else together and most of the time of writing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from semantik.folders.text_words import is_near

_END = "\n"  # of a word: no word has one


class Vocabulary:
    """The words of a text store's tables. Words are only added: one that no picture has any more finds none."""

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

    def near(self, word: str) -> list[str]:
        """The words with one wrong letter: the first half of the word, or the second, is as it should be."""
        half = len(word) // 2
        bounds = range(len(word) - 1, len(word) + 2)
        found = {other for other in self._having(f"{_END}{word[:half]}", 1) if len(other) in bounds}
        found |= {other for other in self._having(f"{word[half:]}{_END}") if len(other) in bounds}
        return sorted(other for other in found if other != word and is_near(word, other))

    def _having(self, part: str, skipped: int = 0) -> Iterator[str]:
        """The words that have ``part``, each once; ``skipped`` letters of it are not of the word."""
        words = self._words
        at = words.find(part)
        while at >= 0:
            start = words.rfind(_END, 0, at + skipped) + 1
            end = words.index(_END, at + skipped)
            if (word := words[start:end]).isalnum():  # a file that was edited may have anything
                yield word
            at = words.find(part, end)

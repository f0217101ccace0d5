"""The texts that stand in a folder's pictures, in an SQLite file, and finding pictures by their words."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from semantik.folders.details_rows import version_of
from semantik.folders.folder_database import FolderDatabase
from semantik.folders.known_content import Pairs
from semantik.folders.text_schema import Cells, drop, has_full_text_search, is_good, prepare, put, read, tidy, written
from semantik.folders.text_words import PART, AskedWord, Likeness, is_near, likeness, may_be_misread, words_in
from semantik.records import ImageFile, TextLine

log = logging.getLogger(__name__)

_BUFFER = 32  # pictures between two writes: a quarter of a minute's reading
_PER_QUERY = 400  # paths in one statement
_MOST_WORDS = 200  # words of the vocabulary that are looked for in one's place
_FEW = 3  # pictures in which a word may stand that is taken for a misreading of a rarer one


@dataclass(frozen=True, slots=True)
class TextMatch:
    """What of the words that were asked for stands in the texts of a picture, in this version of its file."""

    file: ImageFile
    words: Mapping[AskedWord, Likeness] = field(hash=False)


class TextStore:
    """The lines of text in a folder's pictures, by path. May be called from any thread.

    A file that is damaged, of an older or a newer program or in a folder that cannot be written is treated as
    ``DetailsStore`` does. Where Python's SQLite knows no full-text search, nothing is kept, wanted or found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0
        """How often something was written: what was found before may be another by now."""
        self._lock = threading.RLock()
        self._file = FolderDatabase(path, prepare, "texts")
        self._added: list[Cells] = []
        self._works = has_full_text_search()
        if not self._works:
            log.warning("SQLite %s has no full-text search: no texts in pictures are found", sqlite3.sqlite_version)

    def add(self, file: ImageFile, lines: Sequence[TextLine]) -> None:
        """Note what stands in a picture, nothing included; it is written now or by a later call."""
        with self._lock:
            if self._works:
                self._added.append((*version_of(file), written(lines)))
            if len(self._added) >= _BUFFER:
                self.flush()

    def flush(self) -> None:
        """Write what was added."""
        with self._lock:
            rows, self._added = self._added, []
            if rows:
                self._file.run(lambda base: put(base, rows))
                self.changes += 1

    def missing(self, files: Iterable[ImageFile]) -> list[ImageFile]:
        """Those of the files whose texts are not known; the texts of former versions of them are forgotten."""
        if not self._works:
            return []
        self.flush()
        files = list(files)
        rows = self._file.run(lambda base: base.execute("SELECT path, size, mtime_ns, lines FROM pictures").fetchall())
        known = {row[:3] for row in rows if is_good(row)}
        missing = [file for file in files if version_of(file) not in known]
        paths = {row[0] for row in rows}
        if outdated := [path for file in missing if (path := os.fsencode(file.path)) in paths]:
            self._change(lambda base: drop(base, outdated))
        return missing

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """What stands in pictures holds for the files that have their content now; see ``recognise``."""
        if not self._works or not (moved or copied):
            return
        self.flush()

        def rewrite(base: sqlite3.Connection) -> None:
            for pairs, leave in ((moved, False), (copied, True)):
                known: list[Cells] = []
                gone: list[bytes] = []
                for path, file in pairs:
                    statement = "SELECT path, size, mtime_ns, lines FROM pictures WHERE path = ?"
                    row = base.execute(statement, (os.fsencode(path),)).fetchone()
                    if row and is_good(row):
                        gone.append(row[0])
                        # A file of another size had other content when it was read.
                        known += [(*version_of(file), row[3])] if row[1] == file.size else []
                if not leave:
                    drop(base, gone)
                put(base, known)

        self._change(rewrite)

    def keep(self, paths: Collection[str]) -> None:
        """Forget all other pictures."""
        if not self._works:
            return
        self.flush()
        kept = {os.fsencode(path) for path in paths}

        def forget(base: sqlite3.Connection) -> int:
            gone = [path for (path,) in base.execute("SELECT path FROM pictures") if path not in kept]
            drop(base, gone)
            if gone:
                tidy(base)
            return len(gone)

        if self._file.run(forget):
            self.changes += 1

    # -- Finding -----------------------------------------------------------------------------------------

    def find(self, words: Sequence[AskedWord]) -> dict[str, TextMatch]:
        """The pictures in whose texts some of the words stand, by path; see ``asked_words``."""
        if not self._works or not words:
            return {}
        self.flush()

        def look(base: sqlite3.Connection) -> dict[str, TextMatch]:
            found: dict[int, dict[AskedWord, Likeness]] = {}
            for asked in words:
                for key, how in _standing(base, asked).items():
                    found.setdefault(key, {})[asked] = how
            return {match.file.path: match for match in _matches(base, found)}

        return self._file.run(look)

    def lines(self, matches: Sequence[TextMatch]) -> list[tuple[TextLine, ...]]:
        """For each match the lines in which the words stand that it tells of."""
        if not matches:
            return []
        paths = [os.fsencode(match.file.path) for match in matches]

        def look(base: sqlite3.Connection) -> dict[Cells, str]:
            told: dict[Cells, str] = {}
            for first in range(0, len(paths), _PER_QUERY):
                part = paths[first : first + _PER_QUERY]
                statement = f"SELECT path, size, mtime_ns, lines FROM pictures WHERE path IN ({_marks(part)})"
                told.update((row[:3], row[3]) for row in base.execute(statement, part))
            return told

        told = self._file.run(look)
        return [_matching(match, read(told.get(version_of(match.file))) or ()) for match in matches]

    def _change(self, work: Callable[[sqlite3.Connection], None]) -> None:
        self._file.run(work)
        self.changes += 1


def _standing(base: sqlite3.Connection, asked: AskedWord) -> dict[int, Likeness]:
    """The pictures in which a word stands, or all of its groups do, by their keys."""
    found = _like(base, asked.word)
    if asked.groups:
        groups = [_whole(base, f'"{group}"') for group in dict.fromkeys(asked.groups)]
        found |= dict.fromkeys(set.intersection(*groups), Likeness.WHOLE)
    return found


def _like(base: sqlite3.Connection, word: str) -> dict[int, Likeness]:
    whole = _whole(base, f'"{word}"')
    found: dict[int, Likeness] = {}
    if may_be_misread(word):
        most = max(_FEW, len(whole))
        near = [other for other in _near_words(base, word) if _count(base, other) <= most]
        found |= dict.fromkeys(_any_of(base, near), Likeness.NEARLY)
    if len(word) >= PART:
        found |= dict.fromkeys(_any_of(base, _words_around(base, word)), Likeness.WITHIN)
        found |= dict.fromkeys(_whole(base, f'"{word}" *'), Likeness.BEGINS)
    return found | dict.fromkeys(whole, Likeness.WHOLE)


def _whole(base: sqlite3.Connection, match: str) -> set[int]:
    """The keys of pictures by an expression of FTS5, which is made of quoted words only."""
    return {key for (key,) in base.execute("SELECT rowid FROM words WHERE words MATCH ?", (match,))}


def _any_of(base: sqlite3.Connection, words: Sequence[str]) -> set[int]:
    return _whole(base, " OR ".join(f'"{word}"' for word in words)) if words else set()


def _words_around(base: sqlite3.Connection, word: str) -> list[str]:
    """Words of the vocabulary within which the word is, not at their beginning, the shortest first."""
    statement = "SELECT word FROM parts WHERE parts MATCH ? ORDER BY length(word) LIMIT ?"
    found = [other for (other,) in base.execute(statement, (f'"{word}"', 2 * _MOST_WORDS))]
    return [other for other in found if not other.startswith(word)][:_MOST_WORDS]


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


def _count(base: sqlite3.Connection, word: str) -> int:
    """In how many pictures a word of the vocabulary stands."""
    found = base.execute("SELECT doc FROM counts WHERE term = ?", (word,)).fetchone()
    return found[0] if found else 0


def _matches(base: sqlite3.Connection, found: Mapping[int, Mapping[AskedWord, Likeness]]) -> list[TextMatch]:
    keys, rows = list(found), []
    if len(keys) > 20 * _PER_QUERY:
        rows = base.execute("SELECT id, path, size, mtime_ns FROM pictures").fetchall()
    for first in range(0, len(keys) if not rows else 0, _PER_QUERY):
        part = keys[first : first + _PER_QUERY]
        rows += base.execute(f"SELECT id, path, size, mtime_ns FROM pictures WHERE id IN ({_marks(part)})", part)
    return [
        TextMatch(ImageFile(os.fsdecode(path), size, mtime_ns), found[key])
        for key, path, size, mtime_ns in rows
        if key in found and type(path) is bytes and type(size) is type(mtime_ns) is int
    ]


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _matching(match: TextMatch, lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
    """Those of a picture's lines in which the words of a match stand as it tells."""
    words = [words_in(line.text) for line in lines]
    chosen: set[int] = set()
    for asked, how in match.words.items():
        at = {place for place, line in enumerate(words) if any(likeness(asked.word, each) == how for each in line)}
        if not at:
            at = {place for place, line in enumerate(words) if not {*asked.groups}.isdisjoint(line)}
        chosen |= at
    return tuple(line for place, line in enumerate(lines) if place in chosen)

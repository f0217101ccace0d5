"""The tables of the text store: made, brought up from an older program's, or put in place of others.

``lines`` has what stands in each of the ``pictures``, ``words`` finds pictures by whole words and their beginnings, and
the ``vocabulary`` has all words that there are, for what is within them or like them, from both ends. No id is given
twice while there are these tables, which the file's ``application_id`` tells from others: what was learnt of an id
holds (``stamp_of``).
"""

from __future__ import annotations

import contextlib
import json
import math
import random
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from semantik.folders.folder_database import version_of_tables
from semantik.folders.text_words import words_in
from semantik.records import TextLine

VERSION = 2
"""Of the tables and of what ``words_in`` makes of a line, in the file's ``user_version``."""

MOST_LINES, LONGEST_LINE = 400, 400
"""Of one picture: more than a page of a newspaper has."""

_INT64 = 2**63
_PIECES = 3  # of the index of words: so few are left as they are
_PAGES = 500  # of it that are written in one step, some 50 ms
KNOWN = "SELECT path, size, mtime_ns, lines FROM pictures LEFT JOIN lines USING (id)"
"""The rows that ``put`` takes."""

_TABLES = {
    "pictures": "CREATE TABLE pictures (id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB UNIQUE, size, mtime_ns)",
    "lines": "CREATE TABLE lines (id INTEGER PRIMARY KEY, lines)",  # apart: only those of hits are read
    "words": "CREATE VIRTUAL TABLE words USING fts5(line, tokenize='unicode61 remove_diacritics 2', prefix='3 5')",
    "counts": "CREATE VIRTUAL TABLE counts USING fts5vocab(words, row)",
    "vocabulary": "CREATE TABLE vocabulary (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT UNIQUE, turned TEXT)",
    "endings": "CREATE INDEX endings ON vocabulary (turned)",
}
_FORMER = ("parts",)  # of version 1

_NEW = "INSERT INTO vocabulary (word, turned) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM vocabulary WHERE word = ?1)"

Cells = tuple[Any, ...]


@cache
def has_full_text_search() -> bool:
    """Whether Python's SQLite can do what is needed here: the tables of some systems' leave it out."""
    try:
        base = sqlite3.connect(":memory:")
        for statement in _TABLES.values():
            base.execute(statement)
        base.close()
    except sqlite3.Error:
        return False
    return True


def prepare(base: sqlite3.Connection) -> None:
    """See that there are the tables as they are now. Raises OperationalError, and DatabaseError for others of ours."""
    version = version_of_tables(base, VERSION)
    there = dict(base.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL"))
    if version != VERSION or any(there.get(name) != sql for name, sql in _TABLES.items()):
        _renew(base)


def _renew(base: sqlite3.Connection) -> None:
    """Make the tables anew with what the old ones tell of pictures."""
    base.execute("BEGIN IMMEDIATE")
    known = []
    with contextlib.suppress(sqlite3.OperationalError):  # there are none, or other ones
        known = base.execute(KNOWN).fetchall()
    kinds = dict(base.execute("SELECT name, type FROM sqlite_master WHERE type != 'index'"))
    for name in (*_FORMER, *reversed(_TABLES)):
        if kinds.get(name, "table") != "table":
            raise sqlite3.DatabaseError(f"a {kinds[name]} called {name}")
        if name != "endings":  # goes with its table
            base.execute(f"DROP TABLE IF EXISTS {name}")
    for (name,) in base.execute("SELECT name FROM sqlite_master").fetchall():
        if name.startswith(("words_", "parts_")):  # what is left of a table of which it was a part
            raise sqlite3.DatabaseError(f"a table called {name}")
    for statement in _TABLES.values():
        base.execute(statement)
    put(base, (row for row in known if is_good(row)))
    base.execute(f"PRAGMA user_version = {VERSION}")
    base.execute(f"PRAGMA application_id = {random.randint(1, 2**31 - 1)}")
    base.execute("COMMIT")


def put(base: sqlite3.Connection, rows: Iterable[Cells]) -> None:
    """Add pictures: path, size, mtime_ns, lines as ``written`` gives them; what was known under the path goes."""
    for path, size, mtime_ns, lines in rows:
        drop(base, [path])
        added = base.execute("INSERT INTO pictures VALUES (NULL, ?, ?, ?)", (path, size, mtime_ns)).lastrowid
        base.execute("INSERT OR REPLACE INTO lines VALUES (?, ?)", (added, lines))
        words = list(dict.fromkeys(word for line in read(lines) or () for word in words_in(line.text)))
        if not words:
            continue
        base.execute("INSERT INTO words (rowid, line) VALUES (?, ?)", (added, " ".join(words)))
        base.executemany(_NEW, [(word, word[::-1]) for word in words])


def drop(base: sqlite3.Connection, paths: Iterable[object]) -> None:
    """Forget pictures; what words they had stays in the vocabulary until ``tidy``."""
    for path in paths:
        for (key,) in base.execute("SELECT id FROM pictures WHERE path IS ?", (path,)).fetchall():
            base.execute("DELETE FROM words WHERE rowid = ?", (key,))
            base.execute("DELETE FROM lines WHERE id = ?", (key,))
            base.execute("DELETE FROM pictures WHERE id = ?", (key,))


def tidy(base: sqlite3.Connection) -> None:
    """Forget the words that no picture has any more."""
    base.execute("DELETE FROM vocabulary WHERE word NOT IN (SELECT term FROM counts)")


def merge(base: sqlite3.Connection, first: bool) -> bool:
    """One step towards an index of one piece, ``first`` or a later one; whether there may be more to do.

    A word is looked for in every piece: hundreds of words are found four times as fast in one as in ten.
    """
    if first and base.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0] <= _PIECES:
        return False
    before = base.total_changes
    base.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (-_PAGES if first else _PAGES,))
    return base.total_changes - before >= 2  # as SQLite's documentation says


def stamp_of(base: sqlite3.Connection) -> int:
    """What tells these tables from others: an id means the same word or picture as long as it is the same."""
    stamp: int = base.execute("PRAGMA application_id").fetchone()[0]
    return stamp


def written(lines: Sequence[TextLine]) -> str:
    """Lines as the file has them: what a decoder's process tells may be anything."""
    rows = [
        [text, *(round(part, 2) for part in line.region), round(line.confidence, 3)]
        for line in lines[:MOST_LINES]
        if (text := _clean(line.text)) and _has_numbers(line)
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read(lines: object) -> tuple[TextLine, ...] | None:
    """Lines as ``written`` gave them; None for anything else."""
    if not isinstance(lines, str):
        return None
    try:
        rows = json.loads(lines)
        told = tuple(TextLine(text, (left, top, width, height), sure) for text, left, top, width, height, sure in rows)
    except (ValueError, TypeError, RecursionError):
        return None
    return told if isinstance(rows, list) and all(_is_line(line) for line in told) else None


def is_good(cells: Cells) -> bool:
    """Whether path, size, mtime_ns and lines are what they should be."""
    path, size, mtime_ns, lines = cells
    return type(path) is bytes and type(size) is type(mtime_ns) is int and read(lines) is not None


def _is_line(line: TextLine) -> bool:
    return type(line.text) is str and len(line.region) == 4 and _has_numbers(line)


def _has_numbers(line: TextLine) -> bool:
    """Whether the region is in percent, and the confidence a share."""
    numbers = (*line.region, 100 * line.confidence if type(line.confidence) in (int, float) else math.nan)
    return all(type(part) in (int, float) and 0 <= part <= 100 for part in numbers)  # not what is no number


def _clean(text: str) -> str:
    """A line without what no line has: control characters, and half pairs that cannot be written."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_LINE]).split())

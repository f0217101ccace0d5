"""The texts that stand in a folder's pictures, in an SQLite file, and finding pictures by their words."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.folders.details_rows import version_of
from semantik.folders.folder_database import FolderDatabase, Result, select_among
from semantik.folders.known_content import Pairs
from semantik.folders.text_finding import FoundTexts, TextMatch, find, matching, nothing, those_of
from semantik.folders.text_rows import TextRows
from semantik.folders.text_schema import (
    KNOWN,
    Cells,
    drop,
    has_full_text_search,
    is_good,
    merge,
    prepare,
    put,
    read,
    stamp_of,
    tidy,
    written,
)
from semantik.folders.text_vocabulary import Vocabulary
from semantik.folders.text_words import AskedWord
from semantik.index import ImageIndex
from semantik.records import ImageFile, TextLine

log = logging.getLogger(__name__)

_BUFFER = 32  # pictures between two writes: a quarter of a minute's reading


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
        self._vocabulary = Vocabulary()
        self._text_rows = TextRows()
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
        rows = self._file.run(lambda base: base.execute(KNOWN).fetchall())
        known = {row[:3] for row in rows if is_good(row)}
        missing = [file for file in files if version_of(file) not in known]
        paths = {row[0] for row in rows}
        if outdated := [path for file in missing if (path := os.fsencode(file.path)) in paths]:
            self._change(lambda base: drop(base, outdated))
        return missing

    def count_missing(self, files: Iterable[ImageFile]) -> int:
        """How many of the files were not read, told without a look at what was read in the others; nothing changes."""
        if not self._works:
            return 0
        self.flush()
        known = set(self._file.run(lambda base: base.execute("SELECT path, size, mtime_ns FROM pictures").fetchall()))
        return sum(version_of(file) not in known for file in files)

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
                    row = base.execute(f"{KNOWN} WHERE path = ?", (os.fsencode(path),)).fetchone()
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
                self._vocabulary = Vocabulary()
            return len(gone)

        if self._file.run(forget):
            self.changes += 1

    def settle(self) -> None:
        """Have found faster what is there by now; nothing else waits for long meanwhile."""
        if not self._works:
            return
        self.flush()
        first = True
        while self._file.run(partial(merge, first=first)):
            first = False

    # -- Finding -----------------------------------------------------------------------------------------

    def find(self, words: Sequence[AskedWord], *, within: bool = True, nearly: bool = True) -> FoundTexts:
        """The pictures in whose texts some of the words stand; see ``asked_words``.

        ``within``: also in the middle of other words, where numbers and plates always count; ``nearly``: also with one
        wrong letter.
        """
        if not self._works or not words:
            return nothing(words)
        self.flush()

        def look(base: sqlite3.Connection) -> FoundTexts:
            if within or any(word.is_code for word in words):
                self._vocabulary.catch_up(base, stamp_of(base))
            return find(base, self._vocabulary, words, within=within, nearly=nearly)

        return self._file.run(look)

    def rows(self, index: ImageIndex, found: FoundTexts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of the index that show pictures of ``found``, int64 (m,), and the place of each picture there.

        Pictures do not count of which another version is indexed.
        """
        if not len(found):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return self._file.run(lambda base: self._text_rows.rows(base, stamp_of(base), index, found))

    def matches(self, found: FoundTexts, files: Iterable[ImageFile]) -> list[TextMatch]:
        """What was found in some files, of this version of them; those are left out in which nothing was."""
        paths = [os.fsencode(file.path) for file in files] if len(found) else []
        if not paths:
            return []
        known = "SELECT id, path, size, mtime_ns FROM pictures WHERE path IN"
        rows = self._file.run(lambda base: [*select_among(base, known, paths)])
        versions = {version_of(file) for file in files}
        good = [row for row in rows if row[1:] in versions]
        return those_of(found, [(key, os.fsdecode(path), size, mtime_ns) for key, path, size, mtime_ns in good])

    def lines(self, matches: Sequence[TextMatch]) -> list[tuple[TextLine, ...]]:
        """For each match the lines in which the words stand that it tells of."""
        told = self.of([match.file for match in matches])
        return [matching(match, lines or ()) for match, lines in zip(matches, told, strict=True)]

    def of(self, files: Sequence[ImageFile]) -> list[tuple[TextLine, ...] | None]:
        """What stands in pictures, in their order; None where this version of the file was not read."""
        self.flush()
        if not self._works or not files:
            return [None] * len(files)
        paths = [os.fsencode(file.path) for file in files]
        rows = self._file.run(lambda base: [*select_among(base, f"{KNOWN} WHERE path IN", paths)])
        told = {row[:3]: row[3] for row in rows}
        return [read(told[version]) or () if (version := version_of(file)) in told else None for file in files]

    def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` reads in the file."""
        self.flush()
        return self._file.run(work)

    def change(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Have ``work`` change what is known."""
        if self._works:
            self.flush()
            self._change(work)

    @property
    def works(self) -> bool:
        """Whether anything can be kept and found."""
        return self._works

    def _change(self, work: Callable[[sqlite3.Connection], None]) -> None:
        self._file.run(work)
        self.changes += 1

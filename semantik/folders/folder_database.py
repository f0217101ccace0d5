"""An SQLite file of what is known of a folder's pictures, which may be of an older program, damaged, or edited."""

from __future__ import annotations

import contextlib
import glob
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from semantik.storage.atomic_files import patiently
from semantik.storage.json_files import make_way, set_aside
from semantik.storage.private_files import make_folder, touch

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_WAIT = 10.0  # seconds for another program to finish its write
_AT_ONCE = 400  # values in one statement; old versions of SQLite take 999


def in_slices(values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """``values`` in slices that one statement takes, each with as many marks: ``?,?,?``."""
    for first in range(0, len(values), _AT_ONCE):
        part = values[first : first + _AT_ONCE]
        yield ",".join("?" * len(part)), part


def select_among(base: sqlite3.Connection, statement: str, values: Sequence[object]) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement that ends with ``IN``, for any number of ``values``."""
    for marks, part in in_slices(values):
        yield from base.execute(f"{statement} ({marks})", part)


def version_of_tables(base: sqlite3.Connection, newest: int) -> int:
    """The file's ``user_version``, ``newest`` at most. Raises OperationalError for a newer program's."""
    version: int = base.execute("PRAGMA user_version").fetchone()[0]
    if version > newest:
        raise sqlite3.OperationalError(f"of a newer program: version {version}")
    return version


class FolderDatabase:
    """Runs transactions on a file that can be made again from the pictures, so that nothing about it ends a command.

    One that is damaged is set aside and made anew, one of a newer program is left alone. Where nothing can be written,
    all is kept in memory while the program runs. May be called from any thread.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None], what: str) -> None:
        """``prepare`` sees that there are the tables as they are now: it raises OperationalError for a file to leave
        alone, DatabaseError for one to make anew. ``what`` it keeps, for the log.
        """
        self.path = path
        self._prepare = prepare
        self._what = what
        self._lock = threading.RLock()
        self._memory: sqlite3.Connection | None = None

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What ``work`` returns; what it changes is written as a whole or not at all. It may be called again."""
        with self._lock:
            if self._memory is None:
                try:
                    return self._on_disk(work)
                except sqlite3.OperationalError as error:  # read-only, full, locked for long
                    log.warning("%s are kept in memory: %s: %s", self._what, self.path, error)
                except sqlite3.DatabaseError as error:
                    log.warning("%s are read from the pictures anew: %s: %s", self._what, self.path, error)
                    set_aside(self.path, error)
                    with contextlib.suppress(sqlite3.Error):
                        return self._on_disk(work)
                except OSError as error:
                    log.warning("%s are kept in memory: %s", self._what, error)
                self._memory = sqlite3.connect(":memory:", check_same_thread=False)
                self._prepare(self._memory)
            with self._memory:
                return work(self._memory)

    @property
    def in_memory(self) -> bool:
        """Whether nothing could be written, so that all is kept while the program runs."""
        return self._memory is not None

    def delete(self) -> None:
        """Forget all of it: the file is gone, and what SQLite or damage left beside it. Raises OSError."""
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None
            # Its journal, which has what was in it, and copies that were set aside.
            for path in self.path.parent.glob(f"{glob.escape(self.path.name)}*"):
                patiently(partial(path.unlink, missing_ok=True))

    def _on_disk(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        make_folder(self.path.parent)
        make_way(self.path)
        if not self.path.exists():
            touch(self.path)  # SQLite's own would be everybody's to read; its journal follows it
        with contextlib.closing(sqlite3.connect(self.path, timeout=_WAIT)) as base, base:
            self._prepare(base)
            try:
                return work(base)
            except sqlite3.OperationalError as error:
                if "UTF-8" not in str(error):
                    raise
            base.rollback()
            base.text_factory = _text  # slower: one cell that is no UTF-8 ends every reading of the table
            return work(base)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")

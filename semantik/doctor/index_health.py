"""The indexes: each is read whole, as at the start of a search; what was kept aside; what is known of the files."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from urllib.parse import quote

from semantik.doctor.findings import Bytes, Finding, Private, harmless, hidden, note, ok, wrong
from semantik.doctor.storage_health import folder_bytes
from semantik.errors import IndexDamaged, IndexTooNew, NoIndex
from semantik.index import ImageIndex
from semantik.storage.home import details_file, faces_file, folder_of_indexes, indexes_folder, texts_file
from semantik.storage.regular_files import may_be_there


def check(home: Path, opened: Sequence[str] = ()) -> Iterator[Finding]:
    """Every folder of pictures that was indexed. ``opened``: those that the window opens at its start."""
    at_start = {folder_of_indexes(home, Path(folder)).name for folder in opened}
    indexed_folders = [path for path in _below(indexes_folder(home)) if path.is_dir()]
    if not indexed_folders:
        yield note("indexes", "doctor.no_indexes")
    for indexed_folder in indexed_folders:
        for store in _below(indexed_folder):
            if store.is_dir():
                yield from _index(store, indexed_folder.name in at_start)
        yield from _known(indexed_folder, details_file(indexed_folder), "details")
        yield from _known(indexed_folder, texts_file(indexed_folder), "texts")
        yield from _known(indexed_folder, faces_file(indexed_folder), "faces")


def _index(store: Path, at_start: bool) -> Iterator[Finding]:
    indexed_folder = store.parent.name
    folder = Private(indexed_folder, "folder")  # until it is known how it is really called
    facts: dict[str, object] = {"model": store.name}
    try:
        index = ImageIndex.load(store, store)
    except NoIndex:
        pass
    except IndexTooNew as error:
        yield wrong("indexes", "doctor.index_too_new", "doctor.advice_index_too_new", folder=folder, **error.params)
    except IndexDamaged as error:
        why, detail = f"damage.{error.params['why']}", harmless(str(error.params["detail"]))
        told = facts | {"folder": folder, "why": why, "detail": detail}
        yield wrong("indexes", "doctor.index_damaged", "doctor.advice_index_damaged", **told)
    else:
        folder = Private(index.recorded_folder, "folder", indexed_folder)
        facts |= {"folder": folder, "count": index.count, "skipped": len(index.problems()), "dim": index.dim}
        yield ok("indexes", "doctor.index", **facts, size=Bytes(folder_bytes(store, "image_index.*")))
        if not may_be_there(Path(folder)):
            grade = wrong if at_start else note
            yield grade("indexes", "doctor.index_unreachable", "doctor.advice_unreachable", folder=folder)
    aside = [path for path in _below(store) if path.name.startswith("damaged-")]
    if aside:
        size = Bytes(sum(map(folder_bytes, aside)))
        yield note("indexes", "doctor.aside", "doctor.advice_aside", folder=folder, count=len(aside), size=size)


def _known(indexed_folder: Path, path: Path, what: str) -> Iterator[Finding]:
    """What one of the files tells of the pictures, "details", "texts" or "faces"."""
    if not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(_address(path.absolute()), uri=True, timeout=5)) as base:
            (answer,) = base.execute("PRAGMA quick_check(1)").fetchone()
            (count,) = base.execute("SELECT count(*) FROM pictures").fetchone()
            facts: dict[str, object] = {"count": count}
            if what == "details":
                facts["placed"] = _placed(base)
    except sqlite3.Error as error:
        answer, facts = str(error), {}
    folder = Private(indexed_folder.name, "folder")
    if answer == "ok":
        key = "doctor.details" if what == "details" else f"doctor.{what}_read"
        yield ok("indexes", key, folder=folder, **facts, size=Bytes(path.stat().st_size))
    else:
        yield wrong(
            "indexes",
            f"doctor.{what}_damaged",
            f"doctor.advice_{what}",
            folder=folder,
            detail=hidden(answer),
        )


def _placed(base: sqlite3.Connection) -> int:
    """Of how many pictures it is known where they were taken; 0 in a table of an older program, which did not ask."""
    with contextlib.suppress(sqlite3.OperationalError):
        (count,) = base.execute("SELECT count(*) FROM pictures WHERE latitude NOT NULL").fetchone()
        return int(count)
    return 0


def _address(path: PurePath) -> str:
    """How SQLite is told of a file that it may only read.

    It takes the computer in a share's address for an error, so that such a path goes after an empty one
    (https://www.sqlite.org/uri.html).
    """
    name = path.as_posix()
    quoted = quote(os.fsencode(name), safe="/:")
    return f"file://{quoted}?mode=ro" if name.startswith("/") else f"file:///{quoted}?mode=ro"


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

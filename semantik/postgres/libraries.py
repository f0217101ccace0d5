"""What a server is, which libraries it has, what a folder is called there, and whether its role may change them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from semantik.folder_urls import is_remote, shown_path
from semantik.postgres.schema import version
from semantik.postgres.server import Connection
from semantik.records import split_key
from semantik.storage.regular_files import long_path

ASIDE = " (aside)"
"""Behind the encoder of an index that another takes the place of."""

_SAMPLE = 24  # pictures that tell whether a folder is the one that was indexed


class StoredLibrary(NamedTuple):
    """A library on a server: its number, its folder as it was called where it was indexed, and ``Encoder.store``."""

    number: int
    folder: str
    encoder: str


def libraries(base: Connection) -> list[StoredLibrary]:
    """All libraries that can be opened, in the order in which they were made."""
    if not version(base):
        return []
    rows = base.execute("SELECT id, folder, encoder FROM semantik.libraries ORDER BY id").fetchall()
    return [StoredLibrary(one, decoded(name), encoder) for one, name, encoder in rows if not encoder.endswith(ASIDE)]


def may_write(base: Connection) -> bool:
    """Whether the role may change libraries, or make the first one."""
    what = "has_table_privilege('semantik.libraries', 'INSERT')"
    if not version(base):
        what = "has_database_privilege(current_database(), 'CREATE')"
    always = "current_setting('default_transaction_read_only') = 'off' AND NOT pg_is_in_recovery()"
    row = base.execute(f"SELECT {what} AND {always}").fetchone()
    return bool(row and row[0])


class ServerFacts(NamedTuple):
    """What there is to know of a server. ``vector``: pgvector's version, that which can be had where it is not in use
    yet, None for none; ``tables``: as ``schema.version``; ``libraries``: how many."""

    version: str
    vector: str | None
    tables: int
    libraries: int
    encrypted: bool
    may_write: bool


def facts_of(base: Connection) -> ServerFacts:
    """What there is to know of a server. Raises IndexTooNew."""
    row = base.execute(
        "SELECT split_part(current_setting('server_version'), ' ', 1), (SELECT coalesce(installed_version,"
        " default_version) FROM pg_available_extensions WHERE name = 'vector')"
    ).fetchone()
    assert row  # what SELECT without FROM gives
    encrypted = bool(base.pgconn.ssl_in_use)
    return ServerFacts(row[0], row[1], version(base), len(libraries(base)), encrypted, may_write(base))


def name_of(base: Connection, folder: Path, encoder: str) -> str | None:
    """What the library of a folder is called: its own path, or another where it was indexed under that.

    Such a one is known by its pictures, most of a sample of which are in the folder; None where there is none.
    """
    there = [each for each in libraries(base) if each.encoder == encoder]
    if any(each.folder == shown_path(folder) for each in there):
        return shown_path(folder)
    if is_remote(folder):
        return None
    # Those that are called alike first: the others are looked at on the disk in vain mostly.
    there.sort(key=lambda each: re.split(r"[/\\]", each.folder)[-1] != folder.name)
    for each in there:
        statement = f"SELECT path, size::text FROM semantik.pictures_{each.number} WHERE removed_at IS NULL"
        sample = base.execute(f"{statement} ORDER BY id LIMIT {_SAMPLE}").fetchall()
        found = sum(_size_of(folder / split_key(decoded(path))[0]) == int(size) for path, size in sample)
        if 2 * found > len(sample):
            return each.folder
    return None


def _size_of(path: Path) -> int:
    try:
        return long_path(path).stat().st_size
    except OSError:
        return -1


def encoded(path: str) -> bytes:
    """A path as the server has it: whatever names a system has, they come back as they were."""
    return path.encode("utf-8", "surrogatepass")


def decoded(path: bytes) -> str:
    """The path again. Raises ValueError."""
    return path.decode("utf-8", "surrogatepass")

"""The table of the details store: made, brought up from an older program's, or put in place of another."""

from __future__ import annotations

import sqlite3

from semantik.folders.details_rows import COLUMNS
from semantik.folders.folder_database import version_of_tables

VERSION = 4
"""Of the table, in the file's ``user_version``. The first had no number: it had EXIF dates and the files' own. The
second knew places by EXIF data alone, and the third did not read again what the second had read so."""

_TABLE = f"pictures ({', '.join(COLUMNS)}, PRIMARY KEY (path)) WITHOUT ROWID"


def prepare(base: sqlite3.Connection) -> None:
    """See that there is the table as it is now. Raises OperationalError, and DatabaseError for no table of ours."""
    version = version_of_tables(base, VERSION)
    kinds = [kind for (kind,) in base.execute("SELECT type FROM sqlite_master WHERE name = 'pictures'")]
    if kinds not in ([], ["table"]):
        raise sqlite3.DatabaseError(f"a {kinds[0]} called pictures")
    columns = [(name, bool(key)) for _, name, _, _, _, key in base.execute("PRAGMA table_info(pictures)")]
    if columns != [(name, name == "path") for name in COLUMNS]:
        _renew(base, [name for name, _ in columns if name in COLUMNS])
    if version < VERSION:
        # XMP in a picture tells where it was taken, and so does a video. No source means that the next update reads the
        # file's head anew; until then all the rest is known as before.
        base.execute("UPDATE pictures SET source = NULL WHERE latitude IS NULL")
    if version != VERSION:
        base.execute(f"PRAGMA user_version = {VERSION}")


def _renew(base: sqlite3.Connection, columns: list[str]) -> None:
    """Make the table, or another with the columns that there are now; what is then missing in a row is read anew."""
    base.execute("BEGIN IMMEDIATE")
    base.execute("DROP TABLE IF EXISTS renewed")
    base.execute(f"CREATE TABLE {_TABLE}".replace("pictures", "renewed", 1))
    if columns:
        names = ", ".join(columns)
        if "path" in columns:
            base.execute(f"INSERT OR IGNORE INTO renewed ({names}) SELECT {names} FROM pictures WHERE path NOT NULL")
        if set(columns) >= {"date", "dated"} and "taken" not in columns:
            base.execute("UPDATE renewed SET taken = date WHERE dated")
        if {"sidecar", "source"} <= set(columns) and "noted_latitude" not in columns:
            # Files beside pictures tell where they were taken, too: they are all read again.
            base.execute("UPDATE renewed SET sidecar = NULL, noted = NULL")
    base.execute("DROP TABLE IF EXISTS pictures")
    base.execute("ALTER TABLE renewed RENAME TO pictures")
    base.execute("COMMIT")

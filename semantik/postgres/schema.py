"""The tables on the server, made and brought up to date step by step; and the role that may search and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantik.errors import IndexTooNew

if TYPE_CHECKING:
    from semantik.postgres.server import Connection

SCHEMA = "semantik"

OLDEST_VECTOR = "0.8"
"""The oldest pgvector that goes on looking in a graph until enough rows pass a filter."""

KNOWN = (
    "kind text NOT NULL, path bytea NOT NULL, cells text, number bigint NOT NULL,"
    " PRIMARY KEY (kind, path), UNIQUE (kind, number, path)"
)
"""The columns of the tables of what is known: see ``server_rows.py``."""

MIGRATIONS = (
    # 1: indexes. Each library has tables of its own beside these, see ``library_tables``.
    """
    CREATE EXTENSION IF NOT EXISTS vector;
    CREATE TABLE semantik.libraries (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        folder bytea NOT NULL,
        encoder text NOT NULL,
        space text NOT NULL,
        dim integer NOT NULL,
        generation bigint NOT NULL DEFAULT 0,
        stamp text NOT NULL DEFAULT '',
        program text NOT NULL DEFAULT '',
        views text NOT NULL DEFAULT '',
        skipped bytea NOT NULL DEFAULT '[]',
        next_row bigint NOT NULL DEFAULT 0,
        UNIQUE (folder, encoder)
    );
    """,
    # 2: what is known of pictures beside their vectors. ``known`` is the number of the last write of such rows, and
    # ``token`` tells a library from another that has its name later.
    """
    ALTER TABLE semantik.libraries ADD COLUMN known bigint NOT NULL DEFAULT 0,
        ADD COLUMN token text NOT NULL DEFAULT gen_random_uuid()::text;
    DO $$ DECLARE library integer; BEGIN
        FOR library IN SELECT id FROM semantik.libraries LOOP
            EXECUTE format('CREATE TABLE semantik.known_%s (%s)', library, '{known}');
        END LOOP;
    END $$;
    """.replace("{known}", KNOWN),
)
"""What brings the tables from each version to the next one: a version is the number of steps that were taken."""

VERSION = len(MIGRATIONS)


def version(base: Connection) -> int:
    """The tables' version; 0 where there are none. Raises IndexTooNew for those of a newer program."""
    row = base.execute("SELECT to_regclass('semantik.version') IS NOT NULL").fetchone()
    if not row or not row[0]:
        return 0
    found = base.execute("SELECT version FROM semantik.version").fetchone()
    number = int(found[0]) if found else 0
    if number > VERSION:
        raise IndexTooNew(version=number)
    return number


def migrate(base: Connection) -> None:
    """Make the tables, or bring them up to date. Raises IndexTooNew, and what the server says."""
    if version(base) == VERSION:
        return
    # Two programs may come at once: the second finds the work done.
    base.execute("SELECT pg_advisory_xact_lock(hashtextextended('semantik.version', 0))")
    steps = version(base)
    if not steps:
        base.execute("CREATE SCHEMA IF NOT EXISTS semantik")
        base.execute("CREATE TABLE semantik.version (version integer NOT NULL)")
        base.execute("INSERT INTO semantik.version VALUES (0)")
    for step in MIGRATIONS[steps:]:
        base.execute(step)
    base.execute("UPDATE semantik.version SET version = %s", (VERSION,))


def library_tables(base: Connection, library: int, dim: int) -> None:
    """Make the tables of one library: its pictures, and apart from them, as they are read apart, their vectors and what
    else is known of them."""
    base.execute(
        f"CREATE TABLE semantik.pictures_{library} (id bigint PRIMARY KEY, path bytea NOT NULL, size numeric NOT NULL,"
        " mtime_ns numeric NOT NULL, fingerprint text NOT NULL, removed_at timestamptz)"
    )
    base.execute(f"CREATE TABLE semantik.vectors_{library} (id bigint PRIMARY KEY, embedding halfvec({dim}) NOT NULL)")
    # In the row itself, not beside it: a scan of all reads them in order.
    base.execute(f"ALTER TABLE semantik.vectors_{library} ALTER COLUMN embedding SET STORAGE PLAIN")
    base.execute(f"CREATE TABLE semantik.known_{library} ({KNOWN})")


def role_statements(name: str) -> str:
    """SQL that makes a role which may search and nothing else, to be run by the role that indexes or above it."""
    role = '"' + name.replace('"', '""') + '"'
    return "\n".join(
        (
            f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 50;",
            f"ALTER ROLE {role} SET default_transaction_read_only = on;",
            f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role};",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {role};",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {role};",
        )
    )

"""Why a server lets nobody in, told from what it says: libpq has no number for that, and there are many languages."""

from __future__ import annotations

import re
from typing import Any

from semantik.errors import (
    SemantikError,
    StoreCrowded,
    StoreDatabaseMissing,
    StoreNoEntry,
    StorePasswordNeeded,
    StoreRoleMissing,
    StoreUnreachable,
    StoreUntrusted,
)

_QUOTED = r"[\"«»“”„‚'‹›\s]+.+?[\"«»“”„‚'‹›\s]+"

_SAID: tuple[tuple[type[SemantikError], tuple[str, ...]], ...] = (
    # The client's own certificate is another matter than the server's.
    (StoreUntrusted, ("certificate verify failed", "server certificate", "root certificate")),
    (
        StoreCrowded,
        (
            *("too many clients", "too many connections", "remaining connection slots"),
            *("demasiados clientes", "demasiadas conexiones", "conexiones restantes"),
            *("muitos clientes", "muitas conexões", "conexões remanescentes", "conexões restantes"),
            *("zu viele Verbindungen", "verbleibenden Verbindungen", "trop de clients", "trop de connexions"),
        ),
    ),
    (
        StoreDatabaseMissing,
        (
            f"database{_QUOTED}does not exist",
            f"no existe la base de datos{_QUOTED}",
            f"banco de dados{_QUOTED}não existe",
            f"Datenbank{_QUOTED}existiert nicht",
            f"base de données{_QUOTED}n'existe pas",
        ),
    ),
    (
        StoreRoleMissing,
        (
            f"role{_QUOTED}does not exist",
            f"no existe el rol{_QUOTED}",
            f"role{_QUOTED}não existe",
            f"Rolle{_QUOTED}existiert nicht",
            f"rôle{_QUOTED}n'existe pas",
        ),
    ),
)
"""In English, and as PostgreSQL's translations have it in the languages of the program, German and French."""

_SOON = (
    r"database system|sistema de banco de dados|sistema de bases? de datos|Datenbanksystem|système de bases? de données"
)
"""In whatever a server says that starts, or stops."""

PASSING = (StoreUnreachable, StoreCrowded)
"""What may be over in a moment."""


def why(error: Any) -> type[SemantikError]:
    """The error of ours for an OperationalError of psycopg's."""
    said = str(error)
    for kind, patterns in _SAID:
        if any(re.search(pattern, said, re.DOTALL) for pattern in patterns):
            return kind
    if error.pgconn is not None and (error.pgconn.needs_password or error.pgconn.used_password):
        return StorePasswordNeeded
    # What ends a connection that was there has a number; what keeps one from being made is for somebody to change.
    refused = error.sqlstate is None and "FATAL:" in said and not re.search(_SOON, said)
    return StoreNoEntry if refused else StoreUnreachable

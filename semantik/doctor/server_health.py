"""The server that the settings or the environment name as the place of the indexes: whether it can be used, and how."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from semantik.doctor.findings import Finding, Private, hidden, note, ok, wrong
from semantik.errors import (
    IndexTooNew,
    SemantikError,
    StoreAddressBad,
    StoreCrowded,
    StoreDatabaseMissing,
    StoreForbids,
    StoreNoEntry,
    StorePackagesMissing,
    StorePasswordNeeded,
    StoreRefused,
    StoreRoleMissing,
    StoreUnreachable,
    StoreUntrusted,
)
from semantik.postgres.address import VARIABLE, StoreAddress
from semantik.postgres.libraries import ServerFacts, facts_of
from semantik.postgres.schema import OLDEST_VECTOR, VERSION
from semantik.postgres.server import Server
from semantik.storage.settings import Config

log = logging.getLogger(__name__)

_FAILURES: dict[type[SemantikError], str] = {
    StoreUnreachable: "away",
    StoreDatabaseMissing: "no_database",
    StoreRoleMissing: "no_role",
    StoreCrowded: "crowded",
    StoreNoEntry: "no_entry",
    StoreUntrusted: "untrusted",
    StoreForbids: "forbids",
    StoreRefused: "refuses",
    IndexTooNew: "too_new",
}
"""The ends of the keys ``doctor.server_…`` and ``doctor.advice_server_…``."""


def check(config: Config) -> Iterator[Finding]:
    """Nothing is told, and nobody is asked, where no server is named."""
    named = config.index_server or os.environ.get(VARIABLE, "")
    if not named:
        return
    try:
        address = StoreAddress(named)
    except StoreAddressBad:
        yield wrong("server", "doctor.server_no_address", "doctor.advice_server_no_address")
        return
    except StorePackagesMissing as error:
        yield wrong("server", "doctor.server_no_packages", "doctor.advice_server_no_packages", **error.params)
        return
    shown, server = Private(address, "server"), Server(address)
    try:
        facts = server.read(facts_of)
    except StorePasswordNeeded:
        yield note("server", "doctor.server_password", "doctor.advice_server_password", address=shown)
    except SemantikError as error:
        log.info("the server cannot be used: %r", error)
        what = _FAILURES.get(type(error), "refuses")
        detail = hidden(error.params.get("detail", ""))
        yield wrong("server", f"doctor.server_{what}", f"doctor.advice_server_{what}", address=shown, detail=detail)
    else:
        yield from _told(shown, address, facts)
    finally:
        server.close()


def _told(shown: Private, address: StoreAddress, facts: ServerFacts) -> Iterator[Finding]:
    yield ok("server", "doctor.server", address=shown, version=facts.version)
    if facts.vector is None:
        yield wrong("server", "doctor.server_no_vector", "doctor.advice_server_vector", oldest=OLDEST_VECTOR)
    elif [*map(int, facts.vector.split(".")[:2])] < [*map(int, OLDEST_VECTOR.split("."))]:
        found = {"version": facts.vector, "oldest": OLDEST_VECTOR}
        yield wrong("server", "doctor.server_old_vector", "doctor.advice_server_vector", **found)
    else:
        yield ok("server", "doctor.server_vector", version=facts.vector)
    if not facts.tables:
        yield note("server", "doctor.server_empty")
    elif facts.tables < VERSION:
        yield note("server", "doctor.server_older", "doctor.advice_server_older", tables=facts.tables, newest=VERSION)
    else:
        yield ok("server", "doctor.server_tables", tables=facts.tables, count=facts.libraries)
    if facts.encrypted:
        yield ok("server", "doctor.server_encrypted")
    elif address.is_remote:
        yield note("server", "doctor.server_open", "doctor.advice_server_open")
    else:
        yield ok("server", "doctor.server_local")
    yield ok("server", "doctor.server_writes" if facts.may_write else "doctor.server_reads")

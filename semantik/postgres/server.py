"""Talking to a PostgreSQL server: one connection to read by, one to write by, and what becomes of lost ones."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from semantik.errors import (
    IndexLocked,
    SemantikError,
    StoreForbids,
    StoreRefused,
)
from semantik.postgres.address import StoreAddress, psycopg_module
from semantik.postgres.connection_errors import PASSING, why

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"

Result = TypeVar("Result")

PATIENCE = 30.0
"""Seconds that a write waits for a server that went away: one that starts again after a crash takes some."""

_PAUSE = 0.25  # seconds between two tries


class _Lost(Exception):
    """The connection broke off: ``error`` is what psycopg said."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Server:
    """A server. May be used by any thread.

    What goes wrong is raised as StoreUnreachable (no connection, or it broke off; see ``connection_errors`` for what
    that may come from), StoreUntrusted (not the certificate that the address demands), StoreForbids (the role may not
    do that) or StoreRefused (anything else that the server says), none of which tells a secret.
    """

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self._reader: Connection | None = None
        self._reading = threading.RLock()
        self._writer: Connection | None = None
        self._writing = threading.RLock()
        self._key: int | None = None  # of the lock that the writer holds

    def __str__(self) -> str:
        return str(self.address)

    @property
    def is_encrypted(self) -> bool:
        """Whether what is read comes encrypted. Connects if need be."""
        return self.read(lambda base: bool(base.pgconn.ssl_in_use))

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """What ``work`` returns, which runs in one read-only transaction; again if the connection is found broken."""
        with self._reading, self._told():
            if self._reader is not None and not self._reader.closed:
                with contextlib.suppress(_Lost):
                    return self._try(self._reader, work)
            self._reader = self._connect()
            try:
                return self._try(self._reader, work)
            except _Lost as lost:
                raise lost.error from None

    def _try(self, base: Connection, work: Callable[[Connection], Result]) -> Result:
        try:
            with base.transaction():
                base.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return work(base)
        except psycopg_module().OperationalError as error:
            if not base.closed:
                raise
            raise _Lost(error) from None

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """What ``work`` returns, in one transaction.

        While the server is away it waits for PATIENCE seconds and tries anew, so ``work`` must see for itself whether
        it was done before: nobody knows of a transaction whose end was not heard.
        """
        deadline = time.monotonic() + PATIENCE
        with self._writing, self._told():
            while True:
                try:
                    base = self._writing_connection()
                    with base.transaction():
                        return work(base)
                except psycopg_module().OperationalError as error:
                    lost = self._writer is None or self._writer.closed
                    self._drop_writer()
                    if not lost or why(error) not in PASSING or time.monotonic() >= deadline:
                        raise
                    log.warning("waiting for %s: %s", self.address, self.address.hide(str(error)))
                    time.sleep(_PAUSE)

    @contextlib.contextmanager
    def locked(self, key: int, folder: str) -> Iterator[None]:
        """Hold the server's lock ``key``, int64, and with it the connection to write by. Raises IndexLocked."""
        with self._writing:
            if self._key is not None:  # our own: it is let go by whoever took it
                raise IndexLocked(folder=folder)
            with self._told():
                self._key = key
                try:
                    self._writing_connection(folder)
                except BaseException:
                    self._key = None
                    self._drop_writer()
                    raise
        try:
            yield
        finally:
            with self._writing:
                self._key = None
                self._let_go(key)
                self._drop_writer()

    def close(self) -> None:
        """End the connections."""
        with self._reading:
            self._drop_reader()
        with self._writing:
            self._drop_writer()

    def _writing_connection(self, folder: str = "") -> Connection:
        if self._writer is None or self._writer.closed:
            self._writer = self._connect()
            if self._key is not None:
                row = self._writer.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
                if not row or not row[0]:
                    self._drop_writer()
                    raise IndexLocked(folder=folder or str(self.address))
        return self._writer

    def _let_go(self, key: int) -> None:
        """End the lock before its connection, of whose end the server may hear later than of the next lock."""
        if self._writer is not None and not self._writer.closed:
            with contextlib.suppress(psycopg_module().Error):  # then it ends with the connection
                self._writer.execute("SELECT pg_advisory_unlock(%s)", (key,))

    def _connect(self) -> Connection:
        psycopg = psycopg_module()
        base: Connection = psycopg.connect(**self.address.parts, autocommit=True, prepare_threshold=None)
        return base

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What the server says, as errors of ours."""
        psycopg = psycopg_module()
        try:
            yield
        except SemantikError:
            raise
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as error:
            raise StoreForbids(address=str(self.address), detail=self.address.hide(str(error))) from None
        except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory, psycopg.errors.QueryCanceled) as error:
            raise StoreRefused(address=str(self.address), detail=self.address.hide(str(error))) from None
        except psycopg.OperationalError as error:
            detail = self.address.hide(str(error))
            raise why(error)(address=str(self.address), detail=detail) from None
        except psycopg.Error as error:
            raise StoreRefused(address=str(self.address), detail=self.address.hide(str(error))) from None


def knows_vectors(base: Connection) -> Connection:
    """The connection, which takes and gives pgvector's types from now on."""
    if base.adapters.types.get("halfvec") is None:
        from pgvector.psycopg import register_vector

        register_vector(base)
    return base

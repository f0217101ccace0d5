"""Connections to the very addresses that were looked at: a name is looked up once, and what it gave is connected to.

Looked up twice, a name can answer with a public address for the check and with one of the user's own network for the
connection (DNS rebinding).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

Check = Callable[[str], None]
"""Gets each address of a name, without its zone, before any is connected to; raises ValueError to forbid that."""


def pinned_adapter(check: Check) -> HTTPAdapter:
    """What a session of requests sends by; requests through a proxy go as always, for it is the proxy that looks up."""

    class Plain(_Pinned, HTTPConnection):
        look_at = staticmethod(check)

    class Secure(_Pinned, HTTPSConnection):
        look_at = staticmethod(check)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = cast(Any, Plain)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = cast(Any, Secure)

    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return adapter


class _Pinned:
    """A connection that looks up the name itself. The name stays what the certificate must be for."""

    look_at: Check
    port: Any
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        name, base = self._dns_host, cast(Any, super())
        try:
            found = socket.getaddrinfo(name.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(cast(Any, self), f"{name} is not found: {error}") from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        for address in addresses:
            self.look_at(address.partition("%")[0])
        for address in addresses:
            self._dns_host = address
            try:
                return cast(socket.socket, base._new_conn())
            except HTTPError:
                if address == addresses[-1]:
                    raise
            finally:
                self._dns_host = name
        raise NewConnectionError(cast(Any, self), f"{name} has no address")

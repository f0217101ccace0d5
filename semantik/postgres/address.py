"""The address of a PostgreSQL server as libpq takes it, and how it is shown: never with a password."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from semantik.errors import StoreAddressBad, StorePackagesMissing

_SHOWN = ("host", "hostaddr", "port", "dbname", "user", "service", "sslmode")
_SECRETS = ("password", "sslpassword", "oauth_client_secret")
HIDDEN = "…"

VARIABLE = "SEMANTIK_STORE"
"""The address may be here instead, where other users of the machine do not see it among its processes."""

_SCHEMES = ("postgresql://", "postgres://")
_OURS = {"connect_timeout": "10", "application_name": "semantik"}
_HOST_OF_URI = re.compile(r"[\w.-]+")


def is_address(typed: str) -> bool:
    """Whether what was typed is meant as the address of a server, and not as a path."""
    return typed.strip().lower().startswith(_SCHEMES)


def psycopg_module() -> Any:
    """psycopg. Raises StorePackagesMissing where it, its libpq or pgvector is not installed."""
    try:
        import pgvector.psycopg  # noqa: F401  (it must be there, too)
        import psycopg
    except ImportError as error:
        raise StorePackagesMissing(package=error.name or "psycopg") from error
    return psycopg


class StoreAddress:
    """Where a server is, ``postgresql://…``. What is printed or logged of it is ``str`` of it, or went by ``hide``."""

    def __init__(self, address: str, password: str = "") -> None:
        """``password``: one that was asked for, in place of that of the address.

        Raises StoreAddressBad, which does not tell the address, and StorePackagesMissing.
        """
        psycopg = psycopg_module()
        from psycopg.conninfo import conninfo_to_dict

        if not address.startswith(_SCHEMES):
            raise StoreAddressBad
        try:
            parts = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
        except psycopg.Error:
            raise StoreAddressBad from None  # libpq's own message has the whole address in it
        self._parts = _OURS | parts | ({"password": password} if password else {})

    @property
    def parts(self) -> dict[str, str]:
        """libpq's parameters, with the password if the address has one."""
        return {**self._parts}

    @property
    def without_secrets(self) -> str:
        """The address once more, to be kept and shown: all that it says but passwords."""
        left = {name: value for name, value in self._parts.items() if name not in _SECRETS}
        for name, value in _OURS.items():
            if left[name] == value:
                del left[name]
        user = quote(left.pop("user", ""), safe="")
        base = quote(left.pop("dbname", ""), safe="")
        place = ""
        if _HOST_OF_URI.fullmatch(left.get("host", "")):  # a socket or several hosts have no place there
            place = left.pop("host")
            port = left.pop("port", "")
            place += f":{port}" if port else ""
        rest = urlencode(left, quote_via=quote, safe="/")
        return f"postgresql://{user}{'@' if user else ''}{place}/{base}" + (f"?{rest}" if rest else "")

    @property
    def password(self) -> str:
        """The password of the address, or that which was asked for; "" for none."""
        return self._parts.get("password", "")

    @property
    def has_password(self) -> bool:
        """Whether a password is in the address, where other users of this machine may read it."""
        return "password" in self._parts

    @property
    def is_remote(self) -> bool:
        """Whether what is sent leaves this machine, as far as the address tells."""
        host = self._parts.get("host", "")
        return bool(host) and not host.startswith(("/", "@")) and host not in ("localhost", "127.0.0.1", "::1")

    def hide(self, message: str) -> str:
        """The first line of a message of libpq or the server, without any secret of the address."""
        line = " ".join(message.strip().split("\n")[0].split())
        for secret in (self._parts.get(name) for name in _SECRETS):
            if secret:
                line = line.replace(secret, HIDDEN)
        return line

    def __str__(self) -> str:
        told = {name: self._parts[name] for name in _SHOWN if name in self._parts}
        user = f"{told.pop('user')}@" if "user" in told else ""
        host, port, base = (told.pop(name, "") for name in ("host", "port", "dbname"))
        if host.startswith(("/", "@")):  # a socket, which has no place before the database's name
            told = {"host": host, **({"port": port} if port else {}), **told}
            host = port = ""
        rest = "&".join(f"{name}={value}" for name, value in told.items())
        place = host + (f":{port}" if port else "")
        return self.hide(f"postgresql://{user}{place}/{base}" + (f"?{rest}" if rest else ""))

    def __repr__(self) -> str:
        return f"StoreAddress({self})"

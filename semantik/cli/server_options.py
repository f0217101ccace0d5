"""``--store postgresql://…``: the index is on a server; and what users are told of the way there."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.encoders.number_formats import NumberFormat
    from semantik.engine.engine import Engine
    from semantik.postgres.server import Server

VARIABLE = "SEMANTIK_STORE"
"""The address may be here instead, where other users of the machine do not see it among its processes."""


def add_store(command: argparse.ArgumentParser) -> None:
    """Add the option to a command that works on folders."""
    command.add_argument("--store", metavar=say("cli.metavar_address"), help=say("cli.store_option"))


def address_in(options: argparse.Namespace) -> str:
    """The address that was given; "" for none."""
    return getattr(options, "store", None) or os.environ.get(VARIABLE, "")


def connect(address: str) -> Server:
    """The server, and a word on stderr where a password or the pictures' names may be read by others.

    Raises StoreAddressBad, StorePackagesMissing, StoreUnreachable, StoreUntrusted and StoreRefused.
    """
    from semantik.postgres.address import StoreAddress
    from semantik.postgres.server import Server

    found = StoreAddress(address)
    server = Server(found)
    encrypted = server.is_encrypted
    if found.has_password and address != os.environ.get(VARIABLE):
        print(say("cli.store_password_seen"), file=sys.stderr)
    if encrypted:
        print(visible(say("cli.store_encrypted", address=found)), file=sys.stderr)
    elif found.is_remote:
        print(visible(say("cli.store_open", address=found)), file=sys.stderr)
    return server


def format_on(server: Server, name: str, folders: Iterable[Path]) -> NumberFormat:
    """The number format of the index that the server has of these folders, whatever this computer would choose.

    Where it has none, that which computers of all kinds can share.
    """
    from semantik.encoders.base import store_of
    from semantik.encoders.number_formats import EXACT, INT8
    from semantik.postgres.library_store import LibraryStore

    kept = [LibraryStore.of(server, folder, store_of(name, INT8)).stamp() for folder in folders]
    return INT8 if any(kept) else EXACT


def use_server(engine: Engine, server: Server, *, exact: bool = False) -> None:
    """Have the engine keep indexes on the server from now on."""
    from semantik.postgres.library_store import LibraryStore

    engine.kept_by = partial(LibraryStore.of, server, exact=exact)

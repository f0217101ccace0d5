"""``--store postgresql://…``: the index is on a server; and what users are told of the way there."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.postgres.address import VARIABLE
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.encoders.number_formats import NumberFormat
    from semantik.engine.engine import Engine
    from semantik.postgres.server import Server


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


def stored_on(server: Server, model: str, folders: Sequence[Path]) -> NumberFormat:
    """See ``index_server.stored_format``."""
    from semantik.engine.index_server import stored_format

    return server.read(lambda base: stored_format(base, model, folders))


def use_server(engine: Engine, server: Server, *, exact: bool = False) -> None:
    """Have the engine keep indexes on the server from now on."""
    from semantik.postgres.libraries import may_write
    from semantik.postgres.library_store import LibraryStore

    read_only = not server.read(may_write)
    engine.kept_by = partial(LibraryStore.of, server, exact=exact, read_only=read_only)

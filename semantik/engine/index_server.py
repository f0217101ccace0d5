"""A server that keeps the indexes of folders in place of the home: what it has to open, and by which model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semantik.encoders import registry
from semantik.encoders.base import store_of
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat
from semantik.folder_urls import anchored, shown_path
from semantik.index import IndexStore
from semantik.postgres.address import StoreAddress
from semantik.postgres.libraries import StoredLibrary, libraries, may_write, name_of
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.server import Connection, Server
from semantik.storage.regular_files import may_be_there


@dataclass(frozen=True, slots=True)
class Served:
    """What a server has: the folders to open, as they are called here and there, and how they were indexed."""

    model: str
    stored: NumberFormat  # INT8 or EXACT
    names: dict[Path, str]  # each folder here, and what it is called on the server
    read_only: bool  # whether the user there may only search

    @property
    def away(self) -> list[Path]:
        """Those of the folders that this computer does not see."""
        return [folder for folder in self.names if not may_be_there(folder)]


class IndexServer:
    """The server behind ``address``. ``look`` talks to it, and so do the stores: both are for a worker."""

    def __init__(self, address: str, password: str = "") -> None:
        """Raises StoreAddressBad and StorePackagesMissing."""
        self._server = Server(StoreAddress(address, password))
        self._served: Served | None = None

    def look(self, model: str, wanted: Sequence[Path], *, same_model: bool = False) -> Served:
        """What there is to open: of ``wanted`` what the server has, or what is new to it; or else all that it has.

        By ``model`` where anything was indexed with it, or if it is to be the ``same_model`` in any case; else by that
        of most libraries. Raises StorePasswordNeeded, StoreUnreachable, StoreUntrusted, StoreForbids, StoreRefused and
        IndexTooNew.
        """
        return self._server.read(lambda base: self._look(base, model, wanted, same_model))

    def _look(self, base: Connection, model: str, wanted: Sequence[Path], same_model: bool) -> Served:
        there, read_only = libraries(base), not may_write(base)
        model = model if same_model else _model_of(there, model)
        stored = stored_format(base, model, wanted)
        store = store_of(model, stored)
        names: dict[Path, str] = {}
        for folder in wanted:
            name = name_of(base, folder, store)
            if name is not None or (may_be_there(folder) and not read_only):
                names[folder] = name or shown_path(folder)
        if not names:
            # Absolute, as the engine names folders: what another system's path is called does not matter here.
            names = {anchored(Path(each.folder)): each.folder for each in there if each.encoder == store}
        return Served(model, stored, names, read_only)

    def serve(self, served: Served) -> None:
        """Have ``kept_by`` know these folders from now on."""
        self._served = served

    def kept_by(self, folder: Path, encoder: str) -> IndexStore:
        """What keeps the index of a folder for an encoder. Nothing is asked of the server yet."""
        names = self._served.names if self._served else {}
        read_only = self._served is not None and self._served.read_only
        return LibraryStore(self._server, names.get(folder, shown_path(folder)), encoder, read_only=read_only)

    def close(self) -> None:
        """End the connections."""
        self._server.close()


def _model_of(there: Sequence[StoredLibrary], usual: str) -> str:
    """The model with which libraries were made: ``usual`` if any was, else that of most of them."""
    stores = [each.encoder for each in there]
    names = [usual, *registry.encoder_names()]
    counts = {name: stores.count(store_of(name, EXACT)) + stores.count(store_of(name, INT8)) for name in names}
    return usual if counts[usual] else max(names, key=counts.__getitem__)


def stored_format(base: Connection, model: str, wanted: Sequence[Path]) -> NumberFormat:
    """How the vectors of a model are on a server, whatever this computer would choose: INT8, or EXACT.

    Those of the ``wanted`` folders, which are searched together; where the server has none of them, of all that it has.
    """
    there = {each.encoder for each in libraries(base)} & {store_of(model, EXACT), store_of(model, INT8)}
    kept = {store for store in there for folder in wanted if name_of(base, folder, store) is not None}
    return INT8 if store_of(model, INT8) in (kept or there) else EXACT

"""``python -m semantik store``: a folder's index from files to a server or back, and who may search there."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.cli.output import ProgressLine, dump
from semantik.cli.server_options import connect, stored_on
from semantik.folder_urls import shown_path
from semantik.long_tasks import TaskControl
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import catching_up_status
from semantik.words.shown_names import visible
from semantik.words.text import counted, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.folders.indexed_folder import IndexedFolder
    from semantik.index import IndexStore
    from semantik.postgres.library_store import LibraryStore
    from semantik.postgres.server import Server


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    store = commands.add_parser("store", help=say("cli.store"), description=say("cli.store"))
    store.add_argument(
        "folders", metavar=say("cli.metavar_folder"), type=path_named, nargs="*", help=say("cli.folders")
    )
    what = store.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", metavar=say("cli.metavar_address"), help=say("cli.store_to"))
    what.add_argument("--from", metavar=say("cli.metavar_address"), dest="source", help=say("cli.store_from"))
    what.add_argument("--role", metavar=say("cli.metavar_name"), help=say("cli.store_role"))
    store.add_argument("--remove", action="store_true", help=say("cli.store_remove"))
    store.add_argument("--encoder", metavar=say("cli.metavar_name"), help=say("cli.encoder"))
    store.add_argument("--json", action="store_true", help=say("cli.json"))
    store.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Copy the indexes and compare each row, or print the SQL that makes a role."""
    if options.role is not None:
        from semantik.postgres.schema import role_statements

        print(role_statements(options.role))
        return 0
    from semantik.encoders.base import store_of
    from semantik.engine.engine import Engine, plainly
    from semantik.postgres.libraries import may_write
    from semantik.postgres.library_store import LibraryStore
    from semantik.storage.home import index_folder

    server: Server = connect(options.to or options.source)
    engine = Engine(home, config)
    line = ProgressLine()
    control = TaskControl(line.shows(catching_up_status))
    done: list[dict[str, Any]] = []
    try:
        model = options.encoder or engine.models.without_asking()
        engine.models.require(model)
        folders = [*map(plainly, options.folders)]
        if options.to:
            engine.models.use(model)
            name = engine.models.encoder.store
        else:
            name = store_of(model, stored_on(server, model, folders))
        read_only = not server.read(may_write)
        for folder in folders:
            files = index_folder(home, folder, name)
            there = LibraryStore.of(server, folder, name, read_only=read_only)
            ends: tuple[Path | IndexStore, Path | IndexStore] = (files, there) if options.to else (there, files)
            count = _copy(folder, *ends)
            _share(engine.indexed_folder(folder, engine.models.encoder), name, there, control)
            line.end()
            if options.remove:
                _remove(ends[0], folder)
            done.append({"folder": shown_path(folder), "rows": count, "removed": options.remove})
            if not options.json:
                print(visible(f"{shown_path(folder)}: {counted('cli.store_copied', count)}"))
    finally:
        engine.close()
        server.close()
    if options.json:
        dump(done)
    return 0


def _copy(folder: Path, source: Path | IndexStore, target: Path | IndexStore) -> int:
    from semantik.index import copy_index

    return copy_index(folder, source, target)


def _share(indexed_folder: IndexedFolder, name: str, there: LibraryStore, control: TaskControl) -> None:
    """Bring what is known of the pictures to where it is not, and see that both have the same."""
    from semantik.index import ImageIndex

    knowledge, kinds = indexed_folder.knowledge_for(name), indexed_folder.shared_kinds
    index = ImageIndex.load(there, indexed_folder.folder)
    knowledge.exchange(there.shared, index, control, kinds=kinds, read_only=there.read_only)
    knowledge.compare(there.shared, index, kinds=kinds, place=str(there), read_only=there.read_only)


def _remove(store: Path | IndexStore, folder: Path) -> None:
    from semantik.index import FileStore
    from semantik.postgres.library_store import LibraryStore

    if isinstance(store, LibraryStore):
        store.delete()
    elif isinstance(store, Path):
        FileStore(store).delete(folder)

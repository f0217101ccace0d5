"""What the commands on folders share: the engine with the model in use, progress on stderr, and Ctrl+C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.cli.output import ProgressLine
from semantik.cli.server_options import address_in, connect, stored_on, use_server
from semantik.errors import Cancelled, FacesUnreadable, PeopleNotWanted, TextsUnreadable
from semantik.long_tasks import Progress, TaskControl
from semantik.storage.settings import Config
from semantik.words.phrases import catching_up_status, download_status, indexing_status
from semantik.words.text import counted, number, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import Check, IndexedFolder
    from semantik.postgres.server import Server


_LEFT = {"text": "reading.left_of_texts", "faces": "reading.left_of_faces"}
_UNREADABLE = {"text": TextsUnreadable, "faces": FacesUnreadable}


class Session:
    """The folders of one command, with progress on stderr; Ctrl+C stops at the next batch and keeps the work."""

    def __init__(self, options: argparse.Namespace, home: Path, config: Config, *, as_indexed: bool = False) -> None:
        """``options``: its ``folders``, and its ``encoder`` or None for the model that is used without asking.

        ``as_indexed``: None is the model that the folders are indexed with, that of the window before others.
        """
        from semantik.engine.engine import Engine, plainly

        self._control = TaskControl()
        self.engine: Engine = Engine(home, replace(config, encoder=""))
        self._line = ProgressLine()
        self._folders: list[Path] = [*map(plainly, options.folders)]
        self._address: str | None = getattr(options, "cluster", None)
        self._shared: Path | None = getattr(options, "cluster_folder", None)
        self._cluster = ExitStack()
        models = self.engine.models
        usual = models.that_indexed(self._folders, config.encoder) if as_indexed else models.without_asking()
        self._name: str = options.encoder or usual
        address = address_in(options)
        self._server: Server | None = connect(address) if address else None
        if self._server:
            use_server(self.engine, self._server, exact=getattr(options, "exact", False))

    def __enter__(self) -> Session:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, lambda number, frame: self._control.cancel())
        models = self.engine.models
        models.require(self._name)
        if not models.is_ready(self._name):
            title, size = models.download_size(self._name)
            self._announced(title, size * 2**20, partial(models.fetch_whole, self._name))
        elif models.must_prove(self._name):
            print(say("cli.proving", name=models.short_title(self._name)), file=sys.stderr)
            models.prove(self._name, self._control)
        if self._server:
            models.use_shared(self._name, stored_on(self._server, self._name, self._folders))
        else:
            models.use(self._name)
        self.library: Library = self.engine.open(*self._folders)
        return self

    def _embed_by(self, address: str) -> None:
        """Have the workers of a cluster embed, in the number format that is settled by now. Raises RayMissing."""
        from semantik.cluster.ray_cluster import RayCluster

        encoder = self.library.encoder
        recipe = self.engine.models.recipe(self._name, encoder.number_format)
        cluster = RayCluster(address, self.engine.home, encoder, recipe, self.engine.config.decode_seconds)
        self._cluster.enter_context(cluster)
        for each in self.library.indexed_folders:
            each.embed_by = partial(cluster.embedder, each.folder, each.store, shared=self._shared)

    def _announced(self, title: str, size: int, download: Callable[[TaskControl], object]) -> None:
        """Fetch so many bytes, which are told before."""
        print(say("cli.downloading", name=title, size=number(round(size / 2**20))), file=sys.stderr)
        download(self._control.telling(self._line.shows(lambda progress: download_status(title, progress))))
        self._line.end()

    def __exit__(self, *failure: object) -> None:
        self._line.end()
        self._cluster.close()
        self.engine.close()
        if self._server:
            self._server.close()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._previous)

    @property
    def cancelled(self) -> bool:
        """Whether the user stopped it."""
        return self._control.cancelled

    def index_if_new(self) -> None:
        """Open the stored indexes; make those that there are not yet, or that have no picture.

        Raises what is wrong with one, and Cancelled.
        """
        from semantik.folders.indexed_folder import State

        checks = [(each, self._load(each)) for each in self.library.indexed_folders]
        for _, check in checks:
            if check.error:
                raise check.error
        new = [each for each, check in checks if check.state is State.NEW or not each.count]
        for outcome in self._update(new):
            if outcome.error:
                raise outcome.error
        if self.cancelled:
            raise Cancelled

    def update(self, *, rebuild: bool = False, allow_mass_removal: bool = False, check: bool = False) -> list[Outcome]:
        """Bring the indexes up to date. A damaged one is rebuilt only when asked to."""
        from semantik.engine.library import Outcome
        from semantik.folders.indexed_folder import State

        failed, good, anew = [], [], []
        for indexed_folder in self.library.indexed_folders:
            loaded = self._load(indexed_folder)
            if loaded.error and not (rebuild and loaded.state in (State.DAMAGED, State.OTHER_SPACE)):
                failed.append(Outcome(indexed_folder, error=loaded.error))
                continue
            good.append(indexed_folder)
            if rebuild and loaded.state is not State.NEW:
                anew.append(indexed_folder)
        if self._address:
            for each in good:
                self.library.settle_format(each, self._control, anew=each in anew)
            self._embed_by(self._address)
        return [*self._update(good, rebuild=anew, allow_mass_removal=allow_mass_removal, check=check), *failed]

    def read_texts(self) -> dict[IndexedFolder, int]:
        """Read the texts in the pictures of the folders that have an index; how many files of each were read.

        Raises TextsUnreadable. What was read is kept when the user stops it.
        """
        return self._read("text")

    def read_people(self) -> dict[IndexedFolder, int]:
        """Find the faces in the pictures of the folders, as ``read_texts``, and group them.

        The models come first where they are not here: the setting says that the user wants that. Raises
        PeopleNotWanted without it, FacesUnreadable, and as ``FaceModels.download`` and ``paths``.
        """
        people = self.engine.people
        if not people.wanted:
            raise PeopleNotWanted(filters="--people")
        if not people.models.are_ready:
            self._announced(people.models.title, people.models.size, people.models.download)
        people.models.paths()
        read = self._read("faces")
        people.group(self._control)
        return read

    def _read(self, kind: str) -> dict[IndexedFolder, int]:
        from semantik.folders.content_reading import ContentReading

        read: dict[IndexedFolder, int] = {}
        show = self._line.shows(lambda progress: counted(_LEFT[kind], progress.total - progress.done))
        with self.engine.reading_pool() as pool:
            for folder in self.library.indexed_folders:
                readers = [reader for reader in self.engine.readers_of(folder) if reader.kind == kind]
                if folder.index is None or not (kind == "text" or all(reader.wanted() for reader in readers)):
                    continue
                reading = ContentReading(folder.folder, folder.index, readers)
                total = reading.left
                while reading.left and not reading.unable and not self.cancelled:
                    reading.step(pool.read)
                    show(Progress(total - reading.left, total))
                reading.flush()
                folder.share()
                read[folder] = reading.read
                if reading.unable:
                    raise _UNREADABLE[kind](detail=reading.unable[kind])
        self._line.end()
        return read

    def _load(self, indexed_folder: IndexedFolder) -> Check:
        check = indexed_folder.load(self._control.telling(self._line.shows(catching_up_status)))
        self._line.end()
        return check

    def _update(
        self,
        indexed_folders: Sequence[IndexedFolder],
        *,
        rebuild: Sequence[IndexedFolder] = (),
        allow_mass_removal: bool = False,
        check: bool = False,
    ) -> list[Outcome]:
        outcomes = self.library.update(
            indexed_folders,
            self._control.telling(self._line.shows(indexing_status)),
            rebuild=rebuild,
            allow_mass_removal=allow_mass_removal,
            check=check,
        )
        self._line.end()
        return outcomes

"""Where an index is kept: in files of the home, or wherever else somebody keeps one (see ``semantik.postgres``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

from semantik.errors import IndexDamaged, IndexNotSaved, SemantikError, system_detail
from semantik.index.commit import commit
from semantik.index.manifest import MANIFEST, Manifest, Stamp
from semantik.index.opened_file import let_go
from semantik.index.shared_rows import SharedRows
from semantik.index.store import current_stamp, put_back, read_manifest, set_aside, stored_stamp, writer_lock
from semantik.index.vector_files import Run, Vectors, Verify, open_files
from semantik.long_tasks import UNATTENDED, TaskControl

log = logging.getLogger(__name__)

_LOAD_TRIES = 100  # each further one is due to another program's save in the same milliseconds

Restore = Callable[[], None]
"""Puts back what was set aside; does nothing where another index stands by then. Raises OSError and SemantikError."""


class IndexStore(Protocol):
    """Keeps one index: its manifest, and the runs of rows that belong to it. What is kept changes by ``commit`` alone.

    ``str`` of it is how users are told of it, without any secret. Each method may also raise what tells that the
    store cannot be reached.
    """

    read_only: bool
    """Whether it is known that nothing can be saved here by this user."""

    @property
    def shared(self) -> SharedRows | None:
        """What is known of the pictures for all computers that open the index; None where there is but one."""

    def load(
        self, quantized_from: int, verify: Verify, control: TaskControl = UNATTENDED
    ) -> tuple[Manifest, list[Run]]:
        """What is kept, as ``ImageIndex.load`` takes it. Raises NoIndex, IndexTooNew, IndexDamaged or Cancelled."""

    def stamp(self) -> Stamp | None:
        """Which state is kept now; None where there is none. Raises OSError, IndexTooNew, IndexDamaged."""

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Be the only one who writes. Raises IndexLocked at once where another is, and IndexNotSaved."""

    def commit(self, manifest: Manifest, saved: Sequence[Run], pending: Sequence[Run]) -> tuple[Manifest, list[Run]]:
        """Keep the state in memory as the one after ``manifest``, whole or not at all; see ``commit.commit``.

        Call it with the lock held. Raises OSError, IndexNotSaved and IndexDamaged.
        """

    def set_aside(self) -> Restore | None:
        """Make room for an index that is made anew; None where nothing is kept. Hold the lock. Raises OSError."""

    def quicken(self, saved: Sequence[Run]) -> None:
        """Make what lets a large index be searched quicker, if it is not there, and use it with these runs."""


class FileStore:
    """An index in files; see ``store.py``."""

    read_only = False
    shared = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileStore) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    def load(
        self, quantized_from: int, verify: Verify, control: TaskControl = UNATTENDED
    ) -> tuple[Manifest, list[Run]]:
        """Open the manifest and the vector files; an error holds none of them open. That takes no time to speak of."""
        try:
            return self._load(quantized_from, verify)
        except SemantikError as error:
            let_go(error)
            raise

    def _load(self, quantized_from: int, verify: Verify) -> tuple[Manifest, list[Run]]:
        for _ in range(_LOAD_TRIES):
            manifest = read_manifest(self.folder)
            try:
                return manifest, [*open_files(self.folder, manifest, verify, quantized_from)]
            except FileNotFoundError as error:
                failure = IndexDamaged(why="missing", detail=Path(error.filename).name)
            except OSError as error:
                raise IndexDamaged(why="unreadable", detail=str(error)) from error
            except IndexDamaged as error:
                failure = error
            # Another program may have saved between our reads; then the manifest has changed too.
            if current_stamp(self.folder) == manifest.stamp:
                raise failure
        raise failure

    def stamp(self) -> Stamp | None:
        """Which state stands on disk now."""
        return stored_stamp(self.folder)

    def locked(self, folder: Path) -> AbstractContextManager[None]:
        """Hold the store's lock file."""
        return writer_lock(self.folder, folder)

    def commit(self, manifest: Manifest, saved: Sequence[Run], pending: Sequence[Run]) -> tuple[Manifest, list[Run]]:
        """Write what is new as a file, and the manifest."""
        for vectors in saved:
            if isinstance(vectors, Vectors) and vectors.file and not vectors.file.held:
                vectors.check(whole=True)  # what is written anew is read from there
        return commit(self.folder, manifest, saved, pending)

    def set_aside(self) -> Restore | None:
        """Move the files into a folder beside them."""
        aside = set_aside(self.folder)
        if aside is None:
            return None
        log.warning("the old index was kept in %s", aside)
        return partial(put_back, aside)

    def quicken(self, saved: Sequence[Run]) -> None:
        """See ``ImageIndex.quantize``, which goes about it file by file."""

    def delete(self, folder: Path) -> None:
        """Forget the index of ``folder``: its files go, the manifest first. Raises IndexNotSaved and IndexLocked."""
        with self.locked(folder):
            try:
                (self.folder / MANIFEST).unlink(missing_ok=True)
                for path in self.folder.glob("image_index.*"):
                    path.unlink()
            except OSError as error:
                raise IndexNotSaved(folder=str(self.folder), detail=system_detail(error)) from error

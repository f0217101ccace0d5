"""The index of one image folder in one encoder's space: FAISS vectors and the files they came from."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik import __version__
from semantik.errors import IndexDamaged, IndexNotSaved, SemantikError, system_detail
from semantik.folder_urls import shown_path
from semantik.index.changes import compare
from semantik.index.index_store import FileStore, IndexStore
from semantik.index.manifest import VIEWS, Manifest
from semantik.index.opened_file import let_go
from semantik.index.quantized_vectors import QUANTIZED_FROM, QuantizedVectors, write_quantized
from semantik.index.row_table import RowTable
from semantik.index.skipped_files import Skip, SkippedFiles, skip_of
from semantik.index.store import quantized_file
from semantik.index.vector_files import Run, Vectors, Verify, read_rows, search_runs
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import WARNINGS, Changes, Embeddings, ImageFile, Problem, Reason, key_in, split_key

log = logging.getLogger(__name__)

_EDITIONS = itertools.count(1)  # one for every fork: two of one index may differ in names alone


class ImageIndex:
    """Vectors and metadata of one image folder in one encoder space.

    ``store`` is the folder on disk (see ``store.py``), or whatever else keeps it (see ``IndexStore``). Vectors in files
    are memory-mapped, so opening a library costs one pass to check them and no copy. Not thread-safe: one thread at a
    time.

    Vector files of ``quantized_from`` rows or more get an 8-bit copy by ``quantize``, which makes searches quicker and
    changes nothing of what they find.
    """

    def __init__(
        self, store: Path | IndexStore, folder: Path, space: str, dim: int, *, quantized_from: int = QUANTIZED_FROM
    ) -> None:
        self.store = store
        self._kept: IndexStore = FileStore(store) if isinstance(store, Path) else store
        self.folder = folder
        self._manifest = Manifest(space=space, dim=dim, folder=shown_path(folder))
        self._saved: list[Run] = []
        self._pending: list[Run] = []
        self._rows = RowTable()
        self._skipped = SkippedFiles()
        self._dirty = True
        self._quantized_from = quantized_from
        self._edition = 0
        self.awaited = 0
        """Files of the folder that were still to be looked at when this was what is known of it; 0: it is complete."""

    @property
    def space(self) -> str:
        return self._manifest.space

    @property
    def dim(self) -> int:
        return self._manifest.dim

    @property
    def count(self) -> int:
        """Pictures that can be found: those of files and frames of videos, but no views of what counts already."""
        return self._rows.count

    @property
    def views(self) -> int:
        """How many rows are views of wide or tall pictures, further rows of pictures that have one."""
        return len(self._rows.views)

    @property
    def views_behind(self) -> bool:
        """Whether wide pictures may have fewer views than they would get now: an older program indexed them."""
        return self._manifest.views != VIEWS

    @property
    def total_rows(self) -> int:
        """All rows, also those of pictures that are gone."""
        return len(self._manifest.paths)

    @property
    def unsaved(self) -> bool:
        """Whether anything is not stored yet."""
        return self._dirty

    @property
    def recorded_folder(self) -> str:
        """How the image folder was called when the index was made."""
        return self._manifest.folder

    @property
    def generation(self) -> int:
        """Number of the last save; 0 when never saved."""
        return self._manifest.generation

    @property
    def state(self) -> tuple[object, ...]:
        """What tells what the index holds from what it held before, or holds after a rebuild."""
        return (self.store, *self._manifest.stamp, self.count, self.total_rows, self._edition)

    # -- Loading ---------------------------------------------------------------------------------------

    @classmethod
    def load(
        cls,
        store: Path | IndexStore,
        folder: Path,
        *,
        quantized_from: int = QUANTIZED_FROM,
        verify: Verify = Verify.NOW,
        control: TaskControl = UNATTENDED,
    ) -> ImageIndex:
        """Open a stored index and check it whole. Raises NoIndex, IndexTooNew, IndexDamaged or Cancelled.

        ``verify``: with MEANWHILE large vector files are read whole behind what is done with the index. A search, or
        saving, then raises IndexDamaged once one was found to be damaged; nothing is written anew before that is known.
        An error may be kept for long: it holds no file of the index open.
        """
        try:
            manifest, runs = (FileStore(store) if isinstance(store, Path) else store).load(
                quantized_from, verify, control
            )
            index = cls(store, folder, manifest.space, manifest.dim, quantized_from=quantized_from)
            index._adopt(manifest, runs)
        except SemantikError as error:
            let_go(error)
            raise
        return index

    def _adopt(self, manifest: Manifest, vectors: list[Run]) -> None:
        try:
            self._skipped = SkippedFiles(manifest.skipped)
        except ValueError as error:
            raise IndexDamaged(why="manifest", detail=str(error)) from error
        self._manifest, self._saved, self._dirty = manifest, vectors, False
        if manifest.program != __version__:  # its decoders may do what those before could not
            self._skipped.count_anew()
        self._rows = RowTable(manifest.paths, manifest.removed)
        if len(self._rows) != manifest.count:
            raise IndexDamaged(why="manifest", detail="a path occurs twice")

    def locked(self) -> AbstractContextManager[None]:
        """Hold the store's writer lock. Raises IndexLocked at once when another program holds it."""
        return self._kept.locked(self.folder)

    def is_stale(self) -> bool:
        """Whether the stored state is another than was loaded or saved here. Raises IndexTooNew, IndexDamaged."""
        try:
            return self._kept.stamp() not in (None, self._manifest.stamp)
        except OSError as error:
            raise IndexDamaged(why="unreadable", detail=str(error)) from error

    def reload(self) -> None:
        """Take over what is stored now, forgetting unsaved changes. Raises as ``load`` does."""
        other = ImageIndex.load(self.store, self.folder, quantized_from=self._quantized_from)
        if (other.space, other.dim) != (self.space, self.dim):
            space = other.space
            del other  # or the error would hold its maps
            raise IndexDamaged(why="space", detail=space)
        self.__dict__.update(other.__dict__)

    def fork(self, awaited: int = 0) -> ImageIndex:
        """The same index once more, to be changed while this one is searched; vectors never change, and are shared.

        Or to be searched while this one is changed, by a thread that changes it: as it is now, with ``awaited``.
        """
        other = copy(self)
        other.awaited, other._edition = awaited, next(_EDITIONS)
        kept = self._manifest
        other._manifest = replace(
            kept,
            paths=[*kept.paths],
            sizes=[*kept.sizes],
            mtimes_ns=[*kept.mtimes_ns],
            fingerprints=[*kept.fingerprints],
            removed=[*kept.removed],
        )
        other._saved, other._pending = [*self._saved], [*self._pending]
        other._rows, other._skipped = self._rows.fork(), self._skipped.fork()
        return other

    def copied_to(self, store: Path | IndexStore) -> ImageIndex:
        """The same index for another store, where nothing is yet: it is there once it is saved."""
        other = self.fork()
        other.store = store
        other._kept = FileStore(store) if isinstance(store, Path) else store
        other._manifest = replace(other._manifest, generation=0, segments=[], sha256="")
        other._saved, other._pending = [], [*other._saved, *other._pending]
        other._dirty = True
        return other

    # -- Metadata --------------------------------------------------------------------------------------

    def files(self) -> Iterator[ImageFile]:
        """The indexed files, each once, in row order."""
        files = map(self.file_of, self._rows.picture_rows())
        return iter(dict.fromkeys(files)) if self._rows.has_parts else files

    def rows_of(self, path: str) -> list[int]:
        """The rows of a file: one of a picture, and then those of its views; several of a video; or none."""
        return self._rows.rows_of(path)

    def count_of(self, paths: Iterable[str]) -> int:
        """As how many pictures these files count."""
        return sum(row not in self._rows.views for path in paths for row in self._rows.rows_of(path))

    def count_among(self, marked: NDArray[np.bool_]) -> int:
        """How many pictures there are among the rows that ``marked``, bool (rows,), marks."""
        return int(marked.sum()) - int(marked[list(self._rows.views)].sum())

    def pictures(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """For every row the row of its picture: of a view another one, of all else the same."""
        return np.array([self._rows.picture_row(row) for row in rows.tolist()], np.int64) if self.views else rows

    def content_of(self, key: str) -> tuple[ImageFile, str] | None:
        """The file that a picture's key is of, and its fingerprint. Another thread may ask while this is changed."""
        stored, row = self._manifest, self._rows.row_of.get(key)
        try:
            if row is None or stored.paths[row] != key:
                return None
            return ImageFile(split_key(key)[0], stored.sizes[row], stored.mtimes_ns[row]), stored.fingerprints[row]
        except IndexError:
            return None

    def without_fingerprint(self) -> list[ImageFile]:
        """The indexed files whose content nothing tells yet."""
        column = self._manifest.fingerprints
        return list(dict.fromkeys(self.file_of(row) for row in self._rows.row_of.values() if not column[row]))

    def rows_of_sizes(self, sizes: Collection[int]) -> list[int]:
        """The rows of the files that have one of these sizes (bytes), in their order."""
        column = self._manifest.sizes
        return [row for row in self._rows.row_of.values() if column[row] in sizes]

    def rows(self) -> Mapping[str, int]:
        """Row of every picture, frame and view that can be found, by its key (see ``records``), in row order."""
        return self._rows.row_of

    def mask(self, rows: Iterable[int]) -> NDArray[np.bool_]:
        """Marks ``rows`` among all, bool (rows,), for ``search``."""
        marked = np.zeros(self.total_rows, dtype=np.bool_)
        marked[np.fromiter(rows, np.int64)] = True
        return marked

    def file_of(self, row: int) -> ImageFile:
        """The file that the picture in ``row`` is, or is a part of, as it was when it was indexed."""
        m = self._manifest
        return ImageFile(split_key(m.paths[row])[0], m.sizes[row], m.mtimes_ns[row])

    def key_of(self, row: int) -> str:
        """What the row shows (see ``records``)."""
        return self._manifest.paths[row]

    def warning_of(self, path: str) -> Reason | None:
        """Why an indexed file is only partly good."""
        return self._skipped.warning_of(path)

    def fingerprint_of(self, row: int) -> str:
        """What tells the content of that file; "" while it is unknown."""
        return self._manifest.fingerprints[row]

    def path_of(self, row: int) -> Path:
        """Absolute path of that file."""
        return self.folder / split_key(self._manifest.paths[row])[0]

    def place_of(self, row: int) -> tuple[object, ...]:
        """Where the picture in ``row`` comes in the order of names, folder by folder, and then of moments."""
        file, moment = split_key(self._manifest.paths[row])
        return (file.split("/"), moment or 0.0, row)

    def moment_of(self, row: int) -> float | None:
        """The second in the video that the picture in ``row`` shows; None for what is no video."""
        return split_key(self._manifest.paths[row])[1]

    def problems(self) -> list[Problem]:
        """Files that were skipped or read only in part, by path; notes are no problems."""
        return self._skipped.problems()

    def skip_of(self, path: str) -> Skip | None:
        """What is remembered of a file that was skipped, read only in part, or noted."""
        return self._skipped.by_path.get(path)

    def bad_contents(self, sizes: Collection[int]) -> list[tuple[ImageFile, str, Reason]]:
        """Skipped files of one of these sizes (bytes) that no decoder will read under any name.

        Each as it was, with its fingerprint and the reason.
        """
        return self._skipped.bad_contents(sizes)

    def compare(self, found: Iterable[ImageFile], *, unreadable: Collection[str] = (), retry: bool = False) -> Changes:
        """How ``found`` (a scan of the folder) differs from what is indexed.

        Files below a folder in ``unreadable`` (relative, ending in "/") are not missed: they cannot be
        seen now. Known bad files are no news unless ``retry`` is set and their reason may have passed.
        """
        return compare(found, self._manifest, self._rows, self._skipped.by_path, unreadable=unreadable, retry=retry)

    # -- Changing --------------------------------------------------------------------------------------

    def add(self, files: Sequence[ImageFile], embeddings: Embeddings, fingerprints: Sequence[str] = ()) -> None:
        """Add pictures with their embeddings, float32 (n, dim); a path that is there already is replaced.

        ``fingerprints``: what tells the content of each, "" or nothing at all while that is unknown.
        """
        if embeddings.shape != (len(files), self.dim) or embeddings.dtype != np.float32:
            raise ValueError(f"{len(files)} files, embeddings {embeddings.dtype} {embeddings.shape}, dim {self.dim}")
        if len({file.path for file in files}) != len(files):
            raise ValueError("a path occurs twice in one batch")
        if not files:
            return
        self._pending.append(Vectors.of_array(np.ascontiguousarray(embeddings)))
        for file, fingerprint in zip(files, fingerprints or [""] * len(files), strict=True):
            self._skipped.by_path.pop(file.path, None)
            self._rows.set(file.path, len(self._manifest.paths))
            self._manifest.paths.append(file.path)
            self._manifest.sizes.append(file.size)
            self._manifest.mtimes_ns.append(file.mtime_ns)
            self._manifest.fingerprints.append(fingerprint)
        self._dirty = True

    def move(self, moves: Sequence[tuple[str, ImageFile]]) -> None:
        """Pictures that were found again, under another name or with another time: path as indexed, file as it is.

        All happen at once, so that two may change places. What is indexed under a new path, and does not move away
        itself, is forgotten. Raises KeyError for a path that is not indexed.
        """
        if len({file.path for _, file in moves}) != len(moves) or len({path for path, _ in moves}) != len(moves):
            raise ValueError("a path occurs twice in one batch")
        rows = [self.rows_of(path) for path, _ in moves]
        if not all(rows):
            raise KeyError(next(path for (path, _), found in zip(moves, rows, strict=True) if not found))
        moving = {path for path, _ in moves}
        self.remove(file.path for _, file in moves if file.path not in moving)
        notes = [self._skipped.by_path.pop(path, None) for path, _ in moves]
        stored = self._manifest
        for (_, file), found, note in zip(moves, rows, notes, strict=True):
            for row in found:
                stored.paths[row] = key_in(file.path, stored.paths[row])
                stored.sizes[row], stored.mtimes_ns[row] = file.size, file.mtime_ns
            self._skipped.by_path.pop(file.path, None)
            if note and note.reason in WARNINGS:
                self._skipped.by_path[file.path] = skip_of(file, note.reason, None)
        if moves:
            self._rows = RowTable(stored.paths, self._rows.removed)
            self._dirty = True

    def copy(self, copies: Sequence[tuple[str, ImageFile]]) -> None:
        """Add files that have the content of an indexed one: its path, and the file. Raises KeyError."""
        files, rows, notes = [], [], []
        for path, file in copies:
            found = self.rows_of(path)
            if not found:
                raise KeyError(path)
            self.remove([file.path])
            files += [replace(file, path=key_in(file.path, self._manifest.paths[row])) for row in found]
            rows += found
            notes.append((file, self._skipped.warning_of(path)))
        if copies:
            self.add(files, self.vectors(rows), [self._manifest.fingerprints[row] for row in rows])
        for file, warning in notes:
            self._skipped.by_path.pop(file.path, None)
            if warning:
                self.skip(file, warning)

    def learn(self, fingerprints: Mapping[str, str]) -> None:
        """Note what tells the content of indexed files, by their paths."""
        for path, fingerprint in fingerprints.items():
            for row in self.rows_of(path):
                self._dirty |= self._manifest.fingerprints[row] != fingerprint
                self._manifest.fingerprints[row] = fingerprint

    def remove(self, paths: Iterable[str]) -> None:
        """Forget pictures and videos with all their parts; unknown paths are ignored."""
        for path in paths:
            self._drop(path)

    def skip(self, file: ImageFile, reason: Reason, fingerprint: str = "") -> None:
        """Remember that ``file`` was skipped (its old version is forgotten) or, for a warning, is only partly good.

        ``fingerprint``: what tells its content, "" while that is unknown.
        """
        if reason not in WARNINGS:
            self._drop(file.path)
        skipped = self._skipped.by_path
        skipped[file.path] = skip_of(file, reason, skipped.get(file.path), fingerprint)
        self._dirty = True

    def note(self, file: ImageFile, reason: Reason) -> None:
        """Remember what a file was seen to be; what is indexed of it stays."""
        self._skipped.by_path[file.path] = skip_of(file, reason, None)
        self._dirty = True

    def forget_notes(self) -> None:
        """Forget which files were noted, so that they are looked at anew."""
        self._dirty |= self._skipped.forget_notes()

    def forget_skipped(self, keep: Collection[str]) -> None:
        """Forget skipped files that are not in ``keep``: they are gone from the folder."""
        self._dirty |= self._skipped.keep(keep)

    def try_again(self, paths: Iterable[str]) -> None:
        """Forget that these files were skipped, so that ``compare`` finds them new; what is partly good stays."""
        self._dirty |= self._skipped.try_again(paths)

    def views_done(self) -> None:
        """Note that all wide pictures have the views that they get now."""
        self._dirty |= self.views_behind
        self._manifest.views = VIEWS

    def _drop(self, path: str) -> None:
        self._dirty |= self._rows.drop(path)

    # -- Searching -------------------------------------------------------------------------------------

    def search(
        self, query: NDArray[np.float32], top_k: int, among: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The ``top_k`` rows nearest to ``query``, float32 (dim,): scores and rows, best first.

        Only rows that ``among``, bool (rows,), marks are looked at: all ``top_k`` come from them. Fewer come back
        when fewer pictures are there. Equal scores keep the order of the rows.
        """
        live = self.live() if among is None else self.live() & among
        return search_runs(self.runs(), live, query, top_k)

    def vector(self, path: str) -> NDArray[np.float32]:
        """The embedding of an indexed picture, float32 (dim,). Raises KeyError."""
        return self.vectors([self._rows.row_of[path]]).reshape(-1)

    def vectors(self, rows: Sequence[int] | NDArray[np.int64]) -> Embeddings:
        """The embeddings in ``rows``, float32 (n, dim)."""
        return read_rows(self.runs(), np.asarray(rows, np.int64), self.dim)

    def sample(self, most: int) -> Embeddings:
        """Embeddings of at most ``most`` pictures, evenly spread over all, float32 (n, dim)."""
        return self.vectors(self._rows.picture_rows()[:: max(1, -(-self.count // most))])

    def runs(self) -> tuple[Run, ...]:
        """The vectors of all rows, in their order, their files seen to be whole. Raises IndexDamaged."""
        for vectors in self._saved:
            vectors.check()
        return (*self._saved, *self._pending)

    def live(self) -> NDArray[np.bool_]:
        """Which rows are of pictures that can be found, bool (rows,)."""
        live = np.ones(self.total_rows, dtype=np.bool_)
        live[list(self._rows.removed)] = False
        return live

    # -- Saving ----------------------------------------------------------------------------------------

    def save(self) -> None:
        """Commit all changes; call it with the lock held. After an error nothing is lost, on disk or here.

        Raises IndexNotSaved, and IndexTooNew or IndexDamaged when what is stored cannot be told to be the
        state before: it is not overwritten then.
        """
        try:
            stored = self._kept.stamp()
            if stored == self._manifest.stamp and not self._dirty:
                return
            if stored not in (None, self._manifest.stamp):
                raise IndexNotSaved(folder=str(self.store), detail="changed by another program")
            before = replace(self._manifest, removed=sorted(self._rows.removed), skipped=self._skipped.stored())
            self._manifest, self._saved = self._kept.commit(before, self._saved, self._pending)
        except OSError as error:
            raise IndexNotSaved(folder=str(self.store), detail=system_detail(error)) from error
        self._pending, self._dirty = [], False
        if len(before.paths) != len(self._manifest.paths):
            self._rows = RowTable(self._manifest.paths, self._manifest.removed)

    def quantize(self, control: TaskControl = UNATTENDED) -> None:
        """Make missing 8-bit copies of large vector files, in seconds for a million rows; what fails waits.

        Do not hold the lock.
        """
        if not isinstance(self.store, Path):
            try:
                self._kept.quicken(self._saved)
            except SemantikError as error:
                log.warning("searches in %s are not made quicker: %s", self.store, error)
            return
        folder = self.store
        for saved in self._saved:
            if not isinstance(saved, Vectors) or not saved.segment or saved.rows < self._quantized_from:
                continue
            if saved.quantized or saved.data is None:  # what is not mapped is read in order for each search
                continue
            path = quantized_file(folder, saved.segment)
            unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            try:
                unfinished.unlink(missing_ok=True)
                if not write_quantized(unfinished, saved.data.view(np.float32), saved.segment, control):
                    return
                with self.locked():
                    if not self.is_stale():  # else the vector file may be gone, and nobody would sweep its copy
                        os.replace(unfinished, path)
                        saved.quantized = QuantizedVectors.read(folder, saved.segment, self.dim)
            except (OSError, SemantikError) as error:
                log.warning("the 8-bit copy of %s is not kept: %s", saved.segment.file, error)
            finally:
                with contextlib.suppress(OSError):
                    unfinished.unlink(missing_ok=True)

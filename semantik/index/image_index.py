"""The index of one image folder in one encoder's space: FAISS vectors and the files they came from."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.durable import sync_folder
from semantik.errors import IndexDamaged, IndexNotSaved
from semantik.index.store import (
    MANIFEST,
    VECTORS,
    Manifest,
    read_manifest,
    stored_generation,
    write_manifest,
    write_segment,
    writer_lock,
)
from semantik.index.vectors import Vectors, live_chunks, search_runs
from semantik.records import Embeddings, ImageFile, Problem, Reason

log = logging.getLogger(__name__)

TRANSIENT = frozenset(
    {
        Reason.PERMISSION,
        Reason.UNREADABLE,
        Reason.VANISHED,
        Reason.CHANGED,
        Reason.OUT_OF_MEMORY,
        Reason.NO_DECODER,
        Reason.ENCODER_FAILED,
    }
)
"""Reasons that may be gone although the file is the same: an update tries such files again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from its index."""

    added: list[ImageFile]
    changed: list[ImageFile]
    removed: list[str]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class ImageIndex:
    """Vectors and metadata of one image folder in one encoder space.

    ``store`` is the folder on disk (see ``index_store``). Vectors are memory-mapped, so opening a
    library costs one pass to check them and no copy. Not thread-safe: one thread at a time.
    """

    def __init__(self, store: Path, folder: Path, space: str, dim: int) -> None:
        self.store = store
        self.folder = folder
        self._manifest = Manifest(space=space, dim=dim, folder=str(folder))
        self._saved: list[Vectors] = []
        self._pending: list[Vectors] = []
        self._row_of: dict[str, int] = {}
        self._removed: set[int] = set()
        self._skipped: dict[str, tuple[int, int, Reason]] = {}
        self._dirty = True

    @property
    def space(self) -> str:
        return self._manifest.space

    @property
    def dim(self) -> int:
        return self._manifest.dim

    @property
    def count(self) -> int:
        """Pictures that can be found."""
        return len(self._row_of)

    @property
    def generation(self) -> int:
        """Number of the last save; 0 when never saved."""
        return self._manifest.generation

    # -- Loading ---------------------------------------------------------------------------------------

    @classmethod
    def load(cls, store: Path, folder: Path) -> ImageIndex:
        """Open a stored index and check it whole. Raises NoIndex, IndexTooNew or IndexDamaged."""
        attempts = 5
        for attempt in range(attempts):
            manifest = read_manifest(store)
            try:
                vectors = [Vectors.of_file(store, segment, manifest.dim) for segment in manifest.segments]
            except FileNotFoundError as error:
                # Another program may have saved between our two reads; then the manifest has changed too.
                if attempt < attempts - 1 and stored_generation(store) != manifest.generation:
                    continue
                raise IndexDamaged(why="missing", detail=str(Path(error.filename).name)) from error
            except OSError as error:
                raise IndexDamaged(why="unreadable", detail=str(error)) from error
            return cls(store, folder, manifest.space, manifest.dim)._adopt(manifest, vectors)
        raise IndexDamaged(why="missing", detail=MANIFEST)

    def _adopt(self, manifest: Manifest, vectors: list[Vectors]) -> ImageIndex:
        removed = set(manifest.removed)
        row_of = {path: row for row, path in enumerate(manifest.paths) if row not in removed}
        if len(row_of) != manifest.count:
            raise IndexDamaged(why="manifest", detail="a path occurs twice")
        try:
            self._skipped = {p: (size, mtime_ns, Reason(why)) for p, size, mtime_ns, why in manifest.skipped}
        except ValueError as error:
            raise IndexDamaged(why="manifest", detail=str(error)) from error
        self._manifest, self._saved, self._row_of, self._removed = manifest, vectors, row_of, removed
        self._dirty = False
        return self

    def locked(self) -> AbstractContextManager[None]:
        """Hold the store's writer lock. Raises IndexLocked at once when another program holds it."""
        return writer_lock(self.store, self.folder)

    def is_stale(self) -> bool:
        """Whether another program has saved a newer state since this one was loaded."""
        stored = stored_generation(self.store)
        return stored is not None and stored != self.generation

    def reload(self) -> None:
        """Take over what is stored now, forgetting unsaved changes. Raises as ``load`` does."""
        other = ImageIndex.load(self.store, self.folder)
        if (other.space, other.dim) != (self.space, self.dim):
            raise IndexDamaged(why="space", detail=other.space)
        self.__dict__.update(other.__dict__)

    # -- Metadata --------------------------------------------------------------------------------------

    def files(self) -> Iterator[ImageFile]:
        """The indexed pictures, in row order."""
        m = self._manifest
        return (ImageFile(path, m.sizes[row], m.mtimes_ns[row]) for path, row in self._row_of.items())

    def path_of(self, row: int) -> Path:
        """Absolute path of the picture in ``row``."""
        return self.folder / self._manifest.paths[row]

    def problems(self) -> list[Problem]:
        """Files that were skipped or read only in part, by path."""
        return [Problem(path, why) for path, (_, _, why) in sorted(self._skipped.items())]

    def compare(self, found: Iterable[ImageFile], *, unreadable: Collection[str] = (), retry: bool = False) -> Changes:
        """How ``found`` (a scan of the folder) differs from what is indexed.

        Files below a folder in ``unreadable`` (relative, ending in "/") are not missed: they cannot be
        seen now. Known bad files are no news unless ``retry`` is set and their reason may have passed.
        """
        sizes, mtimes_ns = self._manifest.sizes, self._manifest.mtimes_ns
        added, changed, seen, known = [], [], 0, set()
        for file in found:
            known.add(file.path)
            row = self._row_of.get(file.path)
            skip = self._skipped.get(file.path)
            if row is not None:
                seen += 1
                if (sizes[row], mtimes_ns[row]) != (file.size, file.mtime_ns):
                    changed.append(file)
            elif skip is None or skip[:2] != (file.size, file.mtime_ns) or (retry and skip[2] in TRANSIENT):
                added.append(file)
        removed = [
            path
            for path in (self._row_of if seen < self.count else ())
            if path not in known and not path.startswith(tuple(unreadable))
        ]
        return Changes(added, changed, removed, seen - len(changed))

    # -- Changing --------------------------------------------------------------------------------------

    def add(self, files: Sequence[ImageFile], embeddings: Embeddings) -> None:
        """Add pictures with their embeddings, float32 (n, dim); a path that is there already is replaced."""
        if embeddings.shape != (len(files), self.dim) or embeddings.dtype != np.float32:
            raise ValueError(f"{len(files)} files, embeddings {embeddings.dtype} {embeddings.shape}, dim {self.dim}")
        if len({file.path for file in files}) != len(files):
            raise ValueError("a path occurs twice in one batch")
        if not files:
            return
        self._pending.append(Vectors.of_array(np.ascontiguousarray(embeddings)))
        for file in files:
            self._drop(file.path)
            self._skipped.pop(file.path, None)
            self._row_of[file.path] = len(self._manifest.paths)
            self._manifest.paths.append(file.path)
            self._manifest.sizes.append(file.size)
            self._manifest.mtimes_ns.append(file.mtime_ns)
        self._dirty = True

    def remove(self, paths: Iterable[str]) -> None:
        """Forget pictures; unknown paths are ignored."""
        for path in paths:
            self._drop(path)

    def skip(self, file: ImageFile, reason: Reason) -> None:
        """Remember that ``file`` was skipped (its old version is forgotten) or, for a warning, is only partly good."""
        if reason is not Reason.TRUNCATED:
            self._drop(file.path)
        self._skipped[file.path] = (file.size, file.mtime_ns, reason)
        self._dirty = True

    def forget_skipped(self, keep: Collection[str]) -> None:
        """Forget skipped files that are not in ``keep``: they are gone from the folder."""
        gone = self._skipped.keys() - set(keep)
        for path in gone:
            del self._skipped[path]
        self._dirty |= bool(gone)

    def _drop(self, path: str) -> None:
        row = self._row_of.pop(path, None)
        if row is not None:
            self._removed.add(row)
            self._dirty = True

    # -- Searching -------------------------------------------------------------------------------------

    def search(self, query: NDArray[np.float32], top_k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The ``top_k`` rows nearest to ``query``, float32 (dim,): scores and rows, best first.

        Fewer come back when fewer pictures are there. Equal scores keep the order of the rows.
        """
        return search_runs((*self._saved, *self._pending), self._live_mask(), query, top_k)

    def vector(self, path: str) -> NDArray[np.float32]:
        """The embedding of an indexed picture, float32 (dim,). Raises KeyError."""
        row = self._row_of[path]
        for vectors in (*self._saved, *self._pending):
            if row < vectors.rows:
                embedding: NDArray[np.float32] = vectors.data[row].copy().view(np.float32)
                return embedding
            row -= vectors.rows
        raise AssertionError("a row beyond all vectors")

    def _live_mask(self) -> NDArray[np.bool_]:
        live = np.ones(len(self._manifest.paths), dtype=np.bool_)
        live[list(self._removed)] = False
        return live

    # -- Saving ----------------------------------------------------------------------------------------

    def save(self) -> None:
        """Commit all changes; call it with the lock held. Raises IndexNotSaved, with nothing lost on disk or here."""
        if not self._dirty and self.generation:
            return
        stored = stored_generation(self.store)
        if stored is not None and stored != self.generation:
            raise IndexNotSaved(folder=str(self.store), detail="changed by another program")
        try:
            self._save(rewrite=stored is None)
        except OSError as error:
            raise IndexNotSaved(folder=str(self.store), detail=error.strerror or str(error)) from error

    def _save(self, *, rewrite: bool) -> None:
        total = len(self._manifest.paths)
        # Dead rows cost time in every search; a fifth is where rewriting pays.
        compact = rewrite or len(self._removed) > max(1000, total // 5) or not self._row_of
        kept = 0 if compact else self._untouched()
        parts = (*self._saved, *self._pending)[kept:]
        start = sum(vectors.rows for vectors in self._saved[:kept])
        mask = self._live_mask()[start:] if compact else np.ones(total - start, dtype=np.bool_)
        manifest = replace(
            self._manifest,
            generation=self.generation + 1,
            segments=[v.segment for v in self._saved[:kept] if v.segment],
            removed=[] if compact else sorted(self._removed),
            skipped=[[path, size, mtime, why.value] for path, (size, mtime, why) in sorted(self._skipped.items())],
        )
        if compact:
            rows = np.flatnonzero(mask).tolist()
            manifest.paths = [self._manifest.paths[row] for row in rows]
            manifest.sizes = [self._manifest.sizes[row] for row in rows]
            manifest.mtimes_ns = [self._manifest.mtimes_ns[row] for row in rows]
        vectors = self._saved[:kept]
        if mask.any():
            segment = write_segment(
                self.store, manifest.generation, int(mask.sum()), self.dim, live_chunks(parts, mask)
            )
            manifest.segments.append(segment)
            # Just written and synced: its checksum was computed from the same bytes.
            vectors = [*vectors, Vectors.of_file(self.store, segment, self.dim, verify=False)]
            sync_folder(self.store)
        durable = write_manifest(self.store, manifest)
        self._pending = []
        self._adopt(manifest, vectors)
        if durable:  # else a power cut may still bring the old manifest back, and it needs its files
            self._sweep()

    def _untouched(self) -> int:
        """How many of the saved segments stay as they are, counted from the first.

        The last ones are merged with the new rows while they are not at least twice as large: the number
        of segments stays logarithmic and each row is rewritten a logarithmic number of times.
        """
        fresh = sum(vectors.rows for vectors in self._pending)
        kept = len(self._saved)
        while fresh and kept and self._saved[kept - 1].rows < 2 * fresh:
            kept -= 1
            fresh += self._saved[kept].rows
        return kept

    def _sweep(self) -> None:
        """Delete vector files that the manifest no longer names, and leftovers of killed saves."""
        named = {segment.file for segment in self._manifest.segments}
        for pattern in (VECTORS.format(generation="*"), f"{MANIFEST}.*.tmp"):
            for path in self.store.glob(pattern):
                if path.name not in named:
                    with contextlib.suppress(OSError):  # mapped by another program on Windows: the next save's work
                        path.unlink()

"""The index on disk: a manifest in JSON and vectors in FAISS's own format. No faiss is needed here.

A store folder holds ``image_index.json`` and the vector files that it names, ``image_index.<n>.bin``.
A vector file is never written again once it is there; each save makes a new one for the new rows and
then replaces the manifest, in one rename. That rename is the commit: before it a load finds the old
state, after it the new one, and files that no manifest names are waste. So one more picture costs one
small file, however large the library is (the log-structured merge idea of O'Neil et al., 1996).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import logging
import os
import re
import struct
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from semantik.errors import IndexDamaged, IndexLocked, IndexNotSaved, NoIndex, system_detail
from semantik.index.manifest import MANIFEST, VECTORS, Manifest, Segment, Stamp, decode, encode, read_stamp
from semantik.records import ImageFile, split_key
from semantik.storage.atomic_files import patiently, replace_file, sync_folder, write_new
from semantik.storage.home import is_writable
from semantik.storage.json_files import make_way
from semantik.storage.private_files import FILE_MODE, make_folder
from semantik.storage.regular_files import open_regular, read_regular

log = logging.getLogger(__name__)

HEADER_BYTES = 45

_HEAD_BYTES = 200  # of a manifest: enough for its stamp
_UNFINISHED = re.compile(re.escape(MANIFEST) + r"\.\d+\.tmp")
_DERIVED = re.compile(r"image_index\.[0-9a-f]{16}\.(int8|cells)(\.\d+\.tmp)?")  # cells: an older program's
_NAME_TRIES = 100
_NAME_BYTES = 2**17  # of a manifest: its folder's name is among them
_FOLDER = re.compile(rb'"folder":("(?:[^"\\]|\\.)*")')


def write_manifest(store: Path, manifest: Manifest) -> bool:
    """Commit ``manifest`` and set its ``sha256``. Raises OSError; the old manifest then still stands.

    Returns whether the commit is sure to survive a power cut (see ``durable.replace_file``).
    """
    return replace_file(store / MANIFEST, encode(manifest))


def stored_stamp(store: Path) -> Stamp | None:
    """Which state stands on disk now; None without a manifest. Raises OSError, IndexTooNew, IndexDamaged."""
    try:
        return read_stamp(patiently(lambda: _head(store / MANIFEST)))
    except FileNotFoundError:
        return None


def current_stamp(store: Path) -> Stamp | None:
    """As ``stored_stamp``, with IndexDamaged for a manifest that the disk does not let be read."""
    try:
        return stored_stamp(store)
    except OSError as error:
        raise IndexDamaged(why="unreadable", detail=str(error)) from error


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(_HEAD_BYTES)


def read_manifest(store: Path) -> Manifest:
    """Read and check the manifest. Raises NoIndex, IndexTooNew or IndexDamaged (detail says why)."""
    try:
        data = patiently(lambda: read_regular(store / MANIFEST))
    except FileNotFoundError:
        raise NoIndex(folder=str(store)) from None
    except OSError as error:
        raise IndexDamaged(why="unreadable", detail=str(error)) from error
    return decode(data)


def recorded_folder(store: Path) -> str:
    """The image folder of a stored index, read from the beginning of its manifest. Raises OSError, IndexDamaged."""
    with (store / MANIFEST).open("rb") as file:
        found = _FOLDER.search(file.read(_NAME_BYTES))
    if not found:
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    try:
        return str(json.loads(found[1]))
    except ValueError as error:
        raise IndexDamaged(why="manifest", detail=f"{MANIFEST}: {error}") from error


def write_recorded_folder(store: Path, folder: Path) -> None:
    """Note where the pictures of a stored index are now. Raises OSError and as ``read_manifest``, ``writer_lock``."""
    with writer_lock(store, folder):
        manifest = read_manifest(store)
        manifest.folder = str(folder)
        manifest.generation += 1
        write_manifest(store, manifest)


def stored_contents(store: Path) -> list[tuple[ImageFile, str]]:
    """The files of a stored index and their fingerprints, each once. Raises as ``read_manifest``."""
    manifest = read_manifest(store)
    removed = set(manifest.removed)
    columns = zip(manifest.paths, manifest.sizes, manifest.mtimes_ns, manifest.fingerprints, strict=True)
    found = (
        (ImageFile(split_key(path)[0], size, mtime_ns), digest)
        for row, (path, size, mtime_ns, digest) in enumerate(columns)
        if row not in removed
    )
    return list(dict.fromkeys(found))


def flat_header(rows: int, dim: int) -> bytes:
    """The first bytes of a serialised ``IndexFlatIP``; the float32 rows follow (faiss/impl/index_write.cpp).

    Written here so that merging millions of rows streams from file to file instead of building an
    index in memory; a test compares it with faiss's own bytes.
    """
    return struct.pack("<4siqqqBiQ", b"IxFI", dim, rows, 1 << 20, 1 << 20, 1, 0, rows * dim)


def write_segment(
    store: Path,
    number: int,
    rows: int,
    dim: int,
    chunks: Iterable[bytes | memoryview],
    *,
    taken: Collection[str] = (),
) -> Segment:
    """Write a new vector file from ``chunks`` of float32 rows; ``taken`` are the names that the manifest uses.

    Its name has ``number``, or a later one that is free. Raises OSError; nothing is left then.
    """
    path = _free_path(store, number, taken)
    digest = hashlib.sha256()

    def hashed() -> Iterable[bytes | memoryview]:
        for chunk in itertools.chain([flat_header(rows, dim)], chunks):
            digest.update(chunk)
            yield chunk

    write_new(path, hashed())
    return Segment(path.name, rows, digest.hexdigest())


def _free_path(store: Path, number: int, taken: Collection[str]) -> Path:
    """A name that no manifest uses. A killed save may have left a file there, which goes."""
    for attempt in range(number, number + _NAME_TRIES):
        path = store / f"image_index.{attempt}.bin"
        if path.name in taken:
            continue
        try:
            path.unlink(missing_ok=True)
        except PermissionError as error:  # mapped by another program, on Windows
            log.info("%s cannot be removed: %s", path, error)
        else:
            return path
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(store))


@contextlib.contextmanager
def writer_lock(store: Path, folder: Path) -> Iterator[None]:
    """Hold the lock that allows to write ``store``, making the folder.

    Raises IndexLocked at once when another program holds it, IndexNotSaved when the store cannot be written.
    """
    try:
        make_folder(store)
        make_way(store / "index.lock")
        lock = FileLock(store / "index.lock", mode=FILE_MODE)
        lock.acquire(timeout=0)
    except Timeout:
        if not is_writable(store):  # which filelock takes for a lock that is held, on Windows
            raise IndexNotSaved(folder=str(store), detail=os.strerror(errno.EACCES)) from None
        raise IndexLocked(folder=str(folder)) from None
    except OSError as error:
        raise IndexNotSaved(folder=str(store), detail=system_detail(error)) from error
    try:
        yield
    finally:
        lock.release()


def quantized_file(store: Path, segment: Segment) -> Path:
    """Where the 8-bit copy of a vector file is. Its content names it: file names are used again."""
    return store / f"image_index.{segment.sha256[:16]}.int8"


def sweep(store: Path, manifest: Manifest) -> None:
    """Delete vector files (and their copies) that ``manifest`` does not name, and leftovers of kills. Hold the lock."""
    named = {segment.file for segment in manifest.segments}
    named |= {quantized_file(store, segment).name for segment in manifest.segments}
    with contextlib.suppress(OSError):  # a later save tries again
        for path in list(store.iterdir()):
            ours = VECTORS.fullmatch(path.name) or _DERIVED.fullmatch(path.name)
            if (ours and path.name not in named) or _UNFINISHED.fullmatch(path.name):
                with contextlib.suppress(OSError):  # mapped by another program on Windows
                    path.unlink()


def set_aside(store: Path) -> Path | None:
    """Move an index's files into a folder of their own beside it, so that a rebuild loses nothing.

    Returns that folder, or None when there was nothing to move. Raises OSError; all is then where it was,
    if the disk allows that.
    """
    files = list(store.glob("image_index.*"))
    if not files:
        return None
    name = time.strftime("damaged-%Y%m%d-%H%M%S")
    aside = next(
        path for path in (store / (f"{name}-{n}" if n else name) for n in itertools.count()) if not path.exists()
    )
    make_folder(aside)
    try:
        _move(files, aside)
    except OSError:
        with contextlib.suppress(OSError):
            put_back(aside)
        raise
    return aside


def put_back(aside: Path) -> None:
    """Undo ``set_aside``, for a rebuild that came to nothing.

    Raises OSError, and does nothing when another index stands there now.
    """
    files = list(aside.iterdir())
    if aside / MANIFEST in files and (aside.parent / MANIFEST).exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(aside.parent / MANIFEST))
    _move(files, aside.parent)
    aside.rmdir()


def _move(files: Sequence[Path], folder: Path) -> None:
    # The manifest goes last: until then a load still reports damage instead of an empty store.
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        patiently(partial(path.replace, folder / path.name))
    for changed in (folder, *{path.parent for path in files}):
        with contextlib.suppress(OSError):  # it only matters in a power cut
            sync_folder(changed)

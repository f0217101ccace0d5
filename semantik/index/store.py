"""The index on disk: a manifest in JSON and vectors in FAISS's own format. No faiss is needed here.

A store folder holds ``image_index.json`` and the vector files that it names, ``image_index.<n>.bin``.
A vector file is never written again once it is there; each save makes a new one for the new rows and
then replaces the manifest, in one rename. That rename is the commit: before it a load finds the old
state, after it the new one, and files that no manifest names are waste. So one more picture costs one
small file, however large the library is (the log-structured merge idea of O'Neil et al., 1996).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from semantik import __version__
from semantik.durable import replace_file, write_new
from semantik.errors import IndexDamaged, IndexLocked, IndexNotSaved, IndexTooNew, NoIndex

FORMAT = 1
MANIFEST = "image_index.json"
VECTORS = "image_index.{generation}.bin"
HEADER_BYTES = 45

_ENVELOPE = re.compile(rb'\{"format":(\d{1,9}),"generation":(\d{1,18}),"sha256":"([0-9a-f]{64})","index":')


@dataclass(frozen=True, slots=True)
class Segment:
    """A vector file: its name, its rows and the SHA-256 of its bytes."""

    file: str
    rows: int
    sha256: str


@dataclass(slots=True)
class Manifest:
    """All that is stored but the vectors. Row ``i`` of the columns belongs to row ``i`` of the segments."""

    space: str
    dim: int
    folder: str  # the image folder when it was indexed, for people who look into the file
    generation: int = 0
    segments: list[Segment] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    mtimes_ns: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)  # rows that no longer count
    skipped: list[list[Any]] = field(default_factory=list)  # [path, size, mtime_ns, reason]

    @property
    def count(self) -> int:
        """Pictures that can be found."""
        return len(self.paths) - len(self.removed)


def write_manifest(store: Path, manifest: Manifest) -> bool:
    """Commit ``manifest``. Raises OSError; the old manifest then still stands.

    Returns whether the commit is sure to survive a power cut (see ``durable.replace_file``).
    """
    body = asdict(manifest) | {"program": __version__, "count": manifest.count}
    # ASCII escapes carry names that are not UTF-8 (lone surrogates) through JSON and back unharmed.
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    envelope = b'{"format":%d,"generation":%d,"sha256":"%s","index":' % (
        FORMAT,
        manifest.generation,
        hashlib.sha256(text).hexdigest().encode("ascii"),
    )
    return replace_file(store / MANIFEST, envelope + text + b"}\n")


def stored_generation(store: Path) -> int | None:
    """The generation that stands on disk now; None without a manifest or with one that cannot be read."""
    try:
        with (store / MANIFEST).open("rb") as file:
            found = _ENVELOPE.match(file.read(200))
    except OSError:
        return None
    return int(found[2]) if found and int(found[1]) == FORMAT else None


def read_manifest(store: Path) -> Manifest:
    """Read and check the manifest. Raises NoIndex, IndexTooNew or IndexDamaged (detail says why)."""
    try:
        data = (store / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise NoIndex(folder=str(store)) from None
    except OSError as error:
        raise IndexDamaged(why="unreadable", detail=str(error)) from error
    envelope = _ENVELOPE.match(data)
    if not envelope:
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    if int(envelope[1]) > FORMAT:
        raise IndexTooNew(version=int(envelope[1]))
    text = data[envelope.end() : -2]
    checksum = hashlib.sha256(text).hexdigest().encode("ascii")
    if int(envelope[1]) != FORMAT or checksum != envelope[3] or data[-2:] != b"}\n":
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    try:
        manifest = _parse(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise IndexDamaged(why="manifest", detail=f"{MANIFEST}: {error}") from error
    if manifest.generation != int(envelope[2]):
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    return manifest


def _parse(body: dict[str, Any]) -> Manifest:
    manifest = Manifest(
        space=_typed(body["space"], str),
        dim=_typed(body["dim"], int),
        folder=_typed(body["folder"], str),
        generation=_typed(body["generation"], int),
        segments=[
            Segment(_typed(s["file"], str), _typed(s["rows"], int), _typed(s["sha256"], str))
            for s in _typed(body["segments"], list)
        ],
        paths=_column(body["paths"], str),
        sizes=_column(body["sizes"], int),
        mtimes_ns=_column(body["mtimes_ns"], int),
        removed=_column(body["removed"], int),
        skipped=[_skip(entry) for entry in _typed(body["skipped"], list)],
    )
    rows = len(manifest.paths)
    if not rows == len(manifest.sizes) == len(manifest.mtimes_ns) == sum(s.rows for s in manifest.segments):
        raise ValueError("columns and vectors differ in length")
    if len(set(manifest.removed)) != len(manifest.removed) or not all(0 <= row < rows for row in manifest.removed):
        raise ValueError("removed rows out of range")
    if body["count"] != manifest.count or manifest.dim < 1 or any(s.rows < 1 for s in manifest.segments):
        raise ValueError("count differs")
    if any(Path(s.file).name != s.file for s in manifest.segments):
        raise ValueError("a vector file outside the store")
    return manifest


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _column(values: Any, kind: type) -> list[Any]:
    if set(map(type, _typed(values, list))) - {kind}:
        raise TypeError(f"a column of {kind.__name__} expected")
    return list(values)


def _skip(entry: Any) -> list[Any]:
    path, size, mtime_ns, reason = _typed(entry, list)
    return [_typed(path, str), _typed(size, int), _typed(mtime_ns, int), _typed(reason, str)]


def flat_header(rows: int, dim: int) -> bytes:
    """The first bytes of a serialised ``IndexFlatIP``; the float32 rows follow (faiss/impl/index_write.cpp).

    Written here so that merging millions of rows streams from file to file instead of building an
    index in memory; a test compares it with faiss's own bytes.
    """
    return struct.pack("<4siqqqBiQ", b"IxFI", dim, rows, 1 << 20, 1 << 20, 1, 0, rows * dim)


def write_segment(store: Path, generation: int, rows: int, dim: int, chunks: Iterable[bytes | memoryview]) -> Segment:
    """Write a new vector file from ``chunks`` of float32 rows. Raises OSError; nothing is left then."""
    path = store / VECTORS.format(generation=generation)
    # A killed save may have left a file under this name; no manifest names it.
    path.unlink(missing_ok=True)
    digest = hashlib.sha256()

    def hashed() -> Iterable[bytes | memoryview]:
        for chunk in itertools.chain([flat_header(rows, dim)], chunks):
            digest.update(chunk)
            yield chunk

    write_new(path, hashed())
    return Segment(path.name, rows, digest.hexdigest())


@contextlib.contextmanager
def writer_lock(store: Path, folder: Path) -> Iterator[None]:
    """Hold the lock that allows to write ``store``, making the folder.

    Raises IndexLocked at once when another program holds it, IndexNotSaved when the store cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = FileLock(store / "index.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexLocked(folder=str(folder)) from None
    except OSError as error:
        raise IndexNotSaved(folder=str(store), detail=error.strerror or str(error)) from error
    try:
        yield
    finally:
        lock.release()


def set_aside(store: Path) -> Path | None:
    """Move a damaged index's files into a folder of their own beside it, so that a rebuild loses nothing.

    Returns that folder, or None when there was nothing to move. Raises OSError.
    """
    files = [path for path in store.glob("image_index.*") if path.is_file()]
    if not files:
        return None
    aside = store / time.strftime("damaged-%Y%m%d-%H%M%S")
    number = 1
    while aside.exists():
        number += 1
        aside = store / f"{time.strftime('damaged-%Y%m%d-%H%M%S')}-{number}"
    aside.mkdir()
    # The manifest goes last: until then a load still reports the damage instead of an empty store.
    for path in sorted(files, key=lambda path: path.name == MANIFEST):
        path.replace(aside / path.name)
    return aside

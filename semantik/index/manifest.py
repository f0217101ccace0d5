"""The manifest: everything of an index but its vectors, and the JSON that it is stored as.

The file is one JSON object, ``{"format":3,"generation":n,"sha256":"…","index":{…}}``; the checksum is
that of the text of the inner object. Its long columns are broken into lines of some thousand entries:
any JSON reader reads it, and ours never holds Python's global lock for longer than one line takes, so
that the window stays alive while a million pictures are saved or opened in the background.

Format 1 had no fingerprints, and neither it nor format 2 views of wide pictures. They are read as indexes whose
fingerprints are all unknown and whose pictures have one view each, and the next save writes the present format.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from semantik import __version__
from semantik.errors import IndexDamaged, IndexTooNew
from semantik.long_tasks import making_many_objects

FORMAT = 3
VIEWS, NO_VIEWS = "windows-1", "middle"
"""How wide pictures are looked at (see ``decoding.fitting``), and how older programs did: at their middle alone."""

MANIFEST = "image_index.json"
VECTORS = re.compile(r"image_index\.\d{1,20}\.bin")

_VERSION = re.compile(rb'\{"format":(\d{1,9}),')
_FORMAT_1, _FORMAT_2 = b'{"format":1,', b'{"format":2,'
_ENVELOPE = re.compile(rb'\{"format":\d{1,9},"generation":(\d{1,18}),"sha256":"([0-9a-f]{64})","index":')
_VIEWS = re.compile(rf"{NO_VIEWS}|windows-\d{{1,4}}")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")  # of Windows; an index may have come from there
_COLUMNS = ("paths", "sizes", "mtimes_ns", "fingerprints", "removed", "skipped")
_LINE = 5000  # entries of a column per line: some milliseconds of work


class Stamp(NamedTuple):
    """What tells one saved state from any other; the generation alone starts again after a rebuild."""

    generation: int
    sha256: str


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
    fingerprints: list[str] = field(default_factory=list)  # of the files' content, "" while unknown
    removed: list[int] = field(default_factory=list)  # rows that no longer count
    skipped: list[list[Any]] = field(default_factory=list)  # [path, size, mtime_ns, reason, tries, fingerprint]
    program: str = ""  # version of the program that stored it
    views: str = VIEWS  # how all wide pictures were looked at, at least
    sha256: str = ""  # of the stored text; empty until it is stored

    @property
    def count(self) -> int:
        """Rows that count."""
        return len(self.paths) - len(self.removed)

    @property
    def stamp(self) -> Stamp:
        """Identity of the saved state; ``Stamp(0, "")`` when it was never saved."""
        return Stamp(self.generation, self.sha256)


def encode(manifest: Manifest) -> list[bytes]:
    """The manifest as the content of its file, in pieces. Sets ``manifest.sha256``."""
    digest = hashlib.sha256()
    pieces = []
    for piece in _text(manifest):
        pieces.append(piece.encode("ascii"))
        digest.update(pieces[-1])
    manifest.sha256 = digest.hexdigest()
    envelope = f'{{"format":{FORMAT},"generation":{manifest.generation},"sha256":"{manifest.sha256}","index":'
    return [envelope.encode("ascii"), *pieces, b"}\n"]


def decode(data: bytes) -> Manifest:
    """A manifest from the content of its file, checked whole. Raises IndexTooNew or IndexDamaged (detail says why)."""
    stamp, start = _open_envelope(data)
    end = len(data) - 2
    if hashlib.sha256(memoryview(data)[start:end]).hexdigest() != stamp.sha256 or data[end:] != b"}\n":
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    try:
        with making_many_objects():
            body = _load(data, start, end)
        if data.startswith(_FORMAT_1):
            body = {**_without(body, "fingerprints"), "fingerprints": [""] * len(body["paths"]), "views": NO_VIEWS}
        elif data.startswith(_FORMAT_2):
            body = {**_without(body, "views"), "views": NO_VIEWS}
        manifest = _parse(body)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IndexDamaged(why="manifest", detail=f"{MANIFEST}: {error}") from error
    if manifest.generation != stamp.generation:
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    manifest.sha256 = stamp.sha256
    return manifest


def read_stamp(head: bytes) -> Stamp:
    """The stamp from the first 200 bytes of the file. Raises IndexTooNew or IndexDamaged."""
    return _open_envelope(head)[0]


def _open_envelope(data: bytes) -> tuple[Stamp, int]:
    """The stamp, and where the inner object begins. Only the version must be where later formats have it."""
    version = _VERSION.match(data)
    if version and int(version[1]) > FORMAT:
        raise IndexTooNew(version=int(version[1]))
    envelope = _ENVELOPE.match(data)
    if not envelope or not version or not 1 <= int(version[1]) <= FORMAT:
        raise IndexDamaged(why="manifest", detail=MANIFEST)
    return Stamp(int(envelope[1]), envelope[2].decode("ascii")), envelope.end()


def _json(value: object) -> str:
    # ASCII escapes carry names that are not UTF-8 (lone surrogates) through JSON and back unharmed.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _text(manifest: Manifest) -> Iterator[str]:
    head = {
        "program": __version__,
        "space": manifest.space,
        "dim": manifest.dim,
        "folder": manifest.folder,
        "generation": manifest.generation,
        "count": manifest.count,
        "views": manifest.views,
        "segments": [asdict(segment) for segment in manifest.segments],
    }
    yield _json(head)[:-1]
    for number, name in enumerate(_COLUMNS):
        yield f"]{_opening(name)}" if number else _opening(name)
        column = getattr(manifest, name)
        for start in range(0, len(column), _LINE):
            last = start + _LINE >= len(column)
            yield _json(column[start : start + _LINE])[1:-1] + ("\n" if last else ",\n")
    yield "]}"


def _opening(name: str) -> str:
    return f',"{name}":[\n'


def _load(data: bytes, start: int, end: int) -> Any:
    """The inner object, line by line if it is laid out as ``_text`` does. Raises ValueError, KeyError."""
    names = {_opening(name)[:-1].encode("ascii"): name for name in _COLUMNS}
    opening = _opening(_COLUMNS[0])[:-1].encode("ascii")
    lines = _lines(data, start, end)
    head = next(lines)
    if not head.endswith(opening) or data[end - 3 : end] != b"\n]}":
        return json.loads(data[start:end])
    body = json.loads(head.removesuffix(opening) + b"}")
    column: list[Any] = body.setdefault(names[opening], [])
    for line in lines:
        if line == b"]}":
            break
        if line.startswith(b"]"):
            column = body.setdefault(names[line[1:]], [])
        else:
            column += json.loads(b"[" + line.removesuffix(b",") + b"]")
    return body


def _lines(data: bytes, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        stop = data.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        yield data[start:stop]
        start = stop + 1


def _without(body: Any, name: str) -> Any:
    """The inner object of an older format, which had no ``name``. Raises ValueError, TypeError."""
    if name in body:
        raise ValueError(f"a format without {name} has some")
    return body


def _parse(body: Any) -> Manifest:
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
        fingerprints=_column(body["fingerprints"], str),
        removed=_column(body["removed"], int),
        skipped=[_skip(entry) for entry in _typed(body["skipped"], list)],
        program=_typed(body.get("program", ""), str),
        views=_typed(body["views"], str),
    )
    rows = len(manifest.paths)
    lengths = {len(manifest.sizes), len(manifest.mtimes_ns), len(manifest.fingerprints)}
    if lengths | {sum(s.rows for s in manifest.segments)} != {rows}:
        raise ValueError("columns and vectors differ in length")
    if len(set(manifest.removed)) != len(manifest.removed) or not all(0 <= row < rows for row in manifest.removed):
        raise ValueError("removed rows out of range")
    if body["count"] != manifest.count or manifest.dim < 1 or any(s.rows < 1 for s in manifest.segments):
        raise ValueError("count differs")
    if not _VIEWS.fullmatch(manifest.views):
        raise ValueError("views of no known kind")
    if not all(VECTORS.fullmatch(s.file) for s in manifest.segments):
        raise ValueError("a vector file of another name")
    if any(map(leads_out, manifest.paths)) or any(leads_out(entry[0]) for entry in manifest.skipped):
        raise ValueError("a path out of the folder")
    return manifest


def leads_out(path: str) -> bool:
    """Whether a path, as an index has it, is of something that is not below its folder, or of nothing at all."""
    # Four quick looks, for a million paths; only what has such a letter anywhere is looked at in parts.
    if path and path[0] not in "/\\" and path[1:2] != ":" and ".." not in path and "\0" not in path:
        return False
    if not path or path[0] == "/" or "\0" in path or _DRIVE.match(path):
        return True
    if os.name == "nt":  # there "\" parts names, too, and "C:x" is of the drive's own folder
        return path[0] == "\\" or path[1:2] == ":" or ".." in re.split(r"[/\\]", path)
    return ".." in path.split("/") or path.startswith("..\\")


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _column(values: Any, kind: type) -> list[Any]:
    column: list[Any] = _typed(values, list)
    if set(map(type, column)) - {kind}:
        raise TypeError(f"a column of {kind.__name__} expected")
    return column


def _skip(entry: Any) -> list[Any]:
    path, size, mtime_ns, reason, *rest = _typed(entry, list)
    if rest:
        tries, *fingerprint = rest
        if len(fingerprint) > 1 or not all(_column(fingerprint, str)) or _typed(tries, int) < (0 if fingerprint else 1):
            raise ValueError("tries are counted from one, and a fingerprint comes after them")
    return [_typed(path, str), _typed(size, int), _typed(mtime_ns, int), _typed(reason, str), *rest]

"""Pictures that are found again by their content: under another name, with another time, or once more.

What a scan calls gone, new and changed is matched by size first, so that next to nothing is read; what may be the same
is read for its fingerprint, and nothing is decoded. Only what is left then is embedded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.pictures.formats import TELLING_EXTENSIONS
from semantik.decoding.pictures.unlisted import spoken_extension
from semantik.decoding.pool import DecodePool
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.folders.raw_jpeg_pairs import RAW_EXTENSIONS, suffix
from semantik.index import ImageIndex
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Changes, ImageFile, Reason

Read = Callable[[Sequence[ImageFile]], dict[str, str]]
"""Reads files; gives the fingerprints, by path, of those that can be read and are as they were scanned."""

Pairs = Sequence[tuple[str, ImageFile]]
"""Paths as they are indexed, each with a file that has the same content."""

Content = tuple[str, int, str]
"""Kind of decoder, bytes, digest."""

_HOUR = 3600 * 10**9  # ns
_MOST_HOURS = 26  # between the clocks of two places on earth
_GRAIN = 2 * 10**9  # ns: what a FAT file system can tell apart


@dataclass(slots=True)
class Recognised:
    """How the files that a scan found new or changed relate to what is indexed.

    ``moved`` and ``copies`` have the path of an indexed file and a file with its content: it was ``moved`` there (or
    its time was touched), or is there once more; paths of ``copies`` count after the moves. ``twins`` have the path of
    a file in ``todo`` and another with the same content. ``learnt`` are fingerprints that were not known. ``bad`` are
    files with content that no decoder could read, with why and their fingerprints.
    """

    moved: list[tuple[str, ImageFile]] = field(default_factory=list)
    copies: list[tuple[str, ImageFile]] = field(default_factory=list)
    twins: list[tuple[str, ImageFile]] = field(default_factory=list)
    todo: list[ImageFile] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    learnt: dict[str, str] = field(default_factory=dict)
    bad: list[tuple[ImageFile, Reason, str]] = field(default_factory=list)

    def leave_out(self, paths: Collection[str]) -> None:
        """Take files out of what is to be embedded; of those with the content of one, each is then embedded itself."""
        self.todo = [file for file in self.todo if file.path not in paths]
        self.todo += [file for path, file in self.twins if path in paths and file.path not in paths]
        self.twins = [(path, file) for path, file in self.twins if path not in paths and file.path not in paths]


def reader(folder: Path, pool: DecodePool, control: TaskControl = UNATTENDED) -> Read:
    """Reads fingerprints of files of ``folder`` in ``pool``; once ``control`` is cancelled, of no more."""

    def read(files: Sequence[ImageFile]) -> dict[str, str]:
        known: dict[str, str] = {}
        if not files:
            return known
        found = pool.fingerprints(folder / file.path for file in files)
        try:
            for file, told in zip(files, found, strict=True):
                control.wait_while_paused()
                if control.cancelled:
                    break
                if (
                    isinstance(told, Fingerprint)
                    and told.digest
                    and (told.size, told.mtime_ns) == (file.size, file.mtime_ns)
                ):
                    known[file.path] = told.digest
        finally:
            found.close()
        return known

    return read


def recognise(index: ImageIndex, changes: Changes, read: Read, again: Collection[str] = ()) -> Recognised:
    """Match what a scan found (``changes`` against ``index``) by content; the index is not changed.

    ``again``: paths of what is to be tried although it may be known as bad.
    """
    new = [*changes.added, *changes.changed]
    sizes = Counter(file.size for file in new if file.size)
    known: dict[str, tuple[ImageFile, str]] = {}
    for row in index.rows_of_sizes(sizes):
        file = index.file_of(row)
        known.setdefault(file.path, (file, index.fingerprint_of(row)))
    known_sizes = {file.size for file, _ in known.values()}
    free = {path for path in (*changes.removed, *(file.path for file in changes.changed)) if path in known}
    untold = [file for path, (file, digest) in known.items() if not digest and path not in free]
    bad = {(_reader(file.path), file.size, digest): reason for file, digest, reason in index.bad_contents(sizes.keys())}
    known_sizes |= {size for _, size, _ in bad}
    asked = [file for file in new if file.size and (file.size in known_sizes or sizes[file.size] > 1)]
    read_now = read([*asked, *untold])
    learnt = {file.path: read_now.pop(file.path) for file in untold if file.path in read_now}
    known |= {path: (known[path][0], digest) for path, digest in learnt.items()}
    matching = _Matching(known, free, read_now)
    matching.in_place(changes.changed)
    matching.by_name(new)
    matching.by_content(new)
    matching.without_fingerprints(changes.added)
    told = matching.outcome(new, changes.removed, learnt)
    if bad:
        _know_bad(told, bad, read_now, again)
    return told


def _know_bad(
    told: Recognised, bad: Mapping[Content, Reason], digests: Mapping[str, str], again: Collection[str]
) -> None:
    """Take out of what is to be embedded what no decoder could read, under another name."""

    def reason_of(file: ImageFile) -> Reason | None:
        return None if file.path in again else bad.get((_reader(file.path), file.size, digests.get(file.path, "")))

    new = [*told.todo, *(file for _, file in told.twins)]
    told.bad = [(file, reason, digests[file.path]) for file in new if (reason := reason_of(file))]
    # A twin whose first is known as bad may be good itself: its ending gives it another reader.
    told.leave_out({file.path for file, _, _ in told.bad})


class _Matching:
    """The steps of ``recognise``, surest first. A free picture is taken once; ``taken`` has who took it."""

    def __init__(self, known: dict[str, tuple[ImageFile, str]], free: set[str], digests: dict[str, str]) -> None:
        self._known = known
        self._free = free
        self._digests = digests
        self._taken: dict[str, ImageFile] = {}
        self._found: set[str] = set()  # paths of the new files that took something

    def in_place(self, changed: Iterable[ImageFile]) -> None:
        """Files whose time alone is another one."""
        for file in changed:
            if file.path not in self._known:
                continue
            old, digest = self._known[file.path]
            now = self._digests.get(file.path)
            if old.size == file.size and now and (digest == now or (not digest and _shifted(old, file))):
                self._take(file.path, file)

    def by_name(self, new: Iterable[ImageFile]) -> None:
        """Files that went to another folder, or whose name changed in nothing but case."""
        self._match(new, lambda content, path: (content, _name(path)))

    def by_content(self, new: Iterable[ImageFile]) -> None:
        """Files that have another name now."""
        self._match(new, lambda content, path: content)

    def _match(self, new: Iterable[ImageFile], key: Callable[[Content, str], object]) -> None:
        there = defaultdict(list)
        for path in reversed(self._known):
            if path in self._free and path not in self._taken and (content := self._content_of(path)):
                there[key(content, path)].append(path)
        for file in self._unfound(new):
            content = content_of(file, self._digests.get(file.path, ""))
            if content and (paths := there.get(key(content, file.path))):
                self._take(paths.pop(), file)

    def without_fingerprints(self, added: Iterable[ImageFile]) -> None:
        """What an older program indexed and has gone: the same name, size and time in another folder will do."""
        there = {
            (_name(path), old.size, old.mtime_ns): path
            for path, (old, digest) in self._known.items()
            if path in self._free and path not in self._taken and not digest
        }
        for file in self._unfound(added):
            path = there.pop((_name(file.path), file.size, file.mtime_ns), None)
            if path is not None and _kind(path) == _kind(file.path):
                self._take(path, file)

    def outcome(self, new: Iterable[ImageFile], removed: Iterable[str], learnt: dict[str, str]) -> Recognised:
        """All pairs, and what is left."""
        told = Recognised(moved=list(self._taken.items()), learnt=dict(learnt))
        told.removed = [path for path in removed if path not in self._taken]
        sources: dict[Content, str] = {}
        unfound = [*self._unfound(new)]
        for path in self._known if unfound else ():
            content = self._content_of(path)
            if content and path in self._taken:
                sources.setdefault(content, self._taken[path].path)
            elif content and path not in self._free:
                sources.setdefault(content, path)
        first: dict[Content, str] = {}
        for file in unfound:
            content = content_of(file, self._digests.get(file.path, ""))
            if content in sources:
                told.copies.append((sources[content], file))
            elif content and content in first:
                told.twins.append((first[content], file))
            else:
                told.todo.append(file)
                if content:
                    first[content] = file.path
        told.learnt |= {file.path: self._digests[file.path] for _, file in told.moved if file.path in self._digests}
        return told

    def _unfound(self, new: Iterable[ImageFile]) -> Iterator[ImageFile]:
        return (file for file in new if file.path not in self._found)

    def _take(self, path: str, file: ImageFile) -> None:
        self._taken[path] = file
        self._found.add(file.path)

    def _content_of(self, path: str) -> Content | None:
        return content_of(*self._known[path])


def content_of(file: ImageFile, digest: str) -> Content | None:
    """What two files have in common that give the same vectors; None while it is unknown."""
    return (_kind(file.path), file.size, digest) if digest else None


def _kind(path: str) -> str:
    """What may be decoded differently although the content is the same."""
    kind = suffix(path)
    return "video" if kind in VIDEO_EXTENSIONS else "raw" if kind in RAW_EXTENSIONS else ""


def _reader(path: str) -> str:
    """What else but its content bears on how a file is decoded."""
    ending = spoken_extension(path.rpartition("/")[2])
    return _kind(path) or (ending if ending in TELLING_EXTENSIONS else "")


def _name(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _shifted(old: ImageFile, new: ImageFile) -> bool:
    """Whether a time was only told in another zone, or cut to what another file system can keep."""
    shift = new.mtime_ns - old.mtime_ns
    hours = -(-abs(shift) // _HOUR) if shift % _HOUR == 0 else 0
    return 0 < hours <= _MOST_HOURS or (0 < -shift < _GRAIN and new.mtime_ns % (_GRAIN // 2) == 0)

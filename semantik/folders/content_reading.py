"""What stands in a folder's pictures, and who is in them, is read one picture at a time, once they are embedded."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from semantik.decoding.decoded import PictureContent
from semantik.errors import DecodeFailed
from semantik.folder_urls import is_remote
from semantik.folders.face_store import FaceStore
from semantik.folders.fetched_files import fetched
from semantik.folders.newest_first import newest_first
from semantik.folders.text_store import TextStore
from semantik.index import TRANSIENT, ImageIndex
from semantik.records import ImageFile, Reason
from semantik.storage.regular_files import changed_ns, long_path

log = logging.getLogger(__name__)

Read = Callable[[Path, frozenset[str], tuple[Path, Path] | None], PictureContent]
"""``DecodePool.read``."""

NOTHING = PictureContent((), ())

_GROUP_AFTER = 2000
"""Pictures after which their faces are grouped: a large folder takes days, and whoever is in many is known early."""

_COSTLY = frozenset({Reason.TIMEOUT, Reason.DECODER_CRASHED, Reason.OUT_OF_MEMORY})
_MOST_FAILURES = 5  # of such a kind in a row, after which the computer is probably not up to it now


class ContentReader(Protocol):
    """Who wants to know a kind of what is in one folder's pictures, and keeps it."""

    kind: str  # "text" or "faces"
    models: tuple[Path, Path] | None  # the files of a detector and a recogniser, for faces

    def wanted(self) -> bool:
        """Whether the user wants it."""

    def missing(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        """Those of the files that were not read yet."""

    def note(self, file: ImageFile, content: PictureContent) -> None:
        """Keep what was read in a file; it is written now or by a later call."""

    def flush(self) -> None:
        """Write what was noted."""

    def finish(self) -> None:
        """All that there is was read: make of it what takes all of it."""


class TextReader:
    """The texts in a folder's pictures."""

    kind = "text"
    models: tuple[Path, Path] | None = None

    def __init__(self, store: TextStore, wanted: Callable[[], bool]) -> None:
        self._store = store
        self.wanted = wanted
        self.missing = store.missing
        self.flush = store.flush
        self.finish = store.settle

    def note(self, file: ImageFile, content: PictureContent) -> None:
        """Keep the lines of text."""
        self._store.add(file, content.texts or ())


class FaceReader:
    """The faces in a folder's pictures."""

    kind = "faces"

    def __init__(
        self, store: FaceStore, models: Callable[[], tuple[Path, Path] | None], group: Callable[[], None]
    ) -> None:
        """``models``: the files of the detector and the recogniser, None while nobody is to be found; ``group``: put
        the faces of all folders into groups."""
        self._store = store
        self._find_models = models
        self._group = group
        self._ungrouped = 0  # pictures
        self.models: tuple[Path, Path] | None = None
        self.missing = store.missing
        self.flush = store.flush

    def wanted(self) -> bool:
        """Whether the user wants it, and the models are here."""
        self.models = self._find_models()
        return self.models is not None

    def note(self, file: ImageFile, content: PictureContent) -> None:
        """Keep the faces, unless the user has changed their mind while the picture was read."""
        if self._find_models() is None:
            return
        self._store.add(file, content.faces or ())
        self._ungrouped += 1
        if self._ungrouped >= _GROUP_AFTER:
            self.finish()

    def finish(self) -> None:
        """Whose face is whose is told by all of them."""
        self._ungrouped = 0
        if self._find_models() is not None:
            self._group()


class ContentReading:
    """The pictures of one folder of which something is still to be read, and reading them, the newest day first.

    Videos are not read: what stands in them is mostly subtitles, and to look at each of their frames would cost more
    than all pictures together. Files of the same content are read once. What was read is kept at once or after some
    pictures, so that after a kill it goes on about where it was. For one thread.
    """

    def __init__(
        self, folder: Path, index: ImageIndex, readers: Sequence[ContentReader], without: Collection[ImageFile] = ()
    ) -> None:
        """``without``: files that are left for another time."""
        self.folder = folder
        self._readers = list(readers)
        self.failed: list[ImageFile] = []
        """Files that the program had better leave alone while it runs: their process died, or came to nothing."""
        self.unable: dict[str, str] = {}
        """Kinds that cannot be read here at all, and why; for the log."""
        self.read = 0
        """Files of which what is in them became known."""
        self._todo = deque(_same_content(index, self._missing(index, without)))
        self._failures = 0  # in a row
        self.left = sum(len(files) for files, _ in self._todo)
        """Files that are to be read."""

    def _missing(self, index: ImageIndex, without: Collection[ImageFile]) -> dict[ImageFile, frozenset[str]]:
        pictures = [file for file in index.files() if file.path in index.rows() and file not in without]
        kinds: dict[ImageFile, frozenset[str]] = {}
        for reader in self._readers:
            for file in reader.missing(pictures):
                kinds[file] = kinds.get(file, frozenset()) | {reader.kind}
        return kinds

    def step(self, read: Read) -> None:
        """Read the next picture, and note what is in it for all files of its content. Raises Cancelled as ``read``."""
        files, wanted = self._todo[0]
        kinds = wanted.difference(self.unable)
        content = self._content(files[0], kinds, read) if kinds else None
        self._todo.popleft()
        told = kinds.difference(self.unable)
        if content and told:
            for reader in self._readers:
                if reader.kind in told:
                    for file in files:
                        reader.note(file, content)
            self.read += len(files)
        elif files[1:]:  # another one may be there
            self._todo.appendleft((files[1:], wanted))
            files = files[:1]
        self.left -= len(files)
        if self._failures >= _MOST_FAILURES:
            log.warning("no more is read in the pictures of %s for now", self.folder)
            self._todo.clear()
            self.left = 0

    def _content(self, file: ImageFile, kinds: frozenset[str], read: Read) -> PictureContent | None:
        """What is in a file; None where that may be told another time."""
        if is_remote(self.folder):
            with fetched(self.folder, file) as place:
                return self._content_at(place, file, kinds, read) if isinstance(place, Path) else None
        return self._content_at(self.folder / file.path, file, kinds, read)

    def _content_at(self, path: Path, file: ImageFile, kinds: frozenset[str], read: Read) -> PictureContent | None:
        models = next((reader.models for reader in self._readers if reader.models and reader.kind in kinds), None)
        try:
            content = read(path, kinds, models)
        except DecodeFailed as error:
            reason = error.params["reason"]
            if reason not in TRANSIENT:
                return NOTHING  # asked once is enough, until the file changes
            if reason in (Reason.TIMEOUT, Reason.DECODER_CRASHED):
                self.failed.append(file)
            self._failures += reason in _COSTLY
            return None
        self._failures = 0
        for kind, told in (("text", content.texts), ("faces", content.faces)):
            if kind in kinds and told is None:
                log.warning("%s cannot be read here: %s", kind, content.unable)
                self.unable[kind] = content.unable
        return content if _is_as_it_was(path, file) else None

    def flush(self) -> None:
        """Write what was noted."""
        for reader in self._readers:
            reader.flush()

    def finish(self) -> None:
        """All was read, in the other folders, too."""
        for reader in self._readers:
            reader.finish()


def _same_content(
    index: ImageIndex, missing: dict[ImageFile, frozenset[str]]
) -> Iterator[tuple[list[ImageFile], frozenset[str]]]:
    """Files in the order in which they are to be read, those together that are known to have the same content."""
    groups: dict[object, list[ImageFile]] = {}
    for file in newest_first(missing):
        known = index.content_of(file.path)
        digest = known[1] if known and known[0] == file else ""
        groups.setdefault((digest, missing[file]) if digest else file.path, []).append(file)
    return ((files, missing[files[0]]) for files in groups.values())


def _is_as_it_was(path: Path, file: ImageFile) -> bool:
    """Whether the file is still the one that the index knows."""
    try:
        now = long_path(path).stat()
    except OSError:
        return False
    return (now.st_size, changed_ns(now)) == (file.size, file.mtime_ns)

"""Finding the picture files of a folder, without opening any of them."""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator
from pathlib import Path
from typing import NamedTuple

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import FolderNotFound, FolderUnreadable
from semantik.folders.exclusions import Exclusions
from semantik.folders.raw_jpeg_pairs import RAW_EXTENSIONS, TWIN_EXTENSIONS, stem, suffix
from semantik.records import ImageFile, Problem, Reason

log = logging.getLogger(__name__)

_TAKEN = IMAGE_EXTENSIONS | VIDEO_EXTENSIONS

LITTER_FOLDERS = frozenset(
    {
        *("$recycle.bin", "recycler", "system volume information", "found.000", "msocache"),  # Windows
        *("__macosx", "lost+found", ".thumbnails"),  # macOS, Linux
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@__thumb", "@recycle", "@recently-snapshot"),  # Synology, QNAP
    }
)
"""Folders that operating systems and NAS boxes fill with copies and waste (lower case)."""

HIDES_BY_ATTRIBUTE = os.name == "nt" or sys.platform == "darwin"
"""Whether files and folders can be hidden in another way than by a name with a dot."""


def find_images(
    folder: Path,
    on_problem: Callable[[Problem], None] = lambda problem: None,
    exclude: Collection[Path] = (),
    unwanted: Exclusions | None = None,
) -> Iterator[ImageFile]:
    """Yield the picture files below ``folder`` in name order, depth first.

    A file counts by its extension. Hidden files and folders (also those that Windows or macOS hide by an
    attribute), ``._*`` doubles and litter folders are left out, as are the folders in ``exclude`` and what
    ``unwanted`` names. A camera's RAW file counts only without a picture of the same name beside it
    (see ``raw_twins``). Links to folders are followed, each real folder once, so a loop ends; they come after all
    real folders, so that a new link never renames what is known already.
    A subfolder that cannot be listed goes to ``on_problem`` with its relative path and a trailing "/",
    and the rest goes on. Raises FolderNotFound or FolderUnreadable for ``folder`` itself, also when it
    goes away meanwhile: what was found until then is no picture of it.
    """
    root = identify(folder)
    seen = {root, *(_identity(path, path.stat()) for path in exclude if is_folder(path))}
    try:
        entries = _entries(_listable(folder))
    except PermissionError as error:
        raise FolderUnreadable(folder=str(folder)) from error
    except OSError as error:
        raise FolderNotFound(folder=str(folder)) from error
    scan = _Walk(seen, on_problem, unwanted)
    yield from scan.walk(entries, "")
    yield from scan.follow()
    if identify(folder) != root:  # an unmounted disk leaves an empty folder of the same name
        raise FolderNotFound(folder=str(folder))


def identify(folder: Path) -> Hashable:
    """What tells the folder from any other, also from what its name leads to once its disk is unmounted.

    Raises FolderNotFound, FolderUnreadable.
    """
    try:
        status = folder.stat()
    except PermissionError as error:
        raise FolderUnreadable(folder=str(folder)) from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file system takes
        raise FolderNotFound(folder=str(folder)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise FolderNotFound(folder=str(folder))
    return _identity(folder, status)


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder that can be seen; a network drive that is gone answers with strange errors."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _identity(path: Path, status: os.stat_result) -> Hashable:
    # Some network file systems number nothing; without the second choice all their folders were the same.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def _listable(folder: Path) -> str:
    """The folder's name in a form in which Windows lists what lies beyond 260 characters, too."""
    name = str(folder)
    if os.name != "nt" or name.startswith("\\\\?\\"):
        return name
    name = str(folder.absolute())
    return "\\\\?\\UNC" + name[1:] if name.startswith("\\\\") else "\\\\?\\" + name


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


class _Level(NamedTuple):
    """A folder being walked: its entries, those that are still to come, and its path with "/"."""

    entries: list[os.DirEntry[str]]
    coming: Iterator[os.DirEntry[str]]
    prefix: str
    twins: list[frozenset[str]]  # the stems of its pictures that supersede RAW files, once they were needed


class _Walk:
    """One scan of an image folder."""

    def __init__(self, seen: set[Hashable], on_problem: Callable[[Problem], None], unwanted: Exclusions | None) -> None:
        self.links: deque[tuple[os.DirEntry[str], str]] = deque()  # to folders, left for later
        self._seen = seen
        self._on_problem = on_problem
        self._unwanted = unwanted or None

    def walk(self, entries: list[os.DirEntry[str]], prefix: str) -> Iterator[ImageFile]:
        """The pictures of a folder and of those below it; ``prefix`` is its path with "/"."""
        # An explicit stack: a chain of a thousand nested folders must not meet Python's recursion limit.
        stack = [_Level(entries, iter(entries), prefix, [])]
        while stack:
            level = stack[-1]
            entry = next(level.coming, None)
            if entry is None:
                stack.pop()
                continue
            name = entry.name
            if name.startswith("."):
                continue
            path = level.prefix + name
            try:
                if entry.is_dir():
                    if self._enters(entry, path):
                        entries = _entries(entry.path)
                        stack.append(_Level(entries, iter(entries), path + "/", []))
                    continue
                kind = suffix(name)
                if kind in _TAKEN and entry.is_file():
                    if self._unwanted and self._unwanted.match(name, path, is_folder=False):
                        continue
                    if kind in RAW_EXTENSIONS and self._has_twin(name, level):
                        continue
                    status = entry.stat()
                    if not (HIDES_BY_ATTRIBUTE and _is_hidden(status)):
                        yield ImageFile(path, status.st_size, status.st_mtime_ns)
            except OSError as error:
                _tell(error, entry, path, self._on_problem)

    def follow(self) -> Iterator[ImageFile]:
        """The pictures of the folders that links lead to."""
        while self.links:
            link, path = self.links.popleft()
            try:
                entries = _entries(link.path) if _is_new(link, self._seen) else []
            except OSError as error:
                _tell(error, link, path, self._on_problem)
            else:
                yield from self.walk(entries, path + "/")

    def _enters(self, folder: os.DirEntry[str], path: str) -> bool:
        """Whether to go into a folder now."""
        if folder.name.lower() in LITTER_FOLDERS:
            return False
        if self._unwanted and self._unwanted.match(folder.name, path, is_folder=True):
            return False
        if folder.is_symlink():
            self.links.append((folder, path))
            return False
        return _is_new(folder, self._seen)

    def _has_twin(self, raw: str, level: _Level) -> bool:
        # Most folders have no RAW file, and pay nothing for this.
        if not level.twins:
            twins = (e for e in level.entries if suffix(e.name) in TWIN_EXTENSIONS and self._counts(e, level.prefix))
            level.twins.append(frozenset(stem(entry.name) for entry in twins))
        return stem(raw) in level.twins[0]

    def _counts(self, entry: os.DirEntry[str], prefix: str) -> bool:
        """Whether a picture beside a RAW file is one that is found."""
        if entry.name.startswith("."):
            return False
        if self._unwanted and self._unwanted.match(entry.name, prefix + entry.name, is_folder=False):
            return False
        try:
            return entry.is_file() and not (HIDES_BY_ATTRIBUTE and _is_hidden(entry.stat()))
        except OSError:
            return False


def _is_hidden(status: os.stat_result) -> bool:
    """Whether Windows or macOS says so."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    flags: int = getattr(status, "st_flags", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN or flags & stat.UF_HIDDEN)


def _is_new(folder: os.DirEntry[str], seen: set[Hashable]) -> bool:
    """Whether a folder is to be walked: it was not yet, and is not hidden."""
    path = Path(folder.path)
    status = path.stat()
    identity = _identity(path, status)
    if identity in seen or (HIDES_BY_ATTRIBUTE and _is_hidden(status)):
        return False
    seen.add(identity)
    return True


def _tell(error: OSError, entry: os.DirEntry[str], path: str, on_problem: Callable[[Problem], None]) -> None:
    """Make a problem of what is wrong with one entry."""
    shown = _shown(entry, path)
    if error.errno == errno.ELOOP or (isinstance(error, FileNotFoundError) and shown == path):
        # A file that was deleted meanwhile is no news, nor is a link that leads nowhere or to itself.
        log.info("not followed: %s", error)
    elif isinstance(error, FileNotFoundError):  # a folder that goes away meanwhile: a disk may be going with it
        on_problem(Problem(shown, Reason.VANISHED, str(error)))
    elif isinstance(error, PermissionError):
        on_problem(Problem(shown, Reason.PERMISSION, str(error)))
    else:
        on_problem(Problem(shown, Reason.UNREADABLE, str(error)))


def _shown(entry: os.DirEntry[str], path: str) -> str:
    try:
        return path + "/" if entry.is_dir() else path
    except OSError:
        return path

"""Finding the picture files of a folder, without opening any of them."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator
from pathlib import Path

from semantik.decode import IMAGE_EXTENSIONS
from semantik.errors import FolderNotFound, FolderUnreadable
from semantik.records import ImageFile, Problem, Reason

log = logging.getLogger(__name__)

LITTER_FOLDERS = frozenset(
    {"@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__macosx", ".thumbnails"}
)
"""Folders that operating systems and NAS boxes fill with copies and waste (lower case)."""


def find_images(
    folder: Path,
    on_problem: Callable[[Problem], None] = lambda problem: None,
    exclude: Collection[Path] = (),
) -> Iterator[ImageFile]:
    """Yield the picture files below ``folder`` in name order, depth first.

    A file counts by its extension. Hidden files and folders, ``._*`` doubles and litter folders are left
    out, as are the folders in ``exclude``. Links to folders are followed, each real folder once, so a
    loop ends; they come after all real folders, so that a new link never renames what is known already.
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
    links: deque[tuple[os.DirEntry[str], str]] = deque()
    yield from _walk(entries, "", seen, links, on_problem)
    while links:
        link, prefix = links.popleft()
        try:
            entries = _entries(link.path) if _is_new(link, seen) else []
        except OSError as error:
            _tell(error, link, prefix, on_problem)
        else:
            yield from _walk(entries, prefix + "/", seen, links, on_problem)
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


def _walk(
    entries: list[os.DirEntry[str]],
    prefix: str,
    seen: set[Hashable],
    links: deque[tuple[os.DirEntry[str], str]],
    on_problem: Callable[[Problem], None],
) -> Iterator[ImageFile]:
    # An explicit stack: a chain of a thousand nested folders must not meet Python's recursion limit.
    stack = [(iter(entries), prefix)]
    while stack:
        level, prefix = stack[-1]
        entry = next(level, None)
        if entry is None:
            stack.pop()
            continue
        path = prefix + entry.name
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                if entry.name.lower() in LITTER_FOLDERS:
                    continue
                if entry.is_symlink():
                    links.append((entry, path))
                elif _is_new(entry, seen):
                    stack.append((iter(_entries(entry.path)), path + "/"))
            elif _suffix(entry.name) in IMAGE_EXTENSIONS and entry.is_file():
                status = entry.stat()
                yield ImageFile(path, status.st_size, status.st_mtime_ns)
        except OSError as error:
            _tell(error, entry, path, on_problem)


def _suffix(name: str) -> str:
    # pathlib's would take half of the time of a scan.
    return name[name.rfind(".") :].lower()


def _is_new(folder: os.DirEntry[str], seen: set[Hashable]) -> bool:
    path = Path(folder.path)
    identity = _identity(path, path.stat())
    if identity in seen:
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

"""Finding the picture files of a folder, without opening any of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator
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
    loop ends. A subfolder that may not be listed goes to ``on_problem`` with its relative path and a
    trailing "/", and the rest goes on. Raises FolderNotFound or FolderUnreadable for ``folder`` itself.
    """
    if not folder.is_dir():
        raise FolderNotFound(folder=str(folder))
    seen = {_identity(path.stat()) for path in exclude if path.is_dir()}
    try:
        entries = _entries(str(folder))
    except OSError as error:
        raise FolderUnreadable(folder=str(folder)) from error
    seen.add(_identity(folder.stat()))
    yield from _walk(entries, "", seen, on_problem)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _walk(
    entries: list[os.DirEntry[str]],
    prefix: str,
    seen: set[tuple[int, int]],
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
        try:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if entry.name.lower() in LITTER_FOLDERS:
                    continue
                identity = _identity(Path(entry.path).stat())
                if identity in seen:
                    continue
                seen.add(identity)
                stack.append((iter(_entries(entry.path)), path + "/"))
            elif Path(entry.name).suffix.lower() in IMAGE_EXTENSIONS and entry.is_file():
                status = entry.stat()
                yield ImageFile(path, status.st_size, status.st_mtime_ns)
        except PermissionError as error:
            on_problem(Problem(_shown(entry, path), Reason.PERMISSION, str(error)))
        except FileNotFoundError as error:  # deleted while the scan ran
            log.info("vanished during the scan: %s", error)
        except OSError as error:
            on_problem(Problem(_shown(entry, path), Reason.UNREADABLE, str(error)))


def _shown(entry: os.DirEntry[str], path: str) -> str:
    try:
        return path + "/" if entry.is_dir() else path
    except OSError:
        return path

"""Finding the indexes of a folder that was moved, renamed or mounted elsewhere, by the pictures in it."""

from __future__ import annotations

import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from semantik.errors import SemantikError
from semantik.folder_urls import is_remote
from semantik.folders.known_content import Read
from semantik.folders.other_indexes import other_stores
from semantik.index import recorded_folder, stored_contents, write_recorded_folder
from semantik.records import ImageFile
from semantik.storage.home import folder_of_indexes, index_folder, indexes_folder, known_files
from semantik.storage.regular_files import is_file, is_folder

log = logging.getLogger(__name__)

_SAMPLE = 24
"""Pictures that are read to tell whether a folder is the one that was indexed."""


def take_over(home: Path, folder: Path, encoder: str, found: Sequence[ImageFile], read: Read) -> bool:
    """Give ``folder`` the indexes of the same pictures that lay elsewhere, and whether there were any.

    ``encoder`` names the index that is wanted, ``found`` are the pictures in the folder. Indexes whose own folder
    still has its pictures stay where they are.
    """
    target = folder_of_indexes(home, folder)
    for indexes in sorted(indexes_folder(home).iterdir()):
        if indexes == target or not indexes.is_dir():
            continue
        try:
            if _is_of(indexes / encoder, folder, found, read):
                _move(indexes, target, folder)
                log.info("%s has the pictures that were indexed in %s", folder, indexes)
                return (index_folder(home, folder, encoder) / "image_index.json").exists()
        except (OSError, SemantikError) as error:
            log.info("%s is no index to take over: %s", indexes, error)
    return False


def may_be_elsewhere(home: Path, folder: Path, encoder: str) -> bool:
    """Whether it is worth while to look for the indexes of ``folder``: there are some of other folders."""
    return any(other_stores(home, encoder, index_folder(home, folder, encoder)))


def _is_of(store: Path, folder: Path, found: Sequence[ImageFile], read: Read) -> bool:
    """Whether an index is of the pictures in ``folder``. Raises OSError, NoIndex and as ``ImageIndex.load``."""
    recorded = Path(recorded_folder(store))
    contents = stored_contents(store)
    if not contents or (not _is_same(recorded, folder) and _has_pictures(recorded, [file for file, _ in contents])):
        return False
    by_size = defaultdict(set)
    untold = set()
    for file, digest in contents:
        by_size[file.size].add(digest)
        if not digest:  # of an older program: what it went by must do
            untold.add(_traits(file))
    alike = [file for file in found if file.size in by_size]
    if len(alike) * 2 < len(contents):
        return False
    sample = alike[:: max(1, len(alike) // _SAMPLE)]
    digests = read(sample)
    agreeing = sum(digests.get(file.path) in by_size[file.size] or _traits(file) in untold for file in sample)
    return agreeing * 2 > len(sample)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _has_pictures(folder: Path, files: Sequence[ImageFile]) -> bool:
    """Whether pictures are still where they were; an empty mount point has none. Of a remote folder nobody asks."""
    if is_remote(folder):
        return True
    sample = files[:: max(1, len(files) // _SAMPLE)]
    return is_folder(folder) and any(is_file(folder / file.path) for file in sample)


def _traits(file: ImageFile) -> tuple[str, int, int]:
    return file.path.rpartition("/")[2].casefold(), file.size, file.mtime_ns


def _move(indexes: Path, target: Path, folder: Path) -> None:
    """Move the indexes of all models and what is known; what ``target`` has already stays. Raises OSError."""
    if not target.exists():
        try:
            os.replace(indexes, target)
        except PermissionError:  # mapped by another program, on Windows
            shutil.copytree(indexes, target, ignore=shutil.ignore_patterns("index.lock"))
    else:
        for path in sorted(indexes.iterdir()):
            if path.is_dir() and not (target / path.name / "image_index.json").exists():
                (target / path.name).mkdir(exist_ok=True)
                # The manifest last: until then there is no index, and nothing is damaged.
                for file in sorted(path.iterdir(), key=lambda file: file.name == "image_index.json"):
                    if not (target / path.name / file.name).exists():
                        os.replace(file, target / path.name / file.name)
        for known, there in zip(known_files(indexes), known_files(target), strict=True):
            if known.exists() and not there.exists():
                os.replace(known, there)
        if not any(indexes.glob("*/image_index.json")):
            shutil.rmtree(indexes, ignore_errors=True)
    for store in target.glob("*/"):
        try:
            write_recorded_folder(store, folder)
        except (OSError, SemantikError) as error:  # it only tells people where it was
            log.info("%s keeps the name of its former folder: %s", store, error)

"""Telling pictures that were deleted from pictures whose disk is not connected."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Sequence
from functools import lru_cache

from semantik.errors import MassRemoval
from semantik.folders.exclusions import Exclusions
from semantik.folders.litter import is_derived
from semantik.folders.raw_jpeg_pairs import superseded
from semantik.index import ImageIndex
from semantik.storage.regular_files import is_link, long_path

MASS_REMOVAL = 20  # below this many missing pictures nobody is asked


def missed(removed: Sequence[str], found: Collection[str], unwanted: Exclusions | None) -> list[str]:
    """Those of ``removed`` that the scan was to find: nobody excluded them, and no twin took their place."""
    twins = superseded(removed, found)
    wished = twins | {path for path in removed if (unwanted and unwanted.covers(path)) or _is_derived(path)}
    return [path for path in removed if path not in wished]


def _is_derived(path: str) -> bool:
    parts = path.split("/")
    return any(map(is_derived, parts, parts[1:]))


def check_removal(index: ImageIndex, removed: Collection[str], wished: int = 0) -> None:
    """Raises MassRemoval when the missing pictures may be on a disk that is not there now.

    ``wished`` more are to be dropped as the user wishes; they are neither among ``removed`` nor among "all" here.

    They may when they are more than half of all, or when at least ``MASS_REMOVAL`` of them were in folders
    that are still there but have nothing in them, as the mount point of an unmounted disk, or that are now
    links that lead nowhere.
    """

    @lru_cache(maxsize=4096)
    def is_emptied(folder: str) -> bool:
        while folder:
            path = index.folder / folder
            try:
                with os.scandir(long_path(path)) as entries:
                    return next(entries, None) is None
            except FileNotFoundError:
                with contextlib.suppress(OSError):  # nothing is there at all
                    if is_link(long_path(path)):
                        return True
                folder = folder.rpartition("/")[0]
            except OSError:
                return False
        return False

    gone, count = len(removed), index.count - wished
    if gone >= MASS_REMOVAL and (
        gone * 2 > count or sum(is_emptied(path.rpartition("/")[0]) for path in removed) >= MASS_REMOVAL
    ):
        raise MassRemoval(folder=str(index.folder), gone=gone, count=count)

"""Telling pictures that were deleted from pictures whose disk is not connected."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import lru_cache

from semantik.errors import MassRemoval
from semantik.index import ImageIndex

MASS_REMOVAL = 20  # below this many missing pictures nobody is asked


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
                with os.scandir(path) as entries:
                    return next(entries, None) is None
            except FileNotFoundError:
                if path.is_symlink():
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

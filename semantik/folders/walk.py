"""The one way through a folder's tree, for whoever looks for something in it: pictures, their number, links."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from semantik.errors import FolderNotFound, FolderPrivate, FolderUnreadable, NotAFolder
from semantik.folder_urls import is_remote
from semantik.folders.litter import LITTER_FOLDERS, is_derived, is_hidden, is_photo_library
from semantik.records import Reason
from semantik.storage.regular_files import is_folder, is_link, long_path, reason_of


@dataclass(frozen=True, eq=False)
class Listing:
    """What a folder holds, by name, and its path within the walk, with "/" at the end; "" for the root."""

    entries: list[os.DirEntry[str]]
    prefix: str


Found: TypeAlias = tuple[os.DirEntry[str], str, Listing]
"""Something that is no folder: its entry, its path within the walk, and what lies beside it."""


class FolderWalk:
    """One walk through a tree in name order, depth first; litter and what is hidden is left out.

    Each real folder is entered once, so a loop ends; ``seen`` has the identities of those that were. Links to folders,
    junctions of Windows among them, are laid aside in ``links``, with their paths, and walked by ``follow``: after all
    real folders, so that a new link never renames what is known already.

    ``enters(name, path)``: whether a folder is wanted. ``on_error`` is told of an entry or a folder that cannot be
    looked at, and the rest goes on. ``is_over`` is asked at each entry; from its first yes on no folder is listed any
    more, ``ended_early`` is set, and what was listed until then is still found.
    """

    def __init__(
        self,
        *,
        seen: Iterable[Hashable] = (),
        enters: Callable[[str, str], bool] = lambda name, path: True,
        on_error: Callable[[OSError, os.DirEntry[str], str], None] = lambda error, entry, path: None,
        is_over: Callable[[], bool] | None = None,
    ) -> None:
        self.links: deque[tuple[os.DirEntry[str], str]] = deque()
        self.ended_early = False
        self._seen = set(seen)
        self._enters = enters
        self._on_error = on_error
        self._is_over = is_over

    def list(self, folder: Path) -> Listing:
        """What the walk's root holds. Raises OSError."""
        return self._list(str(long_path(folder, below=True)), "")

    def everything(self, listing: Listing) -> Iterator[Found]:
        """What is in a folder, in those below it, and in those that links there lead to."""
        yield from self.walk(listing)
        yield from self.follow()

    def walk(self, listing: Listing) -> Iterator[Found]:
        """What is in a folder and in the real folders below it."""
        # An explicit stack: a chain of a thousand nested folders must not meet Python's recursion limit.
        stack = [(listing, iter(listing.entries))]
        while stack:
            listing, coming = stack[-1]
            prefix = listing.prefix
            for entry in coming:
                name = entry.name
                if name[0] == "." or name.lower() in LITTER_FOLDERS:  # ``is_litter``, without a call for each file
                    continue
                path = prefix + name
                try:
                    if not entry.is_dir():
                        yield entry, path, listing
                    elif self._enters(name, path):
                        if is_link(entry):
                            self.links.append((entry, path))
                        elif self._is_new(entry):
                            below = self._list(entry.path, path + "/")
                            stack.append((below, iter(below.entries)))
                            break
                except OSError as error:
                    self._on_error(error, entry, path)
            else:
                stack.pop()

    def follow(self) -> Iterator[Found]:
        """What is in the folders that links lead to, and in those that links there lead to."""
        while self.links:
            link, path = self.links.popleft()
            try:
                if not self._is_new(link):
                    continue
                listing = self._list(link.path, path + "/")
            except OSError as error:
                self._on_error(error, link, path)
            else:
                yield from self.walk(listing)

    def _list(self, folder: str, prefix: str) -> Listing:
        listed = self._entries(folder)
        within = Path(folder).name
        if is_photo_library(within):
            listed = [entry for entry in listed if not is_derived(within, entry.name)]
        return Listing(sorted(listed, key=lambda entry: entry.name), prefix)

    def _entries(self, folder: str) -> Sequence[os.DirEntry[str]]:
        listed: list[os.DirEntry[str]] = []
        if not self.ended_early:
            with os.scandir(folder) as entries:
                if self._is_over is None:
                    listed.extend(entries)
                for entry in entries:
                    if self._is_over and self._is_over():
                        self.ended_early = True
                        break
                    listed.append(entry)
        return listed

    def _is_new(self, folder: os.DirEntry[str]) -> bool:
        """Whether a folder is to be entered: it was not yet, and is not hidden."""
        path = Path(folder.path)
        status = path.stat()
        identity = identity_of(path, status)
        if identity in self._seen or is_hidden(path):
            return False
        self._seen.add(identity)
        return True


def identify(folder: Path) -> Hashable:
    """What tells the folder from any other, also from what its name leads to once its disk is unmounted.

    A remote folder is not asked: whoever lists it hears whether it is there. Raises FolderNotFound, FolderUnreadable.
    """
    if is_remote(folder):
        return str(folder)
    try:
        status = long_path(folder).stat()
    except PermissionError as error:
        raise refused(folder, error) from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file system takes
        raise FolderNotFound(folder=str(folder)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise NotAFolder(folder=str(folder))
    return identity_of(folder, status)


def refused(folder: Path, error: PermissionError) -> FolderUnreadable:
    """The error for an image folder that may not be read."""
    return (FolderPrivate if reason_of(error) is Reason.PRIVACY else FolderUnreadable)(folder=str(folder))


def identities(folders: Iterable[Path]) -> set[Hashable]:
    """Those of the folders that are there."""
    return {identity_of(folder, long_path(folder).stat()) for folder in folders if is_folder(folder)}


def identity_of(path: Path, status: os.stat_result) -> Hashable:
    """What tells a folder with this status from any other."""
    # Some network file systems number nothing; without the second choice all their folders were the same.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(long_path(path, below=True))

"""The way through the tree of a remote folder: the same as on a disk, over what a store lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from semantik.folders.remote_files import RemoteEntry, RemoteFiles
from semantik.folders.walk import FolderWalk, Listing
from semantik.index import leads_out
from semantik.storage.regular_files import OddName


class RemoteWalk(FolderWalk):
    """``FolderWalk`` of a remote folder, which is listed folder by folder: of millions of objects none are kept here.

    What no file in a folder can be called is told to ``on_error`` as OddName.
    """

    def __init__(
        self,
        folder: Path,
        *,
        enters: Callable[[str, str], bool],
        on_error: Callable[[OSError, os.DirEntry[str], str], None],
    ) -> None:
        """Raises as ``RemoteFiles``."""
        super().__init__(enters=enters, on_error=on_error)
        self._files = RemoteFiles(folder)

    def list(self, folder: Path) -> Listing:
        """What the walk's root holds. Raises as ``RemoteFiles.entries``."""
        return self._list("", "")

    def _entries(self, folder: str) -> Sequence[os.DirEntry[str]]:
        good: list[RemoteEntry] = []
        for entry in self._files.entries(folder):
            if _is_odd(entry):
                self._on_error(OddName("no file is called so"), _as_listed(entry), entry.path)
            else:
                good.append(entry)
        return [*map(_as_listed, good)]

    def _is_new(self, folder: os.DirEntry[str]) -> bool:
        return True  # no link leads back


def _is_odd(entry: RemoteEntry) -> bool:
    parts = entry.name.split("/")
    if os.name == "nt" and ("\\" in entry.name or ":" in entry.name):
        return True
    return any(part in ("", ".", "..") for part in parts) or leads_out(entry.path)


def _as_listed(entry: RemoteEntry) -> os.DirEntry[str]:
    """It answers whatever the walk and those who look at what it finds ask."""
    return cast("os.DirEntry[str]", entry)

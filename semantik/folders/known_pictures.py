"""All that is kept of a folder's pictures by path follows them together: renamed, copied or gone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from semantik.folders.known_content import Pairs
from semantik.index import ImageIndex


class KeptByPath(Protocol):
    """What is kept of pictures under their paths."""

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """What is known of pictures holds for the files that have their content now; see ``recognise``."""

    def keep(self, paths: Collection[str]) -> None:
        """Forget all other pictures."""


class KnownPictures:
    """The stores of one folder. May be called from any thread."""

    def __init__(self, *stores: KeptByPath) -> None:
        self._stores = stores

    def follow(self, moved: Pairs, copied: Pairs) -> None:
        """Pictures were found again under another name, with another time, or once more."""
        for store in self._stores:
            store.follow(moved, copied)

    def forget_gone(self, index: ImageIndex) -> None:
        """Forget what was learnt of files that are not indexed any more."""
        paths = {file.path for file in index.files()}
        for store in self._stores:
            store.keep(paths)

"""What the files of one image folder tell beside their pictures: read with them, or caught up on later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folders.picture_details import DetailsStore
from semantik.index import TRANSIENT, ImageIndex
from semantik.records import Decoded, DecodedVideo, Description, Details, ImageFile

MOST_READ = 500
"""Pictures among the hits whose files' heads are read for want of stored details: a second's work."""


class FolderDetails:
    """Keeps the details of the pictures of ``folder`` in ``store``. May be called from any thread."""

    def __init__(self, folder: Path, pool: DecodePool, store: DetailsStore) -> None:
        self.folder = folder
        self.store = store
        self._pool = pool

    def note(self, file: ImageFile, decoded: Decoded | DecodedVideo) -> None:
        """Remember what was learnt of a picture while it was decoded for the index."""
        self.store.add(file, Description(decoded.width, decoded.height, decoded.taken, decoded.camera))

    def catch_up(self, index: ImageIndex, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        """Learn from the files' heads what is not known of indexed pictures.

        Mostly nothing is left to do: an older program's index, or a damaged store, has no details.
        """
        if missing := self.store.missing(index.files()):
            self._learn(missing, is_cancelled)

    def forget_gone(self, index: ImageIndex) -> None:
        """Forget what was learnt of files that are not indexed any more."""
        self.store.keep({file.path for file in index.files()})

    def of(self, files: Sequence[ImageFile]) -> list[Details | None]:
        """What is known of files, in their order; what is not is read now, within reason."""
        known = self.store.of(files)
        if unknown := [file for file, details in zip(files, known, strict=True) if details is None]:
            self._learn(unknown[:MOST_READ])
            known = self.store.of(files)
        return known

    def _learn(self, files: Sequence[ImageFile], is_cancelled: Callable[[], bool] = lambda: False) -> None:
        found = self._pool.describe(self.folder / file.path for file in files)
        try:
            for file, description in zip(files, found, strict=True):
                if is_cancelled():
                    break
                if not isinstance(description, DecodeFailed):
                    self.store.add(file, description)
                elif description.params["reason"] not in TRANSIENT:
                    self.store.add(file, None)  # asked once is enough, until the file changes
        finally:
            found.close()
            self.store.flush()

"""What the files of an image folder tell of its pictures (size, date, camera), kept beside the indexes of the folder.

It does not depend on the model, so all models' indexes share it. It can be deleted at any time and is then made
again from the files' heads. SQLite keeps it whole through crashes, and lets filters look at a million pictures
without loading them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from semantik.decoding.decoded import Decoded, DecodedVideo, Description
from semantik.decoding.fitting import WIDE
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folder_urls import is_remote
from semantik.folders.details_rows import Noted, changed_at
from semantik.folders.details_store import DetailsStore
from semantik.folders.sidecars import find_sidecars, stamp
from semantik.index import TRANSIENT, ImageIndex
from semantik.long_tasks import UNATTENDED, TaskControl, making_many_objects
from semantik.records import Details, ImageFile

__all__ = ["MOST_READ", "DetailsStore", "FolderDetails", "changed_at"]

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
        told = Description(
            *(decoded.width, decoded.height, decoded.taken, decoded.camera), decoded.source, decoded.place
        )
        self.store.add(file, told)

    def catch_up(self, index: ImageIndex, control: TaskControl = UNATTENDED, *, renew: bool = False) -> None:
        """Learn from the files' heads, and from files beside them, what is not known of indexed pictures.

        Mostly nothing is left to do: an older program's index, or a damaged store, has no details. With ``renew``,
        what an older program knew is read anew, and all files beside pictures are looked at for changes.
        """
        with making_many_objects():
            files = list(index.files())
            missing = self.store.missing(files, renew=renew)
        if missing:
            self._learn(missing, control)
        if not control.cancelled:
            self._read_sidecars(files if renew else missing, control)

    def lacking_views(self, index: ImageIndex, control: TaskControl = UNATTENDED) -> list[ImageFile]:
        """The indexed pictures that are more elongated than ``WIDE`` and have no views: an older program's.

        Their sizes are known, or else read from the files' heads; nothing is decoded for that.
        """
        self.catch_up(index, control)
        single = [file for file in index.files() if len(index.rows_of(file.path)) == 1 and file.path in index.rows()]
        return [
            file
            for file, known in zip(single, self.store.of(single), strict=True)
            if known and max(known.width, known.height) > WIDE * min(known.width, known.height)
        ]

    def of(self, files: Sequence[ImageFile]) -> list[Details | None]:
        """What is known of files, in their order; what is not is read now, within reason."""
        known = self.store.of(files)
        if unknown := [file for file, details in zip(files, known, strict=True) if details is None]:
            self._learn(unknown[:MOST_READ])
            self._read_sidecars(unknown[:MOST_READ])
            known = self.store.of(files)
        return known

    def _learn(self, files: Sequence[ImageFile], control: TaskControl = UNATTENDED) -> None:
        if is_remote(self.folder):  # what decoding told is all that is to be had
            return
        found = self._pool.describe(self.folder / file.path for file in files)
        try:
            for file, description in zip(files, found, strict=True):
                if control.cancelled:
                    break
                if not isinstance(description, DecodeFailed):
                    self.store.add(file, description)
                elif description.params["reason"] not in TRANSIENT:
                    self.store.add(file, None)  # asked once is enough, until the file changes
        finally:
            found.close()
            self.store.flush()

    def _read_sidecars(self, files: Sequence[ImageFile], control: TaskControl = UNATTENDED) -> None:
        """Read dates and places in files beside pictures, where they are other files than the last time."""
        if is_remote(self.folder):
            return
        beside = find_sidecars(self.folder, files) if files else {}
        stamps = {path: stamp(sidecar) for path, sidecar in beside.items()}
        asked: list[ImageFile] = []
        noted: dict[ImageFile, tuple[str, str | None] | Noted] = {}
        for file, matters in self.store.other_sidecars(files, stamps):
            if matters and file.path in beside:
                asked.append(file)
            else:
                noted[file] = Noted(stamps.get(file.path, ""))
        if asked:
            found = self._pool.describe(self.folder / beside[file.path].path for file in asked)
            try:
                for file, told in zip(asked, found, strict=True):
                    if control.cancelled:
                        break
                    if not isinstance(told, DecodeFailed):
                        moment = told.taken.isoformat() if told.taken else None
                        noted[file] = Noted(stamps[file.path], moment, told.place)
                    elif told.params["reason"] not in TRANSIENT:
                        noted[file] = Noted(stamps[file.path])
            finally:
                found.close()
        if noted:
            self.store.note_sidecars(noted)

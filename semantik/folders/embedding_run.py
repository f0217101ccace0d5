"""One pass over the files to embed: what becomes of them goes into the index, which is saved now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.errors import FolderNotFound
from semantik.folders.file_embedder import EmbeddedFile, Embedder, Failure
from semantik.folders.walk import identify
from semantik.index import ImageIndex
from semantik.long_tasks import Progress, SpeedMeter, TaskControl
from semantik.records import LASTING, ImageFile, Lasts, Reason
from semantik.storage.regular_files import fetch

log = logging.getLogger(__name__)

CHECKPOINT_IMAGES = 2000
CHECKPOINT_SECONDS = 60.0
_ONCE_MORE = frozenset(reason for reason, lasts in LASTING.items() if lasts is Lasts.A_FEW_TIMES)
_MOST_ALONE = 20  # files that are tried once more in one run: each may take its whole time
AWAY = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.PERMISSION})
"""What a disk that went away looks like."""


class EmbeddingRun:
    """One pass over the files to embed, whoever makes their vectors."""

    def __init__(
        self,
        embedder: Embedder,
        index: ImageIndex,
        control: TaskControl,
        *,
        on_picture: Callable[[ImageFile, Decoded | DecodedVideo], None],
        on_copies: Callable[[Sequence[tuple[str, ImageFile]]], None],
        total: int,
        awaited: Collection[str] = (),
        on_batch: Callable[[int], None] = lambda left: None,
        kept: Collection[str] = (),
    ) -> None:
        """``awaited``: paths of files of which nothing is indexed; ``on_batch`` is told how many of them are left.

        ``kept``: paths of pictures that stay as they are indexed when they cannot be embedded again.
        """
        self.embedder = embedder
        self.index = index
        self.control = control
        self.on_picture = on_picture
        self.on_copies = on_copies
        self.total = total
        self.awaited = {*awaited}
        self.on_batch = on_batch
        self.kept = kept
        self.done = 0
        self.added = 0  # pictures, and frames of videos
        self.embedded: set[str] = set()
        self.cancelled = False
        self._suspects: list[ImageFile] = []
        self._alone = False
        self._speed = SpeedMeter()
        self._root = identify(index.folder)

    def embed(self, todo: list[ImageFile]) -> None:
        """Embed files, until all is done or the run is cancelled. Raises SemantikError when nothing can be."""
        if not todo:
            return
        self.control.report(Progress(self.done, self.total))
        self.on_batch(len(self.awaited))
        self.embedder.load()
        self._speed.restart(self.done)  # loading the model is no measure of the speed to come
        left = todo
        while left and not self.cancelled:
            over = self._embed_until_held(left)
            left = [file for file in left if file.path not in over]
            if self.control.paused and not self.cancelled:
                self._hold_still()

    def repeat(self, twins: list[tuple[str, ImageFile]]) -> int:
        """Take in files that have the content of one that was embedded: its path, and the file. Returns the rows.

        Those whose original could not be had are tried as any other file.
        """
        if self.cancelled or not twins:
            return 0
        good = [(path, file) for path, file in twins if path in self.embedded]
        self.index.copy(good)
        self.on_copies(good)
        self.done += len(good)
        self.awaited.difference_update(file.path for _, file in good)
        self.embed([file for path, file in twins if path not in self.embedded])
        return self.index.count_of(file.path for _, file in good)

    def once_more(self) -> None:
        """Try again, one by one, the files whose decoders died or came to nothing in time.

        The system may have ended or stopped them, or several large files at a time may have been too many.
        """
        suspects, self._suspects, self._alone = self._suspects, [], True
        self.done -= len(suspects)
        if not self.cancelled:
            self.embed(suspects)
        self._alone = False

    def _embed_until_held(self, todo: list[ImageFile]) -> set[str]:
        """Go on until everything is done, or the run is cancelled or held; what was begun ahead is dropped then.

        Returns the paths of what is done.
        """
        over: set[str] = set()
        batches = self.embedder.embed(todo, self._here, alone=self._alone)
        unsaved, saved_at = 0, time.monotonic()
        try:
            while not self.control.paused and len(over) < len(todo):
                if self.control.cancelled:
                    self.cancelled = True
                    break
                batch = next(batches, None)
                if batch is None:  # only that ends it early
                    self.cancelled = True
                    break
                self._take(batch)
                over.update(each.file.path for each in batch)
                if batch:
                    self.done += len(batch)
                    self.awaited.difference_update(each.file.path for each in batch)
                    unsaved += len(batch)
                    self.on_batch(len(self.awaited))
                    self._speed.report(self.control, self.done, self.total)
                if unsaved >= CHECKPOINT_IMAGES or (unsaved and time.monotonic() - saved_at >= CHECKPOINT_SECONDS):
                    self.save()
                    unsaved, saved_at = 0, time.monotonic()
        finally:
            batches.close()
        return over

    def save(self, *, complete: bool = False) -> None:
        """Save the index; ``complete``: nothing is left to do. Raises as ``ImageIndex.save``."""
        self.index.save()
        self.embedder.saved(complete=complete)

    def _here(self, file: ImageFile) -> Path:
        """Where a file is, which was brought there if it was only in a cloud: decoders do not wait as long as that."""
        path = self.index.folder / file.path
        if file.only_in_cloud:
            fetch(path, lambda: self.control.cancelled or self.control.paused)
        return path

    def _hold_still(self) -> None:
        self.save()
        self.on_batch(len(self.awaited))
        told = self._speed.progress(self.done, self.total)
        self.control.report(replace(told, paused=True))
        self.control.wait_while_paused()
        self._speed.resume()
        self.cancelled = self.control.cancelled

    def _take(self, batch: Sequence[EmbeddedFile]) -> None:
        """Let what became of files be known: what is good is added, a video or a wide picture whole or not at all."""
        pictures: list[EmbeddedFile] = []
        for each in batch:
            if each.told:
                self.on_picture(each.file, each.told)
            if each.vectors is None:
                continue
            if isinstance(each.told, DecodedVideo):
                self.index.remove([each.file.path])
                self._add_parts(each, each.keys, 0)
                self.added += len(each.vectors)
                self.embedded.add(each.file.path)
            else:
                pictures.append(each)
        self._add(pictures)
        for each in pictures:
            self._add_parts(each, each.keys[1:], 1)
        for each in batch:
            if each.told and each.told.warning and each.file.path in self.embedded:
                self.index.skip(each.file, each.told.warning)
        self._take_failures([(each.file, each.failure) for each in batch if each.failure])

    def _take_failures(self, failures: Sequence[tuple[ImageFile, Failure]]) -> None:
        if any(failure.reason in AWAY for _, failure in failures):
            self._check_folder()
        for file, failure in failures:
            once_more = failure.reason in _ONCE_MORE and not (self._alone or failure.tried_alone)
            if once_more and len(self._suspects) < _MOST_ALONE:
                self._suspects.append(file)
            else:
                self._skip(file, failure)

    def _check_folder(self) -> None:
        """Raises FolderNotFound when the disk went away: no file is to blame, and no old vector to be dropped."""
        if identify(self.index.folder) != self._root:
            raise FolderNotFound(folder=str(self.index.folder))

    def _add(self, pictures: Sequence[EmbeddedFile]) -> None:
        if not pictures:
            return
        vectors = np.concatenate([each.vectors[:1] for each in pictures if each.vectors is not None])
        files = [each.file for each in pictures]
        self.index.add(files, vectors, [each.told.fingerprint if each.told else "" for each in pictures])
        self.added += len(files)
        self.embedded.update(file.path for file in files)

    def _add_parts(self, each: EmbeddedFile, keys: Sequence[str], first: int) -> None:
        """Add what is known of parts of a file, under ``keys``: its vectors from number ``first`` on."""
        if keys and each.vectors is not None and each.told:
            parts = [replace(each.file, path=key) for key in keys]
            self.index.add(parts, each.vectors[first:], [each.told.fingerprint] * len(parts))

    def _skip(self, file: ImageFile, failure: Failure) -> None:
        log.info("skipped %s: %s: %s", file.path, failure.reason.value, failure.detail)
        if file.path not in self.kept:
            self.index.skip(file, failure.reason, failure.fingerprint)

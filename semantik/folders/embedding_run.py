"""One pass over the files to embed: decoded ahead in the pool, encoded in batches, saved now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import DecodeFailed, FolderNotFound, SemantikError
from semantik.folders.walk import identify
from semantik.index import ImageIndex
from semantik.long_tasks import Progress, SpeedMeter, TaskControl
from semantik.records import LASTING, Embeddings, ImageFile, Lasts, Pixels, Reason, frame_key, view_key
from semantik.storage.regular_files import fetch

log = logging.getLogger(__name__)

CHECKPOINT_IMAGES = 2000
CHECKPOINT_SECONDS = 60.0
_ONCE_MORE = frozenset(reason for reason, lasts in LASTING.items() if lasts is Lasts.A_FEW_TIMES)
_MOST_ALONE = 20  # files that are tried once more in one run: each may take its whole time
_AWAY = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.PERMISSION})  # what a disk that went away looks like


class EmbeddingRun:
    """One pass over the files to embed: decoding runs ahead in the pool while the encoder works."""

    def __init__(
        self,
        encoder: Encoder,
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
        self.encoder = encoder
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

    def embed(self, todo: list[ImageFile], pool: DecodePool) -> None:
        if not todo:
            return
        self.control.report(Progress(self.done, self.total))
        self.on_batch(len(self.awaited))
        self.encoder.load(texts=False)
        self._speed.restart(self.done)  # loading the model is no measure of the speed to come
        first = self.done
        while self.done - first < len(todo) and not self.cancelled:
            self._embed_until_held(todo[self.done - first :], pool)
            if self.control.paused and not self.cancelled:
                self._hold_still()

    def repeat(self, twins: list[tuple[str, ImageFile]], pool: DecodePool) -> int:
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
        self.embed([file for path, file in twins if path not in self.embedded], pool)
        return self.index.count_of(file.path for _, file in good)

    def once_more(self, pool: DecodePool) -> None:
        """Try again, one by one, the files whose decoders died or came to nothing in time.

        The system may have ended or stopped them, or several large files at a time may have been too many.
        """
        suspects, self._suspects, self._alone = self._suspects, [], True
        self.done -= len(suspects)
        if not self.cancelled:
            self.embed(suspects, pool)
        self._alone = False

    def _embed_until_held(self, todo: list[ImageFile], pool: DecodePool) -> None:
        """Go on until everything is done, or the run is cancelled or held; what was decoded ahead is dropped then."""
        ahead = {"look_ahead": 1} if self._alone else {}
        decoded = pool.fit_all(map(self._here, todo), self.encoder.input_spec, **ahead)
        pairs = zip(todo, decoded, strict=True)
        unsaved, saved_at = 0, time.monotonic()
        try:
            while not self.control.paused and (batch := list(islice(pairs, self.encoder.batch_size))):
                if self.control.cancelled:
                    self.cancelled = True
                    break
                self._embed_batch(batch)
                self.done += len(batch)
                self.awaited.difference_update(file.path for file, _ in batch)
                unsaved += len(batch)
                self.on_batch(len(self.awaited))
                self._speed.report(self.control, self.done, self.total)
                if unsaved >= CHECKPOINT_IMAGES or time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
                    self.index.save()
                    unsaved, saved_at = 0, time.monotonic()
        finally:
            decoded.close()

    def _here(self, file: ImageFile) -> Path:
        """Where a file is, which was brought there if it was only in a cloud: decoders do not wait as long as that."""
        path = self.index.folder / file.path
        if file.only_in_cloud:
            fetch(path, lambda: self.control.cancelled or self.control.paused)
        return path

    def _hold_still(self) -> None:
        self.index.save()
        self.on_batch(len(self.awaited))
        told = self._speed.progress(self.done, self.total)
        self.control.report(replace(told, paused=True))
        self.control.wait_while_paused()
        self._speed.resume()
        self.cancelled = self.control.cancelled

    def _embed_batch(self, batch: list[tuple[ImageFile, Decoded | DecodedVideo | DecodeFailed]]) -> None:
        files: list[ImageFile] = []
        pixels: list[Pixels] = []
        fingerprints: list[str] = []
        warnings: list[tuple[ImageFile, Reason]] = []
        failures: list[tuple[ImageFile, DecodeFailed]] = []
        for file, outcome in batch:
            if isinstance(outcome, DecodeFailed):
                failures.append((file, outcome))
                continue
            self.on_picture(file, outcome)
            if isinstance(outcome, DecodedVideo):
                self._add_video(file, outcome)
            else:
                files.append(file)
                pixels.append(outcome.pixels)
                fingerprints.append(outcome.fingerprint)
            if outcome.warning:
                warnings.append((file, outcome.warning))
        if files:
            self._add(files, np.stack(pixels), fingerprints)
        for file, outcome in batch:
            if isinstance(outcome, Decoded) and outcome.views is not None:
                self._add_views(file, outcome.views, outcome)
        for file, warning in warnings:
            if file.path in self.embedded:
                self.index.skip(file, warning)
        if failures:
            self._take_failures(failures)

    def _take_failures(self, failures: Sequence[tuple[ImageFile, DecodeFailed]]) -> None:
        if any(error.params["reason"] in _AWAY for _, error in failures):
            self._check_folder()
        for file, error in failures:
            reason = error.params["reason"]
            if reason in _ONCE_MORE and not self._alone and len(self._suspects) < _MOST_ALONE:
                self._suspects.append(file)
            else:
                self._skip(file, reason, error.params.get("detail", ""), str(error.params.get("fingerprint", "")))

    def _check_folder(self) -> None:
        """Raises FolderNotFound when the disk went away: no file is to blame, and no old vector to be dropped."""
        if identify(self.index.folder) != self._root:
            raise FolderNotFound(folder=str(self.index.folder))

    def _add(self, files: list[ImageFile], pixels: Pixels, fingerprints: list[str]) -> None:
        embeddings = self._encode(pixels)
        if isinstance(embeddings, str) and len(files) > 1:
            log.warning("the %d pictures of that batch are tried one by one", len(files))
            for position, file in enumerate(files):
                self._add([file], pixels[position : position + 1], fingerprints[position : position + 1])
        elif isinstance(embeddings, str):
            self._skip(files[0], Reason.ENCODER_FAILED, embeddings)
        else:
            self.index.add(files, embeddings, fingerprints)
            self.added += len(files)
            self.embedded.update(file.path for file in files)

    def _add_views(self, file: ImageFile, pixels: Pixels, decoded: Decoded) -> None:
        """Add the views of a wide picture, if itself was just added: it is in the index with all of them or not at all.

        They go through the encoder by themselves, so that no other picture's batch is another for them.
        """
        if file.path not in self.embedded:
            return
        embeddings = self._encode(pixels)
        if isinstance(embeddings, str):
            self.embedded.discard(file.path)
            self.added -= 1
            self._skip(file, Reason.ENCODER_FAILED, embeddings)
            return
        views = [replace(file, path=view_key(file.path, region)) for region in decoded.regions]
        self.index.add(views, embeddings, [decoded.fingerprint] * len(views))

    def _add_video(self, file: ImageFile, video: DecodedVideo) -> None:
        """Add all frames of a video at once: a video is in the index whole or not at all."""
        embeddings = self._encode(video.pixels)
        if isinstance(embeddings, str):
            self._skip(file, Reason.ENCODER_FAILED, embeddings)
            return
        self.index.remove([file.path])
        frames = [replace(file, path=frame_key(file.path, moment)) for moment in video.moments]
        self.index.add(frames, embeddings, [video.fingerprint] * len(frames))
        self.added += len(frames)
        self.embedded.add(file.path)

    def _encode(self, pixels: Pixels) -> Embeddings | str:
        """Embeddings of pictures, in batches, or what went wrong. Raises SemantikError when the model is broken."""
        size = self.encoder.batch_size
        try:
            parts = [self._encode_batch(pixels[at : at + size]) for at in range(0, len(pixels), size)]
        except SemantikError:
            raise  # no file is to blame
        except Exception as error:  # a boundary: encoding one batch
            log.warning("a batch of %d could not be encoded", len(pixels), exc_info=True)
            return str(error)
        return np.concatenate(parts)

    def _encode_batch(self, pixels: Pixels) -> Embeddings:
        embeddings = self.encoder.encode_images(self.encoder.normalise(pixels))
        if embeddings.shape != (len(pixels), self.encoder.dim) or not np.isfinite(embeddings).all():
            raise ValueError(f"embeddings of shape {embeddings.shape} or not finite")
        return embeddings

    def _skip(self, file: ImageFile, reason: object, detail: object, fingerprint: str = "") -> None:
        assert isinstance(reason, Reason)
        log.info("skipped %s: %s: %s", file.path, reason.value, detail)
        if file.path in self.kept:
            return
        self.index.skip(file, reason, fingerprint)

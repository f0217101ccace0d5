"""Bringing an index up to date with its folder: embed what is new or changed, drop what is gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from itertools import islice
from pathlib import Path

import numpy as np

from semantik.decode_pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import (
    DecodeFailed,
    FolderEmptied,
    FolderNotFound,
    IndexNotSaved,
    NoImages,
    SemantikError,
)
from semantik.index import Changes, ImageIndex
from semantik.records import Decoded, Embeddings, ImageFile, IndexReport, Pixels, Problem, Progress, Reason
from semantik.removal import check_removal
from semantik.scan import find_images, identify

log = logging.getLogger(__name__)

CHECKPOINT_IMAGES = 2000
CHECKPOINT_SECONDS = 60.0
_AWAY = frozenset({Reason.VANISHED, Reason.UNREADABLE, Reason.PERMISSION})  # what a disk that went away looks like
_RATE_WINDOW = 10.0  # seconds over which the speed is averaged, so that the time left does not jump


def scan_changes(
    index: ImageIndex, *, retry: bool = False, exclude: Collection[Path] = ()
) -> tuple[Changes, list[Problem]]:
    """Compare the folder of ``index`` with what is indexed; no file is opened.

    Returns the changes and the folders that could not be read. Raises FolderNotFound, FolderUnreadable,
    NoImages for a folder without pictures, and FolderEmptied when it had some: an unmounted disk looks
    like that, and must not cost the index.
    """
    changes, problems, _ = _scan(index, retry=retry, exclude=exclude)
    return changes, problems


def _scan(
    index: ImageIndex, *, retry: bool, exclude: Collection[Path]
) -> tuple[Changes, list[Problem], dict[str, ImageFile]]:
    problems: list[Problem] = []
    found = {file.path: file for file in find_images(index.folder, problems.append, exclude)}
    if not found and not problems:
        if index.count:
            raise FolderEmptied(folder=str(index.folder), count=index.count)
        raise NoImages(folder=str(index.folder))
    unreadable = [problem.path for problem in problems]
    return index.compare(found.values(), unreadable=unreadable, retry=retry), problems, found


def update_index(
    folder: Path,
    encoder: Encoder,
    index: ImageIndex,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    *,
    pool: DecodePool | None = None,
    allow_mass_removal: bool = False,
    exclude: Collection[Path] = (),
    on_picture: Callable[[ImageFile, Decoded], None] = lambda file, decoded: None,
) -> IndexReport:
    """Make ``index`` match ``folder`` and save it; what is unchanged is not opened.

    Saves at least every 2,000 pictures or 60 seconds, so a kill costs at most that. ``is_cancelled`` is
    asked once per batch; what was done until then is kept and saved. A bad file becomes a Problem.

    Raises FolderNotFound, FolderUnreadable, NoImages, FolderEmptied, MassRemoval (see ``check_removal``),
    IndexLocked, IndexNotSaved, IndexDamaged or IndexTooNew when what is stored is not to be replaced, and
    EncoderFailed or DecoderNotStarted when no picture at all can be done. What was done until then is
    saved if it can be, and stays in ``index`` in any case.
    """
    if (index.folder, index.space) != (folder, encoder.space):
        raise ValueError(f"index of {index.folder} in {index.space}, not of {folder} in {encoder.space}")
    started = time.monotonic()
    with index.locked():
        if index.is_stale():
            index.reload()
        changes, problems, found = _scan(index, retry=True, exclude=exclude)
        if not allow_mass_removal:
            check_removal(index, changes.removed)
        before, gone = index.count, len(changes.removed)
        index.remove(changes.removed)
        unseen = tuple(problem.path for problem in problems)
        index.forget_skipped(found.keys() | {bad.path for bad in index.problems() if bad.path.startswith(unseen)})
        todo = [*changes.added, *changes.changed]
        run = _Run(encoder, index, on_progress, is_cancelled, on_picture=on_picture, total=len(todo))
        try:
            if pool is None:
                with DecodePool() as own:
                    run.embed(todo, own)
            else:
                run.embed(todo, pool)
        except IndexNotSaved:
            raise  # a checkpoint: another try would fail as well
        except SemantikError:
            _save_rest(index)
            raise
        index.save()
    replaced = sum(1 for file in changes.changed if file.path in run.embedded)
    return IndexReport(
        added=len(run.embedded),
        reused=before - gone - replaced - run.dropped,
        removed=gone + replaced + run.dropped,
        count=index.count,
        seconds=time.monotonic() - started,
        encoder=encoder.name,
        problems=(*problems, *index.problems()),
        cancelled=run.cancelled,
    )


def _save_rest(index: ImageIndex) -> None:
    """Save what a run that failed has done; its own error is the one to tell."""
    try:
        index.save()
    except SemantikError as error:
        log.warning("not saved after a failed run: %s", error)


class _Run:
    """One pass over the files to embed: decoding runs ahead in the pool while the encoder works."""

    def __init__(
        self,
        encoder: Encoder,
        index: ImageIndex,
        on_progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
        *,
        on_picture: Callable[[ImageFile, Decoded], None],
        total: int,
    ) -> None:
        self.encoder = encoder
        self.index = index
        self.on_progress = on_progress
        self.is_cancelled = is_cancelled
        self.on_picture = on_picture
        self.total = total
        self.done = 0
        self.dropped = 0  # indexed versions that went because the new version cannot be read
        self.embedded: set[str] = set()
        self.cancelled = False
        self._speed = _Speed()
        self._root = identify(index.folder)

    def embed(self, todo: list[ImageFile], pool: DecodePool) -> None:
        if not todo:
            return
        self.on_progress(Progress(0, self.total))
        self.encoder.load(texts=False)
        self._speed = _Speed()  # loading the model is no measure of the speed to come
        decoded = pool.fit_all((self.index.folder / file.path for file in todo), self.encoder.input_spec)
        pairs = zip(todo, decoded, strict=True)
        unsaved, saved_at = 0, time.monotonic()
        try:
            while batch := list(islice(pairs, self.encoder.batch_size)):
                if self.is_cancelled():
                    self.cancelled = True
                    break
                self._embed_batch(batch)
                self.done += len(batch)
                unsaved += len(batch)
                self.on_progress(self._speed.progress(self.done, self.total))
                if unsaved >= CHECKPOINT_IMAGES or time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
                    self.index.save()
                    unsaved, saved_at = 0, time.monotonic()
        finally:
            decoded.close()

    def _embed_batch(self, batch: list[tuple[ImageFile, Decoded | DecodeFailed]]) -> None:
        files: list[ImageFile] = []
        pixels: list[Pixels] = []
        warnings: list[tuple[ImageFile, Reason]] = []
        failures: list[tuple[ImageFile, DecodeFailed]] = []
        for file, outcome in batch:
            if isinstance(outcome, DecodeFailed):
                failures.append((file, outcome))
                continue
            files.append(file)
            pixels.append(outcome.pixels)
            self.on_picture(file, outcome)
            if outcome.warning:
                warnings.append((file, outcome.warning))
        if files:
            self._add(files, np.stack(pixels))
        for file, warning in warnings:
            if file.path in self.embedded:
                self.index.skip(file, warning)
        if any(error.params["reason"] in _AWAY for _, error in failures):
            self._check_folder()
        for file, error in failures:
            self._skip(file, error.params["reason"], error.params.get("detail", ""))

    def _check_folder(self) -> None:
        """Raises FolderNotFound when the disk went away: no file is to blame, and no old vector to be dropped."""
        if identify(self.index.folder) != self._root:
            raise FolderNotFound(folder=str(self.index.folder))

    def _add(self, files: list[ImageFile], pixels: Pixels) -> None:
        try:
            embeddings = self._encode(pixels)
        except SemantikError:
            raise  # the model itself is broken: no file is to blame
        except Exception as error:  # one of the boundaries of DESIGN.md: encoding one batch
            if len(files) > 1:
                log.warning("a batch of %d failed, its pictures are tried one by one", len(files), exc_info=True)
                for position, file in enumerate(files):
                    self._add([file], pixels[position : position + 1])
                return
            log.exception("the encoder failed on %s", files[0].path)
            self._skip(files[0], Reason.ENCODER_FAILED, str(error))
            return
        self.index.add(files, embeddings)
        self.embedded.update(file.path for file in files)

    def _encode(self, pixels: Pixels) -> Embeddings:
        embeddings = self.encoder.encode_images(self.encoder.normalise(pixels))
        if embeddings.shape != (len(pixels), self.encoder.dim) or not np.isfinite(embeddings).all():
            raise ValueError(f"embeddings of shape {embeddings.shape} or not finite")
        return embeddings

    def _skip(self, file: ImageFile, reason: object, detail: object) -> None:
        assert isinstance(reason, Reason)
        log.info("skipped %s: %s: %s", file.path, reason.value, detail)
        before = self.index.count
        self.index.skip(file, reason)
        self.dropped += before - self.index.count


class _Speed:
    """Images per second over the last seconds, and the time left at that speed."""

    def __init__(self) -> None:
        self._marks = [(time.monotonic(), 0)]

    def progress(self, done: int, total: int) -> Progress:
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > _RATE_WINDOW:
            del self._marks[0]
        since, count = self._marks[0]
        rate = (done - count) / (now - since) if now > since else 0.0
        return Progress(done, total, rate, (total - done) / rate if rate else None)

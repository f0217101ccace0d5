"""The program that the crash tests kill and set against itself: a server that forks one process per job.

Started as ``python -m tests.support.crash_worker``. It imports everything once; each line on its stdin is a job in
JSON, each line on its stdout an event. A job runs in a forked process of its own session, so that the tests find
all of its children. POSIX only: forking is what makes hundreds of kills affordable.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import traceback
import zlib
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Decoded
from semantik.decoding.fingerprint import fingerprint
from semantik.decoding.fitting import InputSpec, fit_pixels, fit_views, view_regions
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import unit_rows
from semantik.errors import DecodeFailed, IndexLocked, NoIndex
from semantik.folders import embedding_run
from semantik.folders.indexer import update_index
from semantik.index import ImageIndex, commit
from semantik.index.store import read_manifest
from semantik.long_tasks import TaskControl
from semantik.storage.regular_files import reason_of
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint

SYSTEM_CALLS = ("open", "write", "fsync", "close", "replace", "unlink")
"""What a save is made of: a job may be told to die at any one of them."""


class PixelEncoder(FakeEncoder):
    """Embeds a picture as its 8 x 8 pixels, so that no two pictures of noise have the same vector; dim 192."""

    name = "pixels"
    space = "fake/pixels"
    dim = 192
    input_spec = InputSpec(8, 8, "squash", "bilinear", (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))

    def encode_images(self, batch):
        self.images += len(batch)
        self.batches += 1
        return unit_rows(batch.reshape(len(batch), -1))


class LocalPool:
    """Decodes in this process: for jobs whose point is not the decoding."""

    def fit_all(self, paths, spec):
        for path in paths:
            try:
                loaded = load_image(path, spec.width)
                pixels = fit_pixels(loaded.image, spec)
                [told] = self.fingerprints([path])  # the file may be gone by now
                digest = "" if isinstance(told, DecodeFailed) else told.digest
                regions = view_regions(loaded.width, loaded.height, spec)
                views = fit_views(loaded.image, loaded.box, regions, spec) if regions else None
                told = (loaded.width, loaded.height, loaded.warning)
                yield Decoded(pixels, *told, fingerprint=digest, views=views, regions=tuple(regions))
            except DecodeFailed as error:
                yield error

    def describe(self, paths):
        for path in paths:
            try:
                yield describe_image(path)
            except DecodeFailed as error:
                yield error

    def fingerprints(self, paths):
        for path in paths:
            try:
                yield fingerprint(path)
            except OSError as error:
                yield DecodeFailed(path=str(path), reason=reason_of(error), detail=str(error))

    def close(self):
        pass


def embed(path: Path, encoder: FakeEncoder) -> np.ndarray:
    """A fresh embedding of one file, without any index, pool or process."""
    pixels = fit_pixels(load_image(path, encoder.input_size).image, encoder.input_spec)
    return encoder.encode_images(encoder.normalise(pixels[np.newaxis]))[0]


def tell(**event: object) -> None:
    # One write call per line: no line is ever torn by a kill, and no lock is left held in a forked process.
    os.write(1, json.dumps(event).encode("ascii") + b"\n")


def open_index(store: Path, folder: Path, encoder: FakeEncoder) -> ImageIndex:
    try:
        return ImageIndex.load(store, folder)
    except NoIndex:
        return ImageIndex(store, folder, encoder.space, encoder.dim)


def stored_rows(store: Path) -> dict[str, int]:
    """The vector files that the stored manifest names, and their rows."""
    return {segment.file: segment.rows for segment in read_manifest(store).segments}


def index_job(job: dict) -> None:
    """Index a folder with frequent saves; report what is to do, each batch, and what each save holds."""
    embedding_run.CHECKPOINT_IMAGES = job["checkpoint"]
    commit.DEAD_ROWS = job["dead_rows"]
    encoder = PixelEncoder()
    folder, store = Path(job["folder"]), Path(job["store"])
    index = open_index(store, folder, encoder)
    doom = Doom(job.get("die_at", 0), job.get("die_how", ""))
    save = ImageIndex.save

    def reporting_save(saved: ImageIndex) -> None:
        with doom:
            save(saved)
        files = [[file.path, file.size, file.mtime_ns] for file in saved.files()]
        tell(event="saved", generation=saved.generation, files=files, rows=stored_rows(store))

    ImageIndex.save = reporting_save
    pool = DecodePool(1) if job["decoders"] else LocalPool()
    report = update_index(
        folder,
        encoder,
        index,
        TaskControl(lambda progress: tell(event="batch", done=progress.done, total=progress.total)),
        pool=pool,
        allow_mass_removal=True,  # after some early kills, most of what the index knows may be gone
    )
    tell(event="done", count=report.count, embedded=encoder.images, calls=doom.calls)
    pool.close()


class Doom:
    """While entered, counts the system calls of this thread and kills the process at number ``die_at``.

    ``how`` is "before" or "after" the call; "half" of a write is done first. 0 never kills.
    """

    def __init__(self, die_at: int, how: str) -> None:
        self.calls = 0
        self._die_at = die_at
        self._how = how
        self._thread = threading.get_ident()
        self._active = False
        for name in SYSTEM_CALLS:
            setattr(os, name, self._fatal(name, getattr(os, name)))

    def __enter__(self) -> None:
        self._active = True

    def __exit__(self, *failure: object) -> None:
        self._active = False

    def _fatal(self, name, real):
        def call(*arguments, **options):
            if not self._active or threading.get_ident() != self._thread:
                return real(*arguments, **options)
            self.calls += 1
            if self.calls != self._die_at:
                return real(*arguments, **options)
            if name == "write" and self._how == "half":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            elif self._how == "after":
                real(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("survived")

        return call


def colour_of(name: str) -> tuple[int, int, int]:
    """The colour of the picture of that name in the jobs for two programs."""
    mixed = zlib.crc32(name.encode())
    return 1 + mixed % 251, 1 + (mixed >> 8) % 251, 1 + (mixed >> 16) % 251


def churn_job(job: dict) -> None:
    """Add and delete pictures of one's own and update the index, over and over, against another program."""
    rng = random.Random(job["seed"])
    folder, store = Path(job["folder"]), Path(job["store"])
    encoder, pool = FakeEncoder(), LocalPool()
    commit.DEAD_ROWS = 3
    embedding_run.CHECKPOINT_IMAGES = 4
    index = open_index(store, folder, encoder)
    mine: list[str] = []
    locked = 0
    for turn in range(job["turns"]):
        for number in range(rng.randrange(1, 8)):
            name = f"{job['name']}-{turn}-{number}.png"
            # Written aside and renamed: a picture that is half written is another test's business.
            paint(folder / f".{name}", colour_of(name), (6, 5)).rename(folder / name)
            mine.append(name)
        for _ in range(rng.randrange(0, min(4, len(mine)))):
            (folder / mine.pop(rng.randrange(len(mine)))).unlink()
        if rng.random() < 0.3:  # like a program that was started anew; else one that has been running
            index = open_index(store, folder, encoder)
        while True:
            try:
                report = update_index(folder, encoder, index, pool=pool, allow_mass_removal=True)
                break
            except IndexLocked:
                locked += 1
                time.sleep(rng.random() * 0.003)
        tell(event="updated", count=report.count, files=sorted(mine))
    tell(event="done", locked=locked)


def read_job(job: dict) -> None:
    """Load the index in a loop until a file says stop; report how many different states were seen whole."""
    stop, store, folder = Path(job["stop"]), Path(job["store"]), Path(job["folder"])
    rng = random.Random(1)
    loads, generations, queried = 0, set(), 0
    last = 0
    while not stop.exists() or not loads:
        index = open_index(store, folder, FakeEncoder())
        if not index.generation:
            continue
        loads += 1
        assert index.generation >= last, "an older state came back"
        last = index.generation
        generations.add(last)
        files = list(index.files())
        assert len(files) == index.count
        for file in rng.sample(files, min(5, len(files))):
            wanted = unit_rows(np.array([colour_of(file.path)], dtype=np.float32))[0]
            assert np.allclose(index.vector(file.path), wanted, atol=1e-5), file.path
            scores, rows = index.search(wanted, 1)
            assert scores[0] > 0.99999, file.path
            assert np.allclose(unit_rows(np.array([colour_of(index.path_of(int(rows[0])).name)])), wanted, atol=5e-3)
            queried += 1
    tell(event="done", loads=loads, generations=len(generations), queried=queried)


def hold_job(job: dict) -> None:
    """Hold the writer's lock until killed."""
    with ImageIndex(Path(job["store"]), Path(job["folder"]), FakeEncoder.space, FakeEncoder.dim).locked():
        tell(event="held")
        while True:
            signal.pause()


LONGEST = 600
"""Seconds that a job may take; most are killed within one."""

JOBS = {"index": index_job, "churn": churn_job, "read": read_job, "hold": hold_job}


def main() -> None:
    tell(event="ready")
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            signal.alarm(LONGEST)  # not even a job whose test is gone stays for ever
            tell(event="started", pid=os.getpid())
            try:
                JOBS[job["do"]](job)
            except BaseException as error:  # noqa: BLE001 - it is told to the test, which fails on it
                tell(event="failed", error=repr(error), trace=traceback.format_exc())
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        tell(event="ended", pid=pid, killed=os.WIFSIGNALED(status))


if __name__ == "__main__":
    main()

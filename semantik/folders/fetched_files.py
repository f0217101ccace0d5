"""Files of a remote folder on this computer's disk, for as long as they are looked at, and what is made of them."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil

from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.pool import DecodePool
from semantik.errors import IndexNotSaved, system_detail
from semantik.folders.file_embedder import EmbeddedFile, Embedder, Failure, Here
from semantik.folders.known_content import Read
from semantik.folders.remote_files import RemoteFiles
from semantik.index import ImageIndex
from semantik.long_tasks import TaskControl
from semantik.records import ImageFile
from semantik.storage.private_files import FOLDER_MODE, temporary_folder

log = logging.getLogger(__name__)

Fetched = list[tuple[ImageFile, "Path | Failure"]]
"""Files, and where each is or why it could not be had."""

_MOST_FILES, _MOST_BYTES = 64, 128 * 2**20
"""What is fetched together, one file at least: the next ones are fetched while these are decoded."""

_PREFIX = "semantik-fetched-"
_LEFT_AFTER = 24 * 3600.0  # seconds in which nothing came to a folder of another machine, or of a container


@contextmanager
def fetched_ahead(folder: Path, files: Sequence[ImageFile]) -> Iterator[Iterator[Fetched]]:
    """Files of a remote folder, some at a time, each on the disk until the next ones are asked for.

    The iterator raises as ``RemoteFiles`` and ``RemoteFiles.fetch``, and IndexNotSaved for a disk that takes no files.
    """
    _sweep()
    store = RemoteFiles(folder)
    try:
        place = temporary_folder() / f"{_PREFIX}{_machine()}-{os.getpid()}-{secrets.token_hex(8)}"
        place.mkdir(FOLDER_MODE)  # nobody else may look into it
    except OSError as error:
        raise IndexNotSaved(folder=str(temporary_folder()), detail=system_detail(error)) from error
    with ThreadPoolExecutor(1, "ahead") as ahead:
        try:
            yield _portions(store, files, place, ahead)
        finally:
            store.give_up()
            ahead.shutdown(cancel_futures=True)
            shutil.rmtree(place, ignore_errors=True)


def _portions(
    store: RemoteFiles, files: Sequence[ImageFile], place: Path, ahead: ThreadPoolExecutor
) -> Iterator[Fetched]:
    def fetch(number: int, some: list[ImageFile]) -> Fetched:
        into = place / str(number)
        try:
            into.mkdir()
        except OSError as error:
            raise IndexNotSaved(folder=str(place), detail=system_detail(error)) from error
        return [*zip(some, store.fetch(some, into), strict=True)]

    portions = enumerate(_divided(files))
    coming = next(portions, None)
    under_way = ahead.submit(fetch, *coming) if coming else None
    while coming and under_way:
        fetched, (number, _) = under_way.result(), coming
        coming = next(portions, None)
        under_way = ahead.submit(fetch, *coming) if coming else None
        yield fetched
        shutil.rmtree(place / str(number), ignore_errors=True)


def _divided(files: Sequence[ImageFile]) -> Iterator[list[ImageFile]]:
    some: list[ImageFile] = []
    size = 0
    for file in files:
        if some and (len(some) == _MOST_FILES or size + file.size > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append(file)
        size += file.size
    if some:
        yield some


def _sweep() -> None:
    """Delete what killed programs of this user left."""
    own = os.getuid() if hasattr(os, "getuid") else None
    for path in temporary_folder().glob(f"{_PREFIX}*"):
        try:
            status = path.lstat()
        except OSError:
            continue
        if own in (None, status.st_uid) and (_is_left(path) or time.time() - status.st_mtime > _LEFT_AFTER):
            log.info("%s was left by a program that is gone", path)
            shutil.rmtree(path, ignore_errors=True)


def _is_left(place: Path) -> bool:
    """Whether the program that made it ran on this machine, and is gone."""
    machine, _, rest = place.name.removeprefix(_PREFIX).partition("-")
    number = rest.partition("-")[0]
    return machine == _machine() and number.isdecimal() and not psutil.pid_exists(int(number))


def _machine() -> str:
    """What tells it from others, and from containers, whose programs have numbers of their own."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


class RemoteEmbedder:
    """An ``Embedder`` of a remote folder's files, which another one embeds once they are here."""

    def __init__(self, folder: Path, local: Embedder, control: TaskControl) -> None:
        self._folder = folder
        self._local = local
        self._control = control

    def load(self) -> None:
        """As the other. Raises as that, RemotePackageMissing and FolderUrlBad."""
        RemoteFiles(self._folder)
        self._local.load()

    def embed(
        self, todo: Sequence[ImageFile], here: Here, *, alone: bool = False
    ) -> Generator[Sequence[EmbeddedFile], None, None]:
        """As ``Embedder``; what cannot be fetched comes out first of those that are fetched together.

        Raises as ``fetched_ahead`` besides.
        """
        with fetched_ahead(self._folder, todo) as portions:
            for fetched in portions:
                yield [EmbeddedFile(file, failure=each) for file, each in fetched if isinstance(each, Failure)]
                places = {file.path: each for file, each in fetched if isinstance(each, Path)}
                files = [file for file, _ in fetched if file.path in places]
                yield from self._local.embed(files, _among(places), alone=alone)
                if self._control.cancelled:
                    return

    def saved(self, *, complete: bool = False) -> None:
        """As the other."""
        self._local.saved(complete=complete)

    def forget(self) -> None:
        """As the other."""
        self._local.forget()


def _among(places: Mapping[str, Path]) -> Here:
    return lambda file: places[file.path]


def remote_reader(index: ImageIndex, pool: DecodePool, control: TaskControl, *, whole: bool = False) -> Read:
    """``known_content.reader`` for a remote folder: it fetches what seems to be the same as another file.

    Such files have one size, and one version as the store tells it (see ``remote_files.changed_ns``). With ``whole``
    all are fetched that are asked for.
    """

    def read(files: Sequence[ImageFile]) -> dict[str, str]:
        known: dict[str, str] = {}
        wanted = files if whole else _alike(index, files)
        if not wanted:
            return known
        with fetched_ahead(index.folder, wanted) as portions:
            for fetched in portions:
                control.wait_while_paused()
                if control.cancelled:
                    break
                there = [(file, each) for file, each in fetched if isinstance(each, Path)]
                for (file, _), told in zip(there, pool.fingerprints(place for _, place in there), strict=True):
                    if isinstance(told, Fingerprint) and told.digest:
                        known[file.path] = told.digest
        return known

    return read


def _alike(index: ImageIndex, files: Sequence[ImageFile]) -> list[ImageFile]:
    sizes = {file.size for file in files}
    groups: dict[tuple[int, int], set[tuple[str, int]]] = defaultdict(set)
    for file in (*files, *(index.file_of(row) for row in index.rows_of_sizes(sizes))):
        groups[_version(file)].add((file.path, file.mtime_ns))
    return [file for file in files if len(groups[_version(file)]) > 1]


def _version(file: ImageFile) -> tuple[int, int]:
    return file.size, file.mtime_ns % 10**9


@contextmanager
def fetched(folder: Path, file: ImageFile) -> Iterator[Path | Failure]:
    """One file of a remote folder, as ``fetched_ahead``."""
    with fetched_ahead(folder, [file]) as portions:
        yield next(portions)[0][1]

"""The models' files on disk: where they are, whether they are the right ones, and how they get there.

Why not pooch: it knows a file's hash and moves it into place when it matches, but it always starts
over in a fresh temporary file, has no deadline for a dead network, no way to cancel, and lets two
processes download the same file side by side. What is left of its work is small, so the transfer is
done with requests (``resumable_transfer.py``) and the place is kept by filelock.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from semantik.downloads.resumable_transfer import DownloadLimits, Transfer
from semantik.errors import DiskFull, WeightsFolderUnwritable, WeightsMissing, WrongHash
from semantik.long_tasks import UNATTENDED, Progress, SpeedMeter, TaskControl
from semantik.storage.atomic_files import patiently, sync_folder
from semantik.storage.home import is_writable

log = logging.getLogger(__name__)

ROOM_TO_SPARE = 64 << 20  # bytes that a download leaves free on the disk
APPROXIMATE = 0.02  # how far the size of a good file may be from a size that is not known exactly

_verified: dict[Path, tuple[int, int, str]] = {}  # path -> size, mtime_ns and SHA-256 that were checked


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file to download. ``name`` is what the user calls it, ``size`` is in bytes.

    ``exact`` tells that ``size`` is the file's own; otherwise it only serves to show and to plan.
    """

    name: str
    url: str
    sha256: str  # hexadecimal, lower case
    size: int
    filename: str
    exact: bool = True


def default_folder() -> Path:
    """Where the ``clip`` package looks for its files."""
    return Path.home() / ".cache" / "clip"


def weights_path(file: WeightsFile, folder: Path | None = None) -> Path:
    """Where the file is kept: in ``folder``, or by default where the ``clip`` package looks."""
    return (folder or default_folder()) / file.filename


def is_ready(file: WeightsFile, folder: Path | None = None) -> bool:
    """Whether the file is on disk with its size. Cheap: the content is checked by ``verify``."""
    try:
        size = weights_path(file, folder).stat().st_size
    except OSError:
        return False
    return size == file.size if file.exact else abs(size - file.size) <= file.size * APPROXIMATE


def verify(file: WeightsFile, folder: Path | None = None) -> Path:
    """The path of the file, once its SHA-256 matches. A file that did not change is hashed once a process.

    Raises WeightsMissing when it is not there and WrongHash when it is another file.
    """
    path = weights_path(file, folder)
    try:
        right = _matches(file, path)
    except OSError as error:
        log.info("%s cannot be read: %s", path, error)
        raise WeightsMissing(name=file.name, megabytes=round(file.size / 1e6)) from error
    if not right:
        raise WrongHash(name=file.name)
    return path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal. Raises OSError."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def download(
    file: WeightsFile,
    folder: Path | None = None,
    control: TaskControl = UNATTENDED,
    *,
    limits: DownloadLimits | None = None,
) -> Path:
    """Fetch the file, resuming what an earlier try left in ``<filename>.part``, and check its SHA-256.

    Returns the path of the right file; nothing is downloaded when it is there already. Blocks: meant
    for a worker thread. ``control`` is told in that thread the bytes, bytes per second and seconds
    left, at most ten times a second and once at the end; whether it is cancelled is asked between
    chunks, so a stalled connection answers within ``limits.timeout``. A second process that wants the
    same file waits for the first.

    Raises NoNetwork (within five seconds as long as the server has not answered; once it has, a dead
    network is retried first, as ``limits`` says: half a minute), ServerRefused, UntrustedServer,
    DownloadInterrupted (what arrived is kept), WrongHash (what arrived is deleted), DiskFull,
    WeightsFolderUnwritable, Cancelled (what arrived is kept), or DownloadFailed for anything else.
    """
    target = weights_path(file, folder)
    arrival = _Arrival(file.size, control)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target, arrival):
            if not (target.is_file() and _matches(file, target)):
                _fetch(file, target, limits or DownloadLimits(), arrival)
            arrival.finish(target.stat().st_size)
    except OSError as error:
        # Network errors are told apart in the transfer, so that what comes here is about the folder.
        log.exception("cannot write %s", target)
        raise WeightsFolderUnwritable(name=file.name, folder=target.parent, detail=str(error)) from error
    return target


class _Arrival:
    """How the bytes of one file arrive, told to ``control`` at most ten times a second."""

    def __init__(self, total: int, control: TaskControl) -> None:
        self.control = control
        self._total = total
        self._meter = SpeedMeter(memory=5.0, interval=0.1)  # networks change faster than computers
        self.restart()

    def restart(self) -> None:
        """The count of bytes is about to jump, which is no speed."""
        self._meter.restart()

    def show(self, done: int, total: int | None) -> None:
        """``done`` bytes are there; ``total`` corrects the expected size."""
        self._total = total or max(self._total, done)
        self._meter.report(self.control, done, self._total)

    def finish(self, size: int) -> None:
        """Everything is there."""
        self.control.report(Progress(size, size, self._meter.rate, 0.0))


def _fetch(file: WeightsFile, target: Path, limits: DownloadLimits, arrival: _Arrival) -> None:
    """Transfer to the partial file, check the whole and move it into place."""
    transfer = Transfer(
        name=file.name,
        url=file.url,
        part=target.with_name(target.name + ".part"),
        size=file.size if file.exact else None,
        most=file.size if file.exact else file.size * 2,
        limits=limits,
        on_bytes=arrival.show,
        control=arrival.control,
    )
    _check_room(file, target.parent, transfer.have)
    transfer.run()
    if file_sha256(transfer.part) != file.sha256:
        transfer.drop()
        if not transfer.pieced:
            raise WrongHash(name=file.name)
        # A part that an earlier run left may have been spoiled by a power cut: the whole gets one chance.
        log.warning("%s: the resumed file is wrong, downloading it whole", file.name)
        arrival.restart()
        transfer.run()
        if file_sha256(transfer.part) != file.sha256:
            transfer.drop()
            raise WrongHash(name=file.name)
    patiently(lambda: os.replace(transfer.part, target))  # a virus scanner reads what has just arrived
    transfer.drop()
    with contextlib.suppress(OSError):
        sync_folder(target.parent)
    _remember(file, target)


def _check_room(file: WeightsFile, folder: Path, have: int) -> None:
    needed = max(0, file.size - have) + ROOM_TO_SPARE
    if shutil.disk_usage(folder).free < needed:
        raise DiskFull(name=file.name, folder=folder, needed_mb=math.ceil(needed / 1e6))


@contextlib.contextmanager
def _alone(target: Path, arrival: _Arrival) -> Iterator[None]:
    """Hold the file's lock, so that two processes or threads never write the same partial file."""
    import filelock

    lock = filelock.FileLock(target.with_name(target.name + ".lock"))
    part = target.with_name(target.name + ".part")
    while True:
        try:
            lock.acquire(timeout=0.2, poll_interval=0.05)
            break
        except filelock.Timeout:
            arrival.control.stop_if_cancelled()
            if not is_writable(target.parent):  # which filelock takes for a lock that is held, on Windows
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target.parent)) from None
            with contextlib.suppress(OSError):  # the other one's progress is this one's, too
                arrival.show(part.stat().st_size, None)
    try:
        yield
    finally:
        lock.release()


def _matches(file: WeightsFile, path: Path) -> bool:
    """Whether the content is the right one. Raises OSError."""
    state = path.stat()
    if _verified.get(path.absolute()) == (state.st_size, state.st_mtime_ns, file.sha256):
        return True
    if file.exact and state.st_size != file.size:
        return False
    if file_sha256(path) != file.sha256:
        return False
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
        return False  # it was written to meanwhile
    _remember(file, path)
    return True


def _remember(file: WeightsFile, path: Path) -> None:
    state = path.stat()
    _verified[path.absolute()] = (state.st_size, state.st_mtime_ns, file.sha256)

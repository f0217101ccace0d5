"""Writing files so that a kill, a full disk or a power cut leaves the old content or the new one, whole.

Everything goes through ``os`` calls, one at a time: the fault tests fail each of them in turn.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from semantik.storage.private_files import FILE_MODE

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_CHUNK = 1 << 24  # bytes per write call: large enough for full speed, small enough for a prompt ENOSPC
_OURS = re.compile(r"\d+")  # a process id
_OURS_FOR_SURE = re.compile(r"semantik-[0-9a-f]{16}")
_LEFTOVER_AGE = 3600.0  # seconds after which an unfinished file was left by a killed process
# Seconds between the tries of what Windows refuses while another program has the file open for a moment.
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8) if os.name == "nt" else ()
# What file systems answer that cannot sync a folder (9p, vboxsf, some FUSE and network mounts).
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR}


def write_new(path: Path, chunks: Iterable[bytes | memoryview], mode: int = FILE_MODE) -> None:
    """Create ``path`` (it must not exist), write all chunks and force them to the disk.

    ``mode``: who may read it; as a rule its owner alone. Raises OSError; the half-written file is then removed.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        try:
            for chunk in chunks:
                view = memoryview(chunk).cast("B")
                while view:
                    written = os.write(descriptor, view[:_CHUNK])
                    if not written:  # no system should; this must not become an endless loop
                        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
                    view = view[written:]
            _sync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk, so that a created or renamed file survives a power cut.

    Raises OSError, but not where the system or the file system knows no such thing.
    """
    if os.name == "nt":  # Windows has no such call; NTFS journals its entries
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def replace_file(path: Path, data: bytes | Sequence[bytes], *, mode: int = FILE_MODE, ours: bool = True) -> bool:
    """Give ``path`` the content ``data``, whole or in pieces: readers see the old file or the new one, never a part.

    ``mode`` as for ``write_new``. ``ours``: the folder is the program's own. In any other, unfinished files have names
    that nobody else would give: what is removed there must be ours for sure.
    Raises OSError, and ``path`` is then as it was. Returns whether the change is sure to survive a
    power cut: False when the folder could not be synced after the rename, which cannot be undone.
    Not for two threads and one path at the same time.
    """
    # Cut, so that the temporary file of a long name is not too long.
    unique = str(os.getpid()) if ours else f"semantik-{os.urandom(8).hex()}"
    temporary = path.with_name(f"{path.name[:50]}.{unique}.tmp")
    if ours:
        with contextlib.suppress(FileNotFoundError):
            patiently(temporary.unlink)  # left by a killed process that had the same id
    write_new(temporary, [data] if isinstance(data, bytes) else data, mode)
    try:
        patiently(lambda: os.replace(temporary, path))
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _remove_leftovers(path, _OURS if ours else _OURS_FOR_SURE)
    try:
        sync_folder(path.parent)
    except OSError as error:
        log.warning("%s was replaced, but its folder could not be synced: %s", path, error)
        return False
    return True


def patiently(call: Callable[[], Result]) -> Result:
    """The result of ``call``, which Windows may refuse while another program has the file open.

    A reader, a virus scanner or an indexing service holds it for milliseconds; elsewhere a refusal is
    final. Raises PermissionError when it lasts, and whatever else ``call`` raises.
    """
    for pause in _PAUSES:
        try:
            return call()
        except PermissionError:
            time.sleep(pause)
    return call()


def _sync(descriptor: int) -> None:
    if sys.platform == "darwin":  # there, fsync leaves the data in the drive's own cache
        import fcntl

        with contextlib.suppress(OSError):  # network drives do not know it
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def _remove_leftovers(path: Path, unique: re.Pattern[str]) -> None:
    """Delete what killed processes left unfinished under this name; other running programs' files are younger."""
    with contextlib.suppress(OSError):
        for leftover in path.parent.glob(f"{glob.escape(path.name[:50])}.*.tmp"):
            part = leftover.name.removesuffix(".tmp").removeprefix(f"{path.name[:50]}.")
            if unique.fullmatch(part) and leftover.is_file() and time.time() - leftover.stat().st_mtime > _LEFTOVER_AGE:
                leftover.unlink()

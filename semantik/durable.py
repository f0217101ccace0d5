"""Writing files so that a kill, a full disk or a power cut leaves the old content or the new one, whole.

Everything goes through ``os`` calls, one at a time: the fault tests fail each of them in turn.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

_CHUNK = 1 << 24  # bytes per write call: large enough for full speed, small enough for a prompt ENOSPC


def write_new(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Create ``path`` (it must not exist), write all chunks and force them to the disk.

    Raises OSError; the half-written file is then removed.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
    try:
        try:
            for chunk in chunks:
                view = memoryview(chunk).cast("B")
                while view:
                    view = view[os.write(descriptor, view[:_CHUNK]) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk, so that a created or renamed file survives a power cut."""
    if os.name == "nt":  # Windows has no such call; NTFS journals its entries
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> bool:
    """Give ``path`` the content ``data``: readers see the old file or the new one, never a part.

    Raises OSError, and ``path`` is then as it was. Returns whether the change is sure to survive a
    power cut: False when the folder could not be synced after the rename, which cannot be undone.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()  # left by a killed process that had the same id
    write_new(temporary, [data])
    try:
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    try:
        sync_folder(path.parent)
    except OSError as error:
        log.warning("%s was replaced, but its folder could not be synced: %s", path, error)
        return False
    return True

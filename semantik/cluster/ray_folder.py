"""Where Ray keeps its sockets and logs while it runs on this computer alone, and what killed programs left of that."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from semantik.storage.home import cluster_folder
from semantik.storage.private_files import FILE_MODE, make_folder

log = logging.getLogger(__name__)

_LONGEST = 103  # bytes of a socket's path: macOS takes no more, Linux 107
_BELOW = len("/session_2026-11-28_19-02-41_505091_4194304/sockets/plasma_store")  # what Ray adds to the folder's path
_LOCK = ".lock"


class RayFolder:
    """A new folder: in the home, unless that has too long a path for sockets. Gone when it is closed.

    Its lock, in the home, is held as long: the system lets go of a killed program's, and the next one that makes such
    a folder there deletes what that one left.
    """

    def __init__(self, home: Path) -> None:
        """Raises OSError."""
        own = cluster_folder(home)
        make_folder(own)
        _sweep(own)
        token = secrets.token_hex(4)
        self._lock = _lock_of(own / f"{token}{_LOCK}")
        self._lock.acquire(timeout=0)  # before there is a folder, so that no other takes it for left
        near, far = _folders(own, token)
        fits = os.name == "nt" or len(os.fsencode(near)) + _BELOW <= _LONGEST
        self.path = near if fits else far
        make_folder(self.path)

    def close(self) -> None:
        """Delete it. May be called again."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        _forget(Path(self._lock.lock_file))


def _folders(own: Path, token: str) -> tuple[Path, Path]:
    """Where the folder of that token is: the one or the other."""
    return own / f"r{token}", Path(f"/tmp/semantik-{token}")


def _sweep(own: Path) -> None:
    """Delete the folders of programs that are gone. What cannot be deleted stays for the next time."""
    for path in own.glob(f"*{_LOCK}"):
        lock = _lock_of(path)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue
        for folder in _folders(own, path.name.removesuffix(_LOCK)):
            if folder.is_dir() and not folder.is_symlink():
                log.info("%s was left by a program that is gone", folder)
                shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        _forget(path)


def _lock_of(path: Path) -> FileLock:
    return FileLock(path, mode=FILE_MODE, thread_local=False)


def _forget(lock: Path) -> None:
    try:
        lock.unlink(missing_ok=True)
    except OSError as error:
        log.info("%s stays: %s", lock, error)

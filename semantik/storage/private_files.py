"""What the home holds is its owner's alone: folders 0700, files 0600, made so and kept so.

Windows has no such bits; there the user's folder is private by its access list, which what is made in it inherits.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Make a private folder, and those above it that are missing. Raises OSError."""
    missing = []
    for place in (folder, *folder.parents):
        if place.is_dir():
            break
        missing.append(place)
    for place in reversed(missing):
        place.mkdir(mode=FOLDER_MODE, exist_ok=True)


def temporary_folder() -> Path:
    """Where the system has what nobody needs tomorrow. ``tempfile`` would try for ever where Windows allows nothing."""
    named = next(filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP"))), None)
    return Path(named or ("/tmp" if os.name != "nt" else Path.home() / "AppData" / "Local" / "Temp"))


def opener(path: str, flags: int) -> int:
    """For ``open``: a file that is made is private."""
    return os.open(path, flags, FILE_MODE)


def touch(path: Path) -> None:
    """Make an empty private file for a library that would make one that anybody may read. Raises OSError."""
    # Not a pipe's other end to wait for: that is for whoever opens it next.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), FILE_MODE))


def close_folder(folder: Path) -> None:
    """Make a folder private, and first all that is in it. One that is private already was gone through before."""
    with contextlib.suppress(OSError):
        if not folder.is_dir() or not folder.stat().st_mode & _OTHERS:
            return
        for path in folder.iterdir():
            if path.is_symlink():  # it may lead to the user's own
                continue
            if path.is_dir():
                close_folder(path)
            elif path.is_file():
                restrict(path)
        restrict(folder)


def restrict(path: Path) -> None:
    """Take from others what they may do with a file or folder; what the system refuses is left."""
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)

"""What the home holds is its owner's alone: folders 0700, files 0600, made so and kept so.

Windows has no such bits; there the user's folder is private by its access list, which what is made in it inherits.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from semantik.storage.home import PROGRAM_FOLDER, own_files, own_folders

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


def opener(path: str, flags: int) -> int:
    """For ``open``: a file that is made is private."""
    return os.open(path, flags, FILE_MODE)


def touch(path: Path) -> None:
    """Make an empty private file for a library that would make one that anybody may read. Raises OSError."""
    # Not a pipe's other end to wait for: that is for whoever opens it next.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), FILE_MODE))


def tighten(home: Path) -> None:
    """Make what an older version left in the home private, and the home itself where nothing else is in it.

    What the user put beside our files is left as it is. A folder that is private already was gone through before.
    What the system refuses (FAT knows no permissions) is left.
    """
    if os.name == "nt":
        return
    folders, files = own_folders(home), own_files(home)
    for folder in folders:
        _close(folder)
    for file in files:
        _restrict(file)
    ours = {path.name for path in (*folders, *files)}
    with contextlib.suppress(OSError):
        if home != PROGRAM_FOLDER and all(_is_ours(path.name, ours) for path in home.iterdir()):
            _restrict(home)


def _is_ours(name: str, ours: Iterable[str]) -> bool:
    return name in ours or any(name.startswith(f"{own}.") for own in ours)  # a lock, what was kept aside


def _close(folder: Path) -> None:
    """Tighten a folder, and first all that is in it."""
    with contextlib.suppress(OSError):
        if not folder.is_dir() or not folder.stat().st_mode & _OTHERS:
            return
        for path in folder.iterdir():
            if path.is_symlink():  # it may lead to the user's own
                continue
            if path.is_dir():
                _close(path)
            elif path.is_file():
                _restrict(path)
        _restrict(folder)


def _restrict(path: Path) -> None:
    with contextlib.suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)

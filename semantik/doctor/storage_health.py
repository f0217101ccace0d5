"""The folders that the program writes to: whether it can, how much room is left, what they take."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from semantik.doctor.findings import Bytes, Finding, Private, note, ok, wrong
from semantik.downloads.model_file import default_folder
from semantik.storage.home import folder_of_indexes, is_writable, picture_folders
from semantik.storage.mounts import Mounts

LEAST_ROOM = 500 << 20
"""With less free space than this, an index of a large folder may not be saved."""


def check(home: Path, weights: Path | None) -> Iterator[Finding]:
    """The home and the weights folder."""
    yield from _place(home, Private(home, "home"), "doctor.home", "doctor.advice_home")
    for kept in picture_folders(home):
        yield ok("storage", "doctor.kept", name=kept.name, size=Bytes(folder_bytes(kept)))
    folder = weights or default_folder()
    shown = Private(folder, "weights")
    if folder.is_dir():
        yield from _place(folder, shown, "doctor.weights", "doctor.advice_weights")
    elif folder.exists():
        yield wrong("storage", "doctor.weights_no_folder", "doctor.advice_weights", folder=shown)
    else:
        yield note("storage", "doctor.weights_absent", folder=shown)


def _place(folder: Path, shown: Private, key: str, advice: str) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    if not is_writable(folder):
        yield wrong("storage", f"{key}_not_writable", advice, folder=shown)
    elif free < LEAST_ROOM:
        yield wrong("storage", f"{key}_full", "doctor.advice_room", folder=shown, free=Bytes(free))
    else:
        yield ok("storage", key, folder=shown, free=Bytes(free))


def folder_bytes(folder: Path, pattern: str = "*") -> int:
    """What the files of a folder take, those of its subfolders included."""
    total = 0
    with contextlib.suppress(OSError):  # a folder that is not there, or goes meanwhile
        for path in folder.rglob(pattern):
            with contextlib.suppress(OSError):
                if path.is_file():
                    total += path.stat().st_size
    return total


# -- The folders that the window opens: whether the system tells of changes in them


def check_watching(home: Path, opened: Sequence[str]) -> Iterator[Finding]:
    """How each folder can be watched. No drive is touched: a server may not answer."""
    mounts = Mounts.read()
    for name in opened:
        folder = Path(name).absolute()
        shown = Private(name, "folder", folder_of_indexes(home, folder).name)
        if mounts.needs_polling(folder):
            yield note("folders", "doctor.folder_polled", "doctor.advice_polled", folder=shown)
        else:
            yield ok("folders", "doctor.folder_told", folder=shown)

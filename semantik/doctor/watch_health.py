"""The folders that the window opens: whether the system tells of changes in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from semantik.doctor.findings import Finding, Private, note, ok
from semantik.folders.watching.network_drives import Mounts
from semantik.storage.settings import index_folder


def check(home: Path, opened: Sequence[str]) -> Iterator[Finding]:
    """How each folder can be watched. No drive is touched: a server may not answer."""
    mounts = Mounts.read()
    for name in opened:
        folder = Path(name).absolute()
        shown = Private(name, "folder", index_folder(home, folder, "any").parent.name)
        if mounts.is_untold(folder):
            yield note("folders", "doctor.folder_polled", "doctor.advice_polled", folder=shown)
        else:
            yield ok("folders", "doctor.folder_told", folder=shown)

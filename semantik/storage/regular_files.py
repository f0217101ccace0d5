"""Opening files that may be anything: pipes, devices, names beyond what Windows likes, lying lengths."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    # Between the look and the opening a file may become a pipe: O_NONBLOCK keeps that from blocking.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_WINDOWS_MAX_PATH = 248  # for folders; files may have 260


class NotRegular(OSError):
    """The path names a pipe, device, socket or folder."""


class BoundedReader(io.BufferedReader):
    """A file that reserves no more memory for a read than it has bytes left.

    Decoders ask for as many bytes as a length field says. Plain files allocate that before they read.
    """

    _LARGE = 2**20

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes."""
        if size is not None and size > self._LARGE:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def open_regular(path: Path) -> BoundedReader:
    """Open a regular file for reading; anything else is refused without being touched or waited for.

    Raises NotRegular, other OSErrors as ``open`` does, and ValueError for a name that no file can have.
    """
    path = _long_path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotRegular("not a regular file")
    file = BoundedReader(io.FileIO(os.open(path, _FLAGS)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotRegular("not a regular file")
    return file


def _long_path(path: Path) -> Path:
    """The path in a form that Windows accepts beyond 260 characters."""
    if os.name != "nt":
        return path
    name = str(path.absolute())
    return path if len(name) < _WINDOWS_MAX_PATH or name.startswith("\\\\") else Path("\\\\?\\" + name)

"""Opening files that may be anything: pipes, links, what is not on the disk, names beyond what Windows likes."""

from __future__ import annotations

import contextlib
import errno
import io
import ntpath
import os
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from urllib.parse import quote

from semantik.folder_urls import is_remote
from semantik.records import Reason

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    # Between the look and the opening a file may become a pipe: O_NONBLOCK keeps that from blocking.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
# OneDrive and others: FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS, _RECALL_ON_OPEN and _OFFLINE (winnt.h).
_RECALLED = 0x400000 | 0x40000 | 0x1000
_DATALESS = 0x40000000  # SF_DATALESS of macOS (sys/stat.h): iCloud, and others by its File Provider
_MOUNT_POINT = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: junctions, and disks that are mounted in a folder
_WINDOWS_MAX_PATH = 248  # for folders; files may have 260

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
DEVICE = r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|\\|$)"
"""Begins a name that Windows takes for a device, in a pattern that ignores case."""

_ALTERED = re.compile(rf"[. ](?=\\|$)|(?:^|\\){DEVICE}", re.IGNORECASE)
_UPWARDS = re.compile(r"\\\.\.(?=\\|$)")


class NotRegular(OSError):
    """The path names a pipe, device, socket or folder."""

    reason = Reason.NOT_AN_IMAGE


class OddName(NotRegular):
    """An object of a store is called as no file in a folder can be."""

    reason = Reason.ODD_NAME


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
    path = long_path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotRegular("not a regular file")
    file = BoundedReader(io.FileIO(os.open(path, _FLAGS)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotRegular("not a regular file")
    return file


def read_regular(path: Path) -> bytes:
    """The content of a regular file. Raises as ``open_regular``."""
    with open_regular(path) as file:
        return file.read()


def is_file(path: Path) -> bool:
    """Whether there is a regular file that can be seen; a network drive that is gone answers with strange errors."""
    try:
        return long_path(path).is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder that can be seen."""
    try:
        return long_path(path).is_dir()
    except (OSError, ValueError):
        return False


def may_be_there(folder: Path) -> bool:
    """Whether a folder can be seen, or has a URL: no store is asked for that."""
    return is_folder(folder) or is_remote(folder)


def changed_ns(status: os.stat_result) -> int:
    """When a file was last changed, in nanoseconds since 1970, within 64 bits: a file may have any date.

    Those of Windows reach to the year 30828, and 64 bits from 1677 to 2262.
    """
    changed = status.st_mtime_ns
    return changed if -(2**63) <= changed < 2**63 else min(max(changed, -(2**63)), 2**63 - 1)


def is_only_in_cloud(status: os.stat_result) -> bool:
    """Whether a file's content is fetched from a service as soon as it is opened: only its name and size are here.

    Asking for the status fetches nothing.
    """
    attributes: int = getattr(status, "st_file_attributes", 0)
    flags: int = getattr(status, "st_flags", 0)
    return bool(attributes & _RECALLED or flags & _DATALESS)


def is_away(path: Path) -> bool:
    """Whether there is such a file at ``path``; what cannot be asked is not away."""
    try:
        return is_only_in_cloud(long_path(path).stat())
    except (OSError, ValueError):
        return False


def fetch(path: Path, is_over: Callable[[], bool] = lambda: False) -> None:
    """Have a file's content brought to the disk, as reading it does, until ``is_over``.

    What fails is left to whoever opens the file.
    """
    with contextlib.suppress(OSError, ValueError), open_regular(path) as file:
        while not is_over() and file.read(BoundedReader._LARGE):
            pass


def is_link(entry: os.DirEntry[str] | Path) -> bool:
    """Whether a name only leads to a file or folder: a symbolic link, or a junction of Windows. Raises OSError."""
    if entry.is_symlink():
        return True
    # Python tells by itself from 3.12 on. Elsewhere nothing is asked: it would cost a call for each folder.
    return os.name == "nt" and getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) == _MOUNT_POINT


def reason_of(error: Exception) -> Reason:
    """Why a file or folder was not read, of what the system raised; EOFError means that it became shorter."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Reason.VANISHED
        case PermissionError() if sys.platform == "darwin" and error.errno == errno.EPERM:
            return Reason.PRIVACY  # what file permissions refuse is EACCES there
        case PermissionError():
            return Reason.PERMISSION
        case NotRegular():
            return error.reason
        case EOFError():
            return Reason.CHANGED
        case _:
            return Reason.UNREADABLE


def long_path(path: Path, *, below: bool = False) -> Path:
    """The path in a form that Windows takes beyond 260 characters, and with names that other systems gave.

    A path that needs none of that, and any elsewhere, stays as it is. It is for calls of the system only, not to be
    kept or shown. ``below``: what lies in this folder is to be reached from it, so its own length tells nothing.
    """
    if os.name != "nt":
        return path
    return type(path)(_extended(str(path), always=below))


def is_altered(path: str) -> bool:
    """Whether Windows means another file by a path or name: it drops dots and blanks at ends, and knows devices.

    Disks that other systems write to have such files all the same.
    """
    return _ALTERED.search(path) is not None


def file_address(path: PurePath) -> str:
    """The ``file:`` address of an absolute path, for a browser.

    A name on Windows may hold half a pair of UTF-16, which no browser finds; it is escaped as it is all the same, as a
    page with such a picture must be made.
    """
    try:
        return path.as_uri()
    except UnicodeEncodeError:
        drive = path.drive.replace("\\", "/")
        rest = path.as_posix()[len(drive) :]
        start = "file:" if drive.startswith("//") else "file:///"
        return start + quote(drive, safe="/:") + quote(rest, errors="surrogatepass")


def _extended(name: str, *, always: bool) -> str:
    r"""A path of Windows with ``\\?\`` before it, where it needs that: that form knows no "..", and "/" is no bar."""
    if name.startswith(("\\\\?\\", "\\\\.\\")):
        return name
    # abspath takes dots from the ends of names.
    exact = ntpath.splitdrive(name)[0] and ntpath.isabs(name) and not _UPWARDS.search(name)
    whole = name if exact else ntpath.abspath(name)
    if len(whole) < _WINDOWS_MAX_PATH and not always and not is_altered(whole):
        return name
    # A share keeps one bar of its two: \\server\photos is \\?\UNC\server\photos.
    return "\\\\?\\UNC" + whole[1:] if whole.startswith("\\\\") else "\\\\?\\" + whole

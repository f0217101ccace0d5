"""Copying pictures into a folder of the user's, where nothing is ever overwritten and no half file is ever seen."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from semantik.errors import Cancelled, CopiesNotMade, system_detail
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Problem
from semantik.results.portable_names import kept, portable, with_number
from semantik.storage.atomic_files import patiently
from semantik.storage.regular_files import long_path, open_regular, reason_of

log = logging.getLogger(__name__)

_CHUNK = 1 << 20  # bytes between two looks at whether to stop
# What file systems answer to a name that they cannot hold: FAT to ":", several to bytes that are not UTF-8.
_BAD_NAME = {errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.ENOENT}


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What copying did."""

    copied: tuple[Path, ...]  # the new files
    already_there: tuple[Path, ...] = ()  # sources that lie in the folder themselves
    failed: tuple[Problem, ...] = ()  # sources that could not be read
    cancelled: bool = False


def copy_files(paths: Sequence[Path], folder: Path, control: TaskControl = UNATTENDED) -> CopyReport:
    """Copy files into ``folder`` under their own names, or as "foto (2).jpg" where a name is taken.

    Each appears whole, with its time of change, or not at all, and replaces nothing, whatever other programs do
    meanwhile. Names that the folder's file system does not take are made portable. Raises CopiesNotMade when
    the folder cannot be written; what was copied until then stays.
    """
    copied: list[Path] = []
    already_there: list[Path] = []
    failed: list[Problem] = []
    next_number: dict[str, int] = {}
    try:
        for path in paths:
            control.stop_if_cancelled()
            if _lies_in(path, folder):
                already_there.append(path)
                continue
            try:
                source = open_regular(path)
            except (OSError, ValueError) as error:
                log.warning("not copied: %s: %s", path, error)
                failed.append(problem_of(path, error))
                continue
            with source:
                try:
                    copied.append(_copy(source, kept(path.name), folder, next_number, control))
                except _SourceError as error:
                    log.warning("not copied: %s: %s", path, error.cause)
                    failed.append(problem_of(path, error.cause))
    except Cancelled:
        return CopyReport(tuple(copied), tuple(already_there), tuple(failed), cancelled=True)
    except OSError as error:
        raise CopiesNotMade(
            folder=str(folder), detail=system_detail(error), copied=len(copied), count=len(paths)
        ) from error
    return CopyReport(tuple(copied), tuple(already_there), tuple(failed))


def problem_of(path: Path, error: Exception) -> Problem:
    """Why a file could not be read, for a report."""
    return Problem(str(path), reason_of(error), str(error))


class _SourceError(Exception):
    """Reading failed, not writing: the other files may still be copied."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause


def _lies_in(path: Path, folder: Path) -> bool:
    try:
        return long_path(path.parent).samefile(long_path(folder))
    except (OSError, ValueError):
        return False


def _copy(source: BinaryIO, name: str, folder: Path, next_number: dict[str, int], control: TaskControl) -> Path:
    # In the folder itself, as a rename across file systems is no rename.
    partial = long_path(folder, below=True) / f".{secrets.token_hex(8)}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(partial, flags, 0o666), "wb") as target:
            while chunk := _read(source):
                control.stop_if_cancelled()
                target.write(chunk)
        status = os.fstat(source.fileno())
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        return _name_it(partial, folder, name, next_number)
    finally:
        with contextlib.suppress(OSError):
            patiently(lambda: partial.unlink(missing_ok=True))


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(_CHUNK)
    except OSError as error:
        raise _SourceError(error) from error


def _name_it(partial: Path, folder: Path, name: str, next_number: dict[str, int]) -> Path:
    while True:
        number = next_number.get(name, 1)
        path = folder / (name if number == 1 else with_number(name, number))
        try:
            _rename_without_replacing(partial, long_path(path))
        except FileExistsError:
            next_number[name] = number + 1
        except (OSError, ValueError) as error:
            if name == portable(name) or (isinstance(error, OSError) and error.errno not in _BAD_NAME):
                raise
            name = portable(name)
        else:
            next_number[name] = number + 1
            return path


def _rename_without_replacing(old: Path, new: Path) -> None:
    """Raises FileExistsError when ``new`` exists, also when it has just been made."""
    if os.name == "nt":
        patiently(lambda: old.rename(new))  # there it never replaces
        return
    try:
        os.link(old, new)
    except FileExistsError:
        raise
    except OSError:  # FAT and many network drives know no links: take the name first, then replace what is ours
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            os.replace(old, new)
        except OSError:
            new.unlink()
            raise

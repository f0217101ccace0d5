"""Why a file is not decoded, and the opening of files that may be refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from semantik.errors import DecodeFailed
from semantik.records import Reason
from semantik.storage.regular_files import open_regular, reason_of

Result = TypeVar("Result")


class Refused(Exception):
    """A file is not decoded for ``reason``; its ``__cause__`` is what a decoder raised, if any did."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def with_file(path: Path, work: Callable[[BinaryIO], Result]) -> Result:
    """What ``work`` makes of the open file. Raises DecodeFailed, also when the file changes meanwhile."""
    try:
        with open_regular(path) as file:
            before = os.fstat(file.fileno())
            try:
                return work(file)
            finally:
                after = os.fstat(file.fileno())
                if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                    raise Refused(Reason.CHANGED, f"{before.st_size} -> {after.st_size} bytes")
    except Refused as error:
        raise DecodeFailed(path=str(path), reason=error.reason, detail=error.detail) from error.__cause__
    except (OSError, ValueError) as error:  # ValueError: a name that no file system takes
        raise DecodeFailed(path=str(path), reason=reason_of(error), detail=str(error)) from error

"""Vector files as they are opened: held in memory, mapped, or, where a drive may go away in the middle, only read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.errors import IndexDamaged
from semantik.index.manifest import Segment
from semantik.index.store import HEADER_BYTES, flat_header
from semantik.storage.atomic_files import patiently
from semantik.storage.mounts import Mounts
from semantik.storage.regular_files import open_regular, read_regular

HELD_BYTES = 64 << 20
"""Vector files up to this size are held in memory: a disk that goes in the middle of a search takes nothing of them.

Larger ones on a drive that may go (a stick, a network's) are read for each search, at twice the cost of a mapped one
(benchmarks/index_scale.md). On the other drives they are mapped. Where such a file is made shorter in the time of one
search, what the system has not read yet is missing, and it ends the program (SIGBUS); ``OpenedFile.is_whole`` is asked
before each search. What was saved is whole in any case.
"""


_PIECE_BYTES = 1 << 20


class OpenedFile:
    """A vector file that is open, whatever its name leads to now, and what tells whether it is still what it was."""

    def __init__(self, path: Path, size: int, *, reads: bool = False) -> None:
        """``reads``: it is neither held nor mapped. Raises OSError, and ValueError when it has another size."""
        self._path = path
        self._size = size
        self._turn = threading.Lock()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            raise ValueError(f"{status.st_size} bytes instead of {size}")
        self._identity = _identity(status)
        self.held = size <= HELD_BYTES
        """Whether its content is in memory, and stays whatever becomes of the file."""
        self.data: NDArray[np.uint8] | None = None
        """The content, uint8 (bytes,); None of what is read."""
        if reads and not self.held:
            self._open: Any = patiently(lambda: open_regular(path))
            weakref.finalize(self, self._open.close)
            return
        mapped = patiently(lambda: np.memmap(path, dtype=np.uint8, mode="r"))
        held = patiently(lambda: read_regular(path)) if self.held else None
        if mapped.size != size or (held is not None and len(held) != size):
            raise ValueError("it became shorter")
        self._open = mapped.base  # the system's map, which has the file open
        self.data = np.asarray(mapped) if held is None else np.frombuffer(held, np.uint8)

    def read(self, into: memoryview, offset: int) -> None:
        """Fill ``into`` with the bytes from ``offset`` on; any thread may. Raises OSError, EOFError when it ends."""
        if self.data is not None:
            into[:] = self.data[offset : offset + len(into)].data
        elif hasattr(os, "preadv"):
            done = 0
            while done < len(into):
                got = os.preadv(self._open.fileno(), [into[done:]], offset + done)
                if not got:
                    raise EOFError
                done += got
        else:
            with self._turn:
                self._open.seek(offset)
                if self._open.readinto(into) != len(into):
                    raise EOFError

    def digest(self, size: int | None = None) -> bytes:
        """SHA-256 of the content, or of its first ``size`` bytes. Raises OSError, also where it ends before."""
        size = self._size if size is None else size
        if self.data is not None and self.held:
            return hashlib.sha256(self.data[:size].data).digest()
        if self.data is None:  # each piece at its own turn: searches read between
            try:
                return _digest(self.read, size)
            except EOFError as error:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(self._path)) from error
        # Read, and not taken from the map, while the name is there: a disk that goes meanwhile is then an error.
        with contextlib.suppress(FileNotFoundError), open_regular(self._path) as file:
            if _identity(os.fstat(file.fileno())) == self._identity:
                return _digest(lambda into, _: file.readinto(into), size)
        return hashlib.sha256(self.data[:size].data).digest()

    def is_whole(self) -> bool:
        """Whether the file that was opened is as long as it was; microseconds."""
        try:
            size = os.fstat(self._open.fileno()).st_size if self.data is None else self._open.size()
        except OSError:
            return False
        return bool(size == self._size)


def _digest(read: Callable[[memoryview, int], object], size: int) -> bytes:
    """SHA-256 of ``size`` bytes that ``read`` fills in, told where they are."""
    digest, piece = hashlib.sha256(), memoryview(bytearray(_PIECE_BYTES))
    for offset in range(0, size, _PIECE_BYTES):
        part = piece[: size - offset]
        read(part, offset)
        digest.update(part)
    return digest.digest()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def open_file(store: Path, segment: Segment, dim: int) -> OpenedFile:
    """Open a vector file of the right size and header. Raises OSError, IndexDamaged.

    From then on the content stays, even if another program's save deletes the file's name.
    """
    size = HEADER_BYTES + segment.rows * dim * 4
    header = bytearray(HEADER_BYTES)
    try:
        reads = size > HELD_BYTES and Mounts.read().may_go(store)
        file = OpenedFile(store / segment.file, size, reads=reads)
        file.read(memoryview(header), 0)
    except (ValueError, EOFError) as error:
        raise IndexDamaged(why="vectors", detail=segment.file) from error
    # The header is compared, so that FAISS's parser never meets one that was not written here.
    if header != flat_header(segment.rows, dim):
        raise IndexDamaged(why="vectors", detail=segment.file)
    return file


def let_go(error: BaseException) -> None:
    """Take from an error, and from those that led to it, what their calls held: Windows moves no file that is mapped.

    Only calls that have ended are emptied.
    """
    seen: set[int] = set()
    led: list[BaseException | None] = [error]
    while led:
        each = led.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            traceback.clear_frames(each.__traceback__)
            led += (each.__cause__, each.__context__)

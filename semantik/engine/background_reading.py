"""Reading what is in the pictures of the open folders, behind all else: it makes way at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from semantik.decoding.pool import DecodePool
from semantik.desktop.background_priority import in_background
from semantik.errors import Cancelled, SemantikError
from semantik.folder_urls import is_remote
from semantik.folders.content_reading import ContentReader, ContentReading
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import ImageFile

log = logging.getLogger(__name__)

QUIET = 3.0
"""Seconds after the user's last task until it goes on: who searches mostly searches again."""

_TELL = 1.0  # seconds between two news


class BackgroundReading:
    """Reads one picture at a time in a process of its own, while nothing holds it back.

    Holding it ends that process, in the middle of a picture if need be; of that picture nothing is lost but the second
    that it took. What was read is kept, and the next start of the program goes on there. All methods may be called from
    any thread; none of them waits, but ``close``.
    """

    def __init__(
        self,
        make_pool: Callable[[], DecodePool],
        readers_of: Callable[[IndexedFolder], Sequence[ContentReader]],
        on_left: Callable[[int, frozenset[str]], None],
        *,
        quiet: float | None = None,
    ) -> None:
        """``on_left`` is told, on the thread of this object, how many files are still to be read, at last 0, and which
        kinds of what is in them: see ``ContentReader``."""
        self._make_pool = make_pool
        self._readers_of = readers_of
        self._on_left = on_left
        self._quiet = QUIET if quiet is None else quiet
        self._changed = threading.Condition()  # guards all below
        self._folders: tuple[IndexedFolder, ...] = ()
        self._era = 0  # of the folders
        self._done = True  # all is read in them that can be
        self._holds = 0
        self._free_at = 0.0  # by the monotonic clock
        self._pool: DecodePool | None = None
        self._closed = False
        self._thread: threading.Thread | None = None  # lives while there is something to do: see ``in_background``
        # Of the thread alone
        self._told = (0, 0.0)
        self._kinds: frozenset[str] = frozenset()
        self._failed: dict[Path, set[ImageFile]] = {}
        self._unable: set[str] = set()

    def follow(self, folders: Sequence[IndexedFolder]) -> None:
        """Read what is not read yet in these folders as they are now, and nothing else any more."""
        with self._changed:
            self._folders, self._done = tuple(folders), False
            self._era += 1
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="background reading", daemon=True)
                self._thread.start()

    def hold(self) -> None:
        """The user has something done: stop at once, until ``release`` was called as often."""
        with self._changed:
            self._holds += 1
            pool, self._pool = self._pool, None
        if pool:
            # Not here: the window must not wait until the process is gone.
            threading.Thread(target=pool.close, name="reading stops", daemon=True).start()

    def release(self) -> None:
        """What ``hold`` was called for is done."""
        with self._changed:
            self._holds -= 1
            self._free_at = time.monotonic() + self._quiet
            self._changed.notify_all()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Do something while nothing is read."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def close(self) -> None:
        """End it, at once, and wait for that; what was read is written."""
        with self._changed:
            self._closed = True
            pool, thread = self._pool, self._thread
            self._changed.notify_all()
        if pool:
            pool.close()
        if thread:
            thread.join()

    def _run(self) -> None:
        era, readings = -1, list[ContentReading]()
        with in_background():
            while self._may_go_on():
                finished = True
                try:
                    if era != self._era:
                        era = self._era
                        readings = self._planned()
                    finished = self._read(era, readings)
                except SemantikError as error:
                    log.warning("no more is read in pictures for now: %r", error)
                except Exception:  # a boundary: the worker's wrapper
                    log.exception("no more is read in pictures for now")
                with self._changed:
                    self._done = self._done or (finished and era == self._era)
                if finished:
                    self._tell(0, last=True)

    def _may_go_on(self) -> bool:
        """Wait until nothing holds it; whether there is something to do."""
        with self._changed:
            while not self._closed and not self._done:
                if self._holds:
                    self._changed.wait()
                elif (left := self._free_at - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return True
            pool, self._pool, self._thread = self._pool, None, None
        if pool:
            pool.close()  # it has large models in memory
        return False

    def _planned(self) -> list[ContentReading]:
        planned, kinds = [], set[str]()
        for folder in self._folders:
            readers = [
                reader for reader in self._readers_of(folder) if reader.wanted() and reader.kind not in self._unable
            ]
            # Nothing is fetched from a store without being asked.
            if (index := folder.index) is not None and readers and not is_remote(folder.folder):
                kinds.update(reader.kind for reader in readers)
                planned.append(ContentReading(folder.folder, index, readers, self._failed.get(folder.folder, ())))
        self._kinds = frozenset(kinds)
        return planned

    def _read(self, era: int, readings: Sequence[ContentReading]) -> bool:
        """Go on reading; whether nothing is left."""
        for reading in readings:
            try:
                while reading.left:
                    self._tell(sum(each.left for each in readings))
                    with self._changed:
                        if self._closed or self._holds or era != self._era:
                            return False
                        pool = self._pool = self._pool or self._make_pool()
                    reading.step(pool.read)
                    self._unable.update(reading.unable)
            except Cancelled:
                return False
            finally:
                self._failed.setdefault(reading.folder, set()).update(reading.failed)
                reading.flush()
        for reading in readings:
            reading.finish()
        for folder in self._folders:
            folder.share()
        return True

    def _tell(self, left: int, *, last: bool = False) -> None:
        told, at = self._told
        if left != told and (last or not told or time.monotonic() - at >= _TELL):
            self._told = left, time.monotonic()
            self._on_left(left, self._kinds)

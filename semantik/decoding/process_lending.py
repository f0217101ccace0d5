"""The decoder processes of a pool: started, lent for one file at a time, taken back, replaced and ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from semantik.decoding.memory_shares import (
    MEMORY_LIMIT,
    SHARE,
    NeedsMore,
    free_memory,
    large_limit,
    picture_memory,
    share_memory,
)
from semantik.decoding.worker_process import DecodeProcess, ProcessLate, ProcessLost
from semantik.errors import Cancelled, DecodeFailed, DecoderNotStarted
from semantik.records import Reason

log = logging.getLogger(__name__)

_START_PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)  # seconds before further tries to start a process that died at once
_START_LIMIT = 60.0  # seconds for a process to start: slow disks and virus scanners take their time
_RECYCLE_AFTER = 5000  # files; native decoders leak now and then
_GRACE = 0.3  # seconds for all processes to end by themselves


class ProcessLending:
    """Lends decoder processes, which start on first use, at most ``workers`` at a time and one for a large picture.

    They are replaced after some thousand files, and when they were given back unusable. ``memory_limit``: bytes that
    none may exceed; None: what an ordinary one may have anywhere, and one with a large picture may exceed that.
    ``command`` runs another program than ``semantik.decoding.worker``. ``models_memory``: bytes that each may take
    beside what pictures take. All methods may be called from any thread.
    """

    def __init__(
        self, workers: int, memory_limit: int | None, command: Sequence[str] | None, models_memory: int = 0
    ) -> None:
        self.workers = workers
        self._models_memory = models_memory
        self._most_memory = memory_limit or MEMORY_LIMIT
        self._capped = memory_limit is not None
        self._memory_limit = 0  # of each, once it is known what is free
        self._beside = 0  # of one with a large picture, while the others work
        self._large = threading.Lock()  # held by the one decoder that may take most
        self._command = command
        self._changed = threading.Condition()  # guards all below
        self._idle: list[DecodeProcess] = []
        self._live: set[DecodeProcess] = set()
        self._alone = False  # whether a large picture wants the memory of all
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether nothing is lent any more."""
        return self._closed.is_set()

    def pids(self) -> list[int]:
        """The ids of the processes that are running."""
        with self._changed:
            return [process.pid for process in self._live]

    def close(self) -> None:
        """End all processes; who waits for one gets Cancelled. May be called again."""
        with self._changed:
            self._closed.set()
            processes = list(self._live)
            self._live.clear()
            self._idle.clear()
            self._changed.notify_all()
        for process in processes:
            process.hang_up()
        deadline = time.monotonic() + _GRACE
        for process in processes:
            process.stop(deadline - time.monotonic())

    def picture_memory(self, limit: int) -> int:
        """What a picture may be reckoned to take in a process with ``limit``, 0 for an ordinary one; all in bytes."""
        return picture_memory(limit or self._memory_limit)

    def has_most(self) -> bool:
        """Whether an ordinary process has all that any process may take."""
        return self._capped and self._memory_limit >= self._most_memory

    def borrow(self, *, fresh: bool, limit: int, time_limit: float) -> DecodeProcess:
        """An idle process, or a new one (``fresh`` insists on that), to be given back. Waits while all are busy.

        ``limit``, unless it is 0: one for this file alone that may take so many bytes, beside the others; it ends
        itself after ``time_limit`` seconds. Raises Cancelled once closed, and DecoderNotStarted.
        """
        # A process that dies while it starts says little: a system that is short of memory ends those first that came
        # last. So some are tried.
        for pause in _START_PAUSES:
            try:
                return self._take(fresh, limit, time_limit)
            except DecoderNotStarted as error:
                if isinstance(error.__cause__, ProcessLate):
                    raise
                log.warning("a decoder process did not start: %s", error.params["detail"])
            self._closed.wait(pause)
        return self._take(fresh, limit, time_limit)

    def give_back(self, process: DecodeProcess) -> None:
        """Take back what was lent."""
        with self._changed:
            keep = (
                process.usable and not process.alone and process.served < _RECYCLE_AFTER and not self._closed.is_set()
            )
            if keep:
                self._idle.append(process)
            else:
                self._live.discard(process)
            self._changed.notify_all()
        if not keep:
            process.stop()

    @contextmanager
    def room_for(self, path: Path, needs: NeedsMore) -> Iterator[int]:
        """The memory limit of a process for a large picture; the others wait meanwhile if it takes their part, too.

        One has it at a time. Raises DecodeFailed when as much is not free.
        """
        with self._large:
            if self._capped:
                limit = self._most_memory if needs.memory <= picture_memory(self._most_memory) else None
            else:
                limit = large_limit(needs.memory, free_memory())
            alone = limit is not None and limit > self._beside and not self._capped
            with self._changed:
                self._alone = alone
                self._changed.wait_for(lambda: not alone or self._closed.is_set() or len(self._idle) == len(self._live))
            try:
                if limit is None:
                    needed = f"{needs.memory / 2**20:.0f} MiB of memory are needed"
                    raise DecodeFailed(path=str(path), reason=Reason.OUT_OF_MEMORY, detail=needed)
                yield limit
            finally:
                with self._changed:
                    self._alone = False
                    self._changed.notify_all()

    def _share(self) -> None:
        """Once: how many processes there may be, and how much memory each may take. Hold the condition."""
        if not self._memory_limit:
            free = free_memory()
            self.workers, self._memory_limit = share_memory(free, self.workers, self._most_memory)
            self._beside = max(self._most_memory, int(free * SHARE) - self.workers * self._memory_limit)

    def _take(self, fresh: bool, limit: int, time_limit: float) -> DecodeProcess:
        retired: DecodeProcess | None = None
        with self._changed:
            self._share()
            self._changed.wait_for(
                lambda: (
                    bool(limit)
                    or self._closed.is_set()
                    or (not self._alone and bool(self._idle or len(self._live) < self.workers))
                )
            )
            if self._closed.is_set():
                raise Cancelled
            if self._idle and not fresh and not limit:
                return self._idle.pop()
            if len(self._live) >= self.workers and self._idle and not limit:
                retired = self._idle.pop()
                self._live.discard(retired)
                retired.hang_up()
            try:
                memory = (limit or self._memory_limit) + self._models_memory
                process = DecodeProcess(self._command, memory, time_limit, alone=bool(limit))
            except OSError as error:
                raise DecoderNotStarted(detail=str(error)) from error
            self._live.add(process)
        try:
            process.wait(_START_LIMIT)
        except (ProcessLost, ProcessLate) as error:
            if self._closed.is_set():
                raise Cancelled from error
            raise DecoderNotStarted(detail=str(error)) from error
        finally:
            if retired:
                retired.stop()
            if not process.usable:
                self.give_back(process)
        return process

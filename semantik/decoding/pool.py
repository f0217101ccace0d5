"""Decoder processes behind a simple face: paths in, fitted pixels or a reason out, in order."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from semantik.decoding.decode_ahead import in_order
from semantik.decoding.decoded import Decoded, DecodedVideo, Description, Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.fitting import InputSpec
from semantik.decoding.memory_shares import (
    MEMORY_LIMIT,
    SHARE,
    NeedsMore,
    free_memory,
    large_limit,
    picture_memory,
    share_memory,
    time_for,
)
from semantik.decoding.pipe_messages import Header
from semantik.decoding.shots import LOOK_SIDE, Shot
from semantik.decoding.worker_process import DecodeProcess, ProcessLate, ProcessLost
from semantik.errors import Cancelled, DecodeFailed, DecoderNotStarted
from semantik.records import DateSource, Reason, Region, split_path
from semantik.storage.regular_files import is_away

log = logging.getLogger(__name__)

Result = TypeVar("Result")

TIME_LIMIT = 20.0
"""Seconds for one file."""

LOOK_AHEAD = 64
"""Pictures decoded ahead of their use: several batches of an encoder, about 10 MB."""

_VIDEO_SHARE = 0.6  # of the time limit, after which a video is left with what was found in it
_READ_AT_ONCE = 16  # files
_START_PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8)  # seconds before further tries to start a process that died at once
_START_LIMIT = 60.0  # seconds for a process to start: slow disks and virus scanners take their time
_RECYCLE_AFTER = 5000  # files; native decoders leak now and then
_GRACE = 0.3  # seconds for all processes to end by themselves


def default_workers() -> int:
    """How many decoder processes suit this machine: one per core, eight at most.

    They run at low priority, so the encoder keeps its cores while it works; when it waits for pictures,
    all cores decode (measured in benchmarks/decode_cost.md).
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, cores))


def _description(header: Header) -> Description:
    taken, place = header.get("taken"), header.get("place")
    return Description(
        int(header["width"]),
        int(header["height"]),
        datetime.fromisoformat(taken) if taken else None,
        str(header.get("camera", "")),
        DateSource(header["source"]) if header.get("source") else None,
        (float(place[0]), float(place[1])) if place else None,
    )


def _region(value: Sequence[float]) -> Region:
    left, top, width, height = (min(max(float(part), 0.0), 100.0) for part in value)
    return left, top, width, height


class DecodePool:
    """Decodes pictures in processes that a hostile file may crash, hang or exhaust without harm.

    Processes start on first use. They are replaced when they die, when a file takes longer than
    ``time_limit`` seconds, and after some thousand files. A file on which a process died gets a second
    chance in a new one, since the system may have been short of memory; then the file is blamed. All
    methods may be called from any thread.
    """

    def __init__(
        self,
        workers: int | None = None,
        time_limit: float = TIME_LIMIT,
        *,
        memory_limit: int | None = None,
        fetch_cloud: bool = False,
        command: Sequence[str] | None = None,
    ) -> None:
        """``fetch_cloud``: thumbnails and descriptions are made of files that are only in a cloud, too, which downloads
        them; to fit one, somebody must have asked for it. ``memory_limit``: bytes that no process may exceed; without
        it, one process at a time may take more for a large picture. ``command`` runs another program than
        ``semantik.decoding.worker`` that talks as it does.
        """
        self.workers = workers or default_workers()
        self.time_limit = time_limit
        self._fetch_cloud = fetch_cloud
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pids(self) -> list[int]:
        """The ids of the decoder processes that are running."""
        with self._changed:
            return [process.pid for process in self._live]

    def fit(self, path: Path, spec: InputSpec) -> Decoded | DecodedVideo:
        """Decode one file and fit it to an encoder's input.

        A video gives a DecodedVideo, a moment of it (``moments.frame_key``) a Decoded. Raises DecodeFailed with the
        reason, Cancelled when the pool is closed, DecoderNotStarted when no decoder process can be started at all.
        """

        def read(header: Header, payload: bytes) -> Decoded | DecodedVideo:
            pixels = np.frombuffer(payload, dtype=np.uint8).reshape(-1, spec.height, spec.width, 3)
            warning = Reason(header["warning"]) if header["warning"] else None
            told = _description(header)
            rest = (
                *(told.width, told.height, warning, told.taken, told.camera),
                *(str(header.get("fingerprint", "")), told.source, told.place),
            )
            if "moments" not in header:
                regions = tuple(map(_region, header.get("regions", ())))
                if len(pixels) != 1 + len(regions):
                    raise ValueError(f"{len(pixels)} pictures with {len(regions)} views")
                return Decoded(pixels[0], *rest, pixels[1:] if regions else None, regions)
            moments = tuple(float(moment) for moment in header["moments"])
            if not moments or len(moments) != len(pixels):
                raise ValueError(f"{len(pixels)} frames at {len(moments)} moments")
            return DecodedVideo(pixels, moments, *rest)

        return self._exchange(path, {"op": "fit", "spec": asdict(spec)}, read)

    def fit_all(
        self, paths: Iterable[Path], spec: InputSpec, look_ahead: int = LOOK_AHEAD
    ) -> Generator[Decoded | DecodedVideo | DecodeFailed, None, None]:
        """Yield for each path, in order, its fitted pixels or why there are none.

        At most ``look_ahead`` files, fewer videos, are decoded or waiting; ``paths`` is read no further. Closing the
        generator drops what is pending. Raises Cancelled and DecoderNotStarted as ``fit`` does.
        """
        return in_order(lambda path: self.fit(path, spec), paths, self.workers, look_ahead)

    def thumbnail(self, path: Path, side: int) -> Thumbnail:
        """A JPEG of one picture that fits in a square of ``side`` pixels. Raises as ``fit`` does."""
        self._refuse_away(path)
        return self._exchange(
            path,
            {"op": "thumbnail", "side": side},
            lambda header, payload: Thumbnail(payload, int(header["width"]), int(header["height"])),
        )

    def thumbnails(self, paths: Iterable[Path], side: int) -> Generator[Thumbnail | DecodeFailed, None, None]:
        """Yield for each path, in order, its thumbnail or why there is none. Raises as ``fit_all`` does."""
        return in_order(lambda path: self.thumbnail(path, side), paths, self.workers, LOOK_AHEAD)

    def describe(self, paths: Iterable[Path]) -> Generator[Description | DecodeFailed, None, None]:
        """Yield for each path, in order, what the file's headers tell, or why not. Raises as ``fit_all`` does.

        Next to nothing is decoded, so this is many times quicker than ``fit_all``.
        """
        return in_order(self._describe, paths, self.workers, LOOK_AHEAD)

    def _describe(self, path: Path) -> Description:
        self._refuse_away(path)
        return self._exchange(path, {"op": "describe"}, lambda header, _: _description(header))

    def _refuse_away(self, path: Path) -> None:
        if not self._fetch_cloud and is_away(split_path(path)[0]):
            raise DecodeFailed(path=str(path), reason=Reason.ONLY_IN_CLOUD, detail="opening it would download it")

    def shots(self, paths: Iterable[Path], *, look: bool) -> Generator[Shot | DecodeFailed, None, None]:
        """Yield for each path, in order, what it tells of its shot, or why not. Raises as ``fit_all`` does.

        Without ``look`` only heads are read.
        """

        def read(header: Header, payload: bytes) -> Shot:
            looks = np.frombuffer(payload, np.uint8).reshape(-1, LOOK_SIDE, LOOK_SIDE, 3)
            return Shot(str(header["moment"]), str(header["camera"]), float(header["seconds"]), looks)

        def ask(path: Path) -> Shot:
            self._refuse_away(path)
            return self._exchange(path, {"op": "shot", "look": look}, read)

        return in_order(ask, paths, self.workers, LOOK_AHEAD)

    def fingerprints(self, paths: Iterable[Path]) -> Generator[Fingerprint | DecodeFailed, None, None]:
        """Yield for each path, in order, what tells its content, or why not. Raises as ``fit_all`` does.

        Files are read and nothing is decoded.
        """

        listed = list(paths)
        # Some at a time: for small files the way to the process and back takes longer than the reading.
        groups = {listed[at]: listed[at : at + _READ_AT_ONCE] for at in range(0, len(listed), _READ_AT_ONCE)}
        found = in_order(lambda first: self._fingerprints(groups[first]), groups, self.workers, LOOK_AHEAD)
        try:
            for each in found:
                if isinstance(each, DecodeFailed):  # never: what fails is in the lists
                    raise each
                yield from each
        finally:
            found.close()

    def _fingerprints(self, paths: Sequence[Path]) -> list[Fingerprint | DecodeFailed]:
        def read(header: Header, payload: bytes) -> list[Fingerprint | DecodeFailed]:
            return [
                DecodeFailed(path=str(path), reason=Reason(told["reason"]), detail=str(told["detail"]))
                if "reason" in told
                else Fingerprint(str(told["fingerprint"]), int(told["size"]), int(told["mtime_ns"]))
                for path, told in zip(paths, header["found"], strict=True)
            ]

        try:
            for path in paths:
                self._refuse_away(path)
            names = b"\0".join(os.fsencode(path.absolute()) for path in paths)
            return self._exchange(paths[0], {"op": "fingerprints"}, read, names)
        except DecodeFailed as error:  # one of them takes too long, or worse
            if len(paths) == 1:
                return [error]
            return [each for path in paths for each in self._fingerprints([path])]

    def close(self) -> None:
        """End all decoder processes; what is being decoded raises Cancelled. May be called again."""
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

    def _exchange(
        self, path: Path, request: Header, read: Callable[[Header, bytes], Result], names: bytes = b""
    ) -> Result:
        """Ask an ordinary decoder; and, where its memory or time does not do, the one that may take more.

        ``names``: what is asked about where it is more than ``path``.
        """
        try:
            return self._ask(path, request, read, names)
        except NeedsMore as error:
            needs = error
        except DecodeFailed as error:
            if error.params["reason"] is not Reason.OUT_OF_MEMORY:
                raise
            needs = NeedsMore(0, 0)
            if self._capped and self._memory_limit >= self._most_memory:
                raise
        with self._large, self._room_for(path, needs) as limit:
            return self._ask(
                path, request, read, names, limit=limit, time_limit=time_for(needs.pixels, self.time_limit)
            )

    @contextmanager
    def _room_for(self, path: Path, needs: NeedsMore) -> Iterator[int]:
        """The memory limit of a process for a large picture; the others wait meanwhile if it takes their part, too."""
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
        """Once: how many decoders there may be, and how much memory each may take. Hold the condition."""
        if not self._memory_limit:
            free = free_memory()
            self.workers, self._memory_limit = share_memory(free, self.workers, self._most_memory)
            self._beside = max(self._most_memory, int(free * SHARE) - self.workers * self._memory_limit)

    def _ask(
        self,
        path: Path,
        request: Header,
        read: Callable[[Header, bytes], Result],
        names: bytes,
        *,
        limit: int = 0,
        time_limit: float = 0.0,
    ) -> Result:
        """``limit`` of bytes and ``time_limit`` in seconds: of a process for this one file, else an ordinary one's."""
        name = names or os.fsencode(Path(path).absolute())
        seconds = time_limit or self.time_limit
        request = {**request, "seconds": _VIDEO_SHARE * seconds, "patient": bool(limit)}
        for second_chance in (False, True):
            process = self._borrow(fresh=second_chance, limit=limit, time_limit=seconds)
            request["memory"] = picture_memory(limit or self._memory_limit)
            try:
                header, payload = process.ask((request, name), seconds)
                if "needs" in header:
                    raise NeedsMore(int(header["needs"]), int(header["pixels"]))
                if "reason" not in header:
                    return read(header, payload)
                reason = Reason(header["reason"])
            except ProcessLate as error:
                raise DecodeFailed(path=str(path), reason=Reason.TIMEOUT, detail=str(error)) from error
            except (ProcessLost, KeyError, TypeError, ValueError) as error:
                process.usable = False
                if self._closed.is_set():
                    raise Cancelled from error
                log.warning("a decoder process died on %s: %r", path, error)
                if second_chance:
                    raise DecodeFailed(path=str(path), reason=Reason.DECODER_CRASHED, detail=str(error)) from error
            else:
                log.debug("cannot decode %s: %s\n%s", path, header.get("detail"), header.get("trace"))
                raise DecodeFailed(path=str(path), reason=reason, detail=str(header.get("detail")))
            finally:
                self._give_back(process)
        raise AssertionError("unreachable: the second chance always returns or raises")

    def _borrow(self, fresh: bool, limit: int, time_limit: float) -> DecodeProcess:
        """An idle process, or a new one (``fresh`` insists on that). Waits while all are busy.

        ``limit``, unless it is 0: one for this file alone that may take so many bytes, beside the others. A process
        that dies while it starts says little: a system that is short of memory ends those first that came last. So
        some are tried.
        """
        for pause in _START_PAUSES:
            try:
                return self._take(fresh, limit, time_limit)
            except DecoderNotStarted as error:
                if isinstance(error.__cause__, ProcessLate):
                    raise
                log.warning("a decoder process did not start: %s", error.params["detail"])
            self._closed.wait(pause)
        return self._take(fresh, limit, time_limit)

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
                process = DecodeProcess(self._command, limit or self._memory_limit, time_limit, alone=bool(limit))
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
                self._give_back(process)
        return process

    def _give_back(self, process: DecodeProcess) -> None:
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

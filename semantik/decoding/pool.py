"""Decoder processes behind a simple face: paths in, fitted pixels or a reason out, in order."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from semantik.decoding.answers import (
    as_content,
    as_description,
    as_failure,
    as_fingerprints,
    as_fitted,
    as_shot,
    as_thumbnail,
)
from semantik.decoding.decode_ahead import in_order
from semantik.decoding.decoded import Decoded, DecodedVideo, Description, PictureContent, Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.fitting import InputSpec
from semantik.decoding.memory_shares import NeedsMore, time_for
from semantik.decoding.pipe_messages import Header
from semantik.decoding.process_lending import ProcessLending
from semantik.decoding.shots import Shot
from semantik.decoding.worker_process import ProcessLate, ProcessLost
from semantik.errors import Cancelled, DecodeFailed
from semantik.records import Reason, split_path
from semantik.storage.regular_files import is_away

log = logging.getLogger(__name__)

Result = TypeVar("Result")

TIME_LIMIT = 20.0
"""Seconds for one file."""

LOOK_AHEAD = 64
"""Pictures decoded ahead of their use: several batches of an encoder, about 10 MB."""

MODELS_MEMORY = 768 * 2**20
"""Bytes that a process which reads pictures may take for that, beside what the pictures take: measured in
benchmarks/read_texts.md.
"""

_VIDEO_SHARE = 0.6  # of the time limit, after which a video is left with what was found in it
_READ_AT_ONCE = 16  # files


def default_workers() -> int:
    """How many decoder processes suit this machine: one per core, eight at most.

    They run at low priority, so the encoder keeps its cores while it works; when it waits for pictures,
    all cores decode (measured in benchmarks/decode_cost.md).
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, cores))


READ_SECONDS = 60.0
"""For one picture to be read, at least: at low priority, beside programs that are busy."""


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
        models_memory: int = 0,
        fetch_cloud: bool = False,
        command: Sequence[str] | None = None,
    ) -> None:
        """``fetch_cloud``: thumbnails and descriptions are made of files that are only in a cloud, too, which downloads
        them; to fit one, somebody must have asked for it. ``memory_limit``: bytes that no process may exceed; without
        it, one process at a time may take more for a large picture. ``models_memory``: bytes that each may take
        besides, MODELS_MEMORY where ``read`` is to be called. ``command`` runs another program than
        ``semantik.decoding.worker`` that talks as it does.
        """
        self.time_limit = time_limit
        self._fetch_cloud = fetch_cloud
        self._processes = ProcessLending(workers or default_workers(), memory_limit, command, models_memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pids(self) -> list[int]:
        """The ids of the decoder processes that are running."""
        return self._processes.pids()

    @property
    def workers(self) -> int:
        """How many files are decoded at a time; fewer than were asked for, once it is known that memory is short."""
        return self._processes.workers

    def fit(self, path: Path, spec: InputSpec) -> Decoded | DecodedVideo:
        """Decode one file and fit it to an encoder's input.

        A video gives a DecodedVideo, a moment of it (``moments.frame_key``) a Decoded. Raises DecodeFailed with the
        reason, Cancelled when the pool is closed, DecoderNotStarted when no decoder process can be started at all.
        """
        request = {"op": "fit", "spec": asdict(spec)}
        return self._exchange(path, request, lambda header, payload: as_fitted(header, payload, spec))

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
        return self._exchange(path, {"op": "thumbnail", "side": side}, as_thumbnail)

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
        return self._exchange(path, {"op": "describe"}, as_description)

    def _refuse_away(self, path: Path) -> None:
        if not self._fetch_cloud and is_away(split_path(path)[0]):
            raise DecodeFailed(path=str(path), reason=Reason.ONLY_IN_CLOUD, detail="opening it would download it")

    def shots(self, paths: Iterable[Path], *, look: bool) -> Generator[Shot | DecodeFailed, None, None]:
        """Yield for each path, in order, what it tells of its shot, or why not. Raises as ``fit_all`` does.

        Without ``look`` only heads are read.
        """

        def ask(path: Path) -> Shot:
            self._refuse_away(path)
            return self._exchange(path, {"op": "shot", "look": look}, as_shot)

        return in_order(ask, paths, self.workers, LOOK_AHEAD)

    def read(self, path: Path, kinds: frozenset[str], face_models: tuple[Path, Path] | None = None) -> PictureContent:
        """What stands in a picture ("text") and who is in it ("faces", by a detector and a recogniser); decoded once.

        A kind that cannot be read here at all is None in what is returned. Raises as ``fit`` does; what is only in a
        cloud is not fetched. Of videos nothing is read.
        """
        self._refuse_away(path)
        faces_by = [str(model) for model in face_models] if face_models else None
        request = {"op": "read", "kinds": sorted(kinds), "faces_by": faces_by}
        return self._exchange(path, request, lambda header, payload: as_content(header, payload, kinds))

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
        try:
            for path in paths:
                self._refuse_away(path)
            names = b"\0".join(os.fsencode(path.absolute()) for path in paths)
            return self._exchange(
                paths[0], {"op": "fingerprints"}, lambda header, _: as_fingerprints(header, paths), names
            )
        except DecodeFailed as error:  # one of them takes too long, or worse
            if len(paths) == 1:
                return [error]
            return [each for path in paths for each in self._fingerprints([path])]

    def close(self) -> None:
        """End all decoder processes; what is being decoded raises Cancelled. May be called again."""
        self._processes.close()

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
            if self._processes.has_most():
                raise
        with self._processes.room_for(path, needs) as limit:
            return self._ask(
                path, request, read, names, limit=limit, time_limit=time_for(needs.pixels, self.time_limit)
            )

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
            process = self._processes.borrow(fresh=second_chance, limit=limit, time_limit=seconds)
            request["memory"] = self._processes.picture_memory(limit)
            try:
                header, payload = process.ask((request, name), seconds)
                if "needs" in header:
                    raise NeedsMore(int(header["needs"]), int(header["pixels"]))
                if "reason" not in header:
                    return read(header, payload)
                failure = as_failure(header, path)
            except ProcessLate as error:
                raise DecodeFailed(path=str(path), reason=Reason.TIMEOUT, detail=str(error)) from error
            except (ProcessLost, KeyError, TypeError, ValueError) as error:
                process.usable = False
                if self._processes.closed:
                    raise Cancelled from error
                log.warning("a decoder process died on %s: %r", path, error)
                if second_chance:
                    raise DecodeFailed(path=str(path), reason=Reason.DECODER_CRASHED, detail=str(error)) from error
            else:
                log.debug("cannot decode %s: %s\n%s", path, header.get("detail"), header.get("trace"))
                raise failure
            finally:
                self._processes.give_back(process)
        raise AssertionError("unreachable: the second chance always returns or raises")


def reading_pool(time_limit: float, *, fetch_cloud: bool) -> DecodePool:
    """One process that reads what is in pictures (``DecodePool.read``), beside those that others use."""
    return DecodePool(1, max(time_limit, READ_SECONDS), models_memory=MODELS_MEMORY, fetch_cloud=fetch_cloud)

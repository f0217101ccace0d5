"""Pictures out of videos: a few frames that differ, and any of them again by its moment.

Meant to run in a decoder process (``decode_worker``), as ``decode`` is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from semantik.decoding.decoded import Description, Place
from semantik.decoding.pictures.formats import SIGNATURE_BYTES
from semantik.decoding.pictures.to_rgb import OVERSAMPLING
from semantik.decoding.refusals import Refused, with_file
from semantik.decoding.video.capture import Capture, OutOfTime, open_capture
from semantik.decoding.video.container import has_pictures, is_cut_short, place, taken
from semantik.decoding.video.distinct_frames import look_of
from semantik.decoding.video.formats import MPEG_PS, VIDEO_EXTENSIONS, recognise_video
from semantik.decoding.video.sampling import Sampling
from semantik.records import DateSource, Pixels, Reason

Result = TypeVar("Result")

_FIRST_SHARE = 0.5  # of the time, for the key frames alone
_NEAR = 0.0051  # seconds; moments are told in hundredths


@dataclass(frozen=True, slots=True)
class VideoFrames:
    """What was sampled of a video: ``frames`` are RGB, upright, uint8 (h, w, 3), at ``moments`` in seconds.

    ``width`` and ``height`` are those of the video as it is shown, ``duration`` is in seconds (0 while unknown),
    ``taken`` is local time without a zone. ``truncated``: the file says itself that a part of it is missing.
    """

    moments: tuple[float, ...]
    frames: list[Pixels]
    width: int
    height: int
    duration: float
    taken: datetime | None
    truncated: bool
    place: Place | None = None


def is_video(path: Path) -> bool:
    """Whether a file is one to sample, by its name and its first bytes. Raises DecodeFailed."""
    if path.suffix.lower() not in VIDEO_EXTENSIONS:
        return False
    return with_file(path, lambda file: recognise_video(file.read(SIGNATURE_BYTES)) is not None)


def sample_frames(path: Path, side: int, seconds: float) -> VideoFrames:
    """The frames of a video that look unlike each other, at most ``video_choice.MAX_FRAMES``, at least one.

    Their shorter side is at most twice ``side`` pixels. Stops after about ``seconds`` with what was found until then.
    Raises DecodeFailed.
    """
    deadline = time.monotonic() + seconds
    return _with_video(path, lambda file, container: _sample(file, container, OVERSAMPLING * side, deadline))


def first_frame(path: Path, side: int, seconds: float) -> Pixels:
    """The first frame of a video that is not blank, RGB, its shorter side at most ``side``. Raises DecodeFailed."""
    deadline = time.monotonic() + seconds
    return _with_video(path, lambda file, _: _first(file, side, deadline))


def frame_at(path: Path, moment: float, side: int, seconds: float) -> Pixels:
    """The frame that ``sample_frames`` found at ``moment``, RGB, its shorter side at most ``side``.

    If the video has changed and is shorter now, its first frame. Raises DecodeFailed.
    """
    deadline = time.monotonic() + seconds
    return _with_video(path, lambda file, _: _at(file, moment, side, deadline))


def describe_video(path: Path, seconds: float) -> Description:
    """Size, date and place of a video without a search in it. Raises DecodeFailed."""

    def describe(file: BinaryIO, container: str) -> Description:
        with open_capture(file, time.monotonic() + seconds) as video:
            moment = taken(file, container, _size(file))
            source = DateSource.VIDEO if moment else None
            return Description(
                *(video.width, video.height, moment), source=source, place=place(file, container, _size(file))
            )

    return _with_video(path, describe)


def _with_video(path: Path, work: Callable[[BinaryIO, str], Result]) -> Result:
    def checked(file: BinaryIO) -> Result:
        head = file.read(SIGNATURE_BYTES)
        container = recognise_video(head)
        if container is None:
            raise Refused(Reason.NOT_AN_IMAGE if head else Reason.EMPTY, f"begins with {head[:8]!r}")
        if not has_pictures(file, container, _size(file)):
            raise Refused(Reason.NOT_AN_IMAGE, "sound alone")
        try:
            return work(file, container)
        except OutOfTime as error:
            raise Refused(Reason.TIMEOUT, "no frame in time") from error
        except ImportError as error:
            raise Refused(Reason.NO_DECODER, str(error)) from error

    return with_file(path, checked)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _sample(file: BinaryIO, container: str, side: int, deadline: float) -> VideoFrames:
    search = Sampling(file, side, deadline)
    # In a program stream a frame may have no time of its own; it then follows from those before, if they are read.
    search.run(only_key_frames=container != MPEG_PS)
    found = search.distinct.frames()
    if not found:
        # OpenCV's own FFmpeg reads the headers of AV1, but has no decoder for it that works without a graphics card.
        reason = Reason.UNSUPPORTED if search.codec == "av01" else Reason.DAMAGED
        raise Refused(Reason.TIMEOUT if search.late else reason, f"no frame of {search.codec!r} can be decoded")
    return VideoFrames(
        tuple(round(moment, 2) for moment, _ in found),
        [pixels for _, pixels in found],
        *search.shown,
        search.end if search.complete else max(search.length, search.end),
        taken(file, container, _size(file)),
        is_cut_short(file, container, _size(file)),
        place(file, container, _size(file)),
    )


def _first(file: BinaryIO, side: int, deadline: float) -> Pixels:
    blank: Pixels | None = None
    for only_key_frames in (True, False):
        now, due = time.monotonic(), 0.0
        until = now + _FIRST_SHARE * (deadline - now)
        try:
            with open_capture(file, until, only_key_frames=only_key_frames) as video:
                while video.advance():
                    if video.time < due or (glance := video.glance()) is None:
                        continue
                    if (pixels := video.picture(side)) is not None and not look_of(glance).blank:
                        return pixels
                    blank, due = pixels if blank is None else blank, video.time + 1.0
        except OutOfTime:
            continue
    if blank is None:
        raise Refused(Reason.DAMAGED, "no frame can be decoded")
    return blank


def _at(file: BinaryIO, moment: float, side: int, deadline: float) -> Pixels:
    pixels = _nearest(file, moment, side, deadline)
    return _first(file, side, deadline) if pixels is None else pixels


def _nearest(file: BinaryIO, moment: float, side: int, deadline: float) -> Pixels | None:
    """The frame nearest to ``moment``; None where the video ends before it."""
    with open_capture(file, deadline) as video:
        for back in (0.0, 1.0, 5.0, 20.0):
            if moment - back < 1.0:
                break
            if video.seek(moment - back) and video.time <= moment + _NEAR:
                return _read_to(video, moment, side)
    with open_capture(file, deadline) as video:
        return _read_to(video, moment, side) if video.advance() else None


def _read_to(video: Capture, moment: float, side: int) -> Pixels | None:
    while video.time < moment - _NEAR:
        if not video.advance():
            return None
    return video.picture(side)

"""Reading the frames of a video through OpenCV and FFmpeg, which get its bytes and never its name.

FFmpeg understands names as addresses ("concat:a|b", "http://...", "img%03d.png"), and some containers name further
files. Here it reads from a stream, may use no protocol at all, and only the demuxers of ``ffmpeg``.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from semantik.decoding import ffmpeg
from semantik.decoding.refusals import Refused
from semantik.records import Pixels, Reason

if TYPE_CHECKING:
    import cv2

MAX_PIXELS = 120_000_000
"""Largest frame that is decoded: that of ``decode``, where no video comes near."""

_GLANCE = 192  # pixels of the shorter side
_ASPECTS = (0.2, 5.0)  # of one pixel; what is beyond is nonsense


class OutOfTime(Exception):
    """The deadline passed while a video was being read."""


class _Source(io.BufferedIOBase):
    """A file as OpenCV reads it. After the deadline it ends, so that no call into FFmpeg lasts much longer."""

    def __init__(self, file: BinaryIO, deadline: float) -> None:
        self._file = file
        self.deadline = deadline
        self.late = False
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self.deadline:
            self.late = True
            return b""
        try:
            return self._file.read(-1 if size is None else size)
        except OSError as error:  # an exception cannot pass through FFmpeg
            self.error = error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):  # FFmpeg computes places from what the file says
            return -1

    def tell(self) -> int:
        return self._file.tell()


class Capture:
    """An open video. Times are seconds from its start; ``width`` and ``height`` as it is shown, upright."""

    def __init__(self, capture: cv2.VideoCapture, source: _Source) -> None:
        import cv2

        self._cv2 = cv2
        self._capture = capture
        self._source = source
        self._index = -1
        self.time = 0.0
        coded = round(self._get("FRAME_WIDTH")), round(self._get("FRAME_HEIGHT"))
        if min(coded) <= 0:
            raise Refused(Reason.DAMAGED, f"frames of {coded[0]} x {coded[1]}")
        if coded[0] * coded[1] > MAX_PIXELS:
            raise Refused(Reason.TOO_LARGE, f"frames of {coded[0]} x {coded[1]}")
        self.width, self.height = self._shown(*coded)
        rate, frames = self._get("FPS"), self._get("FRAME_COUNT")
        self._rate = rate if 0.01 <= rate <= 1000 else 25.0
        self.duration = frames / self._rate if frames > 0 else 0.0
        """By the headers; 0 where they do not tell."""

    @property
    def codec(self) -> str:
        """The code of four letters, lower case."""
        return int(self._get("FOURCC")).to_bytes(4, "little", signed=False).decode("latin-1").lower()

    def _get(self, name: str) -> float:
        return float(self._capture.get(getattr(self._cv2, "CAP_PROP_" + name)))

    def _shown(self, width: int, height: int) -> tuple[int, int]:
        """The size on the screen, where pixels are square."""
        aspect = self._get("SAR_NUM") / (self._get("SAR_DEN") or 1)
        if not _ASPECTS[0] <= aspect <= _ASPECTS[1] or aspect == 1:
            return width, height
        turned = round(self._get("ORIENTATION_META")) % 180 == 90
        return (width, round(height * aspect)) if turned else (round(width * aspect), height)

    def advance(self) -> bool:
        """Go to the next frame, whose ``time`` is then known; False at the end. Raises OutOfTime, OSError."""
        more = self._capture.grab()
        if self._source.late or (more and time.monotonic() > self._source.deadline):
            raise OutOfTime
        if self._source.error:
            raise self._source.error
        if more:
            self._index += 1
            told = self._get("POS_MSEC") / 1000
            # Bare streams carry no times.
            self.time = told if told > 0 or self._index == 0 else max(self.time, 0.0) + 1 / self._rate
            self.time = max(0.0, self.time)
        return bool(more)

    def seek(self, seconds: float) -> bool:
        """Go to the frame at about ``seconds``, which may well be missed. Raises as ``advance``."""
        self._capture.set(self._cv2.CAP_PROP_POS_MSEC, 1000 * seconds)
        self._index = max(self._index, 0)
        return self.advance()

    def glance(self) -> Pixels | None:
        """The frame as RGB at a small size, quickly: for comparing, not for showing."""
        frame = self._frame()
        if frame is None:
            return None
        every = max(1, min(frame.shape[:2]) // _GLANCE)
        return np.ascontiguousarray(frame[::every, ::every, ::-1])

    def picture(self, side: int) -> Pixels | None:
        """The frame, RGB, its shorter side at most ``side`` pixels; None when it cannot be shown."""
        frame = self._frame()
        if frame is None:
            return None
        scale = min(1.0, side / min(self.width, self.height))
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        if size != frame.shape[1::-1]:
            frame = np.asarray(self._cv2.resize(frame, size, interpolation=self._cv2.INTER_AREA), dtype=np.uint8)
        return np.ascontiguousarray(frame[..., ::-1])

    def _frame(self) -> Pixels | None:
        """BGR, upright, as large as it is coded."""
        good, frame = self._capture.retrieve()
        return np.asarray(frame, dtype=np.uint8) if good and frame is not None and frame.ndim == 3 else None


@contextmanager
def open_capture(file: BinaryIO, deadline: float, *, only_key_frames: bool = False) -> Iterator[Capture]:
    """Open a video until ``deadline`` (of ``time.monotonic``).

    With ``only_key_frames`` the others are skipped without decoding, where the codec can (and not on Windows).
    Raises Refused, OutOfTime.
    """
    file.seek(0)
    source = _Source(file, deadline)
    with ffmpeg.opened(source, more_options=ffmpeg.ONLY_KEY_FRAMES if only_key_frames else "") as capture:
        if not capture.isOpened():
            if source.late:
                raise OutOfTime
            raise Refused(Reason.DAMAGED, "FFmpeg finds no pictures in it")
        yield Capture(capture, source)

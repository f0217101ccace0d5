"""FFmpeg through OpenCV: kept, by environment variables, to reading one stream, quietly, in one thread."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import cv2

DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf"
"""FFmpeg's names for their readers, the only ones that it may use."""

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""FFmpeg's options as OpenCV wants them, ``name;value|name;value``."""

ONLY_KEY_FRAMES = "|avdiscard;nonkey"
"""What added to them makes decoders skip all other frames."""

ENVIRONMENT = {
    OPTIONS: f"protocol_whitelist;none|format_whitelist;{DEMUXERS}",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_FFMPEG_THREADS": "1",
    "OPENCV_LOG_LEVEL": "OFF",
}
"""With what a process that reads videos is to be started: on Windows, FFmpeg sees no later changes."""


@contextmanager
def opened(source: io.BufferedIOBase, *, more_options: str = "") -> Iterator[cv2.VideoCapture]:
    """What reads the frames of a video or film from ``source``; it may have failed to open.

    ``more_options``: behind those of ENVIRONMENT, ONLY_KEY_FRAMES for example.
    """
    os.environ.update(ENVIRONMENT)
    os.environ[OPTIONS] += more_options
    import cv2

    cv2.setNumThreads(1)
    # The stubs name OpenCV's own class of readers, which Python cannot derive from (opencv-python issue 1150). It does
    # not keep the source alive: this function does.
    reader = cast("cv2.IStreamReader", source)
    capture = cv2.VideoCapture(reader, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        yield capture
    finally:
        capture.release()

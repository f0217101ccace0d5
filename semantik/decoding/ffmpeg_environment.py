"""The environment variables by which OpenCV and FFmpeg are kept to reading one video, quietly, in one thread."""

from __future__ import annotations

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

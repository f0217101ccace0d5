"""Frames of a video as pictures of their own: ``clip.mp4#t=12.50`` is what ``clip.mp4`` shows at 12.5 seconds.

The form is that of Media Fragments URI 1.0 (W3C, 2012), which browsers understand. No file that the scan takes ends
like this, so a key is never mistaken for a name.
"""

from __future__ import annotations

import re
from pathlib import Path

_KEY = re.compile(r"(?P<file>.+)#t=(?P<seconds>\d{1,7}\.\d\d)", re.DOTALL)


def frame_key(file: str, seconds: float) -> str:
    """The key of what a video shows at ``seconds``."""
    return f"{file}#t={seconds:.2f}"


def split_key(key: str) -> tuple[str, float | None]:
    """The file that a key is of, and the second in it; None for a picture, whose key is its file's path."""
    found = _KEY.fullmatch(key)
    return (found["file"], float(found["seconds"])) if found else (key, None)


def split_path(path: Path) -> tuple[Path, float | None]:
    """The same of a path."""
    found = _KEY.fullmatch(path.name)
    return (path.with_name(found["file"]), float(found["seconds"])) if found else (path, None)

"""The records that travel between the rooms of the engine: frozen dataclasses with next to no logic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the window shows itself, and explains a missing numpy, before numpy is imported
    import numpy as np
    from numpy.typing import NDArray

Embeddings: TypeAlias = "NDArray[np.float32]"
"""Unit row vectors, shape (n, dim), dtype float32, C-contiguous."""

Pixels: TypeAlias = "NDArray[np.uint8]"
"""Upright RGB pictures fitted to an encoder's input, shape (n, H, W, 3) or (H, W, 3), dtype uint8."""


class Reason(Enum):
    """Why a file was skipped or is only partly good. The words for each are in the catalogues."""

    NOT_AN_IMAGE = "not_an_image"  # no decoder recognises the content
    DAMAGED = "damaged"  # recognised, but it cannot be decoded
    TRUNCATED = "truncated"  # a warning: the file ends early, the visible part was indexed
    TOO_LARGE = "too_large"  # more pixels than is safe to decode
    TIMEOUT = "timeout"  # decoding took longer than the limit for one file
    DECODER_CRASHED = "decoder_crashed"  # the decoder process died on it
    OUT_OF_MEMORY = "out_of_memory"
    PERMISSION = "permission"  # the file or the folder may not be read
    PRIVACY = "privacy"  # macOS asks the user whether a program may read there, and the answer was no
    ONLY_IN_CLOUD = "only_in_cloud"  # it would be downloaded when it is opened, which nobody asked for
    VANISHED = "vanished"  # deleted between the scan and the decoding
    CHANGED = "changed"  # written to while it was being read
    EMPTY = "empty"  # zero bytes
    NO_DECODER = "no_decoder"  # a known format whose optional decoder is not installed
    UNSUPPORTED = "unsupported"  # a variant of a known format that its decoder cannot read
    UNREADABLE = "unreadable"  # any other operating system error
    ENCODER_FAILED = "encoder_failed"  # the picture is good; the model failed on it


WARNINGS = frozenset({Reason.TRUNCATED})
"""Reasons under which the picture was indexed all the same."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A picture file as the scan saw it. ``path`` is relative to the library's folder, with ``/``."""

    path: str
    size: int  # bytes
    mtime_ns: int  # nanoseconds since the epoch
    only_in_cloud: bool = field(default=False, compare=False)  # opening it downloads it


@dataclass(frozen=True, slots=True)
class Problem:
    """A file or folder that was skipped or only partly read. ``detail`` is for the log, not the user."""

    path: str
    reason: Reason
    detail: str = ""
    folder: Path | None = None  # that the path is relative to, where it is told among others


@dataclass(frozen=True, slots=True)
class Details:
    """What a picture's file tells of it. Sizes are those of the upright picture in pixels, 0 while unknown.

    ``date`` is when it was taken by the camera's clock, or else, without ``dated``, when the file was last changed;
    local time without a zone, as cameras write it.
    """

    width: int
    height: int
    date: datetime
    dated: bool = False
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that answers a query. ``rank`` counts from 1, ``score`` is a cosine in [-1, 1], None in a mere list.

    ``relevance`` is how probably it is meant, in [0, 1], comparable between queries; None where nothing tells.
    """

    rank: int
    score: float | None
    path: Path  # absolute
    relevance: float | None = None
    details: Details | None = None  # when they were asked for and the file could be read
    named: tuple[str, ...] = ()  # words of the query that its path has, when names count
    copies: tuple[Hit, ...] = ()  # hits that look nearly the same and were folded into this one, best first
    moment: float | None = None  # the second in a video that it shows

    @property
    def picture(self) -> Path:
        """What its thumbnail is made from: the file, or a frame's pseudo path (see ``moments``)."""
        return self.path if self.moment is None else self.path.with_name(frame_key(self.path.name, self.moment))


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from its index; a video counts once, whatever is indexed of it."""

    added: list[ImageFile]
    changed: list[ImageFile]
    removed: list[str]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did."""

    added: int  # embedded in this run: new and changed pictures
    reused: int  # kept from the stored index without opening the file
    removed: int  # dropped: gone from the folder, or replaced by a changed version
    count: int  # pictures in the index now
    seconds: float
    encoder: str
    problems: tuple[Problem, ...] = field(default=())
    cancelled: bool = False


# -- Frames of a video as pictures of their own: ``clip.mp4#t=12.50`` is what ``clip.mp4`` shows at 12.5

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

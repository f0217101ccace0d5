"""The records that travel between the rooms of the engine: frozen dataclasses with next to no logic."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
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
    NO_ROOM = "no_room"  # it lies elsewhere, and would fill the disk if it was fetched
    ODD_NAME = "odd_name"  # an object of a store is called as no file in a folder can be
    NAME = "name"  # it is called as a moment of a video or a part of a picture is in the index
    SAME_SHOT = "same_shot"  # a note: the picture beside it shows the same, and counts for both
    NO_PICTURE = "no_picture"  # a note: neither its name nor its beginning says that it is a picture


class Lasts(Enum):
    """How long what is wrong with a file stays so while the file is the same."""

    FOR_GOOD = "for_good"  # the file's own: nothing but another file, or another program, changes it
    UNTIL_NEXT = "until_next"  # of the moment: each update tries it again
    A_FEW_TIMES = "a_few_times"  # probably of the moment: some updates try it again, then it is the file's own
    NO_FAULT = "no_fault"  # the file was taken, or is none that should be


LASTING = {
    Reason.NOT_AN_IMAGE: Lasts.FOR_GOOD,
    Reason.DAMAGED: Lasts.FOR_GOOD,
    Reason.TOO_LARGE: Lasts.FOR_GOOD,
    Reason.EMPTY: Lasts.FOR_GOOD,
    Reason.UNSUPPORTED: Lasts.FOR_GOOD,
    Reason.NAME: Lasts.UNTIL_NEXT,
    Reason.NO_ROOM: Lasts.UNTIL_NEXT,
    Reason.ODD_NAME: Lasts.UNTIL_NEXT,
    # A process dies, or comes to nothing in time, as well when the system ends or stops it or is short of memory.
    Reason.TIMEOUT: Lasts.A_FEW_TIMES,
    Reason.DECODER_CRASHED: Lasts.A_FEW_TIMES,
    Reason.OUT_OF_MEMORY: Lasts.UNTIL_NEXT,
    Reason.PERMISSION: Lasts.UNTIL_NEXT,  # on Windows also what another program has open
    Reason.PRIVACY: Lasts.UNTIL_NEXT,
    Reason.ONLY_IN_CLOUD: Lasts.UNTIL_NEXT,
    Reason.VANISHED: Lasts.UNTIL_NEXT,
    Reason.CHANGED: Lasts.UNTIL_NEXT,
    Reason.NO_DECODER: Lasts.UNTIL_NEXT,
    Reason.UNREADABLE: Lasts.UNTIL_NEXT,
    Reason.ENCODER_FAILED: Lasts.UNTIL_NEXT,
    Reason.TRUNCATED: Lasts.NO_FAULT,
    Reason.SAME_SHOT: Lasts.NO_FAULT,
    Reason.NO_PICTURE: Lasts.NO_FAULT,
}
"""Of every reason. A new one is an error until it is here."""

WARNINGS = frozenset({Reason.TRUNCATED})
"""Reasons under which the picture was indexed all the same."""

NOTES = frozenset({Reason.SAME_SHOT, Reason.NO_PICTURE})
"""Reasons that are nobody's problem: remembered so that the file need not be opened again."""


class DateSource(Enum):
    """Where the date of a picture comes from, the surest first."""

    EXIF = "exif"
    VIDEO = "video"  # what a video's container tells
    XMP = "xmp"
    IPTC = "iptc"
    GPS = "gps"  # the satellites' time, which is told in UTC
    TEXT = "text"  # of a PNG file
    SIDECAR = "sidecar"  # a file beside the picture: XMP, or the JSON of Google Takeout
    NAME = "name"  # a guess, as the next
    FILE = "file"  # when it was last changed


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

    ``date`` is when it was taken as ``source`` tells it, local time without a zone, as cameras write it. ``dated``:
    that is sure; else it is a guess by the file's name or its last change, or by a clock that nobody had set.
    """

    width: int
    height: int
    date: datetime
    dated: bool = False
    camera: str = ""
    source: DateSource = field(default=DateSource.FILE, compare=False)
    place: tuple[float, float] | None = field(default=None, compare=False)  # latitude and longitude in degrees


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text that stands in a picture, and where: in percent of the upright picture.

    ``confidence``, in [0, 1], is how sure the recognition was.
    """

    text: str
    region: Region
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture that answers a query. ``rank`` counts from 1, ``score`` is a cosine in [-1, 1], None in a mere list.

    ``relevance`` is how probably it is meant, in [0, 1], comparable between queries; None where nothing tells. When it
    is ``rough`` it is told in words.
    """

    rank: int
    score: float | None
    path: Path  # absolute
    relevance: float | None = None
    details: Details | None = None  # when they were asked for and the file could be read
    named: tuple[str, ...] = ()  # words of the query that its path has, when names count
    copies: tuple[Hit, ...] = ()  # hits that look nearly the same and were folded into this one, best first
    moment: float | None = None  # the second in a video that it shows
    rough: bool = False
    texts: tuple[TextLine, ...] = ()  # lines that stand in it and have words of the query
    people: tuple[str, ...] = ()  # names of who is in it, from left to right

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
    moved: int = 0  # of those that were added as many have size and time of one that was removed

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def without(self, paths: Collection[str]) -> Changes:
        """The same without what is new or changed of these files."""
        added = [file for file in self.added if file.path not in paths]
        return replace(self, added=added, changed=[file for file in self.changed if file.path not in paths])


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


# -- Parts of files as pictures of their own, named as in Media Fragments URI (W3C): ``clip.mp4#t=12.50`` is what
# ``clip.mp4`` shows at 12.5 seconds, ``wide.jpg#xywh=percent:75.00,0.00,25.00,100.00`` the right end of ``wide.jpg``

Region: TypeAlias = tuple[float, float, float, float]
"""A part of an upright picture: left, top, width and height in percent of the whole."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a picture. ``embedding``: 128 numbers, of unit length; those of one person are near each other."""

    region: Region
    confidence: float  # in [0, 1]
    embedding: tuple[float, ...]


_PERCENT = r"\d{1,3}\.\d\d"
_KEY = re.compile(
    rf"(?P<file>.+)#(?:t=(?P<seconds>\d{{1,7}}\.\d\d)|xywh=percent:(?P<region>{_PERCENT}(?:,{_PERCENT}){{3}}))",
    re.DOTALL,
)


def frame_key(file: str, seconds: float) -> str:
    """The key of what a video shows at ``seconds``."""
    return f"{file}#t={seconds:.2f}"


def view_key(file: str, region: Region) -> str:
    """The key of a part of a picture."""
    return f"{file}#xywh=percent:{','.join(f'{value:.2f}' for value in region)}"


def split_key(key: str) -> tuple[str, float | None]:
    """The file that a key is of, and the second in it; None for a picture, whose key is its file's path."""
    found = _KEY.fullmatch(key) if "#" in key else None
    if not found:
        return key, None
    return found["file"], float(found["seconds"]) if found["seconds"] else None


def is_view(key: str) -> bool:
    """Whether a key is of a part of a picture."""
    found = _KEY.fullmatch(key) if "#xywh=" in key else None
    return bool(found and found["region"])


def is_part(key: str) -> bool:
    """Whether a key is of a part of a file: a frame or a view."""
    return split_key(key)[0] != key


def key_in(file: str, key: str) -> str:
    """The key of the same part of another file."""
    return file + key[len(split_key(key)[0]) :]


def split_path(path: Path) -> tuple[Path, float | None]:
    """``split_key`` of a path."""
    name, moment = split_key(path.name)
    return (path, None) if name == path.name else (path.with_name(name), moment)

"""The records that travel between the rooms of the engine: frozen dataclasses with next to no logic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from semantik.moments import frame_key

if TYPE_CHECKING:  # the window shows itself, and explains a missing numpy, before numpy is imported
    import numpy as np
    from numpy.typing import NDArray

Embeddings: TypeAlias = "NDArray[np.float32]"
"""Unit row vectors, shape (n, dim), dtype float32, C-contiguous."""

Pixels: TypeAlias = "NDArray[np.uint8]"
"""Upright RGB pictures fitted to an encoder's input, shape (n, H, W, 3) or (H, W, 3), dtype uint8."""


class Reason(Enum):
    """Why a file was skipped or is only partly good. The words for each are in ``text.py``."""

    NOT_AN_IMAGE = "not_an_image"  # no decoder recognises the content
    DAMAGED = "damaged"  # recognised, but it cannot be decoded
    TRUNCATED = "truncated"  # a warning: the file ends early, the visible part was indexed
    TOO_LARGE = "too_large"  # more pixels than is safe to decode
    TIMEOUT = "timeout"  # decoding took longer than the limit for one file
    DECODER_CRASHED = "decoder_crashed"  # the decoder process died on it
    OUT_OF_MEMORY = "out_of_memory"
    PERMISSION = "permission"  # the file or the folder may not be read
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
    """A picture that answers a query. ``rank`` counts from 1, ``score`` is a cosine in [-1, 1].

    ``relevance`` is how probably it is meant, in [0, 1], comparable between queries; None where nothing tells.
    """

    rank: int
    score: float
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
class Term:
    """One part of a query, a text or a picture (exactly one of them); with a negative weight it is unwanted."""

    text: str = ""
    image: Path | None = None
    weight: float = 1.0


class Shape(Enum):
    """Which side of a picture is longer."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    SQUARE = "square"


class Order(Enum):
    """How hits are shown; the best are found first in any case."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures may be hits at all. Dates include both ends; what is empty admits everything."""

    folder: str = ""  # below the library, with "/"
    since: date | None = None
    until: date | None = None
    min_side: int = 0  # the longer side has at least so many pixels
    shape: Shape | None = None
    extensions: frozenset[str] = frozenset()  # lower case, with the dot

    @property
    def need_details(self) -> bool:
        """Whether more must be known of a picture than its path."""
        return bool(self.since or self.until or self.min_side or self.shape)


@dataclass(frozen=True, slots=True)
class Query:
    """What the user asked: texts and pictures together, among which pictures, and how to show the hits."""

    terms: tuple[Term, ...] = ()
    filters: Filters = Filters()
    order: Order = Order.RELEVANCE

    @classmethod
    def of_text(cls, text: str) -> Query:
        """A query by one text."""
        return cls((Term(text=text),))

    @classmethod
    def of_image(cls, image: Path) -> Query:
        """A query by one example picture."""
        return cls((Term(image=image),))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it, wanted or not."""
        return tuple(term.text for term in self.terms if term.image is None)

    @property
    def images(self) -> tuple[Path, ...]:
        """The pictures in it, wanted or not."""
        return tuple(term.image for term in self.terms if term.image is not None)


@dataclass(frozen=True, slots=True)
class PageLink:
    """Where the running program listens to one results page, ``http://127.0.0.1:port/token/pages/id``."""

    address: str  # http://127.0.0.1:port, what the page's Content-Security-Policy may name
    path: str  # /token/pages/id


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture as a decoder process hands it over.

    ``pixels`` are fitted to the encoder's input, uint8 (H, W, 3); ``width`` and ``height`` are those of
    the upright original in pixels; ``warning`` is set when only a part of the file could be read. ``taken`` and
    ``camera`` are as in Description.
    """

    pixels: Pixels
    width: int
    height: int
    warning: Reason | None = None
    taken: datetime | None = None
    camera: str = ""


@dataclass(frozen=True, slots=True)
class DecodedVideo:
    """What a decoder process shows of a video: frames that differ, fitted, uint8 (n, H, W, 3), n >= 1.

    ``moments`` (n,) are their seconds from the start, ascending; the rest is as in ``Decoded``.
    """

    pixels: Pixels
    moments: tuple[float, ...]
    width: int
    height: int
    warning: Reason | None = None
    taken: datetime | None = None
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """What a picture file's headers tell of it. Sizes are those of the upright picture in pixels.

    ``taken`` is by the camera's clock, local time without a zone; None when the file does not tell. ``camera`` is
    maker and model in at most 80 characters, or "".
    """

    width: int
    height: int
    taken: datetime | None = None
    camera: str = ""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture for the results page, upright; sizes in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long task is. ``rate`` in images per second (0 while unknown), ``eta`` in seconds."""

    done: int
    total: int
    rate: float = 0.0
    eta: float | None = None
    paused: bool = False  # it holds still now; what was done is saved


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

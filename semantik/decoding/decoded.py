"""What decoding a file gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from semantik.records import DateSource, Face, Pixels, Reason, Region, TextLine

Place = tuple[float, float]
"""Latitude and longitude in degrees, finite, north and east positive."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture as a decoder process hands it over.

    ``pixels`` are fitted to the encoder's input, uint8 (H, W, 3); ``width`` and ``height`` are those of
    the upright original in pixels; ``warning`` is set when only a part of the file could be read. ``taken``,
    ``camera``, ``source`` and ``place`` are as in Description. ``fingerprint`` tells the file's content (see
    ``fingerprint.py``), "" when the file was written to meanwhile. ``views`` are parts of a wide or tall picture,
    fitted as ``pixels``, uint8 (n, H, W, 3), and ``regions`` (n,) where they are; of any other picture there are none.
    """

    pixels: Pixels
    width: int
    height: int
    warning: Reason | None = None
    taken: datetime | None = None
    camera: str = ""
    fingerprint: str = ""
    source: DateSource | None = field(default=None, compare=False)
    place: Place | None = field(default=None, compare=False)
    views: Pixels | None = None
    regions: tuple[Region, ...] = ()


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
    fingerprint: str = ""
    source: DateSource | None = field(default=None, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Description:
    """What a picture file's headers tell of it. Sizes are those of the upright picture in pixels.

    ``taken`` is by the camera's clock, local time without a zone; None when the file does not tell. ``source`` is what
    in the file tells it, ``place`` where it was taken. ``camera`` is maker and model in at most 80 characters, or "".
    """

    width: int
    height: int
    taken: datetime | None = None
    camera: str = ""
    source: DateSource | None = field(default=None, compare=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture for the results page, upright; sizes in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PictureContent:
    """What was read in a picture: its lines of text and the faces; None: not asked for, or cannot be read here at all.

    ``unable``: what is missing, or not whole, so that a kind cannot be read of any picture; for the log.
    """

    texts: tuple[TextLine, ...] | None = None
    faces: tuple[Face, ...] | None = None
    unable: str = ""

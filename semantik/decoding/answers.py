"""What a decoder process answers, read into records.

A process that a hostile file has in its hand may answer anything: each function raises KeyError, TypeError or
ValueError for what no honest one would say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo, Description, PictureContent, Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pipe_messages import Header
from semantik.decoding.shots import LOOK_SIDE, Shot
from semantik.errors import DecodeFailed
from semantik.records import DateSource, Face, Reason, Region, TextLine


def as_description(header: Header, payload: bytes = b"") -> Description:
    """What the headers of a file tell."""
    taken, place = header.get("taken"), header.get("place")
    return Description(
        int(header["width"]),
        int(header["height"]),
        datetime.fromisoformat(taken) if taken else None,
        str(header.get("camera", "")),
        DateSource(header["source"]) if header.get("source") else None,
        (float(place[0]), float(place[1])) if place else None,
    )


def as_fitted(header: Header, payload: bytes, spec: InputSpec) -> Decoded | DecodedVideo:
    """The pixels of a picture, with its views, or of the frames of a video."""
    pixels = np.frombuffer(payload, dtype=np.uint8).reshape(-1, spec.height, spec.width, 3)
    warning = Reason(header["warning"]) if header["warning"] else None
    told = as_description(header)
    rest = (
        *(told.width, told.height, warning, told.taken, told.camera),
        *(str(header.get("fingerprint", "")), told.source, told.place),
    )
    if "moments" not in header:
        regions = tuple(map(_region, header.get("regions", ())))
        if len(pixels) != 1 + len(regions):
            raise ValueError(f"{len(pixels)} pictures with {len(regions)} views")
        return Decoded(pixels[0], *rest, pixels[1:] if regions else None, regions)
    moments = tuple(float(moment) for moment in header["moments"])
    if not moments or len(moments) != len(pixels):
        raise ValueError(f"{len(pixels)} frames at {len(moments)} moments")
    return DecodedVideo(pixels, moments, *rest)


def _region(value: Sequence[float]) -> Region:
    left, top, width, height = (min(max(float(part), 0.0), 100.0) for part in value)
    return left, top, width, height


MOST_LINES = 300
"""Of text in one picture: a page of a newspaper has fewer."""

LONGEST_LINE = 500
"""Characters."""

MOST_FACES = 300
"""In one picture."""

FACE_NUMBERS = 128
"""That tell whose a face is."""

_MOST_CONTENT = 4 * 2**20  # bytes
_UNIT = 1e-2  # by how much a face's numbers may miss unit length


def as_content(header: Header, payload: bytes, kinds: frozenset[str]) -> PictureContent:
    """What was read in a picture of ``kinds``, "text" and "faces"."""
    if len(payload) > _MOST_CONTENT:
        raise ValueError(f"{len(payload)} bytes of content")
    unable = {kind: str(header["unable"][kind])[:8000] for kind in sorted(kinds) if kind in header["unable"]}
    try:
        told = json.loads(payload)
    except RecursionError as error:
        raise ValueError("content within content") from error
    texts = faces = None
    if "text" in kinds - unable.keys():
        texts = tuple(_line(*each) for each in _few(told["text"], MOST_LINES))
    if "faces" in kinds - unable.keys():
        faces = tuple(_face(*each) for each in _few(told["faces"], MOST_FACES))
    return PictureContent(texts, faces, "\n".join(f"{kind}: {detail}" for kind, detail in unable.items()))


def _few(values: Any, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"not a list of at most {most}")
    return values


def _line(text: str, region: Sequence[float], confidence: float) -> TextLine:
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_LINE or not text.isprintable():
        raise ValueError("not a line of text")
    return TextLine(text, _part(region), _share(confidence))


def _face(region: Sequence[float], confidence: float, numbers: Sequence[float]) -> Face:
    embedding = tuple(map(float, numbers))
    if len(embedding) != FACE_NUMBERS or not abs(math.hypot(*embedding) - 1.0) <= _UNIT:  # nor if it is no number
        raise ValueError("not a face's numbers")
    return Face(_part(region), _share(confidence), embedding)


def _part(value: Sequence[float]) -> Region:
    """A region that lies within the picture."""
    left, top, width, height = map(float, value)
    if not all(0.0 <= part <= 100.0 for part in (left, top, width, height)):
        raise ValueError(f"not a part of a picture: {value!r:.200}")
    return left, top, min(width, 100.0 - left), min(height, 100.0 - top)


def _share(value: float) -> float:
    share = float(value)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"not a share: {share}")
    return share


def as_thumbnail(header: Header, payload: bytes) -> Thumbnail:
    """A JPEG and its size."""
    return Thumbnail(payload, int(header["width"]), int(header["height"]))


def as_shot(header: Header, payload: bytes) -> Shot:
    """What a file tells of its shot."""
    looks = np.frombuffer(payload, np.uint8).reshape(-1, LOOK_SIDE, LOOK_SIDE, 3)
    return Shot(str(header["moment"]), str(header["camera"]), float(header["seconds"]), looks)


def as_fingerprints(header: Header, paths: Sequence[Path]) -> list[Fingerprint | DecodeFailed]:
    """What tells the content of each of ``paths``, or why nothing does."""
    return [
        as_failure(told, path)
        if "reason" in told
        else Fingerprint(str(told["fingerprint"]), int(told["size"]), int(told["mtime_ns"]))
        for path, told in zip(paths, header["found"], strict=True)
    ]


def as_failure(header: Header, path: Path) -> DecodeFailed:
    """Why a file could not be decoded; with the digest of its content where that could be read (see ``errors``)."""
    known = {"fingerprint": str(header["fingerprint"])} if header.get("fingerprint") else {}
    return DecodeFailed(path=str(path), reason=Reason(header["reason"]), detail=str(header.get("detail")), **known)

"""What a decoder process answers, read into records.

A process that a hostile file has in its hand may answer anything: each function raises KeyError, TypeError or
ValueError for what no honest one would say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo, Description, Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pipe_messages import Header
from semantik.decoding.shots import LOOK_SIDE, Shot
from semantik.errors import DecodeFailed
from semantik.records import DateSource, Reason, Region


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

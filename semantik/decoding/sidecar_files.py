"""What a file beside a picture tells of it: XMP, or the JSON that Google Takeout gives with each picture."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from semantik.decoding.date_spellings import from_epoch
from semantik.decoding.decoded import Description
from semantik.decoding.refusals import Refused, with_file
from semantik.decoding.xmp import MOST_BYTES, xmp_moments
from semantik.records import DateSource, Reason

SIDECAR_EXTENSIONS = frozenset({".xmp", ".json"})

_LONGEST_NUMBER = 18  # digits


def describe_sidecar(path: Path) -> Description:
    """When the picture beside which a file lies was taken, local time; sizes are 0. Raises DecodeFailed."""
    read = _xmp if path.suffix.lower() == ".xmp" else _takeout

    def describe(file: BinaryIO) -> Description:
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise Refused(Reason.TOO_LARGE, "a file beside a picture")
        taken = read(data)
        return Description(0, 0, taken, source=DateSource.SIDECAR if taken else None)

    return with_file(path, describe)


def _xmp(data: bytes) -> datetime | None:
    return next(xmp_moments(data), None)


def _takeout(data: bytes) -> datetime | None:
    """``photoTakenTime``, which is UTC; 0 where Google does not know."""
    try:
        content = json.loads(data.decode(json.detect_encoding(data)).removeprefix("\ufeff"))
        seconds = content["photoTakenTime"]["timestamp"]
        return from_epoch(int(seconds)) if len(str(seconds)) <= _LONGEST_NUMBER else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None

"""Reading what ``shots`` compares. Meant to run in a decoder process (``worker``), as ``decode`` is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image

from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pictures.formats import RAW, SIGNATURE_BYTES, recognise
from semantik.decoding.pictures.openers import open_picture
from semantik.decoding.pictures.raw_photos import raw_exif
from semantik.decoding.pictures.unlisted import spoken_extension
from semantik.decoding.pipe_messages import Message
from semantik.decoding.refusals import Refused, with_file
from semantik.decoding.shots import LONGEST_LIVE, LOOK_SIDE, moment_of
from semantik.decoding.video import container, frames
from semantik.decoding.video.formats import recognise_video
from semantik.records import Reason


def read_shot(path: Path, *, look: bool, seconds: float) -> Message:
    """What a file tells of its shot, and with ``look`` its looks as raw bytes. Raises DecodeFailed and more.

    Of pictures only the heads are read for that, and of videos that last too long never more.
    """
    if frames.is_video(path):
        moment, lasts = with_file(path, _video_head)
        shown = []
        if look and 0 < lasts <= LONGEST_LIVE:
            found = frames.sample_frames(path, LOOK_SIDE, seconds)
            shown = [_squeezed(Image.fromarray(frame)) for frame in found.frames]
        return {"moment": moment, "camera": "", "seconds": lasts}, b"".join(shown)
    told = with_file(path, lambda file: _picture_head(file, spoken_extension(path.name)))
    shown = [_squeezed(load_image(path, LOOK_SIDE).image)] if look else []
    return {"moment": told[0], "camera": told[1], "seconds": 0.0}, b"".join(shown)


def _squeezed(image: Image.Image) -> bytes:
    return np.asarray(image.resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BOX)).tobytes()


def _picture_head(file: BinaryIO, extension: str) -> tuple[str, str]:
    kind = recognise(file.read(SIGNATURE_BYTES), extension)
    if kind is None or not kind.readable:
        raise Refused(Reason.NOT_AN_IMAGE)
    # LibRaw would read the whole file.
    exif = (raw_exif(file) if kind is RAW else None) or open_picture(file, kind).exif
    taken = exif.get_ifd(ExifTags.IFD.Exif)
    dates = (
        taken.get(ExifTags.Base.DateTimeOriginal),
        taken.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    )
    names = (str(exif.get(tag) or "").split("\0", 1)[0].strip() for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    return next(filter(None, map(moment_of, dates)), ""), " ".join(filter(None, names)).casefold()


def _video_head(file: BinaryIO) -> tuple[str, float]:
    kind, size = recognise_video(file.read(SIGNATURE_BYTES)), os.fstat(file.fileno()).st_size
    if kind is None:
        raise Refused(Reason.NOT_AN_IMAGE)
    taken = container.taken(file, kind, size)
    return taken.strftime("%Y%m%d%H%M%S") if taken else "", container.duration(file, kind, size)

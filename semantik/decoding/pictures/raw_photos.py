"""Camera RAW through LibRaw (rawpy): the preview that the camera put into the file, or else the sensor's data.

The preview is what the photographer saw on the camera, and costs a tenth of developing the picture anew.
"""

from __future__ import annotations

import io
import logging
import os
import struct
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from semantik.decoding.pictures.exif import image_exif
from semantik.decoding.pictures.opened_picture import Extent, Load, Picture

if TYPE_CHECKING:
    from rawpy import RawPy

log = logging.getLogger(__name__)

_HEAD = 2**17  # bytes in which CR3 files have their EXIF data
_PREVIEW_COST = 4  # bytes per pixel of a JPEG
_SAME_SHAPE = 0.03  # by which a preview's aspect may differ: more is another crop, or has black bars
# LibRaw's flip is made of three bits: mirror, turn upside down, transpose. dcraw has the same table inverted.
_ORIENTATION = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}


class RawPicture(Picture):
    """A RAW file. ``size`` is that of the developed picture, whatever the preview's."""

    scales = True

    def __init__(self, file: BinaryIO, cost: float) -> None:
        self.file = file
        self.cost = cost
        self.bytes = file.seek(0, io.SEEK_END)
        self.raw = self._open()
        sizes = self.raw.sizes
        self.sensor = sizes.raw_width * sizes.raw_height
        self.size = sizes.width, sizes.height
        self.orientation = _ORIENTATION.get(sizes.flip, 1)
        self.exif = raw_exif(file)
        if not self.exif:
            self._take_moment(self.raw)
        if min(self.size) < 1:
            raise UnidentifiedImageError("no picture in it")
        self.preview: Image.Image | None = None
        self.extent: Extent = self.size

    def prepare(self, side: int) -> Extent:
        self.preview = self._preview(side)
        if self.preview is None:
            self.extent = self.size[0] / 2, self.size[1] / 2
            return self.extent
        drafted = self.preview.draft("RGB", (side, side))
        self.extent = drafted[1][2:] if drafted else self.preview.size
        return self.extent

    def needs(self) -> Load:
        if self.preview is None:
            return Load(self.sensor, self.sensor, self.cost, self.bytes)
        return Load(self.sensor, self.preview.width * self.preview.height, _PREVIEW_COST, self.bytes)

    def load(self) -> tuple[Image.Image, Extent]:
        if self.preview is not None:
            try:
                self.preview.load()
            except (OSError, ValueError, SyntaxError):
                log.debug("the preview is broken", exc_info=True)
                # The picture itself may be good; developing it was not accounted for, but is bounded.
                self.extent = self.size[0] / 2, self.size[1] / 2
            else:
                return self.preview, self.extent
        image = self._develop()
        return image, (min(self.extent[0], image.width), min(self.extent[1], image.height))

    def _open(self) -> RawPy:
        # One thread is enough for a process, and each more would have a stack of its own.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import rawpy

        self.file.seek(0)
        raw = rawpy.RawPy()
        try:
            raw.open_buffer(self.file)
            _ = raw.sizes  # some files fail only here
        except rawpy.LibRawError as error:
            raise _plain_error(error) from error
        return raw

    def _preview(self, side: int) -> Image.Image | None:
        """The embedded preview, not loaded, when it is large enough and shows the whole picture."""
        import rawpy

        with self.raw:
            try:
                thumb = self.raw.extract_thumb()
            except rawpy.LibRawError:
                log.debug("no preview", exc_info=True)
                return None
        if thumb.format != rawpy.ThumbFormat.JPEG or not isinstance(thumb.data, bytes):
            return None
        try:
            preview = Image.open(io.BytesIO(thumb.data), formats=["JPEG"])
        except (OSError, ValueError, SyntaxError):
            log.debug("the preview is broken", exc_info=True)
            return None
        width, height = preview.size
        if min(width, height) < min(side, min(self.size) / 2):
            return None
        if self.orientation >= 5 and _same_shape((height, width), self.size) and width != height:
            self.size, self.orientation = self.size[::-1], 1  # stored upright already
        return preview if _same_shape((width, height), self.size) else None

    def _develop(self) -> Image.Image:
        """The picture at half its size, one pixel for each 2 x 2 of the sensor, in sRGB."""
        import rawpy

        with self._open() as raw:  # anew: LibRaw goes no further after a preview that it could not find
            try:
                pixels = raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0, gamma=(2.4, 12.92))
            except rawpy.LibRawError as error:
                raise _plain_error(error) from error
        return Image.fromarray(pixels)

    def _take_moment(self, raw: RawPy) -> None:
        """Formats without EXIF data of the usual form: LibRaw knows at least when the picture was taken."""
        try:
            moment: datetime = raw.other.timestamp
        except (OSError, OverflowError, ValueError):
            return
        if moment.year > 1970:
            self.exif[ExifTags.Base.DateTime] = moment.strftime("%Y:%m:%d %H:%M:%S")


def _same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    return abs(size[0] * other[1] / (size[1] * other[0]) - 1) < _SAME_SHAPE


def _plain_error(error: Exception) -> Exception:
    """LibRaw's error as one that says what it means."""
    import rawpy

    told = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    match error:
        case rawpy.LibRawUnsufficientMemoryError():
            return MemoryError(told)
        case rawpy.LibRawTooBigError():
            return Image.DecompressionBombError(told)
        case rawpy.LibRawFileUnsupportedError() | rawpy.LibRawNotImplementedError():
            return NotImplementedError(told)
        case rawpy.LibRawDataError():  # its own words are "data error or unsupported file format"
            return OSError("broken data")
        case _:
            return OSError(told)


def raw_exif(file: BinaryIO) -> Image.Exif:
    """The EXIF data of a RAW file, empty when it has none in the usual form."""
    file.seek(0)
    head = file.read(16)
    exif = Image.Exif()
    try:
        if head[:2] in (b"II", b"MM") and head[6:14] != b"HEAPCCDR":
            # Olympus and Panasonic have marks of their own where TIFF has 42; otherwise these are TIFF files.
            exif.endian = "<" if head[:2] == b"II" else ">"
            exif.load_from_fp(file, struct.unpack(f"{exif.endian}I", head[4:8])[0])
        elif head[4:8] == b"ftyp":
            file.seek(0)
            exif = _canon_exif(file.read(_HEAD))
        elif head.startswith(b"FUJIFILM"):
            file.seek(84)  # offset and length of the preview, a complete JPEG file
            start, length = struct.unpack(">II", file.read(8))
            file.seek(start)
            exif = image_exif(Image.open(io.BytesIO(file.read(min(length, _HEAD))), formats=["JPEG"]))
        exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # EXIF readers fail in many ways; a good picture must not fail with them
        log.debug("broken EXIF data", exc_info=True)
        return Image.Exif()
    return exif


def _canon_exif(head: bytes) -> Image.Exif:
    """The EXIF data of a CR3 file: two boxes with a TIFF file each, the first with the camera, the second with the
    photograph's tags (as documented by the project canon_cr3)."""
    exif, photo = (_tiff_in(head, name) for name in (b"CMT1", b"CMT2"))
    exif.get_ifd(ExifTags.IFD.Exif).update(photo)
    return exif


def _tiff_in(head: bytes, name: bytes) -> Image.Exif:
    exif = Image.Exif()
    at = head.find(name)
    if at >= 4:
        exif.load(head[at + 4 : at - 4 + int.from_bytes(head[at - 4 : at], "big")])
    return exif

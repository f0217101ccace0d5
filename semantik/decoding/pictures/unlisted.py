"""Pictures under names that are no picture's: a browser's ``.jpg_large``, a copy's ``.JPG.1``, no ending at all.

Such files are told by their first bytes, by stricter rules than those that a picture's name goes with: two letters at
the beginning of some text are no bitmap.
"""

from __future__ import annotations

import re
import struct

from semantik.decoding.pictures.formats import (
    BMP,
    CUR,
    DDS,
    DIB,
    FITS,
    ICO,
    IMAGE_EXTENSIONS,
    JXL,
    MSP,
    PIXAR,
    PPM,
    SGI,
    SUN,
    SVG,
    ImageFormat,
    recognise,
)  # fmt: skip

# Known by their beginnings, read by nobody here: such files are told.
_UNREAD = (
    (b"gimp xcf ", "XCF"),
    (b"Paint Shop Pro Image File\n", "PSP"),
    (b"II\xbc", "JXR"),
    (b"FLIF", "FLIF"),
    (b"BPG\xfb", "BPG"),
)
# Too short a signature to be believed alone.
_NEEDS_MORE = (BMP, DIB, ICO, CUR, SGI, PPM, FITS, MSP, PIXAR, SUN, DDS)
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_INNER = re.compile(
    r"(\.[a-z0-9]{2,5})(?:~|_+[a-z0-9]*|[ ._-]?\(?\d{1,3}\)?|\.(?:bak|old|orig|copy|backup|save)\d*~?)$"
)


def extension_of(name: str) -> str:
    """The ending of a name with its dot, lower case; "" when there is none."""
    at = name.rfind(".")
    return name[at:].lower() if at > 0 else ""


def spoken_extension(name: str) -> str:
    """The ending that a file's name means: ``.nef`` of ``DSC_1.NEF`` as of ``DSC_1.NEF~`` and ``DSC_1.nef.bak``."""
    extension = extension_of(name)
    if extension in IMAGE_EXTENSIONS:
        return extension
    inner = _INNER.search(name.lower())
    return inner[1] if inner and inner[1] in IMAGE_EXTENSIONS else extension


def unread_format(head: bytes) -> ImageFormat | None:
    """The format of a picture that no reader here knows."""
    return next((ImageFormat(name) for signature, name in _UNREAD if head.startswith(signature)), None)


def recognise_unlisted(head: bytes, name: str) -> ImageFormat | None:
    """The format of such a file from its first ``SIGNATURE_BYTES``; one without a decoder is known as well."""
    if unread := unread_format(head):
        return unread
    extension = spoken_extension(name)
    kind = recognise(head, extension)
    if kind is None or extension in IMAGE_EXTENSIONS:
        return kind
    if kind in _NEEDS_MORE:
        return kind if _is_convincing(kind, head) else None
    if kind is SVG:  # a page with a drawing in it is a page
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
        return kind if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<html" not in start else None
    return None if kind is JXL and _is_text_after(head) else kind


def _is_convincing(kind: ImageFormat, head: bytes) -> bool:
    """Whether what follows a short signature is as it must be."""
    if kind is BMP:
        return len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS and head[6:10] == bytes(4)
    if kind is PPM:
        return bool(re.match(rb"P[1-6fF][ \t\r\n]+(#.*[\r\n]+)*\d{1,6}[ \t\r\n]+\d{1,6}\s", head)) or head.startswith(
            b"P7\n"
        )
    if kind is DDS:
        return head[4:8] == b"\x7c\0\0\0"
    if kind is SUN:
        return len(head) >= 32
    if kind is FITS:
        return head.startswith(b"SIMPLE  =                    T")
    return False  # icons and textures under a strange name are a program's own


def _is_text_after(head: bytes) -> bool:
    """Whether what begins with the two bytes of a JPEG XL goes on as text."""
    return head.startswith(b"\xff\x0a") and head[2:66].isascii() and b"\0" not in head[2:66]

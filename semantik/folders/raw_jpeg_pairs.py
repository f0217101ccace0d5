"""A camera's RAW file, or a live photo's video, and the picture of the same name beside it.

They are two files of one shot, which counts once, if they agree; names only say which to compare (see ``same_shot``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from semantik.decoding.pictures.formats import CUR, FORMATS, ICNS, ICO, JXL, RAW, SVG, XBM, XPM

RAW_EXTENSIONS = frozenset(RAW.extensions)

# A drawing beside a RAW file is no version of it, and without the optional reader of JPEG XL nothing would be left.
_NO_TWINS = (RAW, SVG, ICO, CUR, ICNS, XBM, XPM, JXL)

TWIN_EXTENSIONS = frozenset(
    extension for kind in FORMATS if kind.readable and kind not in _NO_TWINS for extension in kind.extensions
)
"""Extensions of the pictures that are shown instead of a RAW file of the same name."""

# Google's: PXL_1.RAW-01.COVER.jpg beside PXL_1.RAW-02.ORIGINAL.dng, PXL_1.RAW-01.MP.COVER.jpg, PXL_1.MP.jpg.
_PHONE_TAGS = re.compile(r"(?:[._-]raw-\d\d)?(?:\.mp)?(?:\.cover|\.original)?$")


def suffix(name: str) -> str:
    """The extension with its dot, lower case."""
    # pathlib's would take half of the time of a scan.
    return name[name.rfind(".") :].lower()


def stem(path: str) -> str:
    """A path without its extension and what phones add to tell the files of one shot, whatever their case."""
    name = path[: path.rfind(".")].casefold()
    return _PHONE_TAGS.sub("", name) if ".mp" in name or "raw-0" in name else name


def superseded(paths: Iterable[str], found: Collection[str]) -> set[str]:
    """Those of ``paths`` that are RAW files with a twin in ``found``: a picture of the same name in the same folder.

    The twin is the one that every program shows and that opens fast; as soon as it goes, the RAW file counts.
    """
    raws = {path for path in paths if suffix(path) in RAW_EXTENSIONS}
    if not raws:
        return raws
    twins = {stem(path) for path in found if suffix(path) in TWIN_EXTENSIONS}
    return {path for path in raws if stem(path) in twins}

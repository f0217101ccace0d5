"""A camera's RAW file and the picture of the same name beside it: two files of one shot, which counts once."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from semantik.decoding.pictures.formats import CUR, FORMATS, ICNS, ICO, JXL, RAW, SVG, XBM, XPM

RAW_EXTENSIONS = frozenset(RAW.extensions)

# A drawing beside a RAW file is no version of it, and without the optional reader of JPEG XL nothing would be left.
_NO_TWINS = (RAW, SVG, ICO, CUR, ICNS, XBM, XPM, JXL)

TWIN_EXTENSIONS = frozenset(
    extension for kind in FORMATS if kind.readable and kind not in _NO_TWINS for extension in kind.extensions
)
"""Extensions of the pictures that are shown instead of a RAW file of the same name."""


def suffix(name: str) -> str:
    """The extension with its dot, lower case."""
    # pathlib's would take half of the time of a scan.
    return name[name.rfind(".") :].lower()


def stem(path: str) -> str:
    """A path without its extension, to be compared without regard to case."""
    return path[: path.rfind(".")].casefold()


def superseded(paths: Iterable[str], found: Collection[str]) -> set[str]:
    """Those of ``paths`` that are RAW files with a twin in ``found``: a picture of the same name in the same folder.

    The twin is the one that every program shows and that opens fast; as soon as it goes, the RAW file counts.
    """
    raws = {path for path in paths if suffix(path) in RAW_EXTENSIONS}
    if not raws:
        return raws
    twins = {stem(path) for path in found if suffix(path) in TWIN_EXTENSIONS}
    return {path for path in raws if stem(path) in twins}

"""Which kinds of picture files can be opened here, and what is missing for the others."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator

from semantik.decoding.pictures.formats import FORMATS, LIBHEIF, LIBJXL, LIBRAW, OPENCV, RESVG, ImageFormat
from semantik.doctor.findings import Finding, note, ok, wrong

log = logging.getLogger(__name__)

_ALTERNATIVES = {LIBHEIF: (LIBHEIF, "pi_heif")}  # either of them will do
_PACKAGES = {
    OPENCV: "opencv-python-headless",
    LIBJXL: "pillow-jxl-plugin",
    LIBRAW: "rawpy",
    RESVG: "resvg-py",
    LIBHEIF: "pi-heif",
}
_OPTIONAL = {LIBJXL: "requirements-formats.txt"}


def check() -> Iterator[Finding]:
    """First the kinds that can be opened, in one line; then each that cannot."""
    missing = {kind.name: missing_decoder(kind) for kind in FORMATS}
    here = [kind.name for kind in FORMATS if kind.readable and not missing[kind.name]]
    yield ok("decoders", "doctor.formats", count=len(here), total=len(FORMATS), names=tuple(here))
    for kind in FORMATS:
        facts = {"name": kind.name, "package": missing[kind.name], "extensions": " ".join(kind.extensions)}
        if not kind.readable:
            yield note("decoders", "doctor.format_unreadable", **facts)
        elif kind.plugin in _OPTIONAL and facts["package"]:
            facts["file"] = _OPTIONAL[kind.plugin]
            yield note("decoders", "doctor.format_optional", "doctor.advice_optional", **facts)
        elif facts["package"]:
            yield wrong("decoders", "doctor.format_missing", "doctor.advice_format", **facts)


def missing_decoder(kind: ImageFormat) -> str:
    """The package to install so that this kind of file can be opened; "" when it can be, or by nothing at all.

    Modules are really imported: a package whose libraries the system lacks is there and does not work.
    """
    if not kind.readable:
        return ""
    if kind.plugin in _PACKAGES:
        return "" if any(map(_works, _ALTERNATIVES.get(kind.plugin, (kind.plugin,)))) else _PACKAGES[kind.plugin]
    if not _works(f"PIL.{kind.plugin}"):
        return "Pillow"
    from PIL import features

    return "" if not kind.feature or features.check(kind.feature) else "Pillow"


def _works(module: str) -> bool:
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:
        log.info("no decoder %s: %s", module, error)
        return False
    return True

"""Whether texts and faces in pictures can be read here; how many were read is told with the indexes."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from importlib import metadata

from semantik.doctor.findings import Finding, hidden, ok, wrong
from semantik.downloads.face_models import FaceModels
from semantik.errors import SemantikError
from semantik.storage.settings import Config

log = logging.getLogger(__name__)

_PACKAGE = "rapidocr"
_MODULES = ("onnxruntime", _PACKAGE)  # the first runs the models of the other


def check_faces(config: Config) -> Iterator[Finding]:
    """Whether what finds faces is there; nothing is told while the user does not want people to be found."""
    if not config.find_people:
        return
    try:
        FaceModels(config).paths()
    except (SemantikError, OSError) as error:
        log.info("no faces are found: %r", error)
        yield wrong("decoders", "doctor.no_faces", "doctor.advice_faces_models", name=FaceModels(config).title)
    else:
        yield ok("decoders", "doctor.faces", name=FaceModels(config).title)


def check() -> Iterator[Finding]:
    """Modules are really imported: a package whose libraries the system lacks is there and does not work."""
    for module in _MODULES:
        try:
            importlib.import_module(module)
        except (ImportError, OSError, AttributeError, RuntimeError) as error:
            log.info("no texts are read without %s: %s", module, error)
            facts = {"package": module, "detail": hidden(error)}
            yield wrong("decoders", "doctor.no_texts", "doctor.advice_format", **facts)
            return
    yield ok("decoders", "doctor.texts", package=_PACKAGE, version=metadata.version(_PACKAGE))

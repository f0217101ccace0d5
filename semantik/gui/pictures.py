"""Small pictures for the window, read away from its thread."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.errors import SemantikError

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.engine import Engine

log = logging.getLogger(__name__)


def load(engine: Engine, paths: Sequence[Path], side: int) -> list[Image.Image | None]:
    """Thumbnails of ``paths`` from the cache or made by the decoder processes; None for what cannot be read.

    ``side``: their longer side in pixels, at most. For any thread but the window's; PIL pictures, which only that one
    can turn into Tk's.
    """
    from PIL import Image

    try:
        found = engine.thumbnails.get_many(paths, engine.pool, side)
    except SemantikError as error:  # the program ends, or no decoder can be started: the search tells
        log.info("no small pictures: %r", error)
        return [None] * len(paths)
    shown: list[Image.Image | None] = []
    for path in paths:
        shown.append(None)
        if path in found:
            with Image.open(io.BytesIO(found[path].jpeg), formats=["JPEG"]) as picture:
                picture.load()
                shown[-1] = picture.convert("RGB")
    return shown

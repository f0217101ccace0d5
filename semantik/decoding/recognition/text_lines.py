"""The words that stand in a picture: signs, receipts, messages.

RapidOCR finds the lines and reads them, with the weights of its own wheel. Its figures, and those behind every number
here, are in benchmarks/read_texts.md.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semantik.decoding.answers import LONGEST_LINE, MOST_LINES
from semantik.records import Region, TextLine

LEAST_CONFIDENCE = 0.8
"""What is read less surely is mostly a pattern that looks like letters."""

_SEARCHED = 1280 * 960
"""Pixels in which lines are looked for, a larger picture is reduced to as many: time and memory go with them."""

_ENLARGED = 640
"""Pixels of the longer side below which a picture is enlarged. To enlarge more costs time, and finds no more."""

_LONGEST = 4096
_STRIP = 32  # pixels of the shorter side at least, as the network needs them
_TALL = 1.5  # times its width: a line that runs up or down
_WEIGHTS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}

Corners = NDArray[np.float32]
"""Of a line, in pixels: top left, top right, bottom right, bottom left as it is read; float32 (4, 2)."""


def read_text(image: Image.Image) -> list[TextLine]:
    """The lines of text in an upright RGB picture, from the top, those that are surely read.

    Lines that run upwards, downwards or upside down are read, too. Raises as ``prepare``.
    """
    reader = prepare()
    pixels = _as_opencv(image)
    found = []
    for corners in _lines(reader, image):
        line = _upright(pixels, corners)
        read = reader(line, use_det=False, use_cls=True, use_rec=True)
        for words, confidence in zip(read.txts or (), read.scores or (), strict=True):
            text = "".join(filter(str.isprintable, " ".join(words.split())))[:LONGEST_LINE]
            if confidence >= LEAST_CONFIDENCE and sum(map(str.isalnum, text)) > 1:
                found.append(TextLine(text, _region(corners, image.size), min(1.0, float(confidence))))
    return found


def _lines(reader: Any, image: Image.Image) -> list[Corners]:
    size = searched_size(*image.size)
    small = image if size == image.size else image.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    found = reader(_as_opencv(small), use_det=True, use_cls=False, use_rec=False)
    if found.boxes is None:
        return []
    scale = np.divide(image.size, size, dtype=np.float32)
    return [np.asarray(corners, np.float32) * scale for corners in found.boxes[:MOST_LINES]]


def searched_size(width: int, height: int) -> tuple[int, int]:
    """The size, in pixels, at which lines are looked for in a picture: it keeps its shape, but for extreme ones."""
    factor = math.sqrt(_SEARCHED / (width * height))
    factor = min(factor, _LONGEST / max(width, height), max(1.0, _ENLARGED / max(width, height)))
    return max(_STRIP, round(width * factor)), max(_STRIP, round(height * factor))


def _as_opencv(image: Image.Image) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _upright(pixels: NDArray[np.uint8], corners: Corners) -> NDArray[np.uint8]:
    """The line cut out, straight and lying, uint8 (H, W, 3)."""
    top, right, bottom, left = (float(np.linalg.norm(corners[at] - corners[(at + 1) % 4])) for at in range(4))
    width, height = max(1, round(max(top, bottom))), max(1, round(max(left, right)))
    goal = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    line = cv2.warpPerspective(
        pixels,
        cv2.getPerspectiveTransform(corners, goal),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.ascontiguousarray(np.rot90(line) if height >= _TALL * width else line)


def _region(corners: Corners, size: tuple[int, int]) -> Region:
    share = np.clip(corners / np.array(size, np.float32) * 100, 0.0, 100.0)
    (left, top), (right, bottom) = share.min(axis=0).tolist(), share.max(axis=0).tolist()
    return round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2)


@lru_cache(maxsize=1)
def prepare() -> Any:
    """Load the models; once. Raises ImportError, FileNotFoundError, or what else a package raises that is not whole."""
    with _offline():
        import rapidocr

        folder = Path(str(rapidocr.__file__)).parent / "models"
        settings: dict[str, object] = {
            "Global.log_level": "critical",
            "Global.text_score": LEAST_CONFIDENCE,
            "Global.max_side_len": 2**15,  # the sizes are ours
            "Global.min_side_len": 1,
            "Global.min_height": 1,
            "Global.width_height_ratio": -1,
            "Det.limit_type": "max",
            "Det.limit_side_len": _LONGEST,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        for part, weights in _WEIGHTS.items():
            if not (folder / weights).is_file():  # it would be downloaded
                raise FileNotFoundError(str(folder / weights))
            settings[f"{part}.model_path"] = str(folder / weights)
        return rapidocr.RapidOCR(params=settings)


@contextmanager
def _offline() -> Iterator[None]:
    """Meanwhile what is imported gets no network: RapidOCR asks for its downloads' package wherever it is used.

    It stays without, and a decoder process, which opens hostile pictures, holds none at all.
    """
    if "requests" in sys.modules:
        yield
        return
    nothing = ModuleType("requests")
    vars(nothing).update(Response=object, RequestException=OSError, get=_refuse)
    sys.modules["requests"] = nothing
    try:
        yield
    finally:
        del sys.modules["requests"]


def _refuse(address: object, **settings: object) -> object:
    raise OSError(f"nothing is downloaded here: {address}")

"""Finding faces in a picture, and what tells one person's from another's: YuNet and SFace, run by OpenCV.

Wu, Peng and Yu, 2023, "YuNet: A Tiny Millisecond-level Face Detector"; Zhong et al., 2021, "SFace: Sigmoid-Constrained
Hypersphere Loss for Robust Face Recognition", arXiv:2205.12010. Measured in benchmarks/find_people.md.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semantik.records import Face, Pixels, Region

if TYPE_CHECKING:
    import cv2

LONG_SIDE = 1280
"""Pixels to which a larger picture is reduced: a face of a fiftieth is found; at 1,920 it takes twice as long."""

_SURE = 0.8
"""Confidence from which on something is a face: 51 of 52 were."""

_SMALLEST = 24.0
"""Pixels of a face's shorter side in the picture as it is looked at: of smaller ones nothing tells who they are."""

_OVERLAP = 0.3  # of two boxes, above which they are one face: as YuNet's authors have it
_MOST = 200  # faces in a picture


def find_faces(image: Image.Image, detector: Path, recogniser: Path) -> list[Face]:
    """The faces in an upright picture, the largest first; ``detector`` and ``recogniser`` are the models' files.

    Raises OSError and ``cv2.error`` when the files are not those.
    """
    pixels = _pixels(image)
    height, width = pixels.shape[:2]
    finder, model = _detector(str(detector)), _recogniser(str(recogniser))
    finder.setInputSize((width, height))
    _, rows = finder.detect(pixels)
    found: list[Face] = []
    for row in [] if rows is None else sorted(rows, key=lambda row: -float(row[2] * row[3])):
        if min(row[2], row[3]) < _SMALLEST or len(found) == _MOST:
            break
        region = _region(row[:4], width, height)
        if region:
            found.append(Face(region, min(1.0, float(row[14])), _embedding(pixels, row, model)))
    return found


def _embedding(pixels: Pixels, row: NDArray[np.float32], model: cv2.FaceRecognizerSF) -> tuple[float, ...]:
    vector = model.feature(model.alignCrop(pixels, row)).astype(np.float64).ravel()
    return tuple((vector / np.linalg.norm(vector)).tolist())


def _pixels(image: Image.Image) -> Pixels:
    """The picture as OpenCV has them, BGR, uint8 (H, W, 3), no side longer than LONG_SIDE."""
    import cv2

    if (scale := LONG_SIDE / max(image.size)) < 1:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        # Means of whole pixels first, where there are twice as many: that takes half as long.
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)
    return np.asarray(cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)


def _region(box: NDArray[np.float32], width: int, height: int) -> Region | None:
    """The part of a box that is within the picture, in percent; None for no part."""
    left, top = max(0.0, float(box[0])), max(0.0, float(box[1]))
    right, bottom = min(width, float(box[0] + box[2])), min(height, float(box[1] + box[3]))
    if not (right > left and bottom > top):
        return None
    return 100 * left / width, 100 * top / height, 100 * (right - left) / width, 100 * (bottom - top) / height


@lru_cache(maxsize=1)
def _detector(file: str) -> cv2.FaceDetectorYN:
    import cv2

    if said := getattr(cv2.utils, "logging", None):  # OpenCV 5, which warns of its own defaults
        said.setLogLevel(said.LOG_LEVEL_ERROR)
    cv2.setNumThreads(1)  # there is a process for each core
    return cv2.FaceDetectorYN.create(file, "", (LONG_SIDE, LONG_SIDE), _SURE, _OVERLAP, 5000)


@lru_cache(maxsize=1)
def _recogniser(file: str) -> cv2.FaceRecognizerSF:
    import cv2

    return cv2.FaceRecognizerSF.create(file, "")

"""Reading a picture that is decoded: one decoding serves all kinds of what is to be known of it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from semantik.decoding.pipe_messages import Message

MIN_SIDE = 640
"""What ``load_image`` is to be asked for: text is read in a picture whose shorter side is twice that, where it is."""

_TEXT = "semantik.decoding.recognition.text_lines"
_FACES = "semantik.decoding.recognition.faces"


def prepare(kind: str, faces_by: Sequence[str] | None) -> Message:
    """Load what reads a kind, "text" or "faces", with the files of its detector and its recogniser.

    Raises what a package or a file raises that is missing or not whole.
    """
    if kind == "text":
        importlib.import_module(_TEXT).prepare()
    elif kind == "faces" and faces_by:
        importlib.import_module(_FACES).find_faces(Image.new("RGB", (64, 64)), *map(Path, faces_by))
    else:
        raise ValueError(f"nothing reads {kind!r}")
    return {}, b""


def read(image: Image.Image, kinds: Sequence[str], faces_by: Sequence[str] | None) -> bytes:
    """What is in an upright RGB picture, as JSON: lists of what the records in ``answers.as_content`` are made of."""
    told: dict[str, list[Any]] = {}
    if "text" in kinds:
        lines = importlib.import_module(_TEXT).read_text(image)
        told["text"] = [(line.text, line.region, line.confidence) for line in lines]
    if "faces" in kinds:
        faces = importlib.import_module(_FACES).find_faces(image, *map(Path, faces_by or ()))
        told["faces"] = [(face.region, face.confidence, face.embedding) for face in faces]
    return json.dumps(told).encode("ascii")

"""Pictures of faces: cut out of the pictures that they are in, in the background, only those that are asked for now."""

from __future__ import annotations

import io
import logging
import threading
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.errors import DecodeFailed, SemantikError
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.window_services import WindowServices
from semantik.records import Region, split_path
from semantik.storage.regular_files import is_file

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.engine import Engine
    from semantik.engine.people import ShownFace

log = logging.getLogger(__name__)

AROUND = 1.6
"""How many times as wide as the face that the detector saw is what is shown: hair and chin help to recognise it."""

GREY = "#8a8a8a"
"""What stands for a picture that is not read yet, or cannot be."""

SIDES = (400, 640, 1280, 2560)
"""Longer sides of the pictures that faces are cut from; those on results pages first, which may be there already."""

_CACHED = 640  # the largest of these that are kept on disk: larger ones would drive out all others
_SMALLEST = 0.5  # percent of the picture: smaller faces are not found
_AT_ONCE = 8  # faces between two looks at what is wanted now
_MOST = 300  # pictures that are remembered: the faces of several screens


class FacePictures:
    """The pictures of faces for one window, which remembers them while it is open; nothing of it is kept on disk."""

    def __init__(
        self,
        services: WindowServices,
        engine: Engine,
        side: int,
        show: Callable[[str, Image.Image | None], object],
    ) -> None:
        """``side`` of the square pictures, in pixels. ``show`` gets a face's id and its picture, None where there is
        none, on the window's thread.
        """
        self._services, self._engine, self._side, self._show = services, engine, side, show
        self._known: dict[str, Image.Image | None] = {}
        self._lock = threading.Lock()  # guards what follows
        self._wanted: list[ShownFace] = []
        self._reading: set[str] = set()  # and not shown yet
        self._working = False

    def want(self, faces: Sequence[ShownFace]) -> None:
        """Show these; what was wanted before, and is not any more, is not read."""
        for face in faces:
            if face.id in self._known:
                self._show(face.id, self._known[face.id])
        with self._lock:
            self._wanted = [face for face in faces if face.id not in self._known and face.id not in self._reading]
            if not self._wanted or self._working:
                return
            self._working = True
        self._services.tasks.ahead(self._work)

    def close(self) -> None:
        """Nothing is wanted any more."""
        with self._lock:
            self._wanted = []

    def _work(self) -> None:
        """In a thread of its own, until nothing is wanted."""
        try:
            while batch := self._next():
                for face, picture in zip(batch, face_pictures(self._engine, batch, self._side), strict=True):
                    self._services.tasks.post(lambda face=face, picture=picture: self._take(face.id, picture))  # type: ignore[misc]
        finally:
            with self._lock:
                self._working = False

    def _next(self) -> list[ShownFace]:
        """What is read next; nothing if that is the end."""
        with self._lock:
            batch, self._wanted = self._wanted[:_AT_ONCE], self._wanted[_AT_ONCE:]
            self._reading |= {face.id for face in batch}
            self._working = bool(batch)
            return batch

    def _take(self, face: str, picture: Image.Image | None) -> None:
        self._known[face] = picture
        with self._lock:
            self._reading.discard(face)
        while len(self._known) > _MOST:
            self._known.pop(next(iter(self._known)))
        self._show(face, picture)


def face_pictures(engine: Engine, faces: Sequence[ShownFace], side: int) -> list[Image.Image | None]:
    """Square pictures of faces, RGB, ``side`` pixels wide; None where the picture cannot be read.

    For any thread but the window's. Files are decoded by the decoder processes only.
    """
    found: dict[str, Image.Image] = {}
    sizes = {face.id: picture_side(face.region, side) for face in faces}
    for size in SIDES:
        ones = [face for face in faces if sizes[face.id] == size]
        try:
            pictures = dict(_pictures(engine, [face.picture for face in ones], size))
        except SemantikError as error:  # the program ends, or no decoder can be started: the search tells
            log.info("no pictures of faces: %s", error)
            break
        for face in ones:
            if face.picture in pictures:
                found[face.id] = _cut(pictures[face.picture], face.region, side)
    return [found.get(face.id) for face in faces]


def picture_side(region: Region, side: int) -> int:
    """How large a picture must be read for the face in ``region`` to fill ``side`` pixels: one of ``SIDES``."""
    # Of the picture's longer side a face, which is about square, takes the smaller of the two shares.
    share = max(_SMALLEST, min(region[2], region[3])) / 100
    needed = side / AROUND / share
    return next((size for size in SIDES if size >= needed), SIDES[-1])


def _pictures(engine: Engine, paths: Sequence[Path], size: int) -> Iterator[tuple[Path, bytes]]:
    """The pictures as JPEG files, as far as they can be read."""
    paths = list(dict.fromkeys(paths))
    there = [path for path in paths if size > _CACHED and is_file(split_path(path)[0])]
    for path, made in zip(there, engine.pool.thumbnails(there, size) if there else (), strict=True):
        if isinstance(made, DecodeFailed):
            log.info("no picture of a face: %s", made)
        else:
            yield path, made.jpeg
    # Of those that are away now something smaller may be left.
    others = [path for path in paths if path not in there]
    for path, kept in engine.thumbnails.get_many(others, engine.pool, min(size, _CACHED)).items():
        yield path, kept.jpeg


def _cut(jpeg: bytes, region: Region, side: int) -> Image.Image:
    from PIL import Image

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        return picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS, face_box(picture.size, region))


def face_box(size: tuple[int, int], region: Region) -> tuple[float, float, float, float]:
    """The square around a face within a picture of ``size`` pixels: left, upper, right and lower edge."""
    width, height = size
    left, top, wide, high = (part * whole / 100 for part, whole in zip(region, (width, height) * 2, strict=True))
    side = max(1.0, min(AROUND * max(wide, high), width, height))
    x = max(0.0, min(left + wide / 2 - side / 2, width - side))
    y = max(0.0, min(top + high / 2 - side / 2, height - side))
    return x, y, x + side, y + side


def blank_face(widget: tk.Misc, side: int) -> Any:
    """What stands for a face, ``side`` pixels wide at 100 %; whoever shows it must keep it."""
    from PIL import Image

    return for_tk(widget, Image.new("RGB", (pixels(widget, side),) * 2, GREY))

"""One process that reads pictures for all tests of a module, and readers that note what they were told."""

from __future__ import annotations

import atexit
import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from semantik.decoding.decoded import PictureContent
from semantik.decoding.pool import DecodePool, reading_pool
from semantik.errors import Cancelled
from semantik.records import ImageFile, TextLine
from tests.support.waiting import PATIENCE

WHOLE = (0.0, 0.0, 100.0, 100.0)


@functools.cache
def lasting_reading_pool() -> DecodePool:
    """It stays to the end of the tests, and ``close`` does nothing: its models take a second to load."""
    pool = reading_pool(PATIENCE, fetch_cloud=False)
    atexit.register(pool.close)
    pool.close = lambda: None  # type: ignore[method-assign]
    return pool


class ScriptedPool:
    """Stands for a pool: answers at once with the file's name as its text, or as ``answer`` says, unless it is held."""

    def __init__(self, answer: Callable[[Path], PictureContent] | None = None) -> None:
        self.answer = answer or (lambda path: PictureContent((TextLine(path.stem, WHOLE, 1.0),)))
        self.asked: list[str] = []
        self.kinds: list[frozenset[str]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.closed = False

    def read(self, path: Path, kinds: frozenset[str], face_models: tuple[Path, Path] | None = None) -> PictureContent:
        self.asked.append(path.name)
        self.kinds.append(kinds)
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        if self.closed:
            raise Cancelled
        return self.answer(path)

    def __enter__(self) -> ScriptedPool:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True
        self.go_on.set()


class NotingReader:
    """Keeps in memory what was read of a kind."""

    models: tuple[Path, Path] | None = None

    def __init__(self, kind: str = "text") -> None:
        self.kind = kind
        self.on = True
        self.noted: dict[str, PictureContent] = {}
        self.flushed = 0

    def wanted(self) -> bool:
        return self.on

    def missing(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        return [file for file in files if file.path not in self.noted]

    def note(self, file: ImageFile, content: PictureContent) -> None:
        self.noted[file.path] = content

    def flush(self) -> None:
        self.flushed += 1


def texts_of(content: PictureContent) -> list[str]:
    return [line.text for line in content.texts or ()]


def read_pictures(monkeypatch: pytest.MonkeyPatch, make_pool: Callable[[], object]) -> None:
    """Let an engine with replaced encoders read pictures after all, by what ``make_pool`` makes."""
    from semantik.engine import engine
    from tests.support.fake_encoder import readers_of

    monkeypatch.setattr(engine.Engine, "readers_of", readers_of())
    monkeypatch.setattr(engine, "reading_pool", lambda time_limit, *, fetch_cloud: make_pool())

"""Folders of pictures of known colours, and what searches them."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image


def paint(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> Path:
    """Write a picture of one colour; the format follows the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def change_silently(path: Path, colour: tuple[int, int, int]) -> None:
    """Paint another colour into a PNG of ``paint``'s, of the same size in bytes and with the same times.

    How long a compressed picture is depends on the system's zlib. One of a single palette colour is always shorter,
    and what follows a PNG's end is no part of it.
    """
    before = path.stat()
    picture = Image.new("P", (40, 30))
    picture.putpalette(colour)
    picture.save(path)
    path.write_bytes(path.read_bytes().ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def strip(
    path: Path,
    left: tuple[int, int, int],
    right: tuple[int, int, int] = (0, 0, 255),
    *,
    ground: tuple[int, int, int] = (120, 120, 120),
) -> Path:
    """Write a picture ten times as wide as high, grey but for the squares at its ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (400, 40), ground)
    image.paste(left, (0, 0, 40, 40))
    image.paste(right, (360, 0, 400, 40))
    image.save(path)
    return path


def write_texts(home: Path, folder: Path, texts: dict[str, list[str]]) -> None:
    """Note that these lines stand in pictures of an indexed folder, by their paths."""
    from semantik.folders.text_store import TextStore
    from semantik.records import ImageFile, TextLine
    from semantik.storage.home import folder_of_indexes, texts_file

    store = TextStore(texts_file(folder_of_indexes(home, folder)))
    for path, lines in texts.items():
        state = (folder / path).stat()
        told = [TextLine(line, (10.0, 20.0, 30.0, 8.0), 0.95) for line in lines]
        store.add(ImageFile(path, state.st_size, state.st_mtime_ns), told)
    store.flush()


def together(*libraries):
    """What searches these folders, as they are now."""
    from semantik.engine.library import Library
    from semantik.search.relevance import Relevance
    from semantik.search.searcher import Searcher
    from semantik.storage.settings import Config

    first = libraries[0]
    searcher = Searcher(first.pool, Relevance(first.home / "background"))
    return Library(libraries, first.encoder, searcher, Config())
